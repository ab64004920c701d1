r"""Known good: is this file byte for byte one that Microsoft ships, and does it belong to this build?

Microsoft published its lists for 131 builds, up to March 2021. For later builds there are none: what the file can do
must judge, or a list that `exsweep knowledge baseline` learned from a clean server (`own_baselines.py`).
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import msgspec

from exsweep.errors import KnowledgeError
from exsweep.knowledge.builds import Number, locate, number, spell
from exsweep.knowledge.data_files import ROOT
from exsweep.knowledge.evidence_paths import FRONT, Located, components
from exsweep.knowledge.evidence_paths import locate as locate_path
from exsweep.knowledge.own_baselines import read
from exsweep.knowledge.places import COMPILED, COPY, QUARANTINE, pages, place_of
from exsweep.knowledge.shelf import Held, PackedShelf, Shelf, unpack

PACKED = "baselines/microsoft.zst"
MATCH, CHANGED, UNKNOWN_NAME, OTHER_BUILD, NO_BASELINE = (
    "match",
    "changed",
    "unknown_name",
    "other_build",
    "no_baseline",
)
"""What a baseline can say of a file; `""` for a file that it says nothing of."""
_HASH = re.compile(r"[0-9a-f]{64}")


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A content that somebody ships."""

    paths: tuple[str, ...]
    r"""Every place that it has, below the install folder: `FrontEnd\HttpProxy\owa\auth\logon.aspx`."""
    builds: tuple[str, ...]
    """Every build that has it, rising; of learned lists their build."""


class BaselineSays(msgspec.Struct, frozen=True, kw_only=True):
    """Answer for one file."""

    code: str
    text: str
    """Plain sentence; empty where there is nothing to say."""
    known: Known | None = None
    sure: bool = True
    """False where the folder does not tell its place for sure, or neighbours speak for a missing list."""
    group: str = ""
    """Folder below the install folder: files with one code and group are shown as one line."""


class Nearest(msgspec.Struct, frozen=True, kw_only=True):
    """Listed builds around one that is not; None where there is none in its line."""

    before: str | None
    after: str | None


