"""Which situation the server is in, and so which steps come next."""

from collections.abc import Sequence

from exsweep.judge import facts
from exsweep.knowledge.judging import judging
from exsweep.knowledge.remediation import remedies as steps_of
from exsweep.model import Finding, Level, Patch, Remedy, Stage, Strength

_INSIDE = frozenset({Stage.DROP, Stage.WEBSHELL})
_AT_WORK = frozenset({Stage.WEBSHELL_USE, Stage.POST_EXPLOITATION, Stage.PERSISTENCE, Stage.CLEANUP})
_HOSTILE = frozenset({Level.SUSPICIOUS, Level.BROKEN_INTO, Level.IN_USE})
_DIRECTORY_COPIED = "T1003.003"
"""NTDS: whoever has it owns every account of the domain."""


def situation(level: Level, carrying: Sequence[Finding], patch: Patch) -> str:
    """S0 to S6, SS or SU of `data/remediation/situations.yml`."""
    match level:
        case Level.NO_SIGNS:
            return "S1" if patch.cves.certain else "S0"
        case Level.CANNOT_TELL:
            return "SU"
        case Level.ATTACKED:
            return "S2"
        case Level.SUSPICIOUS:
            return "SS"
    proven = [item for item in carrying if item.strength is Strength.SUCCESS]
    if any(_DIRECTORY_COPIED in item.attack for item in proven):
        return "S6"
    stages = {item.stage for item in proven}
    orders = judging().runs_orders
    if stages & _AT_WORK or any(facts.within(item.attack, orders) for item in proven):
        return "S5"
    return "S4" if stages & _INSIDE else "S3"


def remedies(level: Level, carrying: Sequence[Finding], patch: Patch) -> tuple[Remedy, ...]:
    """The steps of the situation that the server is in, first those to do now."""
    came = [item.campaign for item in carrying if item.campaign] if level in _HOSTILE else []
    return steps_of(situation(level, carrying, patch), came)
