"""Laws of the verdict (design 5), as stories."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsweep.judge.facts import without_tails
from exsweep.model import Confidence, ImpactState, Level, Stage
from tests.judge.build import RULES, at, hit, judged, log

OPEN = ("15.1.2106.2", "01-01 00:00:00", "03-02 23:00:00")
FIXED = ("15.1.2106.13", "03-03 00:00:00", "03-09 00:00:00")
BROKEN = (Level.BROKEN_INTO, Level.IN_USE)
ALL = [
    log("iis_w3c", "01-01 00:00:00", "03-09 10:00:00", builds=[OPEN, FIXED]),
    log("httpproxy", "01-01 00:00:00", "03-09 10:00:00"),
]


def test_patched_on_march_3_is_not_proof_of_clean():
    broken = judged([hit("WRITE", "02-28 04:11:00")], ALL)
    assert broken.verdict.level is Level.BROKEN_INTO
    assert broken.patch.build == "15.1.2106.13"


def test_a_shell_used_in_the_last_days_is_in_use():
    assert (
        judged([hit("USE", "03-08 10:00:00", path="/aspnet_client/x.aspx")], ALL).verdict.level
        is Level.IN_USE
    )


def test_a_shell_used_long_before_the_evidence_ends_is_a_break_in():
    assert (
        judged([hit("USE", "02-20 10:00:00", path="/aspnet_client/x.aspx")], ALL).verdict.level
        is Level.BROKEN_INTO
    )


def test_a_mere_visit_is_not_use():
    verdict = judged([hit("VISIT", "03-08 10:00:00", path="/aspnet_client/x.aspx")], ALL).verdict
    assert verdict.level is Level.BROKEN_INTO
    assert any("only visited" in text for text in verdict.against)


def test_autodiscover_only_is_attacked_never_a_break_in_and_never_nothing():
    assert judged([hit("AUTODISCOVER", "02-27 10:00:00", status="200")], ALL).verdict.level is Level.ATTACKED


def test_assessment_traffic_alone_is_attacked():
    assert judged([hit("NMAP", "03-06 10:00:00", status="200")], ALL).verdict.level is Level.ATTACKED


def test_an_attempt_on_an_open_build_without_proof_either_way_is_suspicious():
    assert judged([hit("ANCHOR", "02-28 10:00:00", status="200")], ALL).verdict.level is Level.SUSPICIOUS


def test_the_same_attempt_after_the_update_is_attacked_and_says_why():
    assessment = judged([hit("ANCHOR", "03-05 10:00:00", status="200")], ALL)
    assert assessment.verdict.level is Level.ATTACKED
    assert "15.1.2106.13" in assessment.findings[0].failed[0]


def test_an_answer_that_only_the_flaw_explains_is_a_break_in_while_the_build_was_open():
    assert judged([hit("ANSWERED", "02-28 10:00:00", status="200")], ALL).verdict.level is Level.BROKEN_INTO
    unknown = [log("iis_w3c", "01-01 00:00:00", "03-09 10:00:00")]
    assert (
        judged([hit("ANSWERED", "03-05 10:00:00", status="200")], unknown).verdict.level is Level.BROKEN_INTO
    )


def test_the_same_answer_of_a_build_with_the_fix_needs_a_person_and_says_why():
    assessment = judged([hit("ANSWERED", "03-05 10:00:00", status="200")], ALL)
    assert assessment.verdict.level is Level.SUSPICIOUS
    assert any("15.1.2106.13" in text and "had the fix" in text for text in assessment.verdict.against)


def test_an_update_seen_later_takes_nothing_from_an_answer_before_it():
    hits = [hit("ANSWERED", "02-28 10:00:00", status="200"), hit("ANSWERED", "03-05 10:00:00", status="200")]
    assert judged(hits, ALL).verdict.level is Level.BROKEN_INTO


def test_an_attempt_that_the_server_refused_is_attacked():
    assert judged([hit("ANCHOR", "02-28 10:00:00", status="500")], ALL).verdict.level is Level.ATTACKED


def test_daily_administration_alone_frightens_nobody():
    assessment = judged([hit("ADMIN-WORK", "02-28 10:00:00", ip=None, kind="rps_cmdlet")], ALL)
    assert assessment.verdict.level.rank < Level.ATTACKED.rank
    assert len(assessment.findings) == 1, "it is shown all the same"


def test_no_records_at_all_is_cannot_tell():
    assert judged([], []).verdict.level is Level.CANNOT_TELL


def test_days_that_matter_without_records_are_never_no_signs():
    late = [log("iis_w3c", "03-05 00:00:00", "03-09 10:00:00", builds=[FIXED])]
    assert judged([], late).verdict.level is Level.CANNOT_TELL


def test_what_was_done_behind_the_way_in_did_happen_although_the_build_has_the_fix():
    """A fix closes the way in; a role that was given was given, by whatever way its giver came."""
    fixed = [log("iis_w3c", "01-01 00:00:00", "03-09 10:00:00", builds=[FIXED])]
    acts = judged([hit("ROLE-GIVEN", "03-08 10:00:00")], fixed)
    assert acts.verdict.level is Level.SUSPICIOUS
    assert not any(item.failed for item in acts.findings)
    tries = judged([hit("ANCHOR", "03-08 10:00:00")], fixed)
    assert tries.verdict.level is Level.ATTACKED
    assert all("has the fix" in item.failed[0] for item in tries.findings)


def test_two_kinds_of_record_make_it_sure_and_one_very_likely():
    one = judged([hit("WRITE", "02-28 04:11:00")], ALL)
    two = judged([hit("WRITE", "02-28 04:11:00"), hit("SESSION", "02-28 04:10:00", kind="httpproxy")], ALL)
    assert one.verdict.confidence is Confidence.VERY_LIKELY
    assert two.verdict.confidence is Confidence.SURE


@pytest.mark.parametrize("first", sorted(RULES))
@pytest.mark.parametrize("second", sorted(RULES))
def test_more_evidence_never_lowers_the_level(first, second):
    base = [hit(first, "02-28 10:00:00", path="/a/x.aspx")]
    more = [*base, hit(second, "03-01 10:00:00", ip="198.51.100.7", path="/b/y.aspx")]
    assert judged(more, ALL).verdict.level.rank >= judged(base, ALL).verdict.level.rank


names = st.sampled_from(sorted(RULES))
moments = st.integers(0, 60 * 24 * 60).map(
    lambda minutes: (at("01-08 00:00:00") + timedelta(minutes=minutes)).isoformat()[:19]
)


@given(
    st.lists(
        st.tuples(names, moments, st.sampled_from(["203.0.113.9", "198.51.100.7", "10.0.0.4", None])),
        max_size=8,
    )
)
def test_order_of_hits_changes_nothing(rows):
    hits = [hit(name, moment, ip=ip, path="/aspnet_client/x.aspx") for name, moment, ip in rows]
    one, other = judged(hits, ALL), judged(list(reversed(hits)), ALL)
    assert one == other


@given(st.lists(st.tuples(names, moments), max_size=6), st.integers(0, 5))
def test_a_gap_never_becomes_no_signs(rows, dropped):
    hits = [hit(name, moment) for name, moment in rows]
    full = judged(hits, ALL).verdict.level
    holes = judged(hits, ALL[: max(0, len(ALL) - 1 - dropped)]).verdict.level
    assert not (holes is Level.NO_SIGNS and full is not Level.NO_SIGNS)


@given(
    st.lists(
        st.tuples(names, moments, st.sampled_from(["203.0.113.9", "198.51.100.7", "10.0.0.4", None])),
        min_size=1,
        max_size=9,
    ),
    st.data(),
)
def test_more_evidence_never_makes_a_break_in_younger(rows, data):
    hits = [hit(name, moment, ip=ip, path="/aspnet_client/x.aspx") for name, moment, ip in rows]
    less = judged(data.draw(st.lists(st.sampled_from(hits), unique_by=id)), ALL).verdict
    more = judged(hits, ALL).verdict
    if less.level in BROKEN:
        assert more.level in BROKEN
        assert more.since is not None
        assert less.since is not None
        assert more.since <= less.since


def test_an_intruder_at_work_today_does_not_make_an_earlier_break_in_younger():
    first = hit("WRITE", "01-20 10:00:00", ip="198.51.100.7")
    today = hit("USE", "03-09 09:00:00", path="/aspnet_client/other.aspx")
    verdict = judged([first, today], ALL).verdict
    assert (verdict.level, verdict.since) == (Level.IN_USE, at("01-20 10:00:00"))


def test_a_sign_without_a_proven_break_in_is_possible_in_the_impact_and_never_not_seen():
    impact = judged([hit("TUNNEL-SIGN", "03-08 10:00:00")], ALL).impact
    assert (impact.hosts.state, impact.credentials.state) == (ImpactState.POSSIBLE, ImpactState.NOT_SEEN)
    assert "a sign" in impact.hosts.text
    assert impact.hosts.findings


def test_other_computers_in_a_command_are_named_and_the_server_itself_is_not():
    command = r"wmic /node:dc1 process call create x & copy a.exe \\fs2\c$\x & net use \\127.0.0.1\ipc$ & dir \\mx1\c$"
    impact = judged(
        [
            hit(
                "REACHED", "03-08 10:00:00", ip=None, CommandLine=command, **{"host.name": "MX1.example.test"}
            ),
            hit(
                "REACHED",
                "03-08 10:01:00",
                ip=None,
                TargetServerName="mx1",
                **{"host.name": "MX1.example.test"},
            ),
        ],
        ALL,
    ).impact
    assert impact.hosts.state is ImpactState.SEEN
    assert set(impact.hosts.items) == {"dc1", "fs2"}


def test_bytes_that_the_back_door_answered_with_are_told_once_though_two_logs_have_them():
    shell = {"path": "/aspnet_client/x.aspx", "http.response.bytes": "70000"}
    impact = judged(
        [hit("USE", "03-08 10:00:00", **shell), hit("USE", "03-08 10:00:01", kind="httpproxy", **shell)], ALL
    ).impact
    assert "at least 70,000 bytes" in impact.files.text or "at least 70000 bytes" in impact.files.text


def test_a_command_from_another_computer_is_told_as_the_other_way_in():
    chain = judged([hit("REACHED", "03-08 10:00:00", ip=None, TargetServerName="dc1")], ALL).chains[0]
    (way_in,) = (step for step in chain.steps if step.stage is Stage.EXPLOITATION)
    assert way_in.missing
    assert "another of your computers" in way_in.why_missing


def test_after_a_web_shell_everything_is_possible():
    impact = judged([hit("USE", "03-08 10:00:00", path="/aspnet_client/x.aspx")], ALL).impact
    assert {item.state for item in (impact.mailboxes, impact.credentials, impact.files, impact.hosts)} == {
        ImpactState.POSSIBLE
    }


def test_mail_export_is_seen_in_the_impact_with_the_mailbox():
    assessment = judged(
        [
            hit("USE", "02-28 10:00:00", path="/aspnet_client/x.aspx"),
            hit(
                "EXPORT",
                "02-28 10:01:00",
                excerpt='New-MailboxExportRequest,"-Mailbox ""jones"" -FilePath ""x"""',
            ),
        ],
        ALL,
    )
    assert assessment.impact.mailboxes.state is ImpactState.SEEN
    assert assessment.impact.mailboxes.items == ("jones",)


