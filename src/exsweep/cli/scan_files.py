"""Files that a scan is given: the scope with its opt-out lists, targets, tables of networks, saved answers."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from exsweep.errors import ScanRefused, UsageError
from exsweep.scan import (
    Level,
    Lookup,
    Networks,
    Rdap,
    Scope,
    Wishes,
    opt_out_files,
    opt_out_lines,
    read_networks,
    read_rdap,
    read_scope,
)

_LARGEST_FILE = 512 << 20
_LARGEST_SCOPE = 4 << 20


def scope_in(file: Path, wishes: Wishes) -> Scope:
    """The scope file with its opt-out lists, in force now.

    Raises:
        ScanRefused: it cannot be read, is not in force, or does not allow what is wished.
    """
    text = _read(file, _LARGEST_SCOPE)
    lines: list[str] = []
    for name in opt_out_files(text):
        lines += opt_out_lines(_read(file.parent / name, _LARGEST_FILE))
    scope = read_scope(text, now=datetime.now(UTC), opt_outs=tuple(lines))
    wanted = {
        Level.MANIFEST: wishes.manifest,
        Level.WEBSHELLS: wishes.webshells,
        Level.CONTACTS: wishes.contacts,
        Level.SMTP: wishes.smtp,
    }
    for level, asked in wanted.items():
        if asked and level not in scope.levels:
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


def lines_of(entries: tuple[str, ...]) -> Iterator[str]:
    """Lines of files, of standard input (`-`), and of the command line itself."""
    for entry in entries:
        if entry == "-":
            yield from sys.stdin
        elif Path(entry).is_file():
            with Path(entry).open(encoding="utf-8-sig", errors="replace") as file:
                yield from file
        else:
            yield entry


def networks_in(files: tuple[Path, ...]) -> Networks:
    """All tables as one; of several, the first that knows wins."""
    found = Networks()
    for file in files:
        if file.suffix.lower() == ".mmdb":
            found.others = (*found.others, _mmdb(file))
        else:
            for length, rows in read_networks(_read(file, _LARGEST_FILE)).rows.items():
                found.rows[length] = rows | found.rows.get(length, {})
    return found


def _mmdb(file: Path) -> Lookup:
    try:
        import maxminddb
    except ImportError as error:
        raise UsageError(
            f"{file} needs the extra `networks`.",
            tip='pip install "exsweep[networks]", or give the table as CSV.',
        ) from error
    try:
        table: Lookup = maxminddb.open_database(file)
    except (maxminddb.InvalidDatabaseError, OSError, ValueError) as error:
        raise UsageError(
            f"{file} is no table of networks: {error}.", tip="Name a .mmdb file, unpacked."
        ) from error
    return table


def rdap_in(file: Path | None) -> Rdap:
    """Saved answers of RDAP; none without a file."""
    return read_rdap(_read(file, _LARGEST_FILE).splitlines()) if file else Rdap()
