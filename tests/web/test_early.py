"""While something is unread, what was found may be read, and nothing that was not seen is called not there."""

import time
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from exsweep.assess import Settings, triage_each
from exsweep.fleet.body import pack
from exsweep.fleet.store import Fleet
from exsweep.model import Assessment, ImpactState, Level
from exsweep.web import jobs
from exsweep.web.early import is_news, unfinished
from exsweep.web.service import Service
from exsweep.web.watching import Watching
from tests.export.samples import SAMPLES
from tests.fleet.build import NOW

HEAD = (
    "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2021-03-03 04:00:00\n"
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status\n"
)
NEVER = ("no signs", "no sign ", "We saw nothing", "Not seen, though", "not seen")
WORKER = "here:1:a"


@pytest.mark.parametrize("name", SAMPLES)
def test_before_the_end_only_bad_news_is_named_and_nothing_is_ruled_out(name: str) -> None:
    whole = SAMPLES[name]()
    early = unfinished(whole, left=3, planned=10)
    assert early.verdict.level not in (Level.NO_SIGNS, Level.ATTACKED)
    assert early.verdict.level == (whole.verdict.level if is_news(whole) else Level.CANNOT_TELL)
    assert "3 of 10 files are still to be read" in early.verdict.text[0]
    assert early.findings == whole.findings
    assert early.coverage.gaps[0].limits_verdict
    assert all(each.path is not None for each in early.coverage.gaps[1:]), "missing days may still come"
    impact = early.impact
    for item in (impact.mailboxes, impact.credentials, impact.files, impact.hosts):
        if item.state is ImpactState.NOT_SEEN:
            assert item.text.startswith("Not known yet")
    for chain in early.chains:
        for step in chain.steps:
            assert not step.missing or step.why_missing.startswith("Not known yet")
    said = " ".join((early.verdict.headline, *early.verdict.text))
    assert not any(words in said for words in NEVER), said


def reading(service: Service, of: Assessment) -> str:
    """A job that is at work, having found so much."""
    with Fleet.open(service.settings.store, who="tester") as fleet:
        public = jobs.create(fleet, kind="triage", tenant=fleet.tenant("own"), who="tester", now=NOW)
        one = jobs.claim(fleet.database, WORKER, NOW)
        assert one is not None
        step = jobs.Step(state="done", title="IIS", files=7)
        told = jobs.Progress(steps=(step,), share=0.5, files=7, planned=10, found=4)
        jobs.tell(fleet.database, one.number, WORKER, "Reading", told)
        jobs.show_early(fleet.database, one.number, WORKER, pack(unfinished(of, left=3, planned=10)).body)
        return public


@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_of_an_unfinished_job_shows_findings_and_what_is_unread(
    client: TestClient, service: Service, name: str
) -> None:
    whole = SAMPLES[name]()
    job = reading(service, whole)
    told = client.get(f"/api/v1/jobs/{job}").json()
    assert told["report"] == f"/jobs/{job}/so-far"
    assert (told["early"] is not None) == is_news(whole)
    page = client.get(told["report"], headers={"accept": "text/html"}).text
    assert "Not finished." in page and "3 files to go" in page and "<script>" not in page
    assert (f'Found so far <span class="quiet">({len(whole.findings)})' in page) or "MARK" in name
    assert not any(words in page for words in NEVER)
    report = client.get(f"/jobs/{job}/report")
    assert "3 of 10 files are still to be read" in report.text
    assert "We found no signs" not in report.text and "Not seen, though" not in report.text


def test_a_job_that_has_found_nothing_to_say_has_no_early_page(client: TestClient, service: Service) -> None:
    with Fleet.open(service.settings.store, who="tester") as fleet:
        job = jobs.create(fleet, kind="triage", tenant=fleet.tenant("own"), who="tester", now=NOW)
    assert client.get(f"/api/v1/jobs/{job}").json()["report"] is None
    assert client.get(f"/jobs/{job}/so-far").status_code == 404


def test_of_several_servers_the_worst_is_shown_and_told_so() -> None:
    whole = SAMPLES["school_in_use"]()
    early = unfinished(whole, left=3, planned=10, servers=2)
    assert (
        early.verdict.text[0]
        == f"What you sent is of 2 servers so far. This is about {whole.server.name}, which looks worst."
    )
    assert "3 of 10 files" in early.verdict.text[1]


def test_files_of_two_servers_are_judged_apart_before_the_end(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exsweep.web.watching._EARLY_S", 0.0)
    monkeypatch.setattr("exsweep.web.watching._EARLY_SHARE", 0)
    home = service.settings.folder / "drop"
    for name, path, last in (("EXCH01", "/aspnet_client/x.aspx cmd=whoami", 20), ("EXCH02", "/owa/ -", 1)):
        log = home / name / "C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log"
        log.parent.mkdir(parents=True)
        row = f"2021-03-03 04:11:{{:02}} 192.0.2.10 POST {path} 443 - 203.0.113.9 agent 200\n"
        log.write_text(HEAD + "".join(row.format(at) for at in range(last)))
    with Fleet.open(service.settings.store, who="tester") as fleet:
        public = jobs.create(
            fleet, kind="triage", tenant=fleet.tenant("own"), who="tester", now=int(time.time())
        )
        one = jobs.claim(fleet.database, WORKER, int(time.time()))
        assert one is not None
        settings = Settings(evidence=(home,), now=datetime.fromtimestamp(NOW, UTC), jobs=1)
        triage_each(settings, Watching(fleet.database, one, WORKER, settings))
        early = jobs.early(fleet, public)
    assert early is not None and early.server.name == "EXCH01"
    assert {each.origins[0].path.split("/")[0] for each in early.findings} == {"EXCH01"}
    assert early.verdict.text[0].startswith("What you sent is of 2 servers so far.")
