"""The labels of the report: short, plain, one word for one thing.

The verdict's own sentences are knowledge and come in the assessment; these are only the words around them.
"""

from dataclasses import dataclass

from exsweep.model import Confidence, DayState, ImpactState, Level, Severity, Stage, Step, Strength


@dataclass(frozen=True, slots=True)
class LevelWords:
    """How a verdict is named and drawn. `icon` is a shape, so that colour is never needed."""

    tag: str
    icon: str
    do_title: str


LEVELS: dict[Level, LevelWords] = {
    Level.IN_USE: LevelWords("In use now", "octagon", "Do this now, in this order"),
    Level.BROKEN_INTO: LevelWords("Break-in confirmed", "triangle", "Do this now, in this order"),
    Level.SUSPICIOUS: LevelWords("Needs a person to look", "diamond", "Do this today"),
    Level.ATTACKED: LevelWords("Attacked, no break-in seen", "shield", "Do this today"),
    Level.NO_SIGNS: LevelWords("No signs in what we could read", "lens", "Do this next"),
    Level.CANNOT_TELL: LevelWords("Cannot tell yet", "dashed", "Do this next"),
}

CONFIDENCE: dict[Confidence, tuple[str, str]] = {
    Confidence.SURE: ("We are sure.", "Two or more kinds of record show it."),
    Confidence.VERY_LIKELY: ("Very likely.", "One strong record shows it."),
    Confidence.POSSIBLE: ("Possible.", "No record settles it."),
}

SURE_OF_NOTHING_SEEN: dict[Confidence, tuple[str, str]] = {
    Confidence.SURE: ("We are sure.", "The records that matter are all there."),
    Confidence.VERY_LIKELY: ("Very likely.", "Most of the records that matter are there."),
    Confidence.POSSIBLE: ("Possible.", "The records we have do not settle it."),
}
"""The same scale where the verdict rests on what was not found."""

STAGES: dict[Stage, tuple[str, str]] = {
    Stage.PROBE: ("Looked around", "probe"),
    Stage.EXPLOITATION: ("Way in", "exploitation"),
    Stage.DROP: ("Wrote a file", "drop"),
    Stage.WEBSHELL: ("Back door", "web shell"),
    Stage.WEBSHELL_USE: ("Used the back door", "web shell use"),
    Stage.POST_EXPLOITATION: ("Went further", "post-exploitation"),
    Stage.PERSISTENCE: ("Made a way to come back", "persistence"),
    Stage.CLEANUP: ("Hid traces", "cleanup"),
}

STRENGTHS: dict[Strength, tuple[str, str]] = {
    Strength.ASSESSMENT: ("○", "scan by a checker"),
    Strength.ATTEMPT: ("◔", "attempt"),
    Strength.AMBIGUOUS: ("◑", "open question"),
    Strength.SUCCESS: ("●", "it worked"),
}

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

IMPACT_TITLES = {
    "mailboxes": "Mail",
    "credentials": "Passwords and keys",
    "files": "Files on the server",
    "hosts": "Other computers",
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
}
"""Kinds of gap that are no log format."""


def step_state(step: Step) -> str:
    """How sure a seen step is, in two or three words."""
    if step.proven:
        return "it worked"
    return "seen" if step.stage == Stage.PROBE else "seen, not proven"


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

DECISIONS: dict[bool, tuple[str, ...]] = {
    True: (
        "Let IT cut the server off from the network, even if mail stops for some days.",
        "Call the cyber insurer before you hire help. Ask what proof they need.",
        "Call the police or the FBI field office, and your state or national response team.",
        "Ask your lawyer whom you must tell by law, and by when. Some clocks run in hours.",
        "Use the phone for all this, not this mail server.",
    ),
    False: (
        "Give IT the time to do the steps of this report.",
        "Ask to see the next report, and on what day it comes.",
    ),
}
"""What the head of the organisation has to decide; true = a break-in is seen or likely."""


def head_of(sector: str | None) -> str:
    """Whom the letter addresses, from the sector as the user or the evidence names it."""
    words = (sector or "").lower()
    return next((title for word, title in HEADS.items() if word in words), "the head of your organisation")


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 line`, `12,418 lines`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
