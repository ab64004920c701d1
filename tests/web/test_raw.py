"""The line as it stands in the evidence, passwords and all: with a reason, read where it stands, and where it is asked with a second person's word."""

import io
import json
import tarfile
import zipfile
from pathlib import Path

import msgspec
import pytest
from starlette.testclient import TestClient

from exsweep.fleet import audit
from exsweep.fleet.store import Fleet
from exsweep.model import Origin
from exsweep.web import raw
from exsweep.web.application import application
from exsweep.web.problem import Problem
from exsweep.web.recognise import csrf_of, local_cookie
from exsweep.web.service import Service
from exsweep.web.viewer import NOBODY
from exsweep.web.worker import Worker
from tests.export.samples import SAMPLES
from tests.fleet.build import NOW
from tests.parse.winevent.making import Made, chunk, log, many
from tests.web.conftest import HOST, send, settings
from tests.web.test_accounts import Clock, joined, signing_in, token_of

SECRET = "Wolke-71-Tuer"
HEAD = (
    "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2021-03-03 04:00:00\n"
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
    "sc-status sc-substatus sc-win32-status time-taken\n"
)
LINE = (
    "2021-03-03 04:11:03 192.0.2.10 POST /aspnet_client/discover.aspx cmd=net+user&password="
    f"{SECRET} 443 - 203.0.113.9 Mozilla/5.0+<script>alert(1)</script> - 200 0 0 15\n"
)
LOG = (HEAD + LINE).encode()
NAME = "inetpub/logs/LogFiles/W3SVC1/u_ex210303.log"


def zipped() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inetpub/logs/LogFiles/W3SVC1/u_ex210302.log", HEAD)
        archive.writestr(NAME, LOG)
    return made.getvalue()


