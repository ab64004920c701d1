"""`exsweep scan`: what can be known of mail servers from outside, politely, with their owner's permission."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from exsweep.cli.scan_screen import ScanScreen
from exsweep.cli.terminal import term
from exsweep.errors import ExitCode, ScanRefused, UsageError
from exsweep.knowledge.scanning import Rates, checks
from exsweep.scan import (
    Journal,
    Level,
    Listed,
    Networks,
    Read,
    ScanResult,
    Scope,
    Settings,
    View,
    Wishes,
    count,
    explain,
    header,
    in_shard,
    line,
    opt_out_files,
    opt_out_lines,
    read_networks,
    read_scope,
    read_targets,
    row,
    scan,
    seal,
)

_LARGEST_FILE = 512 << 20
_LARGEST_SCOPE = 4 << 20
_SAMPLE = """\
who: "Order 12/2026, signed by the head of IT of Example County"
from: 2026-11-01
until: 2026-12-01
contact: scan@example.org
page: https://example.org/scan
targets: [198.51.100.0/24, mail.example.org, "*.example.net"]
exclusions: [198.51.100.7]
opt_out: [opt-out.txt]
allow: [identify]            # also: manifest, webshells
"""


def _explained(what: str) -> str:
    return f"{what}\n\n\b\nA scope file (YAML):\n\b\n" + "\n".join(f"  {row}" for row in _SAMPLE.splitlines())


@click.command("scan", epilog=_explained("Nothing is sent without a scope file, and nothing outside it."))
@click.argument("targets", nargs=-1, required=True)
@click.option(
    "--scope",
    "scope_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Who allowed the scan, of what, until when.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Results, one JSON line a target."
)
@click.option(
    "--webshells", is_flag=True, help="Ask for published names of back doors too (scope: webshells)."
)
@click.option(
    "--manifest", is_flag=True, help="Ask hidden servers for one page that shows the build (scope: manifest)."
)
@click.option(
    "--rate", type=click.FloatRange(0.01, 100_000), help="Requests a second in all; never above the scope's."
)
@click.option("--resume", is_flag=True, help="Go on with the --out file of a run that was stopped.")
@click.option("--explain", "only_explain", is_flag=True, help="Print the plan and its reasons; send nothing.")
@click.option(
    "--shard", metavar="I/N", default="1/1", show_default=True, help="Only this part of the networks."
)
@click.option("--seed", type=int, help="Order of the targets and the random names; default: a new one.")
@click.option(
    "--networks",
    "network_table",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV table network,asn,country: limits then hold per AS.",
)
@click.option(
    "--show",
    type=click.Choice([*(each.value for each in View), "csv"]),
    help="Send nothing; TARGETS are files of results: count them by this, or print a table.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the results on standard output.")
def scan_verb(
    targets: tuple[str, ...],
    scope_file: Path | None,
    out: Path | None,
    webshells: bool,
    manifest: bool,
    rate: float | None,
    resume: bool,
    only_explain: bool,
    shard: str,
    seed: int | None,
    network_table: Path | None,
    show: str | None,
    as_json: bool,
) -> int:
    """See what TARGETS show from outside: names, addresses, networks, `name,address` pairs, or files of them.

    A file may hold one of these a line, or come from zmap, masscan or a log of certificates; `-` reads such lines.

    Exit codes: 0 nothing open seen, 1 a server looks open to attack or a back door was seen, 2 wrong usage,
    3 some servers do not show enough to tell, 4 could not run.
    """
    if show is not None:
        return _show(targets, show)
    if scope_file is None:
        raise UsageError(
            "Nothing is sent without a scope file.", tip="Name one with --scope; see exsweep scan --help."
        )
    if resume and out is None:
        raise UsageError("--resume needs the --out file of the run that was stopped.", tip="Add --out FILE.")
    scope = _scope(scope_file, manifest=manifest, webshells=webshells)
    listed = read_targets(_lines(targets), ports=sorted(scope.ports), most=scope.most_addresses)
    part = _shard(shard)
    chosen = [each for each in listed.targets if part[1] == 1 or in_shard(each, *part)]
    rates = _rates(scope, rate)
    if only_explain:
        wishes = Wishes(manifest=manifest, webshells=webshells)
        for target in chosen:
            click.echo("\n".join(term(row) for row in explain(target, scope, wishes, rates, checks().limits)))
        return ExitCode.OK
    wishes = Wishes(
        manifest=manifest, webshells=webshells, seed=seed if seed is not None else secrets.randbits(32)
    )
    with ExitStack() as stack:
        journal = None
        if out is not None:
            sealed = seal(chosen, wishes, part)
            journal = stack.enter_context(Journal(out, sealed, wishes.seed, resume=resume))
            wishes = Wishes(manifest=manifest, webshells=webshells, seed=journal.seed)
        screen = stack.enter_context(ScanScreen(_refused_lines(listed)))

        def keep(one: ScanResult) -> None:
            if journal is not None:
                journal.keep(one)
            if as_json or (journal is None and not sys.stdout.isatty()):
                sys.stdout.buffer.write(line(one))

        settings = Settings(
            scope=scope,
            targets=chosen,
            wishes=wishes,
            rates=rates,
            limits=checks().limits,
            clock=lambda: datetime.now(UTC),
            networks=_networks(network_table),
        )
        scan(settings, screen, keep, journal)
    click.echo(screen.summary(out), err=as_json or (journal is None and not sys.stdout.isatty()))
    return screen.exit_code()


def _show(files: tuple[str, ...], what: str) -> int:
    """Print what earlier scans found; exit code 3 where lines could not be read."""
    read = Read(_rows(files))
    if what == "csv":
        click.echo(header(), nl=False)
        for each in read:
            click.echo(term(row(each).removesuffix("\n")))
    else:
        for word, targets in count(read, View(what)):
            click.echo(f"{targets:>9,}  {term(word)}")
    if read.bad:
        click.echo(f"{read.bad:,} lines are no results of a scan and are not counted above.", err=True)
    return ExitCode.CANNOT_TELL if read.bad else ExitCode.OK


def _rows(files: tuple[str, ...]) -> Iterator[bytes]:
    for name in files:
        try:
            with Path(name).open("rb") as file:
                yield from file
        except OSError as error:
            raise UsageError(
                f"{name} cannot be read: {error}.", tip="Name files that --out wrote."
            ) from error


def _scope(file: Path, *, manifest: bool, webshells: bool) -> Scope:
    text = _read(file, _LARGEST_SCOPE)
    lines: list[str] = []
    for name in opt_out_files(text):
        lines += opt_out_lines(_read(file.parent / name, _LARGEST_FILE))
    scope = read_scope(text, now=datetime.now(UTC), opt_outs=tuple(lines))
    for wanted, level in ((manifest, Level.MANIFEST), (webshells, Level.WEBSHELLS)):
        if wanted and level not in scope.levels:
            raise ScanRefused(
                f"The scope file does not allow {level.value}.",
                tip=f"Ask the owner; then add {level.value} under `allow`.",
            )
    return scope


def _read(file: Path, most: int) -> str:
    """Text of a file the user named.

    Raises:
        ScanRefused: a list that decides who may be asked cannot be read: then nobody may.
    """
    try:
        if file.stat().st_size > most:
            raise ScanRefused(f"{file} is too large.", tip="Split it.")
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ScanRefused(
            f"{file} cannot be read: {error}.", tip="Mend it; until then nothing is sent."
        ) from error


def _lines(entries: tuple[str, ...]) -> Iterator[str]:
    for entry in entries:
        if entry == "-":
            yield from sys.stdin
        elif Path(entry).is_file():
            with Path(entry).open(encoding="utf-8-sig", errors="replace") as file:
                yield from file
        else:
            yield entry


def _rates(scope: Scope, rate: float | None) -> Rates:
    """The scope's own pace where it names one; `--rate` can only slow that down."""
    rates = checks().rates
    pace = {name: value for name, value in msgspec.structs.asdict(scope.pace).items() if value is not None}
    rates = msgspec.structs.replace(rates, **pace)
    if rate is not None:
        most = rate if scope.pace.per_second is None else min(rate, scope.pace.per_second)
        rates = msgspec.structs.replace(rates, per_second=most)
    return rates


def _shard(text: str) -> tuple[int, int]:
    number, _, shards = text.partition("/")
    if not (number.isdecimal() and shards.isdecimal() and 1 <= int(number) <= int(shards) <= 10_000):
        raise UsageError(f"--shard {text!r} is no part.", tip="Write it like 2/8: the second of eight.")
    return int(number), int(shards)


def _networks(file: Path | None) -> Networks:
    return read_networks(_read(file, _LARGEST_FILE)) if file else Networks()


def _refused_lines(listed: Listed) -> tuple[str, ...]:
    if not listed.refused:
        return ()
    samples = [f"  {entry}: {reason}" for entry, reason in listed.samples[:5]]
    return (f"{listed.refused:,} lines of the list are no targets:", *samples)