def test_a_missing_link_is_named_with_its_reason():
    chain = judged(
        [hit("USE", "02-28 10:00:00", path="/aspnet_client/x.aspx"), hit("SESSION", "02-28 09:59:00")], ALL
    ).chains[0]
    missing = {step.stage: step.why_missing for step in chain.steps if step.missing}
    assert missing[Stage.DROP].startswith("Not among the evidence: Exchange Control Panel log (ECP Server)")


def test_a_request_that_went_no_further_than_autodiscover_is_a_first_look_in_every_log():
    request = "5e58f5e5-1ddc-48d3-82c6-0199bc121640"
    assessment = judged(
        [
            hit("AUTODISCOVER", "02-28 04:10:00", kind="httpproxy", status="200", **{"event.id": request}),
            hit("ANCHOR", "02-28 04:10:00", status="200", excerpt=f"POST /ecp/y.js &cafeReqId={request};"),
        ],
        ALL,
    )
    assert assessment.verdict.level is Level.ATTACKED


def test_since_is_the_first_proven_act_and_the_chain_begins_with_the_first_look():
    assessment = judged(
        [hit("AUTODISCOVER", "02-27 10:00:00", status="200"), hit("WRITE", "02-28 04:11:00")], ALL
    )
    assert assessment.verdict.since == at("02-28 04:11:00")
    assert assessment.chains[0].first_seen == at("02-27 10:00:00")