def tarred() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, data in (("inetpub/a.log", HEAD.encode()), (NAME, LOG)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return made.getvalue()


SENT = {
    "one file": {"u_ex210303.log": LOG},
    "a folder": {NAME: LOG, "inetpub/logs/LogFiles/W3SVC1/u_ex210302.log": HEAD.encode()},
    "a zip": {"MAIL01.zip": zipped()},
    "a packed tar": {"MAIL01.tar.gz": tarred()},
}


def judged(client: TestClient, service: Service, files: dict[str, bytes]) -> tuple[str, str]:
    """(server, id of the finding with the secret) after reading."""
    sending = send(client, files, name="MAIL01")
    job = client.post(f"/api/v1/sendings/{sending}/read", json={}).json()["job"]
    Worker(service.settings.store, service.settings.folder).run(once=True)
    server = client.get(f"/api/v1/jobs/{job}").json()["server"]
    case = client.get(f"/api/v1/cases/{server}").json()
    found = next(each for each in case["findings"] if "[masked:" in each["excerpt"])
    assert SECRET not in client.get(f"/cases/{server}", headers={"accept": "text/html"}).text
    return server, found["id"]


@pytest.mark.parametrize("how", SENT)
def test_the_line_is_read_again_wherever_it_stands_and_shown_as_text(
    client: TestClient, service: Service, how: str
) -> None:
    server, finding = judged(client, service, SENT[how])
    asked = {"finding": finding, "reason": "which password was typed"}
    raw = client.post(f"/api/v1/cases/{server}/raw", json=asked).json()["raw"]
    told = client.get(f"/api/v1/cases/{server}/raw/{raw}").json()
    assert told["state"] == "shown" and told["found"]["compared"], told
    assert told["found"]["line"] == LINE.rstrip("\n")
    page = client.get(f"/cases/{server}/raw/{raw}", headers={"accept": "text/html"}).text
    assert SECRET in page and "<script>alert" not in page
    with Fleet.open(service.settings.store, who="tester") as fleet:
        rows = [(each.what, each.detail) for each in audit.entries(fleet.database, 20)]
        kept = " ".join(str(row) for row in fleet.database.run("SELECT * FROM pending"))
    assert any(what == "raw line asked for" and "which password was typed" in why for what, why in rows)
    assert ("raw line shown", "which password was typed") in rows
    assert SECRET not in kept + str(rows), "the line is kept nowhere"
    assert not list((service.settings.folder / "jobs").glob("*/raw-*"))


def test_without_a_reason_nothing_is_shown(client: TestClient, service: Service) -> None:
    server, finding = judged(client, service, SENT["one file"])
    for reason in ("", "because", "          "):
        answer = client.post(f"/api/v1/cases/{server}/raw", json={"finding": finding, "reason": reason})
        assert answer.status_code == 422, reason
    wrong = {"finding": finding, "reason": "to know the password", "number": 99}
    assert client.post(f"/api/v1/cases/{server}/raw", json=wrong).status_code == 422
    assert client.get(f"/cases/{server}/raw/raw_000000000000").status_code == 404


@pytest.mark.parametrize(
    ("place", "may"),
    [
        (Origin(path="u_ex.log", line=3, offset=10), True),
        (Origin(path="Security.ndjson", line=3, record=4_711, offset=10), True),
        (Origin(path="Security.evtx", record=4_711), True),
        (Origin(path="Security.evtx", record=4_711, offset=512), True),
        (Origin(path="web.config"), False),
    ],
)
def test_lines_and_records_can_be_asked_for_and_whole_files_cannot(
    service: Service, place: Origin, may: bool
) -> None:
    finding = SAMPLES["school_in_use"]().findings[0]
    finding = msgspec.structs.replace(finding, origins=(place,))
    with Fleet.open(service.settings.store, who="tester") as fleet:
        about = {"server": "srv_000000000000", "finding": finding, "place": 0, "reason": "to see it"}
        if may:
            assert raw.ask_for(fleet, NOBODY, now=NOW, **about).startswith("raw_")  # type: ignore[arg-type]  # as they come
        else:
            with pytest.raises(Problem, match="whole file"):
                raw.ask_for(fleet, NOBODY, now=NOW, **about)


def test_a_record_of_an_event_log_is_shown_with_its_fields_out_of_the_saved_events(
    client: TestClient, service: Service
) -> None:
    cleared = Made(7, event_id=1102, provider="Microsoft-Windows-Eventlog", channel="Security")
    sending = send(client, {"Security.evtx": log(chunk([*many(1, 5), cleared]))}, name="MAIL01")
    job = client.post(f"/api/v1/sendings/{sending}/read", json={}).json()["job"]
    Worker(service.settings.store, service.settings.folder).run(once=True)
    server = client.get(f"/api/v1/jobs/{job}").json()["server"]
    findings = client.get(f"/api/v1/cases/{server}").json()["findings"]
    found = next(each for each in findings if each["origins"][0].get("record"))
    asked = {"finding": found["id"], "reason": "which account it was"}
    wish = client.post(f"/api/v1/cases/{server}/raw", json=asked).json()["raw"]
    told = client.get(f"/api/v1/cases/{server}/raw/{wish}").json()["found"]
    assert told["fields"] and json.loads(told["line"])["EventRecordID"] == str(found["origins"][0]["record"])
    page = client.get(f"/cases/{server}/raw/{wish}", headers={"accept": "text/html"}).text
    assert "out of the saved events" in page
    client.post(f"/api/v1/sendings/{sending}/delete", json={})
    told = client.get(f"/api/v1/cases/{server}/raw/{wish}").json()["found"]
    assert told["line"] is None and "not kept here" in told["why_not"]


def test_evidence_that_is_not_kept_here_or_differs_is_said(client: TestClient, service: Service) -> None:
    server, finding = judged(client, service, SENT["one file"])
    asked = {"finding": finding, "reason": "which password was typed"}
    raw = client.post(f"/api/v1/cases/{server}/raw", json=asked).json()["raw"]
    (blob,) = [path for path in (service.settings.folder / "evidence").rglob("*") if path.is_file()]
    blob.chmod(0o600)
    blob.write_bytes(LOG.replace(b"04:11:03", b"04:11:04"))
    told = client.get(f"/api/v1/cases/{server}/raw/{raw}").json()
    assert told["found"]["line"] is None and "does not hold this line" in told["found"]["why_not"]
    sending = client.get("/api/v1/jobs").json()["jobs"][0]["sending"]
    client.post(f"/api/v1/sendings/{sending}/delete", json={})
    told = client.get(f"/api/v1/cases/{server}/raw/{raw}").json()
    assert "not kept here" in told["found"]["why_not"] and "--keep-secrets" in told["found"]["why_not"]


def test_where_the_service_asks_for_it_a_second_person_says_yes_and_only_the_first_sees_it(
    tmp_path: Path,
) -> None:
    local = Service(settings(tmp_path), clock=Clock())
    with TestClient(application(local), raise_server_exceptions=False) as client:
        client.get("/start", params={"token": local.start_token}, follow_redirects=False)
        client.headers["x-csrf-token"] = csrf_of(local, local_cookie(local))
        server, finding = judged(client, local, SENT["one file"])
    service = Service(settings(tmp_path, accounts=True, secure=True, second_person=True), clock=Clock())
    secret = {
        name: joined(service, name, (role, "own"))
        for name, role in (("ada", "lead"), ("bob", "lead"), ("cay", "helper"))
    }
    app = application(service)
    people = {}
    for name in secret:
        browser = TestClient(app, base_url=f"https://{HOST}", raise_server_exceptions=False)
        signing_in(browser, service, name, secret[name])
        browser.headers["x-csrf-token"] = token_of(browser, service)
        people[name] = browser
    ada, bob, cay = people["ada"], people["bob"], people["cay"]
    asked = {"finding": finding, "reason": "which password was typed"}
    assert cay.post(f"/api/v1/cases/{server}/raw", json=asked).status_code == 403
    raw = ada.post(f"/api/v1/cases/{server}/raw", json=asked).json()["raw"]
    where = f"/api/v1/cases/{server}/raw/{raw}"
    assert ada.get(where).json()["state"] == "waiting"
    assert ada.get(where).json()["found"]["line"] is None
    assert ada.post(f"{where}/word", json={"yes": True}).status_code == 409, "nobody approves his own wish"
    assert cay.post(f"{where}/word", json={"yes": True}).status_code == 403
    assert [each["raw"] for each in bob.get("/api/v1/raw").json()["wishes"]] == [raw]
    assert ada.get("/api/v1/raw").json()["wishes"] == []
    assert bob.post(f"{where}/word", json={"yes": True}).status_code == 200
    assert bob.get(where).json()["state"] == "not_mine" and bob.get(where).json()["found"]["line"] is None
    assert ada.get(where).json()["found"]["line"] == LINE.rstrip("\n")
    assert bob.post(f"{where}/word", json={"yes": False}).status_code == 409, "a word is said once"
    other = ada.post(f"/api/v1/cases/{server}/raw", json=asked).json()["raw"]
    bob.post(f"/api/v1/cases/{server}/raw/{other}/word", json={"yes": False})
    assert ada.get(f"/api/v1/cases/{server}/raw/{other}").json()["state"] == "refused"
    with Fleet.open(service.settings.store, who="tester") as fleet:
        rows = [each.what for each in audit.entries(fleet.database, 60)]
    assert {"raw line asked for", "raw line approved", "raw line refused", "raw line shown"} <= set(rows)
