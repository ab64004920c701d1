"""From what was named on the command line to units of work, and from a unit to the sources in it."""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import msgspec

from exsweep.errors import EvidenceError
from exsweep.evidence.access import Access, DiskFile, Memory, stamp_of
from exsweep.evidence.decoded import Allowance
from exsweep.evidence.folder import Found, of_any_length, walk
from exsweep.evidence.names import Claims, logical, shown, stem_of
from exsweep.evidence.opener import HEAD, Archive, Context, Part, openers, recognise
from exsweep.evidence.own import written_by_us
from exsweep.evidence.packed import Packed
from exsweep.evidence.peel import is_page, peel
from exsweep.evidence.reader import Window
from exsweep.evidence.records import Budgets, EvidenceReadError, Opened, Place, Unit
from exsweep.evidence.servers import servers_in
from exsweep.evidence.source import Source
from exsweep.evidence.split import Volumes, opened, part_of
from exsweep.model import SourceState

DEFAULTS = Budgets()
USUAL_PLACES = (
    "Three places usually hold it on an Exchange server: the web server's logs (inetpub\\logs\\LogFiles),"
    " the Logging folder where Exchange is installed (Microsoft\\Exchange Server\\V15\\Logging),"
    " or a zip of both from whoever collected them."
)
"""Help for those who gave the wrong folder."""
STDIN = "stdin"
"""Logical path of what was pasted."""


def open_evidence(
    paths: Sequence[Path], *, stdin: bytes | None = None, budgets: Budgets = DEFAULTS
) -> Opened:
    """List all evidence; nothing but names and first bytes is read yet.

    A folder gives a unit per file, zip and plain tar one per member, a compressed tar one for all members.

    Raises:
        EvidenceError: a path does not exist, or there is nothing to read in all of it.
    """
    units = Packed(Unit)
    described: list[str] = []
    notes: list[str] = []
    doubts: list[str] = []
    names = Claims()
    several = len(paths) + (stdin is not None) > 1
    for path in paths:
        root = _root(path)
        name = names.claim(logical(os.fsencode(root.name)).path)[0]
        before = len(units)
        what = "folder" if root.is_dir() else "file"
        if root.is_dir():
            units.extend(_folder_units(os.fsencode(root), f"{name}/" if several else "", budgets))
        else:
            place = Place(name, stem=stem_of(root.name), root=not several)
            units.extend(_file_units(_look(os.fsencode(root)), place, budgets))
            what = units[before].kind if len(units) > before else "archive"
        described.append(f"{what} {name}: {_amount(what, islice(units, before, None))}")
        if len(units) == before:
            notes.append(f"{name} holds nothing")
        servers = servers_in(unit.path.removeprefix(f"{name}/") for unit in islice(units, before, None))
        if servers:
            doubts.append(
                f"{name} may hold the evidence of several servers ({', '.join(servers)}), which are judged as one here,"
                " for nothing in it proves that: give each of them by itself"
            )
    if stdin is not None:
        units.extend([_pasted(stdin, names.claim(STDIN)[0])])
        described.append(f"standard input: {len(stdin):,} bytes")
    if not any(_is_evidence(unit) for unit in units):
        where = ", ".join(shown(os.fsencode(path)) for path in paths) or "standard input"
        raise EvidenceError(
            f"There is nothing to read in {where}.", tip=f"Expected: log files of the server. {USUAL_PLACES}"
        )
    return Opened(units=units, described=described, notes=notes, doubts=doubts)


def sources(unit: Unit, budgets: Budgets = DEFAULTS, *, passwords: Sequence[bytes] = ()) -> Iterator[Source]:
    """What the unit holds; usually one source. Read each before asking for the next. `passwords` open locked members.

    Evidence that cannot be read is a source that says so; nothing is raised for it.
    """
    if unit.kind == "recorded":
        yield Part(unit.place, unit.size, None, unit.notes, unit.state, unit.reason).recorded()
        return
    try:
        access = _access(unit, budgets)
    except EvidenceReadError as error:
        yield Source(unit.place, None, state=error.state, reason=error.reason, notes=unit.notes)
        return
    context = Context(budgets, Allowance(budgets.expansion_bytes), passwords=tuple(passwords))
    notes = unit.notes
    if isinstance(access, DiskFile) and unit.container_stamp != access.stamp:
        notes += ("was written to after it had been listed",)
    with access:
        try:
            if unit.kind == "file" and unit.state is not SourceState.READ:
                reader = Window(access, holes=budgets)
                yield Source(
                    unit.place, reader, size=access.size, state=unit.state, reason=unit.reason, notes=notes
                )
                return
            if unit.member is not None:
                opener = openers[unit.kind]
                if not isinstance(opener, Archive):
                    raise TypeError(f"{unit.kind!r} is no kind of archive")
                yield from opener.member(access, msgspec.structs.replace(unit, notes=notes), context)
                return
            reader = Window(access, holes=budgets)
            again = replace(context, again=lambda: Window(access))
            yield from peel(reader, unit.place, again, size=access.size, notes=notes)
        except EvidenceReadError as error:
            yield Source(unit.place, None, state=error.state, reason=error.reason, notes=notes)


