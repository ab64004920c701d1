"""Real logs of servers that nobody here runs: what is known of them, and what must not be said of them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from exsweep.assess import Settings, triage
from exsweep.model import Assessment, Level, Stage, Strength

NOW = datetime(2026, 11, 20, tzinfo=UTC)
BENIGN = ("artefacts_help_*", "elastic_*", "insightengineering_header_*")


def judged(*paths: Path) -> Assessment:
    return triage(Settings(evidence=paths, now=NOW))


@pytest.fixture(scope="module")
def proxyshell(shared_data: Path) -> Assessment:
    return judged(shared_data / "exchange_logs" / "insightengineering_proxyshell_Rps_Cmdlet.LOG")


def test_proxyshell_is_recognised_step_by_step_in_the_cmdlet_log(proxyshell):
    assert proxyshell.verdict.level in (Level.BROKEN_INTO, Level.IN_USE)
    (chain,) = [chain for chain in proxyshell.chains if chain.level is proxyshell.verdict.level]
    assert chain.campaign == "ProxyShell (2021)"
    seen = [step.stage for step in chain.steps if step.findings]
    assert {Stage.EXPLOITATION, Stage.DROP, Stage.CLEANUP} <= set(seen)
    assert seen == sorted(seen, key=lambda stage: stage.rank)


def test_the_path_of_the_shell_is_named(proxyshell):
    assert r"\\127.0.0.1\c$\inetpub\wwwroot\aspnet_client\tkevsn.aspx" in proxyshell.chains[0].actor.shells


def test_the_result_of_the_cmdlet_decides_whether_the_file_was_written(proxyshell):
    # The export row of this log ends with `Error`: somebody with these rights was inside, but this row wrote nothing.
    drops = [item for item in proxyshell.findings if item.stage is Stage.DROP]
    assert [item.strength for item in drops] == [Strength.ATTEMPT]
    assert any(
        item.strength is Strength.SUCCESS and item.stage is Stage.EXPLOITATION for item in proxyshell.findings
    )


def test_a_forged_token_answered_200_needs_a_person_or_more(shared_data):
    level = judged(shared_data / "iis_logs" / "aptsimulator_hafnium-dummy.log").verdict.level
    assert level.rank >= Level.SUSPICIOUS.rank


def test_a_site_without_exchange_is_attacked_at_most(shared_data):
    assessment = judged(shared_data / "iis_logs" / "webknowit_w3svc1_2015-2016.zip")
    assert assessment.verdict.level.rank <= Level.ATTACKED.rank, [
        item.rule.id for item in assessment.findings
    ]
    (web,) = [source for source in assessment.coverage.sources if source.kind == "iis_w3c"]
    assert (web.files, web.rejected) == (368, 0)


def test_ordinary_exchange_logs_give_nothing_above_attacked(shared_data):
    paths = sorted(path for pattern in BENIGN for path in (shared_data / "exchange_logs").glob(pattern))
    assert len(paths) == 10
    for path in paths:
        assert judged(path).verdict.level.rank <= Level.ATTACKED.rank, path.name


def test_samples_of_other_parsers_give_nothing_above_attacked(shared_data):
    for path in sorted((shared_data / "iis_logs").glob("plaso_*")) + sorted(
        (shared_data / "iis_logs").glob("elastic_*")
    ):
        assert judged(path).verdict.level.rank <= Level.ATTACKED.rank, path.name


def test_the_whole_folder_of_real_evidence_is_read_without_an_error(shared_data):
    assessment = judged(
        shared_data / "exchange_logs", shared_data / "iis_logs", shared_data / "victim_reports"
    )
    assert assessment.verdict.level.rank >= Level.BROKEN_INTO.rank
    assert all(item.state != "unreadable" for item in assessment.custody)
