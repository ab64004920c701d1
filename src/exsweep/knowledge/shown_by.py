"""Which records can show a step of an intruder, or what was touched; from `data/shown_by.yml`."""

from collections.abc import Iterable
from functools import cache

import msgspec

from exsweep.knowledge.data_files import document
from exsweep.knowledge.formats import load_formats
from exsweep.model import Stage

EVENTS = "windows_event"
"""Alone: every channel that no family names. With one: `windows_event/Security`."""
_REST = "all others that were sent"


class Family(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Kinds that are told together."""

    title: str
    members: dict[str, str]
    """Kind -> its short name."""


class Heading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Kinds that show what was touched."""

    checked_by: tuple[str, ...]
    also: tuple[str, ...] = ()
    """They show only one way in which it happens: reading them is no check."""

    @property
    def kinds(self) -> tuple[str, ...]:
        return (*self.checked_by, *self.also)


class ShownBy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See the comments in `data/shown_by.yml`."""

    version: int
    source: tuple[str, ...]
    same: tuple[tuple[str, ...], ...]
    results_of_checks: tuple[str, ...]
    families: tuple[Family, ...]
    steps: dict[Stage, tuple[str, ...]]
    impact: dict[str, Heading]

    def alike(self, kind: str) -> tuple[str, ...]:
        """The kind, and the forms that the same record has."""
        return next((group for group in self.same if kind in group), (kind,))

    def merged(self, titles: Iterable[str]) -> tuple[str, ...]:
        """Names from several lists as one list: members of a family come together again."""
        told: dict[str, list[str]] = {}
        for title in titles:
            family = next((one.title for one in self.families if title.startswith(f"{one.title} (")), None)
            members = title.removeprefix(f"{family} (").removesuffix(")").split(", ") if family else []
            told.setdefault(family or title, []).extend(members)
        return tuple(
            f"{title} ({', '.join(dict.fromkeys(members))})" if members else title
            for title, members in told.items()
        )

    def is_result(self, kind: str) -> bool:
        """The result of a check, not a record of the server."""
        return kind in self.results_of_checks

    def named(self, channel: str) -> bool:
        """A channel with a name of its own: `windows_event` alone does not stand for it."""
        return any(channel in family.members for family in self.families)

    def titles(self, kinds: Iterable[str]) -> tuple[str, ...]:
        """Names for people, each once, in order; members of a family in one: `Windows events (Security, System)`."""
        plain = {one.id: one.title for one in load_formats()}
        told: dict[str, list[str]] = {}
        for kind in kinds:
            family = next((one for one in self.families if kind in one.members), None)
            if family:
                told.setdefault(family.title, []).append(family.members[kind])
            elif kind.startswith(f"{EVENTS}/"):
                told.setdefault(self.families[0].title, []).append(_REST)
            else:
                told.setdefault(plain.get(kind, kind), [])
        return tuple(
            f"{title} ({', '.join(dict.fromkeys(members))})" if members else title
            for title, members in told.items()
        )


@cache
def shown_by() -> ShownBy:
    """The shipped table.

    Raises:
        KnowledgeError: the file does not fit this program.
    """
    return document("shown_by.yml", ShownBy)