def _root(path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        # Windows cannot say the whole name of some things that are there, such as a folder of a shadow copy.
        if path.exists():
            return path.absolute()
        raise EvidenceError(
            f"There is no {shown(os.fsencode(path))}.",
            tip=f"Give a folder, a file, a zip or tar archive, or - for pasted lines. {USUAL_PLACES}",
        ) from error


def _folder_units(root: bytes, inside: str, budgets: Budgets) -> Iterator[Unit]:
    claims = Claims()
    for found in walk(of_any_length(root)):
        name = logical(found.name)
        path, more = claims.claim(name.path)
        place = Place(inside + path, name.shown if name.shown != path else "")
        yield from _file_units(found, place, budgets, (*name.notes, *more))


def _look(path: bytes) -> Found:
    state = os.lstat(path)
    problem = "" if stat.S_ISREG(state.st_mode) else "no regular file; not opened"
    return Found(path, path.rpartition(os.fsencode(os.sep))[2], state, problem)


def _file_units(found: Found, place: Place, budgets: Budgets, notes: tuple[str, ...] = ()) -> list[Unit]:
    if found.problem or found.state is None:
        part = Part(place, 0, None, notes, SourceState.UNREADABLE, found.problem)
        return [_recorded(found.path, part, stamp=shown(found.path))]
    size, stamp = found.state.st_size, stamp_of(found.state)
    whole = Unit(
        kind="file", container=found.path, place=place, size=size, container_stamp=stamp, notes=notes
    )
    try:
        if further := part_of(found.path):
            return [_part_of_another(whole, *further)]
        with opened(found.path, budgets) as access:
            if isinstance(access, Volumes):
                stamp, many = access.stamp_for(found.path), len(access.starts)
                notes = (*notes, f"joined from {many} parts")
                whole = msgspec.structs.replace(whole, size=access.size, container_stamp=stamp, notes=notes)
            head = access.at(0, HEAD)
            if ours := written_by_us(place.path, head):
                return [msgspec.structs.replace(whole, state=SourceState.NOT_A_LOG, reason=ours)]
            kind = recognise(head)
            if kind is None or not isinstance(kind[1], Archive) or is_page(place.path):
                return [whole]
            parts = kind[1].split(access, place, budgets)
            return [_part_unit(kind[0], found.path, part, stamp, notes) for part in parts]
    except EvidenceReadError:
        # Whoever reads the unit meets the same trouble and says so, with the bytes that can be had.
        return [whole]


def _part_of_another(whole: Unit, main: str, read: bool) -> Unit:
    """A further part of an archive in several files: it is sealed, and read with the part that is named."""
    main = shown(os.fsencode(main))
    if read:
        reason = f"part of {main}: read there"
        return msgspec.structs.replace(whole, state=SourceState.NOT_A_LOG, reason=reason)
    reason = f"part of {main}, but a part before it is missing: give all parts in one folder"
    return msgspec.structs.replace(whole, state=SourceState.UNREADABLE, reason=reason)


def _part_unit(kind: str, container: bytes, part: Part, stamp: str, notes: tuple[str, ...]) -> Unit:
    if part.member is None:
        return _recorded(container, part, stamp)
    return Unit(
        kind=kind,
        container=container,
        place=part.place,
        size=part.size,
        container_stamp=stamp,
        member=part.member,
        notes=(*notes, *part.notes),
    )


def _recorded(container: bytes, part: Part, stamp: str) -> Unit:
    return Unit(
        kind="recorded",
        container=container,
        place=part.place,
        size=part.size,
        container_stamp=stamp,
        state=part.state,
        reason=part.reason,
        notes=part.notes,
    )


def _pasted(data: bytes, name: str) -> Unit:
    digest = hashlib.sha256(data).hexdigest()
    place = Place(name)
    return Unit(kind="memory", container=b"", place=place, size=len(data), container_stamp=digest, data=data)


def _access(unit: Unit, budgets: Budgets) -> Access:
    return Memory(unit.data) if unit.kind == "memory" else _on_disk(unit, budgets)


def _on_disk(unit: Unit, budgets: Budgets) -> Access:
    if unit.kind == "file" and unit.state is not SourceState.READ:
        return DiskFile(unit.container, budgets)
    return opened(unit.container, budgets)


def _is_evidence(unit: Unit) -> bool:
    return unit.state is not SourceState.NOT_A_LOG and (unit.kind != "memory" or bool(unit.data.strip()))


def _amount(what: str, units: Iterable[Unit]) -> str:
    if what in ("file", "recorded"):
        return f"{sum(unit.size for unit in units):,} bytes"
    count, noun = sum(1 for _ in units), "file" if what == "folder" else "member"
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
