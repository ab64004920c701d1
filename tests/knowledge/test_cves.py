"""Is a server of this build open to this flaw? The rules are those of the collected facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsweep.errors import KnowledgeError
from exsweep.knowledge import builds
from exsweep.knowledge.cves import CveState, cve, cves, open_cves, open_to_any, patched, state

SSRF, SHELL, WRITE, MAIL_RULE = "CVE-2021-26855", "CVE-2021-34473", "CVE-2021-31207", "CVE-2021-33766"


@pytest.mark.parametrize(
    ("flaw", "build", "expected"),
    [
        # ProxyLogon, current CUs
        (SSRF, "15.1.2106.2", "certain"),
        (SSRF, "15.1.2106.12", "certain"),
        (SSRF, "15.1.2106.13", "fixed"),
        (SSRF, "15.1.2242.4", "fixed"),
        (SSRF, "15.2.858.5", "fixed"),
        (SSRF, "15.2.2562.17", "fixed"),
        (SSRF, "15.0.1497.10", "certain"),
        (SSRF, "15.0.1497.12", "fixed"),
        # old CUs: their own update, or none
        (SSRF, "15.1.2044.12", "certain"),
        (SSRF, "15.1.2044.13", "fixed"),
        (SSRF, "15.1.669.32", "certain"),
        # Exchange 2010 got an update for another flaw of the set, not for this one
        (SSRF, "14.3.496.0", "not_affected"),
        ("CVE-2021-26857", "14.3.496.0", "certain"),
        ("CVE-2021-26857", "14.3.513.0", "fixed"),
        # sources disagree on the number of this very update
        (SSRF, "15.1.1415.8", "possible"),
        (SSRF, "15.1.1415.10", "fixed"),
        # builds that are not known exactly
        (SSRF, "15.1.2106", "possible"),
        (SSRF, "15.1.2242", "fixed"),
        (SSRF, "15.1.669", "certain"),
        (SSRF, "15.1.2107.1", "possible"),
        (SSRF, "15.20.7000.1", "unknown"),
        # the updates for old CUs fix four flaws only
        ("CVE-2020-17141", "15.1.2044.12", "fixed"),
        ("CVE-2020-17141", "15.1.2044.13", "unknown"),
        ("CVE-2020-0688", "15.1.2044.13", "fixed"),
        ("CVE-2021-26412", "15.1.2044.13", "certain"),
        # ProxyShell and ProxyToken: fixed in April 2021 though published in July; the write in May
        (SHELL, "15.1.2176.9", "certain"),
        (SHELL, "15.1.2176.12", "fixed"),
        (MAIL_RULE, "15.1.2176.12", "fixed"),
        (WRITE, "15.1.2176.12", "certain"),
        (WRITE, "15.1.2176.14", "fixed"),
        (SHELL, "15.1.2308.8", "fixed"),
        # a setting is needed too
        ("CVE-2022-21978", "15.2.1118.7", "certain"),
        ("CVE-2022-21978", "15.2.1118.9", "possible"),
        ("CVE-2024-21410", "15.2.1118.7", "certain"),
        ("CVE-2024-21410", "15.2.1258.12", "possible"),
        ("CVE-2024-21410", "15.2.2562.53", "possible"),
        # not a matter of the Exchange build
        ("CVE-2022-41076", "15.2.1118.7", "unknown"),
        # one product only
        ("CVE-2020-17144", "14.3.496.0", "certain"),
        ("CVE-2020-17144", "15.1.2106.2", "not_affected"),
        # out of support when it became known: nobody says
        ("CVE-2026-42897", "15.0.1497.48", "unknown"),
    ],
)
def test_the_state_of_a_flaw_follows_the_rules_of_the_facts(flaw: str, build: str, expected: str) -> None:
    assert state(flaw, build) == CveState(expected)


def test_without_a_build_nothing_can_be_said() -> None:
    assert state(SSRF, None) is CveState.UNKNOWN
    assert open_cves(None) == ()


def test_an_unknown_flaw_is_an_error_that_names_it() -> None:
    with pytest.raises(KnowledgeError, match="CVE-1999-0001"):
        state("CVE-1999-0001", "15.1.2106.2")


def test_open_flaws_of_a_server_before_the_patch_of_march_2021() -> None:
    assert {SSRF, "CVE-2021-27065", SHELL} <= set(open_cves("15.1.2106.2"))
    assert SSRF not in open_cves("15.1.2106.13")


def test_a_campaign_is_as_open_as_its_worst_flaw() -> None:
    assert open_to_any([SHELL, WRITE], "15.1.2176.12") is CveState.CERTAIN
    assert open_to_any([SHELL, WRITE], "15.1.2176.14") is CveState.FIXED


def test_every_fixed_build_is_a_known_build() -> None:
    known = {each.number for each in builds.builds()}
    assert {number for each in cves() for number in each.fixed_builds} <= known


def test_a_flaw_is_in_one_state_only() -> None:
    found = patched("15.1.2106.2")
    ids = [each.cve for part in (found.certain, found.possible, found.fixed, found.unknown) for each in part]
    assert len(ids) == len(set(ids))


cumulative = st.sampled_from([each for each in builds.builds() if each.cumulative and each.kind != "Preview"])
flaws = st.sampled_from([each.cve for each in cves() if each.fixed_builds])


@given(flaws, cumulative, cumulative)
def test_a_later_cumulative_build_of_the_same_cu_never_reopens_a_flaw(
    flaw: str, one: builds.Build, other: builds.Build
) -> None:
    if one.branch != other.branch or one.cu != other.cu or one.number > other.number:
        return
    if state(flaw, one.build) is CveState.FIXED:
        assert state(flaw, other.build) is CveState.FIXED


@given(flaws, cumulative)
def test_a_cut_build_never_sounds_more_certain_than_all_it_can_be(flaw: str, build: builds.Build) -> None:
    cut = state(flaw, builds.spell(build.number[:3]))
    if cut in (CveState.FIXED, CveState.CERTAIN):
        assert state(flaw, build.build) is cut


def test_a_flaw_that_needs_a_setting_says_which() -> None:
    condition = cve("CVE-2024-21410").condition
    assert condition is not None
    assert "Extended Protection" in condition.say
