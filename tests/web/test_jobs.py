"""Jobs outlive their workers: what dies is given back, what kills is set aside, nothing is done twice (F28, F29, F30)."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import msgspec
import pytest
from starlette.testclient import TestClient

from exsweep.errors import StoreError
from exsweep.fleet import hunt
from exsweep.fleet.store import Fleet
from exsweep.web import jobs
from exsweep.web.service import Service
from exsweep.web.worker import Worker
from tests.fleet.build import NOW
from tests.fleet.conftest import postgres  # noqa: F401 - a fixture
from tests.web.conftest import send

LOG = b"""#Software: Microsoft Internet Information Services 10.0
#Version: 1.0
#Date: 2021-03-03 04:00:00
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken
"""
LINE = "2021-03-03 04:{:02}:{:02} 192.0.2.10 GET /owa/ - 443 - 198.51.100.7 Mozilla/5.0 - 200 0 0 15\n"


@pytest.fixture(params=["sqlite", "postgres"])
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fleet]:
    where: str | Path = tmp_path / "fleet.db"
    if request.param == "postgres":
        where = request.getfixturevalue("postgres")
        with import_module("psycopg").connect(str(where), autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
    with Fleet.open(where, who="tester") as store:
        yield store


def queued(fleet: Fleet, tenant: str = "own") -> str:
    return jobs.create(fleet, kind="triage", tenant=fleet.tenant(tenant), who="tester", now=NOW)


def test_a_job_is_one_workers_until_its_lease_ends(fleet: Fleet) -> None:
    public_id = queued(fleet)
    one = jobs.claim(fleet.database, "elsewhere:1:a", NOW)
    assert one is not None and one.job == public_id
    assert jobs.claim(fleet.database, "elsewhere:2:b", NOW + 1) is None
    assert jobs.beat(fleet.database, one.number, "elsewhere:1:a", NOW + 50) == "running"
    assert jobs.claim(fleet.database, "elsewhere:2:b", NOW + 70) is None
    again = jobs.claim(fleet.database, "elsewhere:2:b", NOW + 200)
    assert again is not None and again.job == public_id and again.created == one.created
    assert jobs.beat(fleet.database, one.number, "elsewhere:1:a", NOW + 201) == "lost"
    jobs.end(fleet.database, one.number, "elsewhere:1:a", "failed", "late words", NOW + 202)
    assert jobs.job(fleet, public_id).state == "running", "who lost a claim says nothing any more"


def test_after_three_deaths_a_job_is_set_aside_and_others_go_on(fleet: Fleet) -> None:
    poison, other = queued(fleet), queued(fleet)
    now = NOW
    for _ in range(3):
        one = jobs.claim(fleet.database, "w:1:a", now)
        assert one is not None and one.job == poison
        jobs.died(fleet.database, one.number, "w:1:a", now)
    assert (jobs.job(fleet, poison).state, jobs.job(fleet, poison).deaths) == ("quarantined", 3)
    after = jobs.claim(fleet.database, "w:1:a", now)
    assert after is not None and after.job == other
    jobs.resume(fleet, poison, now)
    assert jobs.job(fleet, poison).state == "waiting"


def test_a_worker_that_is_gone_says_little_of_the_evidence(fleet: Fleet) -> None:
    """Power lost, a service killed and started anew: reading goes on each time, but not for ever."""
    public_id, now = queued(fleet), NOW
    for lost in range(1, 20):
        one = jobs.claim(fleet.database, f"elsewhere:{lost}:a", now)
        assert one is not None and one.job == public_id
        now += 1_000
        assert jobs.claim(fleet.database, "w:0:a", now) is not None, "its lease is over: another goes on"
        jobs.give_back(fleet.database, one.number, "w:0:a")
        assert jobs.job(fleet, public_id).deaths == lost
    jobs.claim(fleet.database, "elsewhere:20:a", now)
    assert jobs.claim(fleet.database, "w:0:a", now + 1_000) is None
    assert jobs.job(fleet, public_id).state == "quarantined"
    jobs.resume(fleet, public_id, now)
    assert jobs.job(fleet, public_id).deaths == 0


def test_no_tenant_waits_behind_all_of_anothers(fleet: Fleet) -> None:
    first = [queued(fleet, "many") for _ in range(3)]
    late = queued(fleet, "few")
    taken = [jobs.claim(fleet.database, f"w:{each}:a", NOW) for each in range(3)]
    assert [each.job for each in taken if each] == [first[0], late, first[1]]


def test_stopped_it_is_not_taken_and_goes_on_when_told(fleet: Fleet) -> None:
    public_id = queued(fleet)
    jobs.stop(fleet, public_id, NOW)
    assert jobs.claim(fleet.database, "w:1:a", NOW) is None
    jobs.resume(fleet, public_id, NOW)
    one = jobs.claim(fleet.database, "w:1:a", NOW)
    assert one is not None
    jobs.stop(fleet, public_id, NOW)
    assert jobs.beat(fleet.database, one.number, "w:1:a", NOW) == "stopping"
    jobs.give_back(fleet.database, one.number, "w:1:a")
    assert jobs.job(fleet, public_id).state == "stopped"


def test_a_store_that_is_gone_for_a_while_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def gone(where: str, *, who: str) -> Fleet:
        opened.append(where)
        raise StoreError("The store said: connection refused.")

    monkeypatch.setattr("exsweep.web.worker._GONE_S", 0.01)
    monkeypatch.setattr(Fleet, "open", gone)
    worker = Worker("postgresql://nowhere", tmp_path)
    thread = threading.Thread(target=worker.run)
    thread.start()
    deadline = time.monotonic() + 20
    while len(opened) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    worker.stop()
    thread.join(20)
    assert len(opened) >= 3 and not thread.is_alive()


def made(client: TestClient, lines: int) -> str:
    """A sending of five logs, queued."""
    files = {
        f"W3SVC1/u_ex21030{day}.log": LOG
        + "".join(LINE.format(at // 60 % 60, at % 60) for at in range(lines)).encode()
        for day in range(1, 6)
    }
    sending = send(client, files, name="MAIL01")
    return str(client.post(f"/api/v1/sendings/{sending}/read", json={}).json()["job"])


def kept(service: Service) -> tuple[int, int]:
    """(assessments, servers) in the store."""
    with Fleet.open(service.settings.store, who="tester") as store:
        number = store.database.number
        return number("SELECT COUNT(*) FROM assessment"), number("SELECT COUNT(*) FROM server")


def test_what_was_sent_is_read_judged_and_kept(client: TestClient, service: Service) -> None:
    job = made(client, 20)
    Worker(service.settings.store, service.settings.folder).run(once=True)
    done = client.get(f"/api/v1/jobs/{job}").json()
    assert (done["state"], done["over"], done["share"]) == ("done", True, 1.0), done
    assert kept(service) == (1, 1)
    report = client.get(f"/cases/{done['server']}/report")
    assert report.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "MAIL01" in report.text


def test_what_is_of_two_servers_is_judged_kept_and_named_apart(client: TestClient, service: Service) -> None:
    files = {
        f"{name}/C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log": LOG
        + "".join(LINE.format(minute, second) for second in range(20)).encode()
        for name, minute in [("EXCH01", 1), ("EXCH02", 2)]
    }
    sending = send(client, files)
    job = str(client.post(f"/api/v1/sendings/{sending}/read", json={}).json()["job"])
    Worker(service.settings.store, service.settings.folder).run(once=True)
    done = client.get(f"/api/v1/jobs/{job}").json()
    assert done["state"] == "done", done
    assert kept(service) == (2, 2)
    assert sorted(each["name"] for each in done["cases"]) == ["EXCH01", "EXCH02"]
    assert done["server"] == done["cases"][0]["server"]
    page = client.get(f"/jobs/{job}", headers={"accept": "text/html"}).text
    for each in done["cases"]:
        assert each["name"] in page and f"/cases/{each['server']}" in page
        assert each["name"] in client.get(f"/cases/{each['server']}/report").text


def watch(service: Service, name: str, query: str, *tenants: int) -> None:
    """Keep a hunt that watches, made by somebody who may see these tenants (none named: all)."""
    with Fleet.open(service.settings.store, who="tester") as store:
        may = frozenset(tenants) or None
        hunt.save(store, name, hunt.Question(query=query), hunt.Scope(), watch=True, now=NOW, may=may)


def test_hunts_that_watch_are_asked_of_what_a_browser_sent(client: TestClient, service: Service) -> None:
    watch(service, "the <b>intruder</b>", "198.51.100.7")
    watch(service, "somebody else", "203.0.113.99")
    watch(service, "of another house", "198.51.100.7", 77)
    job = made(client, 20)
    Worker(service.settings.store, service.settings.folder).run(once=True)
    done = client.get(f"/api/v1/jobs/{job}").json()
    assert done["state"] == "done", done
    (match,) = done["watched"]
    assert (match["name"], match["records"], match["servers"], match["new"]) == (
        "the <b>intruder</b>", 20, 1, True,
    )  # fmt: skip
    page = client.get(f"/jobs/{job}", headers={"accept": "text/html"}).text
    assert "the &lt;b&gt;intruder&lt;/b&gt;" in page and f"/hunt/{match['run']}" in page
    assert client.get(f"/api/v1/hunt/{match['run']}").json()["hits"] == 1
    again = made(client, 20)
    Worker(service.settings.store, service.settings.folder).run(once=True)
    told = client.get(f"/api/v1/jobs/{again}").json()["watched"]
    assert [each["new"] for each in told] == [False], "the same records again are no news"


def test_a_death_between_keeping_and_asking_does_not_lose_what_a_watch_would_have_told(
    client: TestClient, service: Service
) -> None:
    watch(service, "the intruder", "198.51.100.7")
    job = made(client, 20)
    Worker(service.settings.store, service.settings.folder).run(once=True)
    with Fleet.open(service.settings.store, who="tester") as store:  # as the store stands after such a death
        store.database.run("DELETE FROM hunt_hit")
        store.database.run("UPDATE job SET state = 'waiting', progress = '{}' WHERE public_id = ?", (job,))
    Worker(service.settings.store, service.settings.folder).run(once=True)
    (match,) = client.get(f"/api/v1/jobs/{job}").json()["watched"]
    assert match["records"] == 20 and kept(service) == (1, 1)


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
@pytest.mark.parametrize("victim", ["child", "worker"])
def test_killed_while_judging_nothing_is_lost_and_nothing_doubled(
    client: TestClient, service: Service, victim: str
) -> None:
    job = made(client, 3_000)
    program = (
        "import sys; from pathlib import Path; from exsweep.web.worker import Worker; "
        "Worker(sys.argv[1], Path(sys.argv[2])).run(once=True)"
    )
    words = [sys.executable, "-c", program, service.settings.store, str(service.settings.folder)]
    with subprocess.Popen(words) as worker:
        until(lambda: client.get(f"/api/v1/jobs/{job}").json()["state"] == "running")
        until(lambda: bool(children(worker.pid)))
        os.kill(children(worker.pid)[0] if victim == "child" else worker.pid, signal.SIGKILL)
        if victim == "child":
            assert worker.wait(120) == 0, "the worker goes on with the job by itself"
    Worker(service.settings.store, service.settings.folder).run(once=True)
    done = client.get(f"/api/v1/jobs/{job}").json()
    assert (done["state"], done["deaths"]) == ("done", 1), done
    assert kept(service) == (1, 1)


def children(process: int) -> list[int]:
    found = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(process)], capture_output=True, text=True, check=False
    )
    return [int(row.split()[0]) for row in found.stdout.splitlines() if "run_job" in row]


def until(true) -> None:  # type: ignore[no-untyped-def]  # any callable
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.1)


def test_what_is_over_shows_nothing_as_going_on(client: TestClient, service: Service) -> None:
    job = client.post(f"/api/v1/sendings/{send(client, {'a.log': b'x'})}/read", json={}).json()["job"]
    fleet = service.fleet()
    steps = (jobs.Step(state="done", title="Web server log"), jobs.Step(state="now", title="Asking"))
    body = msgspec.json.encode(jobs.Progress(steps=steps, found=3)).decode()
    fleet.database.run("UPDATE job SET progress = ?, state = 'running' WHERE public_id = ?", (body, job))
    assert "Found so far: 3 records" in client.get(f"/jobs/{job}").text
    fleet.database.run("UPDATE job SET state = 'done' WHERE public_id = ?", (job,))
    page = client.get(f"/jobs/{job}").text
    assert "p-now" not in page and "Found: 3 records" in page
