"""What the queue needs to know of one server: a few values, read from its assessments and what people told us."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

import msgspec

from exsweep.fleet.clock import HOUR, seconds
from exsweep.fleet.official import Official, official
from exsweep.knowledge.campaigns import Campaign, campaigns
from exsweep.knowledge.cves import CveState, open_to_any
from exsweep.knowledge.fleet import queue_rules
from exsweep.model import Assessment, Finding, Level, Stage, Strength
from exsweep.model.assessment import ImpactState
from exsweep.model.files import FileVerdict

_SHELL = frozenset({Stage.WEBSHELL, Stage.WEBSHELL_USE})
_LATER = frozenset({Stage.POST_EXPLOITATION, Stage.PERSISTENCE, Stage.WEBSHELL_USE})


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the tier rests on. Times are seconds since 1970 UTC; None: not known."""

    level: Level
    used: bool = False
    """A back door was sent input, or acted."""
    used_at: int | None = None
    hands_on: bool = False
    """Dump of passwords, new account, archive of mail, move to another computer."""
    hands_on_at: int | None = None
    shell: bool = False
    """A back door is there, or was."""
    success: bool = False
    """A step is proven to have worked."""
    attempts: bool = False
    open_in_window: bool | None = None
    """The build was open while a campaign hit everyone that it could reach."""
    open_now: bool | None = None
    """BOD 26-04 gives three days."""
    covered: bool = False
    """The days that matter could be read."""
    outside: bool = False
    """Seen by a scan only."""
    last_act: int | None = None
    """Last hostile act."""
    end: int | None = None
    """End of the evidence."""
    spread: float | None = None
    """1: other hosts or passwords were reached; 0: looked for and not seen; None: cannot be said."""

    def hours_before_end(self, at: int | None) -> float | None:
        """Hours from `at` to the end of the evidence; None where one of them is not known."""
        if at is None or self.end is None:
            return None
        return max(0.0, (self.end - at) / HOUR)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What people told us of a server; None: nobody did."""

    mission: str | None = None
    """`low`, `medium`, `high`: SSVC Mission and Well-Being Impact."""
    no_answer: bool | None = None
    no_staff: bool | None = None
    no_backup: bool | None = None


def is_outside(assessment: Assessment) -> bool:
    """Was this judged from outside, by a scan?"""
    return not assessment.custody and any(gap.kind == "outside" for gap in assessment.coverage.gaps)


def situation_of(inside: Assessment | None, outside: Assessment | None = None) -> tuple[Situation, Official]:
    """What an assessment from inside and one from outside, either of which may lack, say together.

    Findings count as success only as far as the judge's level says so: the fleet never knows better than the case.
    """
    main = inside or outside
    if main is None:
        return Situation(level=Level.CANNOT_TELL), Official()
    decisions = official(_newest_patch(inside, outside), exposed=True)
    found = _from(main)
    if inside is not None and outside is not None:
        found = _worse(found, _from(outside))
    return msgspec.structs.replace(found, open_now=decisions.urgent), decisions


def _from(assessment: Assessment) -> Situation:
    level = assessment.verdict.level
    confirmed = level.rank >= Level.BROKEN_INTO.rank
    proven = [each for each in assessment.findings if each.strength is Strength.SUCCESS] if confirmed else []
    uses = [each for each in proven if each.stage is Stage.WEBSHELL_USE]
    wanted = queue_rules().hands_on
    hands = [each for each in proven if each.stage in _LATER and wanted.intersection(each.attack)]
    files = assessment.files.remarkable if assessment.files else ()
    outside = is_outside(assessment)
    return Situation(
        level=level,
        used=bool(uses),
        used_at=_last(uses),
        hands_on=bool(hands),
        hands_on_at=_last(hands),
        shell=any(each.stage in _SHELL for each in proven)
        or (confirmed and any(each.verdict is FileVerdict.MALICIOUS for each in files)),
        success=confirmed,
        attempts=any(each.strength is Strength.ATTEMPT for each in assessment.findings),
        open_in_window=open_in_window(assessment),
        covered=level is not Level.CANNOT_TELL
        and not outside
        and not any(gap.limits_verdict for gap in assessment.coverage.gaps),
        outside=outside,
        last_act=seconds(assessment.verdict.last_activity),
        end=seconds(assessment.verdict.evidence_end),
        spread=_spread(assessment),
    )


def _worse(inside: Situation, outside: Situation) -> Situation:
    """A scan adds what it saw; it takes nothing back and never covers a day."""
    if outside.level.rank < Level.SUSPICIOUS.rank or outside.level.rank < inside.level.rank:
        return inside
    return msgspec.structs.replace(
        inside,
        level=outside.level,
        shell=inside.shell or outside.shell,
        success=inside.success or outside.success,
        end=max(inside.end or 0, outside.end or 0) or None,
    )


def _last(findings: Iterable[Finding]) -> int | None:
    times = [each.last_seen or each.first_seen for each in findings]
    known = [time for time in times if time is not None]
    return seconds(max(known)) if known else None


def _spread(assessment: Assessment) -> float | None:
    states = [assessment.impact.credentials.state, assessment.impact.hosts.state]
    if ImpactState.SEEN in states:
        return 1.0
    return None if ImpactState.POSSIBLE in states else 0.0


def _newest_patch(inside: Assessment | None, outside: Assessment | None) -> Assessment:
    """The assessment whose build was seen last; one that knows a build before one that knows none."""

    def order(one: Assessment) -> tuple[bool, datetime | None]:
        return one.patch.build is not None, one.verdict.evidence_end

    known = [one for one in (inside, outside) if one is not None]
    if len(known) == 2 and known[0].patch.build and known[1].patch.build:
        first, second = (one.verdict.evidence_end for one in known)
        return known[1] if first is None or (second is not None and second > first) else known[0]
    return max(known, key=lambda one: order(one)[0])


def open_in_window(assessment: Assessment) -> bool | None:
    """Was a build open to a campaign seen in or after that campaign's mass attacks? None: the records cannot say.

    A server is never older later: a build that is open after the wave was open in it too. Builds that were seen only
    before the wave say nothing.
    """
    answers = [_open_in(each, assessment) for each in campaigns() if each.mass_from is not None]
    if True in answers:
        return True
    return None if None in answers or not answers else False


def _open_in(campaign: Campaign, assessment: Assessment) -> bool | None:
    known = False
    for seen in assessment.server.builds:
        state = _state(campaign.cves, seen.build)
        if campaign.mass_from and seen.last.date() >= campaign.mass_from:
            if state is CveState.CERTAIN:
                return True
            ended = campaign.mass_to or campaign.mass_from
            known = known or (
                seen.first.date() <= ended and state not in (CveState.UNKNOWN, CveState.POSSIBLE)
            )
        elif state in (CveState.FIXED, CveState.NOT_AFFECTED):
            known = True
    return False if known else None


@lru_cache(4_096)
def _state(cves: tuple[str, ...], build: str) -> CveState:
    return open_to_any(cves, build)