def test_a_log_that_is_mostly_unreadable_limits_the_verdict():
    import msgspec

    broken = msgspec.structs.replace(
        ALL[1], events=10, rejected=4_000, rejected_reasons={"field-count": 4_000}
    )
    assessment = judged([], [ALL[0], broken])
    assert any(
        gap.limits_verdict and "could not be read as events" in gap.reason for gap in assessment.coverage.gaps
    )
    assert assessment.verdict.level is not Level.NO_SIGNS


def test_what_no_log_given_could_show_is_unchecked_and_never_absent():
    quiet = judged([], ALL).impact
    assert quiet.credentials.text == "We could not check this: the records that show it are missing."
    assert (
        quiet.mailboxes.text.startswith("We saw no sign") and "Web server log (IIS)" in quiet.mailboxes.text
    )
    inside = judged([hit("SESSION", "03-08 10:00:00", ip="203.0.113.9")], ALL).impact
    assert inside.credentials.state is ImpactState.POSSIBLE
    assert (
        inside.credentials.text.endswith("We could not check this: the records that show it are missing.")
        and "Not among the evidence: Windows events (Security" in inside.credentials.lacking
    )


def test_a_file_that_several_records_name_more_or_less_whole_is_named_once():
    path = r"C:\inetpub\wwwroot\aspnet_client\x.aspx"
    names = [path, r"inetpub\wwwroot\aspnet_client\x.aspx", "x.aspx", "y.aspx", path]
    assert without_tails(names) == (path, "y.aspx")


