"""A look from outside that a page starts: only where a scope file allows it, with the scan of the command line, into the fleet."""

import threading
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from exsweep.fleet.store import Fleet
from exsweep.web import jobs, scanning
from exsweep.web.application import application
from exsweep.web.recognise import csrf_of, local_cookie
from exsweep.web.service import Service
from exsweep.web.worker import Worker
from tests.fleet.build import NOW
from tests.scan.conftest import needs_double  # noqa: F401 - a fixture
from tests.scan.double.server import Double, Manners
from tests.scan.double.sites import exchange, stalls
from tests.web.conftest import HOST, settings
from tests.web.test_accounts import joined, signing_in

SCOPE = """
who: "Order 7, <b>signed</b>"
from: 2020-01-01
until: 2090-01-01
contact: scan@example.org
page: https://example.org/scan
targets: ["127.77.0.0/16", mail.example.test]
ports: [{port}]
exclusions: ["127.77.9.9"]
"""


def opened(folder: Path, scope: Path | None) -> tuple[Service, TestClient]:
    service = Service(settings(folder, allow_scan=scope), clock=lambda: NOW)
    client = TestClient(application(service), raise_server_exceptions=False)
    client.get("/start", params={"token": service.start_token}, follow_redirects=False)
    client.headers["x-csrf-token"] = csrf_of(service, local_cookie(service))
    return service, client


@pytest.fixture
def scope(tmp_path: Path) -> Path:
    file = tmp_path / "scope.yml"
    file.write_text(SCOPE.format(port=443))
    return file


def test_without_a_scope_file_nothing_is_asked_and_no_form_is_shown(tmp_path: Path) -> None:
    _, client = opened(tmp_path, None)
    answer = client.post("/api/v1/scan", json={"address": "mail.example.test", "authority": "own"})
    assert answer.status_code == 403 and "not switched on" in answer.json()["title"]
    assert 'action="/scan"' not in client.get("/", headers={"accept": "text/html"}).text
    assert "exsweep serve --allow-scan" in client.get("/scan", headers={"accept": "text/html"}).text


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("elsewhere.example.test", "not in the scope file"),
        ("", "No address"),
        ("<script>", "no address"),
    ],
)
def test_what_the_scope_does_not_allow_is_refused_before_a_job_is_made(
    tmp_path: Path, scope: Path, address: str, words: str
) -> None:
    service, client = opened(tmp_path, scope)
    answer = client.post("/api/v1/scan", json={"address": address, "authority": "written"})
    assert answer.status_code == 422 and words in answer.json()["title"], answer.text
    with Fleet.open(service.settings.store, who="tester") as fleet:
        assert fleet.database.number("SELECT COUNT(*) FROM job") == 0


def test_a_folder_of_scope_files_allows_each_tenant_its_own(tmp_path: Path, scope: Path) -> None:
    folder = tmp_path / "scopes"
    folder.mkdir()
    (folder / "school.yml").write_bytes(scope.read_bytes())
    assert scanning.scope_for(folder, "school") == folder / "school.yml"
    for name in ("clinic", "", "../scope", "school.yml", "SCHOOL/../school"):
        assert scanning.scope_for(folder, name) is None, name
    _, client = opened(tmp_path, folder)
    asked = {"address": "mail.example.test", "authority": "own", "tenant": "clinic"}
    assert client.post("/api/v1/scan", json=asked).status_code == 403
    assert client.post("/api/v1/scan", json=asked | {"tenant": "school"}).status_code in (200, 201, 202, 422)
    assert client.get("/scan", headers={"accept": "text/html"}).status_code == 200


def test_by_what_right_must_be_said(tmp_path: Path, scope: Path) -> None:
    _, client = opened(tmp_path, scope)
    assert client.post("/api/v1/scan", json={"address": "mail.example.test"}).status_code == 422
    wrong = client.post("/api/v1/scan", json={"address": "mail.example.test", "authority": "curious"})
    assert wrong.status_code == 422


def test_a_scope_that_has_ended_allows_nothing(tmp_path: Path) -> None:
    file = tmp_path / "scope.yml"
    file.write_text(SCOPE.format(port=443).replace("2090-01-01", "2020-02-01"))
    _, client = opened(tmp_path, file)
    answer = client.post("/api/v1/scan", json={"address": "mail.example.test", "authority": "own"})
    assert answer.status_code == 422 and "permission ended" in answer.json()["title"]
    assert "permission ended" in client.get("/scan", headers={"accept": "text/html"}).text


