r"""Paths of files on the evidence, as Windows would read them, and where they would stand in an installation."""

import re
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import unquote_to_bytes

import msgspec

LONGEST = 4096
"""Characters looked at, from the end: no path of Windows that a web server can open is longer."""
VERSION = "version"
"""Stands for a folder that is named after a build, as in Microsoft's own lists."""
FRONT, BACK = "frontend", "clientaccess"

_VERSION = re.compile(r"\d{1,3}\.\d{1,5}\.\d{1,5}(?:\.\d{1,5})?")
_SITES = ("inetpub", "wwwroot")
_DRIVE = re.compile(r"(?:[a-z]:?|[\\/.?]*[a-z]:)", re.IGNORECASE)


class Located(msgspec.Struct, frozen=True):
    r"""Where a file would stand below the install folder.

    `paths` are the possible places, as in `FrontEnd\HttpProxy\owa\auth\x.aspx` but in the case of the evidence;
    empty: not in a folder of Exchange. `sure`: the path names its top folder; else only a part of the tree was copied.
    """

    paths: tuple[str, ...] = ()
    sure: bool = False


@lru_cache(64)  # one file's path is asked for again and again before the next one's
def components(path: str) -> tuple[str, ...]:
    r"""Parts of a path, either slash; blanks and dots at the end of a part count for nothing, as on Windows.

    Collectors write names percent-encoded (`C%3A/Program%20Files`).

    >>> components(r"C%3A/inetpub\\wwwroot/x.aspx. ::$DATA")
    ('C:', 'inetpub', 'wwwroot', 'x.aspx')
    """
    text = path[-LONGEST:]
    if "%" in text:
        text = unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")
    text = text.removesuffix("::$DATA").replace("/", "\\")
    parts = [part.rstrip(" .") for part in text.split("\\")]
    return tuple(part for part in parts if part)


def as_listed(part: str) -> str:
    """`version` for a folder that is named after a build (`15.1.2106.2`), else the part itself."""
    return VERSION if _VERSION.fullmatch(part) else part


def is_drive(part: str) -> bool:
    """`C:`, `C`, or a raw device path that ends so."""
    return _DRIVE.fullmatch(part) is not None


def locate(path: str, folders: Collection[str]) -> Located:
    r"""Place of a file in an installation; `folders` are those that Exchange has (see `Shelf.folders`).

    >>> locate("case/owa/auth/x.aspx", {r"frontend\httpproxy\owa", r"clientaccess\owa"}).paths
    ('FrontEnd\\HttpProxy\\owa\\auth\\x.aspx', 'ClientAccess\\owa\\auth\\x.aspx')
    """
    parts = tuple(map(as_listed, components(path)))
    low = [part.lower() for part in parts]
    for at in reversed(range(len(parts) - 1)):
        if _is_top(low, at, folders):
            return Located(("\\".join(parts[at:]),), True)
    for at in range(len(parts) - 1):
        before = low[at - 1] if at else ""
        if is_drive(before) or before in _SITES:
            break  # a whole path, and not one of an installation
        if len(parts) - at < 3 and at and before != "httpproxy":
            break
        found = [
            "\\".join((*top, *parts[at:]))
            for top in (("FrontEnd", "HttpProxy"), ("ClientAccess",))
            if "\\".join((*top, low[at])).lower() in folders
        ]
        if before == "httpproxy":
            found = found[:1]
        if found:
            return Located(tuple(found), False)
    return Located()


def _is_top(low: list[str], at: int, folders: Collection[str]) -> bool:
    if low[at] not in (FRONT, BACK):
        return False
    installed = at > 0 and re.fullmatch(r"v1[45]", low[at - 1]) is not None
    inside = low[at : at + 3]
    return (
        installed
        or "\\".join(inside[:2]) in folders
        or "\\".join(inside) in folders
        or (inside[:2] == [FRONT, "httpproxy"])
        or len(low) - at == 2
    )
