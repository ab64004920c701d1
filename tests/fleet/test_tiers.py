"""Laws of the queue: worse never ranks lower, not knowing never ranks below knowing it to be good."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsweep.fleet.situation import Situation, Told, situation_of
from exsweep.fleet.tiers import Tier, place, score, tier_of
from exsweep.knowledge.fleet import bod_outcome, fleet_words, queue_rules
from exsweep.model import Level, Stage, Strength
from tests.fleet.build import assessed, finding

RULES = queue_rules()
END = 1_000_000
WITH_SHELL = Situation(level=Level.BROKEN_INTO, shell=True, end=END)  # noqa: S604 - a back door, no process
TRI = st.sampled_from([False, None, True])
SITUATIONS = st.builds(
    Situation,
    level=st.sampled_from(list(Level)),
    used=st.booleans(),
    used_at=st.none() | st.integers(0, END),
    hands_on=st.booleans(),
    hands_on_at=st.none() | st.integers(0, END),
    shell=st.booleans(),
    success=st.booleans(),
    attempts=st.booleans(),
    open_in_window=TRI,
    open_now=TRI,
    covered=st.booleans(),
    outside=st.booleans(),
    last_act=st.none() | st.integers(0, END),
    end=st.just(END),
    spread=st.none() | st.floats(0, 1),
)
# Level: `attacked` is more than `cannot tell` to the judge, but a server of which nothing can be told may hide anything.
LEVELS = [Level.NO_SIGNS, Level.SUSPICIOUS, Level.BROKEN_INTO, Level.IN_USE]
WORSE: dict[str, list[Any]] = {
    "level": LEVELS,
    "used": [False, True],
    "hands_on": [False, True],
    "shell": [False, True],
    "success": [False, True],
    "open_in_window": [False, None, True],
    "open_now": [False, None, True],
    "covered": [True, False],
}


@pytest.mark.parametrize("name", WORSE)
@given(of=SITUATIONS, data=st.data())
def test_worse_input_never_lowers_the_tier(name: str, of: Situation, data: st.DataObject) -> None:
    order = WORSE[name]
    low = data.draw(st.integers(0, len(order) - 2))
    better, worse = (
        msgspec.structs.replace(of, **{name: order[at]})
        for at in (low, data.draw(st.integers(low + 1, len(order) - 1)))
    )
    assert tier_of(worse, RULES).number <= tier_of(better, RULES).number


@given(of=SITUATIONS, later=st.integers(0, END))
def test_later_use_never_lowers_the_tier_or_the_score(of: Situation, later: int) -> None:
    for name in ("used_at", "hands_on_at", "last_act"):
        before = getattr(of, name)
        if before is not None and later >= before:
            worse = msgspec.structs.replace(of, **{name: later})
            assert tier_of(worse, RULES).number <= tier_of(of, RULES).number
            assert score(worse, Told(), RULES).points >= score(of, Told(), RULES).points


@given(of=SITUATIONS)
def test_unknown_never_ranks_below_known_good(of: Situation) -> None:
    good = msgspec.structs.replace(of, open_now=False, open_in_window=False, covered=True, spread=0.0)
    for name, unknown in (("open_now", None), ("open_in_window", None), ("covered", False)):
        doubtful = msgspec.structs.replace(good, **{name: unknown})
        assert tier_of(doubtful, RULES).number <= tier_of(good, RULES).number
    blank, best = Told(), Told(mission="low", no_answer=False, no_staff=False, no_backup=False)
    assert score(of, blank, RULES).points >= score(of, best, RULES).points
    not_known = msgspec.structs.replace(good, spread=None)
    assert score(not_known, blank, RULES).points >= score(good, blank, RULES).points


@given(of=SITUATIONS)
def test_every_place_has_a_sentence_without_gaps_that_promises_nothing(of: Situation) -> None:
    where = place(of, Told(), RULES)
    assert where.why and "{" not in where.why
    assert not {"clean", "safe", "secure"} & set(where.why.lower().replace(".", "").split())
    assert 0 <= where.score.points <= 100


@pytest.mark.parametrize(
    ("tier", "of"),
    [
        (Tier.T0, Situation(level=Level.BROKEN_INTO, used=True, used_at=END - 72 * 3600, end=END)),
        (Tier.T0, Situation(level=Level.BROKEN_INTO, used=True, end=END)),
        (Tier.T1, Situation(level=Level.BROKEN_INTO, used=True, used_at=END - 73 * 3600, end=END)),
        (Tier.T0, Situation(level=Level.BROKEN_INTO, hands_on=True, hands_on_at=END - 7 * 86400, end=END)),
        (Tier.T1, WITH_SHELL),
        (Tier.T2, Situation(level=Level.BROKEN_INTO, success=True)),
        (Tier.T3, Situation(level=Level.SUSPICIOUS, attempts=True, open_in_window=True)),
        (Tier.T4, Situation(level=Level.NO_SIGNS, covered=True, open_now=True, open_in_window=False)),
        (Tier.T5, Situation(level=Level.CANNOT_TELL)),
        (Tier.T5, Situation(level=Level.CANNOT_TELL, open_in_window=False, open_now=False)),
        (Tier.T6, Situation(level=Level.NO_SIGNS, covered=True, open_now=False)),
        (Tier.T6, Situation(level=Level.ATTACKED, covered=True, open_now=False, attempts=True)),
    ],
)
def test_each_tier_by_its_condition(tier: Tier, of: Situation) -> None:
    assert tier_of(of, RULES) is tier


def test_blind_and_open_during_mass_attacks_is_not_low() -> None:
    blind = assessed(Level.CANNOT_TELL, gap=True, builds=[("15.1.2106.2", "03-04 00:00", "03-20 00:00")])
    of, _ = situation_of(blind)
    assert of.open_in_window is True
    assert tier_of(of, RULES) is Tier.T3


def test_a_success_that_the_judge_did_not_believe_does_not_raise_the_tier() -> None:
    odd = assessed(Level.SUSPICIOUS, finding("USE", Stage.WEBSHELL_USE), cves=())
    assert tier_of(situation_of(odd)[0], RULES) is Tier.T3


def test_attempts_are_no_use() -> None:
    tried = assessed(Level.ATTACKED, finding("TRY", Stage.EXPLOITATION, strength=Strength.ATTEMPT), cves=())
    of, official = situation_of(tried)
    assert tier_of(of, RULES) is Tier.T6
    assert official.bod == "nothing open"


def test_the_official_outcome_of_an_open_exploited_flaw_is_named() -> None:
    of, official = situation_of(assessed(Level.NO_SIGNS, cves=["CVE-2021-26855"]))
    assert official.bod == "3 days & forensic investigation"
    assert official.ssvc("low") == "attend" and official.ssvc("high") == "act"
    assert tier_of(of, RULES) is Tier.T4


def test_all_sixteen_rows_of_the_directive_have_an_outcome_that_is_ranked() -> None:
    flags = (False, True)
    outcomes = {
        bod_outcome(in_kev=kev, exposed=exposed, automatable=auto, total=total)
        for kev in flags
        for exposed in flags
        for auto in flags
        for total in flags
    }
    assert outcomes == set(RULES.outcomes)


def test_weights_and_shares_are_whole() -> None:
    weights = msgspec.structs.astuple(RULES.weights)
    assert sum(weights) == 100
    assert sum(msgspec.structs.astuple(RULES.helpless)) == pytest.approx(1)
    assert set(fleet_words().tiers) == {tier.value for tier in Tier}