@pytest.mark.usefixtures("needs_double")
def test_what_was_seen_from_outside_is_a_case_of_the_fleet(tmp_path: Path) -> None:
    manners = {
        "127.77.9.1": Manners(answer=exchange("15.2.1748.39", "15.2.1748")),
        "127.77.9.2": Manners(answer=exchange("15.1.2106.2", "15.1.2106")),
    }
    with Double(tmp_path, manners) as double:
        file = tmp_path / "scope.yml"
        file.write_text(SCOPE.format(port=double.port))
        service, client = opened(tmp_path, file)
        page = client.get("/scan", headers={"accept": "text/html"}).text
        assert "Order 7, &lt;b&gt;signed&lt;/b&gt;" in page
        lines = "127.77.9.1\n127.77.9.2\n127.77.9.9"
        job = client.post("/api/v1/scan", json={"lines": lines, "authority": "own"}).json()["job"]
        Worker(service.settings.store, service.settings.folder, scope=file).run(once=True)
        done = client.get(f"/api/v1/jobs/{job}").json()
        assert done["state"] == "done", done
        assert len(done["cases"]) >= 2
        assert "127.77.9.9" not in double.requests, "an exclusion wins over the network around it"
        shown = client.get(f"/jobs/{job}", headers={"accept": "text/html"}).text
        assert "does not show whether someone is already in" in shown
        case = client.get(f"/cases/{done['server']}", headers={"accept": "text/html"}).text
        assert "From outside" in case and "no signs" not in case.lower()
        asked = sum(map(len, double.requests.values()))
        with Fleet.open(
            service.settings.store, who="tester"
        ) as fleet:  # as the store stands after a death at the end
            fleet.database.run("UPDATE job SET state = 'waiting' WHERE public_id = ?", (job,))
            told = fleet.database.one("SELECT detail FROM audit WHERE what = 'scan from outside'")
            before = fleet.database.number("SELECT COUNT(*) FROM assessment")
        assert told is not None and "by right: own" in str(told[0]) and "Order 7" in str(told[0])
        Worker(service.settings.store, service.settings.folder, scope=file).run(once=True)
        assert client.get(f"/api/v1/jobs/{job}").json()["state"] == "done"
        assert sum(map(len, double.requests.values())) == asked, "nobody is asked twice"
        with Fleet.open(service.settings.store, who="tester") as fleet:
            assert fleet.database.number("SELECT COUNT(*) FROM assessment") == before


@pytest.mark.usefixtures("needs_double")
def test_a_look_that_waits_for_a_slow_server_can_be_stopped_and_goes_on(tmp_path: Path) -> None:
    with Double(tmp_path, {"127.77.9.3": Manners(raw=stalls())}) as double:
        file = tmp_path / "scope.yml"
        file.write_text(SCOPE.format(port=double.port))
        service, client = opened(tmp_path, file)
        body = {"address": "127.77.9.3", "authority": "own"}
        job = client.post("/api/v1/scan", json=body).json()["job"]
        worker = Worker(service.settings.store, service.settings.folder, scope=file)
        thread = threading.Thread(target=lambda: worker.run(once=True))
        thread.start()
        deadline = time.monotonic() + 30
        with Fleet.open(service.settings.store, who="tester") as fleet:
            while "0 of 1" not in jobs.job(fleet, job).words and time.monotonic() < deadline:
                time.sleep(0.1)
            jobs.stop(fleet, job, NOW)
            thread.join(30)
            stopped = jobs.job(fleet, job)
        assert (stopped.state, stopped.deaths) == ("stopped", 0)


def test_who_acts_for_several_chooses_for_which_a_server_is_looked_at(tmp_path: Path, scope: Path) -> None:
    folder = tmp_path / "scopes"
    folder.mkdir()
    scope.rename(folder / "school-a.yml")
    service = Service(
        settings(tmp_path, allow_scan=folder, accounts=True, secure=True), clock=lambda: float(NOW)
    )
    with TestClient(application(service), base_url=f"https://{HOST}") as browser:
        signing_in(browser, service, "Hel", joined(service, "Hel", ("helper", "school-a"), ("helper", "b")))
        page = browser.get("/scan").text
        assert 'href="/scan?tenant=school-a"' in page and "more than one group" not in page
        allowed = browser.get("/scan", params={"tenant": "school-a"}).text
        assert '<input type="hidden" name="tenant" value="school-a">' in allowed
        assert browser.get("/scan", params={"tenant": "nobody's"}).status_code == 404
