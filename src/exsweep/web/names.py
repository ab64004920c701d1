"""Names of files that were sent: hostile text, made into a place below one folder that every system can hold (H67)."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

_ODD = re.compile(r'[^\x20-\x7e\u00a1-\ufffd]|[<>:"|?*%\x7f]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_LONGEST, _DEEPEST = 120, 32


def place(name: str) -> PurePosixPath:
    """Where a file of that name stands below the folder of its sending; never absolute, never upwards.

    Folders stay, for what a file is can show in where it stood; odd characters become `%XX`.

    >>> str(place("..\\\\..\\\\inetpub/wwwroot/a:b.aspx"))
    'inetpub/wwwroot/a%3Ab.aspx'
    """
    parts = [_part(each) for each in re.split(r"[/\\]", name) if each.strip(" .")]
    if len(parts) > _DEEPEST:
        parts = [*parts[: _DEEPEST - 1], f"{_short(''.join(parts))}_{parts[-1]}"[:_LONGEST]]
    return PurePosixPath(*(parts or ["file"]))


def places(names: Iterable[str]) -> list[PurePosixPath]:
    """A place for each name, no two alike even where case does not count, and none a folder of another."""
    taken: set[str] = set()
    folders: set[str] = set()
    found = []
    for name in names:
        spot, number = place(name), 1
        first = spot
        while str(spot).lower() in taken | folders or any(str(up).lower() in taken for up in spot.parents):
            number += 1
            spot = PurePosixPath(f"{number}") / first
        taken.add(str(spot).lower())
        folders |= {str(up).lower() for up in spot.parents}
        found.append(spot)
    return found


def _part(name: str) -> str:
    escaped = _ODD.sub(
        lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "replace")), name
    )
    escaped = escaped.rstrip(" .")
    if _DEVICES.match(escaped):
        escaped = f"_{escaped}"
    if len(escaped.encode()) > _LONGEST:
        stem, dot, end = escaped.rpartition(".")
        end = f".{end}" if dot and len(end) <= 12 and end.isascii() else ""
        keep = (stem if end else escaped).encode()[: _LONGEST - 24].decode("utf-8", "ignore")
        escaped = f"{keep}_{_short(name)}{end}"
    return escaped


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
