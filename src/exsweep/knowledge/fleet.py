"""Numbers, tables and words of the fleet, from `data/fleet/`."""

from functools import cache

import msgspec

from exsweep.errors import KnowledgeError
from exsweep.knowledge.data_files import document, rows


class Weights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points of each part of the score; each part is between 0 and 1."""

    impact: float
    spread: float
    freshness: float
    helpless: float


class Helpless(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shares of the part `helpless`; they add up to 1."""

    no_answer: float
    no_staff: float
    no_backup: float


class QueueRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See the comments in `data/fleet/queue.yml`; hours stand in the names."""

    version: int
    source: tuple[str, ...]
    use_hours: float
    hands_on_hours: float
    hands_on: frozenset[str]
    weights: Weights
    mission: dict[str, float]
    unknown: float
    freshness_hours: float
    helpless: Helpless
    points_per_day: float
    override_hours: int
    mission_of_sector: dict[str, str]
    automatable_authentication: tuple[str, ...]
    total_impact_kinds: tuple[str, ...]
    outcomes: tuple[str, ...]
    urgent_outcomes: int
    decisions: tuple[str, ...]

    @property
    def urgent(self) -> frozenset[str]:
        """Outcomes of BOD 26-04 that mean `open now`."""
        return frozenset(self.outcomes[: self.urgent_outcomes])


class LinkKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of key that two servers can share."""

    factor: float
    title: str


class Links(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See the comments in `data/fleet/links.yml`."""

    version: int
    source: tuple[str, ...]
    threshold: float
    common_share: float
    smallest_fleet: int
    pairs_up_to: int
    most_chars: int
    passed_on: frozenset[str]
    public_groups: int
    public_share: float
    public_unlike: float
    hired: frozenset[str]
    witnesses: tuple[frozenset[str], ...]
    lone_witnesses: frozenset[str]
    """Kinds of the witnesses that vouch on a server alone too, beside two groups of others."""
    own_kinds: frozenset[str]
    own_servers: int
    own_share: float
    own_seen: float
    kinds: dict[str, LinkKind]
    burst_minutes: int
    least_shape: int
    stop: dict[str, tuple[str, ...]]
    stop_source: tuple[str, ...]
    task_columns: tuple[str, ...]
    task_techniques: frozenset[str]
    payload_columns: tuple[str, ...]
    payload_mark: str


class FleetWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sentences of the queue and texts of letters; gaps in braces."""

    version: int
    source: tuple[str, ...]
    why: dict[str, str]
    tiers: dict[str, str]
    bands: dict[str, str]
    changes: dict[str, str]
    letter: dict[str, str]


@cache
def queue_rules() -> QueueRules:
    """Tiers' hours, weights and the reading of decision points."""
    return document("fleet/queue.yml", QueueRules)


@cache
def links() -> Links:
    """Keys that tie servers together, and the stop list."""
    return document("fleet/links.yml", Links)


@cache
def fleet_words() -> FleetWords:
    """What the fleet says."""
    return document("fleet/words.yml", FleetWords)


@cache
def _bod_table() -> dict[tuple[str, str, str, str], str]:
    return {
        (row["in_kev"], row["exposed"], row["automatable"], row["impact"]): row["outcome"]
        for row in rows("fleet/bod_26_04.csv")
    }


@cache
def _ssvc_table() -> dict[tuple[str, str, str, str], str]:
    return {
        (row["exploitation"], row["automatable"], row["impact"], row["mission"]): row["outcome"]
        for row in rows("fleet/ssvc_coordinator.csv")
    }


def bod_outcome(*, in_kev: bool, exposed: bool, automatable: bool, total: bool) -> str:
    """Outcome of CISA BOD 26-04 for one flaw on one server.

    >>> bod_outcome(in_kev=True, exposed=True, automatable=False, total=True)
    '3 days & forensic investigation'

    Source: table 1.0.0 of the directive (see `data/fleet/queue.yml`).
    """
    yes = ("no", "yes")
    return _bod_table()[yes[in_kev], yes[exposed], yes[automatable], "total" if total else "partial"]


def ssvc_decision(*, exploitation: str, automatable: bool, total: bool, mission: str) -> str:
    """Decision of the CISA coordinator table: `track`, `track*`, `attend`, `act`.

    >>> ssvc_decision(exploitation="active", automatable=True, total=True, mission="medium")
    'act'

    Args:
        exploitation: `none`, `public poc` or `active`.
        mission: `low`, `medium` or `high`.

    Raises:
        KnowledgeError: a value that the table does not know.

    Source: table 2.0.3 (see `data/fleet/queue.yml`).
    """
    key = (exploitation, "yes" if automatable else "no", "total" if total else "partial", mission)
    try:
        return _ssvc_table()[key]
    except KeyError:
        raise KnowledgeError(f"The SSVC table has no row {key}.", tip="Use the words of the table.") from None
