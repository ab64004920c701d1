"""Evidence of several servers in one folder or archive: seen by its names, before anything is read."""

import re
from collections.abc import Iterable

from exsweep.evidence.names import stem_of
from exsweep.knowledge.evidence_paths import is_drive

_CARRIERS = frozenset(
    {"uploads", "auto", "ntfs", "lazy_ntfs", "file", "target", "fs", "$fs$", "data", "files"}
)
"""Folders that collectors put between a server and its drives."""
_KIND = re.compile(
    r"(?:inetpub|Logging|TransportRoles|W3SVC\d+|[A-Za-z]+(?:_[A-Za-z]+)*_Logs)(?:\.zip)?", re.IGNORECASE
)
"""Folders (or archives) that stand inside the evidence of one server."""
PART = re.compile(r"[-_. ]?part[-_ ]?\d+$", re.IGNORECASE)
"""What stands behind the name of one part of a collection."""
_MOST = 50


def servers_in(paths: Iterable[str]) -> tuple[str, ...]:
    """Names of what looks like the collections of several servers, sorted; nothing where it looks like one.

    A collection begins where a drive, `inetpub`, `Logging` or a folder `..._Logs` stands; archives that lie side by side
    count as collections too. Parts of one collection (`x.zip`, `x-part2.zip`) are one. It is an opinion about names only.

    >>> servers_in(["EXCH01/C/inetpub/x.log", "EXCH02.zip", "EXCH01/D/logs/y.log"])
    ('EXCH01', 'EXCH02')
    >>> servers_in(["C/inetpub/x.log", "D/Logging/HttpProxy/y.log"])
    ()
    """
    roots: dict[tuple[str, ...], str] = {}
    for path in paths:
        root = collection_of(path)
        if root and root not in roots and len(roots) < _MOST:
            roots[root] = PART.sub("", stem_of(root[-1])).upper()
    levels = {len(root) for root in roots}
    names = tuple(sorted(set(roots.values())))
    return names if len(names) > 1 and len(levels) == 1 else ()


def collection_of(path: str) -> tuple[str, ...]:
    """The folders above the first one that belongs to a server; empty where there are none, or nothing is known."""
    parts = path.split("/")
    for place, part in enumerate(parts):
        if is_drive(part) or _KIND.fullmatch(part):
            above = parts[:place]
            while above and above[-1].lower() in _CARRIERS:
                above.pop()
            return tuple(above)
    return tuple(parts) if parts[-1].lower().endswith((".zip", ".tar", ".tar.gz", ".tgz")) else ()
