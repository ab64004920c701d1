"""What stands on the page for the head of the house, in the language of the reader."""

from dataclasses import dataclass

from exsweep.export import words
from exsweep.export.report import admin
from exsweep.export.times import when
from exsweep.knowledge import languages
from exsweep.model import Assessment, Phrase


@dataclass(frozen=True, slots=True)
class Letter:
    """Sentences of ours; only names come from the evidence, and those the template escapes."""

    head: str
    until: str
    """Last moment that the records cover."""
    sure: str
    rests_on: str
    blind: str
    decisions: tuple[str, ...]


def letter(assessment: Assessment, language: str) -> Letter:
    """The letter in the language; English names the reader by the sector and the gap that weighs most."""
    verdict, break_in = assessment.verdict, admin.is_break_in(assessment)
    sure, rests_on = admin.how_sure(assessment)
    if language == languages.ENGLISH:
        return Letter(
            head=words.head_of(assessment.server.sector),
            until=when(verdict.evidence_end),
            sure=sure,
            rests_on=rests_on,
            blind=admin.blind_line(assessment),
            decisions=words.DECISIONS[break_in],
        )
    scale = "nothing_seen" if admin.rests_on_nothing_seen(assessment) else "sure"
    sure, rests_on = languages.say_list(Phrase(key=f"page.{scale}.{verdict.confidence.value}"), language)
    gaps = len(assessment.coverage.gaps)
    blind = Phrase(key="page.gaps", params={"n": gaps}) if gaps else Phrase(key="page.no_gap")
    return Letter(
        head=languages.text("page.head", language),
        until=languages.say(languages.day(verdict.evidence_end, clock=True), language),
        sure=sure,
        rests_on=rests_on,
        blind=languages.say(blind, language),
        decisions=languages.say_list(
            Phrase(key=f"page.decide.{'break_in' if break_in else 'else'}"), language
        ),
    )
