"""The level that one group of hits makes of the server. Pure and small, for everything rests on it."""

from datetime import datetime, timedelta

from exsweep.judge import facts
from exsweep.judge.chains import Group
from exsweep.judge.outcome import Weighed
from exsweep.knowledge.judging import judging
from exsweep.model import Level, Severity, Stage, Strength

_ACTIVE = frozenset(
    {
        Stage.WEBSHELL_USE,
        Stage.POST_EXPLOITATION,
        Stage.PERSISTENCE,
        Stage.CLEANUP,
        Stage.EXPLOITATION,
        Stage.DROP,
    }
)
_QUIET = frozenset({Stage.PROBE})
_WAY_IN = frozenset({Stage.EXPLOITATION, Stage.DROP, Stage.WEBSHELL, Stage.WEBSHELL_USE})
"""Stages that no administrator's daily work belongs to."""


def level_of(group: Group, evidence_end: datetime | None) -> Level | None:
    """None: nothing that touches the verdict (single ambiguous rows of daily administration).

    Laws: assessment traffic is never more than `attacked` and never nothing; a first look alone is never a break-in;
    a patch date lowers nothing.
    """
    if all(item.strength is Strength.ASSESSMENT for item in group.members):
        return Level.ATTACKED
    won = [item for item in group.members if item.strength is Strength.SUCCESS and item.stage not in _QUIET]
    if won:
        last = max(
            (time for item in won if item.stage in _ACTIVE and (time := facts.last_time(item.hit))),
            default=None,
        )
        recent = last and evidence_end and evidence_end - last <= timedelta(hours=judging().in_use_hours)
        used = any(item.stage in (Stage.WEBSHELL_USE, Stage.POST_EXPLOITATION) for item in won)
        return Level.IN_USE if recent and used else Level.BROKEN_INTO
    if _ambiguous(group) or any(_unsettled(item) for item in group.members):
        return Level.SUSPICIOUS
    attempts = any(item.strength is Strength.ATTEMPT for item in group.members)
    return Level.ATTACKED if attempts else None


def _unsettled(item: Weighed) -> bool:
    """An attempt beyond a first look that nothing shows to have failed."""
    return item.strength is Strength.ATTEMPT and item.failed is None


def _ambiguous(group: Group) -> bool:
    items = [item for item in group.members if item.strength is Strength.AMBIGUOUS and item.failed is None]
    single, pair = Severity(judging().ambiguous_counts_from), Severity(judging().ambiguous_pair_from)
    if any(Severity(item.rule.level).rank >= single.rank for item in items):
        return True
    notable = {item.rule.id: item.stage for item in items if Severity(item.rule.level).rank >= pair.rank}
    # Two acts that administrators do every day (rights, forwarding, an export) are not more than each alone.
    return len(notable) >= 2 and any(stage in _WAY_IN for stage in notable.values())
