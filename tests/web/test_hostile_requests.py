"""Hostile inputs at the web's own surface: names and sizes of uploads (H67), ids of others (H68), fields nobody asked for (H69),
rights that somebody else's saved thing would lend (H70)."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from exsweep.fleet import hunt
from exsweep.fleet.store import Fleet
from exsweep.knowledge.access import access
from exsweep.model import Level
from exsweep.web import gate, jobs, raw
from exsweep.web.answers import Download
from exsweep.web.application import application
from exsweep.web.gate import Received
from exsweep.web.replies import response
from exsweep.web.routes import ROUTES
from exsweep.web.service import Service
from exsweep.web.viewer import Grant, Viewer
from tests.fleet.build import NOW, assessed
from tests.web.conftest import keep, settings, sha
from tests.web.test_matrix import TABLE, Things, asking, one_of_each

HOSTILE_NAMES = [
    "../../../../x", "..\\..\\x", "/etc/passwd", "C:\\Windows\\x", "\\\\server\\share\\x", "x" * 3_900, "a\x00b", "a\r\nb", "x.html",
    "<script>x</script>", "CON", "x:stream", "\u202efdp.exe", "~/.ssh/authorized_keys", "%2e%2e%2fx", "-rf", " ",
]  # fmt: skip


def _files(folder: Path) -> set[str]:
    return {str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file()}


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_h67_the_name_of_a_file_decides_nothing_about_where_it_is_kept(
    client: TestClient, service: Service, tmp_path: Path, name: str
) -> None:
    before = _files(tmp_path)
    sending = client.post("/api/v1/sendings", json={}).json()["sending"]
    made = client.post(f"/api/v1/sendings/{sending}/files", json={"name": name, "size": 3}).json()
    headers = {"x-chunk-sha256": sha(b"abc"), "content-type": "text/html"}
    client.patch(f"/api/v1/uploads/{made['upload']}", params={"offset": 0}, content=b"abc", headers=headers)
    done = client.post(f"/api/v1/uploads/{made['upload']}/finish", json={"sha256": sha(b"abc")})
    assert done.status_code == 200, done.text
    new = {
        re.sub(r"/tenant-\d+/", "/tenant-N/", each)
        for each in _files(tmp_path) - before
        if not each.startswith("fleet.db")
    }
    digest = sha(b"abc")
    assert new == {
        f"serve/evidence/tenant-N/{digest[:2]}/{digest}",
        f"serve/sendings/{sending}/custody.jsonl",
    }
    page = client.get(f"/sendings/{sending}", headers={"accept": "text/html"}).text
    assert "<script>x" not in page and "\u202e" not in page and "\x00" not in page


@pytest.mark.parametrize(
    ("size", "status"), [(0, 200), (200 << 30, 413), (-2, 422), (1 << 70, 422), ("many", 422), (1.5, 422)]
)
def test_h67_a_size_is_held_to_what_there_is_room_for_before_a_byte_comes(
    tmp_path: Path, size: Any, status: int
) -> None:
    service = Service(settings(tmp_path, quota_bytes=1 << 30), clock=lambda: NOW)
    with TestClient(application(service), raise_server_exceptions=False) as client:
        client.headers["authorization"] = f"Bearer {service.start_token}"
        sending = client.post("/api/v1/sendings", json={}).json()["sending"]
        answer = client.post(f"/api/v1/sendings/{sending}/files", json={"name": "a", "size": size})
        assert answer.status_code == status, answer.text


def test_h67_half_a_file_is_never_evidence(client: TestClient, service: Service) -> None:
    sending = client.post("/api/v1/sendings", json={}).json()["sending"]
    upload = client.post(f"/api/v1/sendings/{sending}/files", json={"name": "a", "size": 6}).json()["upload"]
    headers = {"x-chunk-sha256": sha(b"abc"), "content-type": "application/octet-stream"}
    client.patch(f"/api/v1/uploads/{upload}", params={"offset": 0}, content=b"abc", headers=headers)
    stopped = client.post(f"/api/v1/uploads/{upload}/finish", json={"sha256": sha(b"abc")})
    assert (stopped.status_code, stopped.json()["offset"]) == (409, 3)
    assert client.post(f"/api/v1/sendings/{sending}/read", json={}).status_code == 409
    assert not (service.settings.folder / "evidence").exists()


@pytest.mark.parametrize(
    "name", ["../../x", "a\r\nSet-Cookie: x=y", 'a"; filename="b.html', "ä/😀.html", "", "x" * 4_000]
)
def test_h67_a_download_is_a_file_to_keep_and_never_a_page_of_ours(
    client: TestClient, service: Service, name: str
) -> None:
    asked = Received(
        method="GET", path="/x", gaps={}, query=[], headers={}, cookies={}, address="", host="testserver"
    )
    route = msgspec.structs.replace(
        ROUTES["alive"],
        view=lambda _, __: Download(file_name=name, media_type="text/html", body=b"<script>x"),
    )
    headers = response(gate.pass_through(service, route, asked)).headers
    said = headers["content-disposition"]
    assert (
        said.startswith('attachment; filename="')
        and "\n" not in said
        and "\r" not in said
        and "/" not in said
    )
    assert headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    # Over the wire, the border adds what every answer has.
    keep(service, assessed(Level.BROKEN_INTO))
    answer = client.get("/cases.csv")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment")


@pytest.fixture(scope="module")
def things_and_service(tmp_path_factory: pytest.TempPathFactory) -> tuple[Service, Things]:
    service = Service(settings(tmp_path_factory.mktemp("hostile"), accounts=True), clock=lambda: NOW)
    service.limiter.take = lambda *_: {}  # type: ignore[method-assign]  # not what is asked here
    for number, tenant in enumerate(("first", "second")):
        keep(service, assessed(Level.BROKEN_INTO, name=f"mail{number}.example.org"), tenant=tenant)
    return service, one_of_each(service)


UNASKED = [
    "tenant_id",
    "is_admin",
    "file_path",
    "id",
    "role_id",
    "user_id",
    "state",
    "who",
    "__class__",
    "server_id",
]
CHANGES = [each for each in TABLE if each.unsafe]


@pytest.mark.parametrize("route", CHANGES, ids=lambda route: route.name)
def test_h69_a_field_nobody_asked_for_is_refused_by_every_route_that_changes_something(
    things_and_service: tuple[Service, Things], route: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, things = things_and_service
    every = Viewer(name="all", user="usr_0123456789ab", local=True)
    monkeypatch.setattr(gate, "recognise", lambda *_: gate.Caller(viewer=every, by_key=True))
    reached = []
    seen = msgspec.structs.replace(route, view=lambda _, given: reached.append(given), then=None)
    known = {each.encode_name for each in msgspec.structs.fields(route.params)}
    for name in set(UNASKED) - known:
        asked = asking(route, things["first"])
        if route.takes_bytes:
            asked.query = [*asked.query, (name, "1")]
        else:
            asked.body = msgspec.json.encode(msgspec.json.decode(asked.body) | {name: 1})
        reply = gate.pass_through(service, seen, asked)
        assert (reply.status, reached) == (422, []), (route.name, name, reply.body)


def test_h69_what_the_address_says_cannot_be_said_again_in_the_body(
    things_and_service: tuple[Service, Things], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, things = things_and_service
    every = Viewer(name="all", local=True)
    monkeypatch.setattr(gate, "recognise", lambda *_: gate.Caller(viewer=every, by_key=True))
    for route in CHANGES:
        gaps = [name for name in route.params.__struct_fields__ if "{" + name + "}" in route.path]
        if route.takes_bytes or not gaps:
            continue
        asked = asking(route, things["first"])
        other = asking(route, things["second"])
        asked.body = msgspec.json.encode(msgspec.json.decode(asked.body) | {gaps[0]: other.gaps[gaps[0]]})
        assert gate.pass_through(service, route, asked).status in (404, 422), route.name


def _hunter(fleet: Fleet, *tenants: str) -> Viewer:
    return Viewer(
        name="h",
        user="usr_0123456789ab",
        grants=tuple(Grant("helper", fleet.tenant(each)) for each in tenants),
    )


def _ask(service: Service, viewer: Viewer, route: str, monkeypatch: pytest.MonkeyPatch, **gaps: str) -> Any:
    monkeypatch.setattr(gate, "recognise", lambda *_: gate.Caller(viewer=viewer, by_key=True))
    unsafe = ROUTES[route].unsafe
    asked = Received(
        method=ROUTES[route].method, path="/api/v1/x", gaps=gaps, query=[], headers={"content-type": "application/json"}, cookies={},
        address="", host="testserver", body=b"{}" if unsafe else b"",
    )  # fmt: skip
    reply = gate.pass_through(service, ROUTES[route], asked)
    return reply.status, msgspec.json.decode(reply.body)


def test_h70_a_saved_hunt_lends_nobody_the_rights_of_its_maker(
    things_and_service: tuple[Service, Things], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, _ = things_and_service
    monkeypatch.setattr("exsweep.web.hunting.begin", lambda *_: None)
    fleet = service.fleet()
    fleet.database.see(None)
    first, second = fleet.tenant("first"), fleet.tenant("second")
    question, scope = hunt.Question(query="x.aspx"), hunt.Scope()
    wide = hunt.save(fleet, "wide", question, scope, watch=False, now=NOW, may=frozenset({first, second}))
    narrow = hunt.save(fleet, "narrow", question, scope, watch=False, now=NOW, may=frozenset({first}))
    all_ = hunt.save(fleet, "all", question, scope, watch=False, now=NOW, may=None)
    few = _hunter(fleet, "first")
    listed = _ask(service, few, "hunt", monkeypatch)[1]["saved"]
    assert [each["hunt"] for each in listed] == [narrow], "others' wider hunts are not even listed"
    for name in (wide, all_):
        assert _ask(service, few, "hunt_again", monkeypatch, hunt=name)[0] == 404
        assert _ask(service, few, "hunt_forget", monkeypatch, hunt=name)[0] == 404
    # Who may see more, and runs the narrow one, looks no further than it was made for.
    both = _hunter(fleet, "first", "second")
    status, started = _ask(service, both, "hunt_again", monkeypatch, hunt=narrow)
    assert status == 200
    assert hunt.tenants_of(fleet, started["run"]) == (first,)
    # A run of somebody who may see more is not there for who may see less.
    _, run = _ask(service, both, "hunt_again", monkeypatch, hunt=wide)
    assert _ask(service, few, "hunt_run", monkeypatch, run=run["run"])[0] in (404, 422)
    assert _ask(service, few, "hunt_resume", monkeypatch, run=run["run"])[0] in (404, 422)
    # Rights are looked up when it runs: its maker, who lost one tenant, is somebody who may see less.
    assert _ask(service, few, "hunt_again", monkeypatch, hunt=wide)[0] == 404


@pytest.mark.parametrize("route", CHANGES, ids=lambda route: route.name)
def test_every_route_that_changes_something_wants_the_token_of_our_pages(
    things_and_service: tuple[Service, Things], route: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cookie alone changes nothing, nor does a page of somebody else who knows the token."""
    service, things = things_and_service
    every = Viewer(name="all", user="usr_0123456789ab", local=True)
    monkeypatch.setattr(gate, "recognise", lambda *_: gate.Caller(viewer=every, session="x", csrf="good"))
    reached = []
    seen = msgspec.structs.replace(route, view=lambda _, given: reached.append(given) or given, then=None)
    wrong: list[dict[str, str]] = [
        {},
        {"x-csrf-token": "bad"},
        {"x-csrf-token": "good", "origin": "https://evil.example"},
        {"x-csrf-token": "good", "origin": "null"},
        {"x-csrf-token": "good", "sec-fetch-site": "cross-site"},
        {"x-csrf-token": "good", "sec-fetch-site": "same-site"},
    ]
    for headers in wrong:
        asked = asking(route, things["first"])
        asked.headers = {**asked.headers, **headers}
        assert (gate.pass_through(service, seen, asked).status, reached) == (403, []), (route.name, headers)
    asked = asking(route, things["first"])
    asked.headers = {**asked.headers, "x-csrf-token": "good", "origin": "http://testserver"}
    gate.pass_through(service, seen, asked)
    assert reached or route.may == "system.accounts" or route.may not in access().local


