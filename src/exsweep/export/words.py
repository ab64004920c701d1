"""The labels of the report: short, plain, one word for one thing.

What has a name in the knowledge (levels, stages, strengths) is called by it; these are the words around them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from exsweep.knowledge.languages import ENGLISH, text
from exsweep.knowledge.words import render, render_list
from exsweep.model import Confidence, DayState, Gap, ImpactState, Level, Severity, Stage, Step, Strength


@dataclass(frozen=True, slots=True)
class LevelWords:
    """How a verdict is named and drawn. `icon` is a shape, so that colour is never needed."""

    tag: str
    icon: str
    do_title: str


_NOW, _TODAY, _NEXT = "page.do.now", "page.do.today", "page.do.next"
_LEVELS = {
    Level.IN_USE: ("octagon", _NOW),
    Level.BROKEN_INTO: ("triangle", _NOW),
    Level.SUSPICIOUS: ("diamond", _TODAY),
    Level.ATTACKED: ("shield", _TODAY),
    Level.NO_SIGNS: ("lens", _NEXT),
    Level.CANNOT_TELL: ("dashed", _NEXT),
}


@cache
def level(value: Level, language: str = ENGLISH) -> LevelWords:
    """Tag, shape and heading of a level, in the language."""
    name = text(f"level.{value.value}", language)
    icon, title = _LEVELS[value]
    return LevelWords(name[:1].upper() + name[1:], icon, text(title, language))


@cache
def stage(value: Stage) -> tuple[str, str]:
    """Plain name and technical word of a stage: `Left a file`, `web shell drop`."""
    return render(f"stage.{value.value}.name"), render(f"stage.{value.value}.tech")


@cache
def strength(value: Strength) -> tuple[str, str]:
    """Sign and words for what a finding proves: `●`, `it worked`."""
    return "○◔◑●"[value.rank], render(f"strength.{value.value}")


def _scale(key: str) -> dict[Confidence, tuple[str, ...]]:
    return {value: render_list(f"{key}.{value.value}") for value in Confidence}


CONFIDENCE = _scale("page.sure")

SURE_OF_NOTHING_SEEN = _scale("page.nothing_seen")
"""The same scale where the verdict rests on what was not found."""

SEVERITIES: dict[Severity, str] = {severity: severity.value for severity in Severity}

FINDING_CONFIDENCE: dict[Confidence, str] = {
    Confidence.SURE: "sure",
    Confidence.VERY_LIKELY: "very likely",
    Confidence.POSSIBLE: "possible",
}

IMPACT_STATES: dict[ImpactState, tuple[str, str]] = {
    ImpactState.SEEN: ("●", "seen"),
    ImpactState.POSSIBLE: ("◑", "possible"),
    ImpactState.NOT_SEEN: ("○", "not seen"),
}

FILE_VERDICTS = {
    "malicious": "back door",
    "suspicious": "suspicious",
    "unremarkable": "nothing found in it",
    "benign_known": "as shipped by Microsoft",
}

DAY_STATES: dict[DayState, tuple[str, str]] = {
    DayState.READ: ("■", "read"),
    DayState.PARTIAL: ("◧", "partly read"),
    DayState.ABSENT: ("╱", "no records"),
}

SOURCE_STATES = {
    "read": "read",
    "partial": "partly read",
    "unreadable": "could not be read",
    "encrypted": "locked with a password",
    "limit": "too big, stopped",
    "timeout": "took too long, stopped",
    "changed": "changed while it was read",
    "duplicate": "same bytes as another file",
    "not_a_log": "sealed, not a log",
}

GAP_KINDS = {
    "file": "A file that could not be read",
    "archive": "An archive that could not be read",
    "collector": "What the collector leaves out",
    "untraced": "Ways in that no text log shows",
}
"""Kinds of gap that are no log format."""


def step_state(step: Step) -> str:
    """How sure a seen step is, in two or three words."""
    if step.proven:
        return "it worked"
    return "seen" if step.stage == Stage.PROBE else "not proven"


HEADS = {
    "school": "your superintendent",
    "district": "your superintendent",
    "k12": "your superintendent",
    "k-12": "your superintendent",
    "education": "your principal or superintendent",
    "university": "your president",
    "police": "your chief",
    "fire": "your chief",
    "city": "your mayor or city manager",
    "town": "your mayor or town manager",
    "county": "your county manager",
    "government": "the head of your office",
    "hospital": "your director",
    "health": "your director",
    "bank": "your board",
}
"""Word of the sector -> who reads the one-page letter. First match in this order."""

DECISIONS = {True: render_list("page.decide.break_in"), False: render_list("page.decide.else")}
"""What the head of the organisation has to decide; true = a break-in is seen or likely."""


def head_of(sector: str | None) -> str:
    """Whom the letter addresses, from the sector as the user or the evidence names it."""
    words = (sector or "").lower()
    return next((title for word, title in HEADS.items() if word in words), "the head of your organisation")


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 line`, `12,418 lines`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def gaps_counted(gaps: Sequence[Gap]) -> str:
    """How many there are and how many of them decide, the same on every page and on the terminal.

    `8 gaps; 3 of them limit the answer`.
    """
    limiting = sum(gap.limits_verdict for gap in gaps)
    if limiting == len(gaps):
        return f"{count(limiting, 'gap')} that {'limits' if limiting == 1 else 'limit'} the answer"
    who = (
        "none of them limits"
        if not limiting
        else "1 of them limits"
        if limiting == 1
        else f"{limiting} of them limit"
    )
    return (
        f"{count(len(gaps), 'gap')}; {who} the answer"
        if len(gaps) > 1
        else "1 gap that does not limit the answer"
    )
