"""Files that people's passwords pass through, and what such a file may not do with them: `data/webshells/logon.yml`."""

import re
from fnmatch import fnmatchcase
from functools import cache, lru_cache

import msgspec

from exsweep.knowledge.data_files import document
from exsweep.knowledge.evidence_paths import components


class ClientCapability(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that a page makes its visitors' browsers do."""

    title: str
    points: float
    attack: tuple[str, ...]


class Logon(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See the comments in `data/webshells/logon.yml`."""

    version: int
    date: str
    source: tuple[str, ...]
    folders: tuple[str, ...]
    names: tuple[str, ...]
    every_file_in: tuple[str, ...]
    extensions: tuple[str, ...]
    field: str
    typed: tuple[str, ...]
    whole_form: tuple[str, ...]
    nothing_of_it: tuple[str, ...]
    calls: tuple[str, ...]
    set: tuple[str, ...]
    markup: tuple[str, ...]
    addresses: tuple[str, ...]
    own: tuple[str, ...]
    run: tuple[str, ...]
    unpack: tuple[str, ...]
    write: tuple[str, ...]
    capabilities: dict[str, ClientCapability]


@cache
def logon() -> Logon:
    """The shipped table.

    Raises:
        KnowledgeError: the file does not fit this program.
    """
    known = document("webshells/logon.yml", Logon)
    for pattern in (known.field, *known.own):
        re.compile(pattern)
    return known


@lru_cache(4096)
def takes_passwords(path: str) -> bool:
    r"""Is this a logon page of the mail server, or a browser script that one loads? By folder and name.

    >>> takes_passwords("C/Exchange/FrontEnd/HttpProxy/owa/auth/logon.aspx")
    True
    >>> takes_passwords("inetpub/wwwroot/shop/login.js")
    False
    """
    known = logon()
    *folders, name = [part.lower() for part in components(path)] or [""]
    if name.rpartition(".")[2] not in known.extensions:
        return False
    allowed = known.folders if name in known.names else known.every_file_in
    return any(_ends(folders, each) for each in allowed)


def _ends(folders: list[str], pattern: str) -> bool:
    wanted = pattern.split("\\")
    return len(folders) >= len(wanted) and all(
        fnmatchcase(folder, part) for folder, part in zip(folders[-len(wanted) :], wanted, strict=True)
    )
