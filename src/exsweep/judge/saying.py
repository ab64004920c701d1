"""Dates, kinds of log and wishes in plain words."""

from collections.abc import Sequence
from datetime import date, datetime

from exsweep.judge.coverage import Seen
from exsweep.knowledge.words import has
from exsweep.model import Phrase


def day(value: date | datetime | None, *, clock: bool = False) -> str:
    """`3 March 2021`, or with the clock `3 March 2021, 04:10 UTC`."""
    if value is None:
        return "a day that the records do not name"
    text = f"{value.day} {value:%B %Y}"
    return f"{text}, {value:%H:%M} UTC" if clock and isinstance(value, datetime) else text


def kinds_in_words(kinds: Sequence[str]) -> tuple[Phrase, ...]:
    """Names of kinds of log, as phrases."""
    found = tuple(Phrase(key="said.kind", params={"kind": kind}) for kind in kinds)
    return found or (Phrase(key="phrase.no_kinds"),)


def wanted(seen: Seen) -> tuple[Phrase, ...]:
    """What to send next: records that would cover the blind days, best first."""
    kinds = [kind for window in seen.blind for kind in window.uncovered if has(f"wanted.{kind}")]
    kinds += [gap.kind for gap in seen.coverage.gaps if gap.limits_verdict and has(f"wanted.{gap.kind}")]
    chosen = list(dict.fromkeys(kinds))[:3] or ["all", "evtx"]
    return tuple(Phrase(key=f"wanted.{kind}") for kind in chosen)
