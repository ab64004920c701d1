"""`exsweep scan RESULTS --show ...`: what earlier scans found, counted or as a list for other programs. Nothing is sent."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import click

from exsweep.cli.terminal import term
from exsweep.errors import ExitCode, StoreError, UsageError
from exsweep.scan import (
    FORMATS,
    Entry,
    Group,
    ListFormat,
    Networks,
    Rdap,
    Read,
    View,
    count,
    owner_of,
    sites_of,
    ways,
)

SHOWN = (*(each.value for each in View), *FORMATS)
"""What `--show` takes."""


def show(files: tuple[str, ...], what: str, out: Path | None, networks: Networks, rdap: Rdap) -> ExitCode:
    """Print or write it; the exit code is 3 where lines could not be read."""
    read = Read(_rows(files))
    sites = sites_of(Read(_rows(files)))

    def entries() -> Iterator[Entry]:
        for each in read:
            owner = owner_of(each, networks)
            yield Entry(each, owner, ways(each, owner, rdap, sites))

    if what in FORMATS:
        _write(FORMATS[what], out, entries)
    else:
        if out is not None:
            raise UsageError(
                f"--show {what} counts on the terminal.",
                tip=f"For a file, show one of: {', '.join(FORMATS)}.",
            )
        click.echo("\n".join(_table(View(what), count(entries(), View(what)))))
    for bad, words in ((read.bad, "are no results of a scan"), (rdap.bad, "of --rdap name nobody for abuse")):
        if bad:
            click.echo(f"{bad:,} lines {words} and are not counted above.", err=True)
    return ExitCode.CANNOT_TELL if read.bad else ExitCode.OK


def _table(view: View, groups: tuple[Group, ...]) -> Iterator[str]:
    yield f"{'targets':>9} {'open':>9} {'unknown':>9} {'back door':>9}  {view.value}"
    for each in groups:
        numbers = (each.targets, each.open, each.unknown, each.back_doors)
        yield f"{' '.join(f'{number:>9,}' for number in numbers)}  {term(each.name)}"
    yield "open: looks open to attack. unknown: Exchange that does not show enough. back door: with a page of one."


def _write(form: ListFormat, out: Path | None, entries: Callable[[], Iterator[Entry]]) -> None:
    if out is None:
        if form.binary and sys.stdout.isatty():
            raise UsageError(f"{form.name} is not for a terminal.", tip="Name a file with --out.")
        _pour(form, sys.stdout.buffer, entries)
        sys.stdout.buffer.flush()
        return
    if out.exists():
        raise UsageError(f"{out} is there already.", tip="Name another file with --out.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("xb") as file:
            _pour(form, file, entries)
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error}.", tip="Name another file.") from error


def _pour(form: ListFormat, into: BinaryIO, entries: Callable[[], Iterator[Entry]]) -> None:
    for piece in form.write(entries()):
        into.write(piece)


def _rows(files: tuple[str, ...]) -> Iterator[bytes]:
    for name in files:
        try:
            with Path(name).open("rb") as file:
                yield from file
        except OSError as error:
            raise UsageError(
                f"{name} cannot be read: {error.strerror or error}.", tip="Name files that --out wrote."
            ) from error
