"""The first screen: the answer, the three things to do, how sure we are, what we could not see."""

import re
from dataclasses import dataclass

from exsweep.export import words
from exsweep.export.text import prose
from exsweep.export.times import apart, day, span, when
from exsweep.knowledge import languages
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.languages import ENGLISH, text
from exsweep.model import Assessment, Chain, Gap, ImpactItem, Level, Phrase, Remedy, Step, Touched

_BRIEF = 230
"""Characters of a step's text on the first screen; the whole text stands in the list below."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'])")
_ABOUT = re.compile(r" \[(F-\w+(?:, F-\w+)*)\]$")
_HEAD = 60
"""Characters of a thing to do that can stand in bold."""
_FIRST = 4
_STORIES = 3
_BREAK_IN = (Level.IN_USE, Level.BROKEN_INTO)
_NOTHING_SEEN = (Level.NO_SIGNS, Level.CANNOT_TELL)


@dataclass(frozen=True, slots=True)
class Do:
    """One of the first things to do; `step` is its number in the list below where its text goes on there."""

    title: str
    brief: str
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """A chain for people: steps in order, seen and not seen."""

    chain: Chain
    number: int
    steps: tuple[Step, ...]
    steps_out: int


def first_sentences(text: str, room: int = _BRIEF) -> tuple[str, bool]:
    """Whole sentences up to `room` characters, at least one; and whether something was left out."""
    sentences = _SENTENCE.split(prose(text))
    kept = sentences[0]
    for sentence in sentences[1:]:
        if len(kept) + 1 + len(sentence) > room:
            return kept, True
        kept = f"{kept} {sentence}"
    return kept, False


def head_and_rest(text: str) -> tuple[str, str]:
    """The first sentence, or what stands before the colon of a long one, and the rest."""
    head, _, rest = prose(text).partition(". ")
    if len(head) > _HEAD and ": " in head:
        head, _, rest = prose(text).partition(": ")
        return f"{head}:", rest
    return head if head.endswith((".", "!", "?")) else f"{head}.", rest


def remedies(assessment: Assessment, audience: str) -> tuple[Remedy, ...]:
    """Steps for one reader, in the order in which the judge put them."""
    wanted = audience == "responder"
    return tuple(remedy for remedy in assessment.remediation if (remedy.audience == "responder") == wanted)


def do_now(assessment: Assessment) -> tuple[Do, ...]:
    """What the verdict puts first, else the first three steps of the admin."""
    if assessment.verdict.do_now:
        return tuple(Do(*head_and_rest(text)) for text in assessment.verdict.do_now[:_FIRST])
    found = []
    for number, remedy in enumerate(remedies(assessment, "admin")[:3], start=1):
        brief, cut = first_sentences(remedy.text)
        found.append(Do(prose(remedy.title), brief, number if cut else None))
    return tuple(found)


def rests_on_nothing_seen(assessment: Assessment) -> bool:
    """Does the verdict rest on what was not found?"""
    return assessment.verdict.level in _NOTHING_SEEN


def how_sure(assessment: Assessment) -> tuple[str, str]:
    """`We are sure.` and what that rests on."""
    scale = words.SURE_OF_NOTHING_SEEN if rests_on_nothing_seen(assessment) else words.CONFIDENCE
    sure, rests_on = scale[assessment.verdict.confidence]
    return sure, rests_on


def doubts(assessment: Assessment) -> list[tuple[str, list[str]]]:
    """What speaks against the verdict, and the ids of the findings that it is about (they stand in brackets at its end)."""
    said = []
    for sentence in assessment.verdict.against:
        about = _ABOUT.search(sentence)
        said.append((sentence[: about.start()], about[1].split(", ")) if about else (sentence, list[str]()))
    return said


def activity(assessment: Assessment) -> list[tuple[str, str, str]]:
    """Facts for the first screen: label, moment in words, remark."""
    verdict = assessment.verdict
    facts: list[tuple[str, str, str]] = []
    seen = "First act we saw" if verdict.level not in (Level.ATTACKED,) else "First try we saw"
    if verdict.since:
        earliest = verdict.dating.earliest if verdict.dating else None
        facts.append((seen, when(verdict.since), f"maybe since {day(earliest)}" if earliest else ""))
    if verdict.last_activity:
        remark = ""
        if verdict.evidence_end and verdict.evidence_end >= verdict.last_activity:
            remark = f"{apart(verdict.last_activity, verdict.evidence_end)} before the records end"
        facts.append(("Last act we saw", when(verdict.last_activity), remark))
    if verdict.dating and verdict.dating.patched:
        facts.append(("Update first seen", when(verdict.dating.patched), "it undoes nothing"))
    if verdict.evidence_end:
        facts.append(("Records end", when(verdict.evidence_end), ""))
    return facts


def titles(assessment: Assessment) -> dict[str, str]:
    """Kind of log or gap -> its name in words; of a kind that is wholly absent from the knowledge."""
    known = {item.id: item.title for item in load_formats()} | words.GAP_KINDS
    return known | {source.kind: source.title for source in assessment.coverage.sources if source.title}


def gap_words(gap: Gap, names: dict[str, str]) -> str:
    """`Mail proxy log, 6 Mar 2021 to 8 Mar 2021`: what is missing, in words."""
    name = names.get(gap.kind, gap.kind)
    dates = span(gap.first, gap.last)
    return f"{name}, {dates}" if dates else name


def ordered_gaps(assessment: Assessment) -> list[Gap]:
    """What limits the verdict first."""
    return sorted(assessment.coverage.gaps, key=lambda gap: not gap.limits_verdict)


def blind_line(assessment: Assessment) -> str:
    """One line: how many gaps, how many of them decide, and the one that weighs most."""
    gaps = ordered_gaps(assessment)
    if not gaps:
        return "We know of no gap in the records that matter. Records that were never made stay unseen."
    first = prose(gap_words(gaps[0], titles(assessment)))
    counted = words.gaps_counted(gaps)
    return f"{counted[:1].upper()}{counted[1:]}{'. The first' if len(gaps) > 1 else ''}: {first[:160]}."


def stories(assessment: Assessment, steps: int) -> list[Story]:
    """Chains, heaviest first; the numbering is that of the page."""
    far = float("inf")
    chains = sorted(
        assessment.chains,
        key=lambda c: (-c.level.rank, c.first_seen.timestamp() if c.first_seen else far, c.id),
    )
    return [
        Story(chain, number, chain.steps[:steps], max(0, len(chain.steps) - steps))
        for number, chain in enumerate(chains, start=1)
    ]


def impact(assessment: Assessment, language: str = ENGLISH) -> tuple[tuple[str, ImpactItem], ...]:
    """The questions that everybody asks, in a fixed order."""
    found = assessment.impact
    return tuple(
        (text(f"impact.{name}.title", language), item)
        for name, item in (
            ("mailboxes", found.mailboxes),
            ("credentials", found.credentials),
            ("files", found.files),
            ("hosts", found.hosts),
            ("persistence", found.persistence),
        )
        if item is not None
    )


def graded(item: ImpactItem) -> str:
    """The state, or `unchecked` where nothing given could have shown it: that is not the same as not seen."""
    return "unchecked" if item.said and item.said[0].key.endswith(".unchecked") else item.state.value


def touched(item: ImpactItem, language: str = ENGLISH) -> tuple[tuple[str, str], ...]:
    """Each thing with how often and when it was touched, in words; empty where earlier versions did not count."""
    return tuple((name, _times(told, language)) for name, told in zip(item.items, item.touched, strict=False))


def _times(told: Touched, language: str) -> str:
    key = (
        "times_unknown"
        if told.first is None
        else "times"
        if told.last in (None, told.first)
        else "times_until"
    )
    params: dict[str, int | str | tuple[Phrase, ...]] = {"n": told.count}
    if told.first:
        params["first"] = (languages.day(told.first, clock=True),)
    if key == "times_until":
        params["last"] = (languages.day(told.last, clock=True),)
    said = Phrase(key=f"impact.{key}", params=params)
    folders = Phrase(key="impact.folders", params={"folders": ", ".join(told.folders[:12])})
    return "; ".join(languages.say(one, language) for one in ((said, folders) if told.folders else (said,)))


def is_break_in(assessment: Assessment) -> bool:
    """Whether the letter asks for the decisions of a break-in."""
    return assessment.verdict.level in _BREAK_IN


def told(chains: list[Story]) -> list[Story]:
    """What the admin reads: those who got in or may have; where nobody did, those who tried."""
    weighty = [story for story in chains if story.chain.level.rank >= Level.SUSPICIOUS.rank]
    return (weighty or chains)[:_STORIES]


def others(chains: list[Story]) -> str:
    """One sentence for the chains that `told` leaves out."""
    left = chains[len(told(chains)) :]
    weighty = sum(story.chain.level.rank >= Level.SUSPICIOUS.rank for story in left)
    if weighty:
        return f"{words.count(weighty, 'more chain')} of this kind, not shown here."
    return "Others tried too. We saw nothing of theirs that worked." if left else ""