def test_h68_evidence_whose_server_is_named_like_anothers_id_is_not_read_for_the_other(
    tmp_path: Path,
) -> None:
    service = Service(settings(tmp_path), clock=lambda: NOW)
    keep(service, assessed(Level.BROKEN_INTO, name="a.example.org"), tenant="first")
    fleet = service.fleet()
    fleet.database.see(None)
    ((server, first),) = fleet.database.run("SELECT public_id, tenant_id FROM server")
    case = jobs.Case(
        server="srv_000000000000", name=server
    )  # as the evidence of somebody else calls its server
    progress = msgspec.json.encode(jobs.Progress(cases=(case,))).decode()
    for tenant, expected in ((fleet.tenant("second"), 0), (first, 1)):
        number = fleet.database.number(
            "INSERT INTO sending (public_id, tenant_id, who, state, created) VALUES (?,?,'w','reading',1) RETURNING id",
            (f"snd_{tenant:012d}", tenant),
        )
        fleet.database.run(
            "INSERT INTO job (public_id, tenant_id, sending_id, kind, asked, who, state, created, progress) "
            "VALUES (?,?,?,'triage','{}','w','done',1,?)",
            (f"job_{tenant:012d}", tenant, number, progress),
        )
        assert len(raw._sendings(fleet, server)) == expected