class Baseline:
    """One or more lists of shipped files."""

    def __init__(self, shelves: Sequence[Shelf]) -> None:
        self._shelves = tuple(shelves)
        self._builds = {build for shelf in shelves for build in shelf.builds}
        self._folders = frozenset(folder for shelf in shelves for folder in shelf.folders)
        self._line = sorted(parts for build in self._builds if (parts := number(build)))

    @property
    def builds(self) -> tuple[str, ...]:
        """Listed builds, rising."""
        return tuple(spell(parts) for parts in self._line)

    def look(self, sha256: str) -> Known | None:
        """Who ships this content; None for one that nobody does, and for what is no SHA-256."""
        if not _HASH.fullmatch(sha256.lower()):
            return None
        held = [each for shelf in self._shelves for each in shelf.by_hash(sha256.lower())]
        return _known(held) if held else None

    def has_build(self, build: str) -> bool:
        """Is this very build listed? (`15.1.2106.2`, in any spelling.)"""
        parts = number(build)
        return parts is not None and spell(parts) in self._builds

    def nearest(self, build: str) -> Nearest:
        """Listed builds of the same line (`15.1`) below and above this one."""
        parts = number(build) or ()
        line = [each for each in self._line if each[:2] == parts[:2]]
        below = [spell(each) for each in line if each < parts]
        above = [spell(each) for each in line if each > parts]
        return Nearest(before=below[-1] if below else None, after=above[0] if above else None)

    def locate(self, path: str) -> Located:
        """Place of a file of the evidence in an installation."""
        return locate_path(path, self._folders)

    def expected(self, path: str, build: str) -> frozenset[str] | None:
        """Hashes (first 32 hex digits) that this build ships at this place of the installation.

        An empty set: it ships none. None: nobody knows. Where the build is not listed, or its list has a hole, the
        listed builds of the same CU below and above speak for it, if they agree. Three numbers (`15.1.2106`) mean
        every update of that CU; all must be listed.
        """
        located = self.locate(path)
        answers = [self._of_build(each, one) for each in located.paths for one in self._meant(build)]
        if not answers or None in answers:
            return None
        return frozenset(sha for answer in answers if answer for sha in answer)

    def judge(self, path: str, sha256: str, build: str | None = None) -> BaselineSays:
        """What the lists say of one file of the evidence. `build`: of the server, where known."""
        known = self.look(sha256)
        located = self.locate(path)
        group = _folder(located.paths[0]) if located.paths else ""
        if known:
            return self._of_known(_first(known, located), build, group)
        if not located.paths or place_of(path).kind in (COMPILED, COPY, QUARANTINE):
            return BaselineSays(code="", text="")
        shipped = [each for each in located.paths if self._held(each)]
        if shipped:
            return self._of_shipped(path, shipped, located, build, group)
        if not _is_page(path):
            return BaselineSays(code="", text="", sure=located.sure, group=group)
        return self._of_strange(located, build, group)

    def _of_known(self, known: Known, build: str | None, group: str) -> BaselineSays:
        what = f"Byte for byte {known.paths[0]}"
        meant = self._meant(build) if build else ()
        if not meant or not set(meant) & self._builds or not known.builds:
            return BaselineSays(
                code=MATCH, text=f"{what} of {_span(known.builds)}.", known=known, group=group
            )
        if set(meant) & set(known.builds):
            return BaselineSays(code=MATCH, text=f"{what} of this build.", known=known, group=group)
        older = all((number(each) or ()) < (number(build or "") or ()) for each in known.builds)
        why = "an update left it behind" if older else "not of this build"
        text = f"{what}, but of {_span(known.builds)}: {why}."
        return BaselineSays(code=OTHER_BUILD, text=text, known=known, group=group)

    def _of_shipped(
        self, path: str, shipped: list[str], located: Located, build: str | None, group: str
    ) -> BaselineSays:
        name = shipped[0]
        wanted = self.expected(path, build) if build else None
        listed = bool(build) and all(each in self._builds for each in self._meant(build or ""))
        sure = located.sure and listed
        if wanted:
            text = f"Has the place of {name}, but not its content in this build."
            return BaselineSays(code=CHANGED, text=text, sure=sure, group=group)
        if wanted is not None and _is_page(path):
            builds = _known([held for each in shipped for held in self._held(each)]).builds
            text = f"Exchange ships {name} with {_span(builds)}, not with this build."
            return BaselineSays(code=UNKNOWN_NAME, text=text, sure=sure, group=group)
        why = f"the files of {build} are not listed" if build else "the build of the server is not known"
        text = f"Has the place of {name}, with a content that no listed build has; {why}."
        return BaselineSays(code=NO_BASELINE, text=text, sure=False, group=group)

    def _of_strange(self, located: Located, build: str | None, group: str) -> BaselineSays:
        tops = {each.split("\\", 1)[0].lower() for each in located.paths}
        meant = self._meant(build) if build else ()
        listed = bool(meant) and all(self._covers(one, each) for one in meant for each in located.paths)
        front = tops == {FRONT}
        if listed or front:
            until = "" if listed else f" (known to {self._last(build)})"
            text = f"Exchange ships no page of this name in {group}{until}."
            return BaselineSays(code=UNKNOWN_NAME, text=text, sure=located.sure and listed, group=group)
        why = f"the pages of {build} are not listed" if build else "the build of the server is not known"
        text = f"No listed build ships a page of this name in {group}; {why}."
        return BaselineSays(code=NO_BASELINE, text=text, sure=False, group=group)

    def _held(self, path: str) -> tuple[Held, ...]:
        return tuple(each for shelf in self._shelves for each in shelf.by_path(path))

    def _covers(self, build: str, path: str) -> bool:
        return any(shelf.covers(build, path) for shelf in self._shelves)

    def _meant(self, build: str) -> tuple[str, ...]:
        """Builds that can be meant: every known update of a CU where the last number is missing."""
        parts = number(build)
        if parts is None:
            return ()
        place = locate(build) if len(parts) == 3 else None
        if place is None:
            return (spell(parts),)
        listed = {spell(each) for each in self._line if each[:3] == parts}
        return tuple(sorted(listed | {each.build for each in place.candidates}, key=_parts))

    def _of_build(self, path: str, build: str) -> frozenset[str] | None:
        """See `expected`, for exactly one place and a build of four numbers."""
        contents: dict[str, frozenset[str]] = {}
        for held in self._held(path):
            for name in held.builds:
                contents[name] = contents.get(name, frozenset()) | {held.sha256[:32]}
        if build in contents:
            return contents[build]
        parts = number(build) or ()
        listed = self._listed(path)
        line = [each for each in listed if each[:2] == parts[:2] and each != parts]
        at = bisect_left(line, parts)
        around = [*line[max(at - 1, 0) : at], *line[at : at + 1]]
        found = [contents.get(spell(each), frozenset()) for each in around]
        agreed = found[0] if len(found) == 2 and found[0] == found[1] else None
        if parts in listed:
            return agreed if all(found) and len(found) == 2 else frozenset()
        return agreed if all(each[:3] == parts[:3] for each in around) else None

    def _listed(self, path: str) -> list[Number]:
        """Builds whose lists cover the place of this path, rising."""
        return [parts for parts in self._line if self._covers(spell(parts), path)]

    def _last(self, build: str | None) -> str:
        parts = number(build) if build else None
        line = [each for each in self._line if parts is None or each[:2] == parts[:2]]
        return spell(line[-1]) if line else "no build of this product"


