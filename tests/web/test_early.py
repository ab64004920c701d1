"""While something is unread, what was found may be read, and nothing that was not seen is called not there."""

import pytest
from starlette.testclient import TestClient

from exsweep.fleet.body import pack
from exsweep.fleet.store import Fleet
from exsweep.model import Assessment, ImpactState, Level
from exsweep.web import jobs
from exsweep.web.early import is_news, unfinished
from exsweep.web.service import Service
from tests.export.samples import SAMPLES
from tests.fleet.build import NOW

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