def test_an_update_seen_later_says_nothing_of_an_attempt_before_it():
    """The logs that name the build begin after the update; the web log goes further back."""
    logs = [
        log("iis_w3c", "02-01 00:00:00", "03-09 10:00:00"),
        log("httpproxy", "03-03 00:00:00", "03-09 10:00:00", builds=[FIXED]),
    ]
    assert judged([hit("ANCHOR", "02-28 10:00:00", status="200")], logs).verdict.level is Level.SUSPICIOUS
    assert judged([hit("ANCHOR", "03-04 10:00:00", status="200")], logs).verdict.level is Level.ATTACKED


def test_an_attempt_without_a_time_is_not_undone_by_the_newest_build():
    logs = [log("iis_w3c", "02-01 00:00:00", "03-09 10:00:00", builds=[OPEN, FIXED])]
    assert judged([hit("ANCHOR", None, status="200")], logs).verdict.level is Level.SUSPICIOUS


def test_of_a_log_that_was_sent_only_the_missing_days_are_asked_for_and_first_what_was_not_sent():
    sent = [
        log("iis_w3c", "02-20 00:00:00", "03-09 10:00:00", builds=[OPEN]),
        log("httpproxy", "02-20 00:00:00", "03-09 10:00:00"),
    ]
    asked = judged([hit("ODD", "02-28 10:00:00")], sent).verdict.do_now[1]
    assert asked.index("Windows event logs") < asked.index("what is missing of the folder Logging\\HttpProxy")
    assert "to 19 February 2021" in asked
    assert (
        "what is missing"
        not in judged([hit("ODD", "02-28 10:00:00")], sent[:1]).verdict.do_now[1].split(";")[0]
    )


def test_a_way_in_that_runs_orders_leaves_everything_possible_and_one_that_only_opens_a_session_does_not():
    ordered = judged([hit("ORDERS", "02-28 10:00:00")], ALL)
    assert any(item.id.endswith("wait-for-rebuild") for item in ordered.remediation)
    impact = ordered.impact
    told = (impact.files, impact.hosts, impact.credentials, impact.persistence)
    assert {item.state for item in told if item} == {ImpactState.POSSIBLE}
    session = judged([hit("SESSION", "02-28 10:00:00")], ALL).impact
    assert session.files is not None
    assert session.files.state is ImpactState.NOT_SEEN


def test_a_shell_is_told_once_by_its_path_on_disk_and_beside_it_as_what_it_was_asked_for():
    disk = r"\\127.0.0.1\c$\inetpub\wwwroot\aspnet_client\x.aspx"
    hits = [
        hit("WRITE", "02-28 10:00:00", **{"file.path": disk}),
        hit("USE", "02-28 10:05:00", path="/aspnet_client/x.aspx"),
    ]
    actor = judged(hits, ALL).chains[0].actor
    assert actor.shells == (disk,)
    assert actor.pages == ("/aspnet_client/x.aspx",)