def _first(known: Known, located: Located) -> Known:
    """The place where the file lies first, then the others."""
    here = {each.lower() for each in located.paths}
    paths = sorted(known.paths, key=lambda path: path.lower() not in here)
    return Known(paths=tuple(paths), builds=known.builds)


def _is_page(path: str) -> bool:
    parts = components(path)
    return bool(parts) and parts[-1].rpartition(".")[2].lower() in pages()


def _folder(path: str) -> str:
    return path.rpartition("\\")[0]


def _known(held: Iterable[Held]) -> Known:
    every = list(held)
    builds = {build for each in every for build in each.builds}
    return Known(
        paths=tuple(dict.fromkeys(each.path for each in every)),
        builds=tuple(sorted(builds, key=_parts)),
    )


@cache
def _parts(build: str) -> Number:
    return number(build) or ()


def _span(builds: Sequence[str]) -> str:
    if not builds:
        return "a learned list"
    return builds[0] if len(builds) == 1 else f"{builds[0]} to {builds[-1]}"


@cache
def shelf() -> PackedShelf:
    """Microsoft's lists; read when first asked for (about 0.1 s).

    Raises:
        KnowledgeError: the file is missing or damaged.
    """
    try:
        content = (ROOT / PACKED).read_bytes()
    except OSError as error:
        raise KnowledgeError(
            f"data/{PACKED} cannot be read: {error}.", tip="Install exsweep again."
        ) from error
    return PackedShelf(unpack(content, f"data/{PACKED}"))


@cache
def baseline() -> Baseline:
    """Microsoft's lists alone.

    Raises:
        KnowledgeError: see `shelf`.
    """
    return Baseline((shelf(),))


def load_baselines(paths: Iterable[Path]) -> Baseline:
    """Microsoft's lists and the learned ones in `paths` (files of `exsweep knowledge baseline`).

    Raises:
        KnowledgeError: a file cannot be read, or is no such list; the message names the line.
    """
    return Baseline((shelf(), *(read(path) for path in paths)))
