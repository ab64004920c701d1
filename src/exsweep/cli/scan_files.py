"""Files that a scan is given: targets, tables of networks, saved answers."""

import sys
from collections.abc import Iterator
from pathlib import Path

from exsweep.errors import UsageError
from exsweep.scan import Lookup, Networks, Rdap, read_networks, read_rdap, text_of


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
            for length, rows in read_networks(text_of(file)).rows.items():
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
    return read_rdap(text_of(file).splitlines()) if file else Rdap()
