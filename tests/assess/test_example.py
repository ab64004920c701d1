"""The bundled example: a school district broken into on 28 February 2021, patched on 3 March, still in use."""

from datetime import date

from exsweep.judge import fits
from exsweep.model import Confidence, ImpactState, Level, Stage


def test_the_verdict_is_in_use_and_sure(assessment):
    assert assessment.verdict.level is Level.IN_USE
    assert assessment.verdict.confidence is Confidence.SURE
    assert assessment.verdict.since.date() == date(2021, 2, 28)


def test_one_intruder_with_both_addresses_and_all_steps(assessment, example):
    hostile = [chain for chain in assessment.chains if chain.level.rank >= Level.BROKEN_INTO.rank]
    assert len(hostile) == 1
    assert set(hostile[0].actor.addresses) == set(example.truth["expect"]["addresses"])
    shell = example.truth["expect"]["shell"].lower()
    assert hostile[0].actor.pages == (shell,)
    on_disk = [name for name in hostile[0].actor.shells if name.lower().replace("\\", "/").endswith(shell)]
    assert on_disk == [f"inetpub/wwwroot{example.truth['expect']['shell']}"]
    proven = {step.stage for step in hostile[0].steps if step.proven}
    assert {Stage.EXPLOITATION, Stage.DROP, Stage.WEBSHELL_USE, Stage.POST_EXPLOITATION} <= proven


def test_nobody_else_is_called_an_intruder(assessment, example):
    others = [chain for chain in assessment.chains if chain.level is Level.SUSPICIOUS]
    assert not others, [chain.title for chain in others]


def test_every_planted_act_of_the_intruder_is_in_a_finding_or_the_timeline(assessment, example):
    seen = {(origin.path, origin.line) for item in assessment.findings for origin in item.origins}
    seen |= {(row.origin.path, row.origin.line) for row in assessment.timeline}
    # Rows of the back end site carry no address and no id of the request that caused them.
    nameless = {("iis/back", label) for label in ("probe", "chain-autodiscover", "chain-mapi")}
    planted = [
        event
        for event in example.truth["events"]
        if event.get("intruder") and (event["kind"], event["label"]) not in nameless
    ]
    missing = [event for event in planted if (event["path"], event["line"]) not in seen]
    assert planted
    assert not missing, [(event["label"], event["path"], event["line"]) for event in missing]


def test_every_finding_reads_back_to_the_quoted_bytes(assessment, example):
    for item in assessment.findings:
        for origin, excerpt in zip(item.origins, (item.excerpt, *item.excerpts), strict=True):
            with (example.evidence / origin.path).open("rb") as file:
                file.seek(origin.offset)
                line = file.readline().rstrip(b"\r\n").decode("utf-8", "backslashreplace")
            assert fits(excerpt[:3900], line), (item.id, origin)


def test_patch_history_names_both_builds_and_the_day_of_the_update(assessment):
    assert [item.build for item in assessment.server.builds] == ["15.1.2106.2", "15.1.2106.13"]
    assert assessment.server.builds[1].first.date() == date(2021, 3, 3)


def test_impact_names_the_two_mailboxes_and_the_file_that_left(assessment, example):
    assert assessment.impact.mailboxes.state is ImpactState.SEEN
    assert set(example.truth["expect"]["mailboxes"]) <= set(assessment.impact.mailboxes.items)
    assert assessment.impact.files.state is ImpactState.SEEN
    assert example.truth["expect"]["archive"] in assessment.impact.files.items


def test_the_missing_day_of_the_back_end_log_is_named(assessment):
    (gap,) = [gap for gap in assessment.coverage.gaps if gap.path == "inetpub/logs/LogFiles/W3SVC2"]
    assert "2021-02-18" in gap.reason
    assert gap.limits_verdict


def test_what_is_read_is_sealed(assessment):
    assert all(len(item.sha256) == 64 for item in assessment.custody)
    assert len(assessment.manifest_sha256) == 64


def test_the_dump_of_passwords_is_named_with_its_command(assessment):
    assert assessment.impact.credentials.state is ImpactState.SEEN
    assert any("MiniDump" in name for name in assessment.impact.credentials.items)


def test_the_page_on_the_disk_and_its_requests_are_told_together(assessment, example):
    (page,) = [one for one in assessment.files.remarkable if one.verdict == "malicious"]
    assert page.path.endswith(example.truth["expect"]["shell"])
    assert page.container == "oab_property_dump"
    assert page.requests.with_input >= 20
    assert example.truth["expect"]["addresses"][1] in page.requests.addresses


def test_a_page_that_was_removed_before_collecting_shows_in_the_journal_of_the_disk(assessment, example):
    (made,) = [event for event in example.truth["events"] if event["label"] == "page-made"]
    found = {
        item.rule.id: item
        for item in assessment.findings
        if made["path"] in {one.path for one in item.origins}
    }
    assert {"JC-PAGE-WEB", "JC-PAGE-DELETED"} <= set(found)
    (chain,) = {found[name].chain for name in ("JC-PAGE-WEB", "JC-PAGE-DELETED")}
    assert chain == assessment.chains[0].id
