"""Place of one server in the queue: tier, score inside it, and the sentence that says why. Pure functions."""

import math
from enum import StrEnum

import msgspec

from exsweep.fleet.clock import said
from exsweep.fleet.situation import Situation, Told
from exsweep.knowledge.fleet import QueueRules, fleet_words
from exsweep.model import Level


class Tier(StrEnum):
    """Most urgent first."""

    T0 = "T0"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
    T4 = "T4"
    T5 = "T5"
    T6 = "T6"

    @property
    def number(self) -> int:
        """0 for the most urgent."""
        return int(self.value[1:])


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """Parts of the score, each between 0 and 1, and their weighted sum."""

    impact: float
    spread: float
    freshness: float
    helpless: float
    points: float


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Why a server stands where it stands: one function made all three, so they cannot disagree."""

    tier: Tier
    why: str
    score: Score


def place(of: Situation, told: Told, rules: QueueRules) -> Place:
    """Tier, sentence and score of one server."""
    tier, key = _rung(of, rules)
    return Place(tier=tier, why=_sentence(key, of), score=score(of, told, rules))


def tier_of(of: Situation, rules: QueueRules) -> Tier:
    """The tier alone. Worse input never lowers it, and not knowing never ranks below knowing it to be good."""
    return _rung(of, rules)[0]


def _rung(of: Situation, rules: QueueRules) -> tuple[Tier, str]:
    """The first condition that holds, from the most urgent down, with the key of its sentence."""
    if of.used and _within(of, of.used_at, rules.use_hours):
        return Tier.T0, "T0_use" if of.used_at is not None else "T0_use_unknown"
    if of.hands_on and _within(of, of.hands_on_at, rules.hands_on_hours):
        return Tier.T0, "T0_hands" if of.hands_on_at is not None else "T0_in_use"
    if of.level is Level.IN_USE:
        return Tier.T0, "T0_in_use"
    if of.shell or of.used:
        return Tier.T1, "T1" if of.used_at is not None else "T1_no_use"
    if of.success or of.hands_on or of.level is Level.BROKEN_INTO:
        return Tier.T2, "T2"
    if of.level is Level.SUSPICIOUS:
        return Tier.T3, "T3" if of.attempts and of.open_in_window else "T3_signs"
    if not of.covered and of.open_in_window:
        return Tier.T3, "T3_blind"
    return _no_signs(of)


def _no_signs(of: Situation) -> tuple[Tier, str]:
    attacked = of.level is Level.ATTACKED
    if of.open_now:
        if of.outside:
            return Tier.T4, "T4_outside"
        return Tier.T4, "T4_blind" if not of.covered else "T4_attacked" if attacked else "T4"
    if not of.covered or of.level is Level.CANNOT_TELL:
        return Tier.T5, "T5_outside" if of.outside else "T5"
    if of.open_now is None:
        return Tier.T5, "T5_build"
    return Tier.T6, "T6_attacked" if attacked else "T6"


def _within(of: Situation, at: int | None, hours: float) -> bool:
    """Not known when: may have been just now."""
    ago = of.hours_before_end(at)
    return ago is None or ago <= hours


def _sentence(key: str, of: Situation) -> str:
    text = fleet_words().why[key]
    at = of.hands_on_at if key == "T0_hands" else of.used_at
    return text.format(time=said(at), end=said(of.end))


def score(of: Situation, told: Told, rules: QueueRules) -> Score:
    """Points inside a tier, 0 to 100. What is not known counts `rules.unknown` of the worst, so never less than good."""
    impact = rules.mission[told.mission] if told.mission else max(rules.unknown, min(rules.mission.values()))
    spread = rules.unknown if of.spread is None else of.spread
    ago = of.hours_before_end(of.last_act)
    hostile = of.success or of.used or of.shell or of.hands_on or of.level.rank >= Level.ATTACKED.rank
    if ago is not None:
        freshness = math.exp(-ago / rules.freshness_hours)
    else:
        freshness = rules.unknown if hostile or not of.covered else 0.0
    shares = rules.helpless
    parts = (
        (told.no_answer, shares.no_answer),
        (told.no_staff, shares.no_staff),
        (told.no_backup, shares.no_backup),
    )
    helpless = sum(share * (rules.unknown if known is None else float(known)) for known, share in parts)
    weights = rules.weights
    points = (
        weights.impact * impact
        + weights.spread * spread
        + weights.freshness * freshness
        + weights.helpless * helpless
    )
    return Score(
        impact=impact, spread=spread, freshness=freshness, helpless=helpless, points=round(points, 3)
    )
