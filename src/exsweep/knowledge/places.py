"""Where a file lies on a server: given out by IIS, in a quarantine, a copy, or where only back doors are pages."""

import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache, lru_cache

import msgspec

from exsweep.knowledge.data_files import document
from exsweep.knowledge.evidence_paths import VERSION, as_listed, components, is_drive
from exsweep.knowledge.pages import shipped
from exsweep.knowledge.webshell_paths import WebshellPath, webshell_paths

SERVED, DROP, COMPILED, QUARANTINE, COPY, UNKNOWN = (
    "served",
    "drop",
    "compiled",
    "quarantine",
    "copy",
    "unknown",
)
"""Given out by IIS; the same, but nothing except a back door is a page there; written by ASP.NET when a page was first
asked for; locked away by an antivirus product; a backup, the recycle bin; none of these."""


_SEVERITIES = ("low", "medium", "high", "critical")


class ServedFolder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A folder that IIS gives out."""

    folder: str
    url: str | None
    site: str


class Places(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See the comments in `data/webshells/places.yml`."""

    version: int
    read: str
    source: tuple[str, ...]
    pages: tuple[str, ...]
    learned: tuple[str, ...]
    served: tuple[ServedFolder, ...]
    compiled: tuple[str, ...]
    quarantine: tuple[str, ...]
    copy: tuple[str, ...]
    quarantine_on_disk: tuple[str, ...]
    copy_on_disk: tuple[str, ...]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where one file lies."""

    kind: str
    """`served`, `drop`, `compiled`, `quarantine`, `copy` or `unknown`."""
    severity: str = ""
    """`critical`, `high`, `medium` where intruders are known to have used this folder or name for such files."""
    reason: str = ""
    legitimate: str = ""
    """What belongs in this folder."""
    url: str | None = None
    """Address under which IIS gives it out, lower case; None where nobody knows."""
    site: str = ""
    """`front` (port 443) or `back` (444), where the folder tells."""
    source: str = ""


Served = tuple[str, str]
r"""Folder on disk and the address that it has, as in applicationHost.config: (`D:\portal`, `/portal`)."""


def place_of(path: str, served: Iterable[Served] = ()) -> Place:
    r"""Place of a file of the evidence, in any case and either slash, whole path or a part of the tree.

    What lies in a served folder counts as served, whatever the folders above or below it are called.

    >>> place_of("C:/inetpub/wwwroot/aspnet_client/x.aspx").kind
    'drop'
    """
    parts = components(path)
    if not parts:
        return Place(kind=UNKNOWN)
    extension = parts[-1].rpartition(".")[2].lower() if "." in parts[-1] else ""
    return _place(tuple(part.lower() for part in parts[:-1]), parts[-1].lower(), extension, tuple(served))


@cache
def places() -> Places:
    """The shipped table.

    Raises:
        KnowledgeError: the file does not fit this program.
    """
    return document("webshells/places.yml", Places)


@cache
def pages() -> frozenset[str]:
    """Extensions, lower case, without dot, of files that a web server runs."""
    return frozenset(places().pages)


@cache
def learnable() -> frozenset[str]:
    """Extensions, lower case, without dot, of files that a learned list of shipped files holds."""
    return pages() | set(places().learned)


def _place(folders: tuple[str, ...], name: str, extension: str, served: tuple[Served, ...]) -> Place:
    base = _folder(folders, served)
    kind, url = base.kind, (base.url + name if base.url is not None else None)
    runs = extension in pages()
    used = _used(folders, base.url or "")
    told = _published(name).get((*folders[-1:], name)) if base.kind == SERVED else None
    if used and extension in used.extensions and (runs or kind != SERVED):
        told = max((told or used, used), key=lambda row: _SEVERITIES.index(row.severity))
        if (
            kind in (SERVED, UNKNOWN)
            and runs
            and used.severity == "critical"
            and not _shipped(url, base.site)
        ):
            kind = DROP
    if told is None:
        return Place(kind=kind, url=url, site=base.site)
    return Place(
        kind=kind,
        severity=told.severity,
        reason=told.reason,
        legitimate=told.legitimate_content,
        url=url,
        site=base.site,
        source=told.source,
    )


def _shipped(url: str | None, site: str) -> bool:
    return url is not None and shipped(url, site=site or None).answer is True


class _Base(msgspec.Struct, frozen=True):
    kind: str
    url: str | None = None
    site: str = ""


@lru_cache(maxsize=4096)
def _folder(folders: tuple[str, ...], served: tuple[Served, ...]) -> _Base:
    """What the folder alone tells."""
    table = places()
    for physical, url in sorted(served, key=lambda each: -len(each[0])):
        wanted = tuple(part.lower() for part in components(physical) if not is_drive(part))
        end = _end_of(folders, [wanted]) if wanted else None
        if end is not None:
            return _Base(SERVED, _joined(url, folders[end:]))
    if _end_of(folders, _patterns(table.copy)) is not None:
        return _Base(COPY)
    if _end_of(folders, _patterns(table.compiled)) is not None:
        return _Base(COMPILED)
    for each in table.served:
        end = _end_of(folders, [_parts(each.folder)])
        if end is not None:
            known = _joined(each.url, folders[end:]) if each.url is not None else None
            return _Base(SERVED, known, each.site)
    if _end_of(folders, _patterns(table.quarantine)) is not None:
        return _Base(QUARANTINE)
    on_disk = next((folders[at + 1 :] for at, part in enumerate(folders) if is_drive(part)), ())
    if set(on_disk) & set(table.quarantine_on_disk):
        return _Base(QUARANTINE)
    return _Base(COPY if set(on_disk) & set(table.copy_on_disk) else UNKNOWN)


def _joined(url: str, below: Sequence[str]) -> str:
    return "/".join((url.lower().rstrip("/"), *below, ""))


def _end_of(folders: Sequence[str], patterns: Iterable[Sequence[str]]) -> int | None:
    """Number of folders up to the end of the last place where one of the patterns stands."""
    ends = [
        at + len(pattern)
        for pattern in patterns
        for at in range(len(folders) - len(pattern) + 1)
        if all(map(_like, folders[at : at + len(pattern)], pattern))
    ]
    return max(ends, default=None)


def _like(part: str, pattern: str) -> bool:
    return part == pattern or ("*" in pattern and fnmatchcase(part, pattern))


def _parts(pattern: str) -> tuple[str, ...]:
    return tuple(pattern.lower().split("\\"))


@cache
def _patterns(texts: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(_parts(text) for text in texts)


@lru_cache(maxsize=4096)
def _used(folders: tuple[str, ...], url: str) -> WebshellPath | None:
    """The most exact folder of webshell_paths.csv that this one is, or lies in; by its address if a part was copied."""
    folders = tuple(map(as_listed, folders))
    address = "/".join(map(as_listed, url.split("/")))
    found = [
        (end, len(pattern), row)
        for row, pattern in _used_patterns()
        if (end := _end_of(folders, [pattern])) is not None
    ] or [
        (len(row.url_path), 0, row)
        for row, _ in _used_patterns()
        if row.url_path and address.startswith(row.url_path.lower().replace("<version>", VERSION))
    ]
    return max(found, key=lambda each: (each[0], each[1]))[2] if found else None


@cache
def _used_patterns() -> tuple[tuple[WebshellPath, tuple[str, ...]], ...]:
    return tuple(
        (row, _parts(pattern))
        for row in webshell_paths()
        if row.kind == "directory"
        for pattern in _spelled(row.path)
    )


def _spelled(path: str) -> Iterator[str]:
    r"""`%ProgramData%\{A,B}` -> `ProgramData\A`, `ProgramData\B`; a list of folders -> each of them."""
    for one in re.split(r", (?=%)", path):
        text = one.replace("%ProgramData%", "ProgramData").replace("%SystemRoot%", "Windows")
        text = re.sub(r"%\w+%\\?", "", text).replace("<version>", VERSION)
        head, brace, rest = text.partition("{")
        words, _, tail = rest.partition("}")
        yield from (f"{head}{word}{tail}" for word in (words.split(",") if brace else [""]))


@cache
def _published(name: str) -> dict[tuple[str, ...], WebshellPath]:
    """(folder, name) of published web shells with this name, lower case."""
    return {
        (*row.path.lower().split("\\")[-2:-1], row.file_name.lower()): row
        for row in webshell_paths()
        if row.kind == "file" and row.file_name.lower() == name and not row.legitimate_content
    }
