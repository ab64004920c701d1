"""The outcome of CISA BOD 26-04 and the SSVC coordinator's decision for one server: the most urgent over its open flaws."""

from functools import lru_cache

import msgspec

from exsweep.knowledge.cves import Cve, cves
from exsweep.knowledge.fleet import bod_outcome, queue_rules, ssvc_decision
from exsweep.model import Assessment


class Official(msgspec.Struct, frozen=True, kw_only=True):
    """Named results of the public tables; None: the build is not known, so nothing can be looked up."""

    bod: str | None = None
    """`3 days & forensic investigation`, `3 days`, `14 days` ...; `nothing open` where no known flaw is open."""
    bod_for: str | None = None
    """The flaw that gives this outcome (the first by number)."""
    urgent: bool | None = None
    """The outcome is one of those that mean `open now`."""
    points: tuple[tuple[bool, bool, bool], ...] = ()
    """(exploited, automatable, total impact) of each open flaw, each kind once: what SSVC is asked with."""

    def ssvc(self, mission: str) -> str | None:
        """`act`, `attend`, `track*`, `track`: for a server whose Mission and Well-Being Impact is `mission`."""
        order = queue_rules().decisions
        found = [
            ssvc_decision(
                exploitation="active" if used else "none", automatable=auto, total=total, mission=mission
            )
            for used, auto, total in self.points
        ]
        return min(found, key=order.index) if found else None


NOTHING = "nothing open"


def official(assessment: Assessment, *, exposed: bool) -> Official:
    """Look up every flaw that is open for certain. `exposed`: can be reached from the internet."""
    if assessment.patch.build is None:
        return Official()
    return _of(assessment.patch.cves.certain, exposed)


@lru_cache(4_096)
def _of(open_cves: tuple[str, ...], exposed: bool) -> Official:
    rules = queue_rules()
    known = _known()
    best: tuple[int, str] | None = None
    points: set[tuple[bool, bool, bool]] = set()
    for name in open_cves:
        flaw = known.get(name)
        if flaw is None:
            continue
        automatable, total = decision_points(flaw)
        points.add((flaw.exploited or flaw.kev_added is not None, automatable, total))
        outcome = bod_outcome(
            in_kev=flaw.kev_added is not None, exposed=exposed, automatable=automatable, total=total
        )
        place = (rules.outcomes.index(outcome), name)
        best = place if best is None else min(best, place)
    if best is None:
        return Official(bod=NOTHING, urgent=False)
    outcome = rules.outcomes[best[0]]
    return Official(
        bod=outcome, bod_for=best[1], urgent=outcome in rules.urgent, points=tuple(sorted(points))
    )


def decision_points(flaw: Cve) -> tuple[bool, bool]:
    """(automatable, technical impact total), read off the table of flaws by `data/fleet/queue.yml`."""
    rules = queue_rules()
    kind = flaw.kind.lower()
    return (
        flaw.authentication in rules.automatable_authentication,
        any(word in kind for word in rules.total_impact_kinds),
    )


@lru_cache(1)
def _known() -> dict[str, Cve]:
    return {each.cve: each for each in cves()}
