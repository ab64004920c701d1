"""What to do now: steps for each situation, and what helps while an update cannot be installed."""

from collections.abc import Iterable
from functools import cache

import msgspec

from exsweep.errors import KnowledgeError
from exsweep.knowledge.data_files import document
from exsweep.model import Remedy

ADMIN, RESPONDER = "admin", "responder"

MOST_FOR_ADMIN = 5
"""More steps than this are not read under stress; the rest is shown below them."""

SOURCES = {
    "M1": "Microsoft MSRC guidance for responders, March 2021",
    "M2": "github:microsoft/CSS-Exchange docs and scripts",
    "M3": "Exchange Team posts 2025-2026",
    "M4": "github:MicrosoftDocs/OfficeDocs-Exchange recover-exchange-servers.md",
    "C1": "CISA ED 21-02 with supplement, AA21-062A",
    "C2": "CISA/NSA Exchange hardening practices, October 2025",
    "F": "FireEye/Mandiant 2021-03-04",
    "L": "CERT.LV readme, github:cert-lv/exchange_webshell_detection",
    "K": "analyst knowledge, not verified",
}


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to do. The texts have no gaps to fill."""

    title: str
    text: str
    why: str
    done_when: str
    audience: str
    """`admin` or `responder`."""
    source: tuple[str, ...]
    """Letters of the authorities."""


class Situation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the server stands, and the ids of the steps in order."""

    title: str
    say: str
    admin: tuple[str, ...]
    later: tuple[str, ...]
    responder: tuple[str, ...]


class Mitigation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stopgap for some flaws."""

    cves: tuple[str, ...]
    title: str
    text: str
    limits: str
    source: tuple[str, ...]


@cache
def steps() -> dict[str, Step]:
    """Every step by its id."""
    return document("remediation/steps.yml", dict[str, Step])


@cache
def situations() -> dict[str, Situation]:
    """Every situation by its id: S0 to S6, SS (a person must look), SU (records do not reach)."""
    return document("remediation/situations.yml", dict[str, Situation])


def situation(situation_id: str) -> Situation:
    """The situation of this id.

    Raises:
        KnowledgeError: no such situation.
    """
    try:
        return situations()[situation_id]
    except KeyError:
        raise KnowledgeError(f"{situation_id!r} is no known situation.", tip="S0 to S6, SS or SU.") from None


@cache
def ways_in() -> dict[str, tuple[str, ...]]:
    """Campaign -> ids of the steps that it needs beside those of the situation."""
    return document("remediation/ways_in.yml", dict[str, tuple[str, ...]])


def remedies(situation_id: str, campaigns: Iterable[str] = ()) -> tuple[Remedy, ...]:
    """All steps in order: the first few for the admin, his later ones, then the responder's.

    What a campaign needs beside them comes first among the later ones, and first among the responder's.

    Ids are `<situation>.<number>.<step>`.

    Raises:
        KnowledgeError: no such situation.
    """
    chosen = situation(situation_id)
    more = tuple(dict.fromkeys(name for each in campaigns for name in ways_in().get(each, ())))
    own = tuple(name for name in more if steps()[name].audience == ADMIN)
    order = (
        *chosen.admin,
        *own,
        *chosen.later,
        *(name for name in more if name not in own),
        *chosen.responder,
    )
    return tuple(
        _remedy(f"{situation_id}.{place:02}.{name}", name) for place, name in enumerate(order, start=1)
    )


@cache
def mitigations() -> tuple[Mitigation, ...]:
    """All known stopgaps."""
    return document("remediation/mitigations.yml", tuple[Mitigation, ...])


def _remedy(remedy_id: str, name: str) -> Remedy:
    step = steps()[name]
    return Remedy(
        id=remedy_id,
        title=step.title,
        text=step.text,
        why=step.why,
        done_when=step.done_when,
        audience=step.audience,
        source=tuple(SOURCES[letter] for letter in step.source),
    )
