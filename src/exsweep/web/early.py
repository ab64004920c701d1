"""What may be said of a server while a part of what was sent is still unread.

Bad news counts at once: more evidence does not take it back. "Nothing seen" is no news before everything was read, so
whatever rests on not having seen something is taken out: the level, the gaps between days, the steps and the damage that
were "not seen", the advice.
"""

import msgspec

from exsweep.knowledge.languages import say, say_list
from exsweep.model import (
    Assessment,
    Chain,
    Confidence,
    Finding,
    Gap,
    Impact,
    ImpactItem,
    ImpactState,
    Level,
    Phrase,
    Strength,
    Verdict,
)
from exsweep.model.assessment import Said

_replace = msgspec.structs.replace
_DO = Phrase(key="early.do")


def is_news(of: Assessment) -> bool:
    """Whether the level may be named before the end."""
    return of.verdict.level.rank >= Level.SUSPICIOUS.rank


def unfinished(of: Assessment, *, left: int, planned: int, servers: int = 1) -> Assessment:
    """An assessment of what was read so far; `left` of `planned` files are unread. `servers`: that the evidence is of, as far
    as can be seen; it is of the one that looks worst."""
    unread = Phrase(key="early.unread", params={"left": left, "of": planned})
    gap = Gap(kind="file", reason=say(unread), effect=say(Phrase(key="early.effect")), limits_verdict=True)
    broken = tuple(each for each in of.coverage.gaps if each.path is not None)
    return _replace(
        of,
        verdict=_verdict(of, unread, _whose(of, servers)),
        chains=tuple(_chain(each) for each in of.chains),
        coverage=_replace(of.coverage, gaps=(gap, *broken)),
        impact=Impact(
            mailboxes=_item(of.impact.mailboxes),
            credentials=_item(of.impact.credentials),
            files=_item(of.impact.files),
            hosts=_item(of.impact.hosts),
            persistence=_item(of.impact.persistence) if of.impact.persistence else None,
        ),
        remediation=of.remediation if is_news(of) else (),
    )


def _whose(of: Assessment, servers: int) -> tuple[Phrase, ...]:
    if servers < 2:
        return ()
    return (Phrase(key="early.worst", params={"n": servers, "name": of.server.name or "?"}),)


def _verdict(of: Assessment, unread: Phrase, whose: tuple[Phrase, ...]) -> Verdict:
    verdict, first = of.verdict, (*whose, unread)
    words = tuple(say(each) for each in first)
    if is_news(of):
        said = verdict.said
        if said is not None:
            said = _replace(said, text=(*first, *said.text))
        return _replace(verdict, text=(*words, *verdict.text), against=(), said=said)
    found = Phrase(key="early.tries" if _tried(of.findings) else "early.nothing")
    headline = Phrase(key="early.headline")
    return Verdict(
        level=Level.CANNOT_TELL,
        confidence=Confidence.POSSIBLE,
        headline=say(headline),
        text=(*words, say(found)),
        do_now=say_list(_DO),
        said=Said(headline=headline, text=(*first, found), do_now=_DO),
    )


def _tried(findings: tuple[Finding, ...]) -> bool:
    return any(each.strength is not Strength.ASSESSMENT for each in findings)


def _chain(of: Chain) -> Chain:
    later = Phrase(key="early.step")
    steps = tuple(
        _replace(each, why_missing=say(later), said=(later,)) if each.missing else each for each in of.steps
    )
    return _replace(of, steps=steps)


def _item(of: ImpactItem) -> ImpactItem:
    of = _replace(of, lacking="", lacking_said=())
    if of.state is not ImpactState.NOT_SEEN:
        return of
    later = Phrase(key="early.impact")
    return _replace(of, text=say(later), said=(later,))
