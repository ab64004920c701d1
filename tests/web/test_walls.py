"""Behind the wall of PostgreSQL every page says what it says on SQLite: the wall takes away nothing that one may see."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from exsweep.fleet import clusters
from exsweep.fleet.store import Fleet
from exsweep.model import Level, Stage
from exsweep.web import gate, replies
from exsweep.web.application import application
from exsweep.web.routes import PUBLIC, ROUTES, Route
from exsweep.web.service import Service
from exsweep.web.viewer import Grant, Viewer
from exsweep.web.worker import Worker
from tests.fleet.build import NOW, assessed, finding, page
from tests.fleet.conftest import postgres  # noqa: F401 - a fixture
from tests.fleet.walled import set_up
from tests.web.conftest import keep, send, settings
from tests.web.test_jobs import LINE, LOG
from tests.web.test_matrix import ROLES, TABLE, TENANTS, Things, asking, one_of_each, viewer

READ = [each for each in TABLE if each.method == "GET" and each.api and each.may != PUBLIC]


@pytest.fixture(scope="module")
def walled(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Things]]:  # noqa: F811
    owner, pages = set_up(postgres)
    yield from _service(tmp_path_factory.mktemp("walled"), pages, owner)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Things]]:
    folder = tmp_path_factory.mktemp("plain")
    yield from _service(folder, str(folder / "fleet.db"), str(folder / "fleet.db"))


def _service(folder: Path, store: str, owner: str) -> Iterator[tuple[Service, Things]]:
    made = Service(settings(folder, store=store, accounts=True), clock=lambda: NOW)
    made.limiter.take = lambda *_: {}  # type: ignore[method-assign]  # not what is asked here
    shell = finding("WS-1", Stage.WEBSHELL_USE, url_path="/aspnet_client/x.aspx", source_ip="203.0.113.9")
    for tenant in TENANTS:
        for number in range(6):  # enough of each that their counts may be told to others
            one = assessed(
                Level.IN_USE, shell, name=f"{tenant}{number}.example.org", pages=[page("/aspnet_client/x.aspx")],
                shells=["/aspnet_client/x.aspx"],
            )  # fmt: skip
            keep(made, one, tenant=tenant)
    things = one_of_each(made)
    with Fleet.open(owner, who="owner") as fleet:
        clusters.compute(fleet, NOW)
    yield made, things
    made.close()


@pytest.mark.parametrize("role", ROLES)
def test_h68_every_page_says_the_same_before_and_behind_the_wall(
    walled: tuple[Service, Things], plain: tuple[Service, Things], role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    different, answered = [], 0
    for route in READ:
        for tenant in TENANTS:
            said = [_said(*each, route, tenant, role, monkeypatch) for each in (plain, walled)]
            answered += said[0][0] == 200
            if said[0] != said[1]:
                different.append((route.name, tenant, *said))
    assert not different
    assert answered or role in ("nobody", "scanner")


def _said(
    service: Service, things: Things, route: Route, tenant: str, role: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[int, str]:
    who = viewer(service.fleet(), role)
    monkeypatch.setattr(gate, "recognise", lambda *_: gate.Caller(viewer=who, by_key=True))
    reply = gate.pass_through(service, route, asking(route, things[tenant]))
    body = reply.body if isinstance(reply.body, bytes) else replies.response(reply).body
    # Ids are random or count on, and disks fill.
    text = re.sub(r"(snd|upl|job|srv)_[0-9a-f]{12}", r"\1", body.decode())
    return reply.status, re.sub(r'"(disk_free|disk_total|hash|previous)":("[^"]*"|\d+)', "", text)


def test_h68_a_group_over_two_tenants_shows_its_size_and_only_ones_own_servers(
    walled: tuple[Service, Things], plain: tuple[Service, Things], monkeypatch: pytest.MonkeyPatch
) -> None:
    for service, _ in (plain, walled):
        assert service.fleet().database.walled is (service is walled[0])
        who = viewer(service.fleet(), "helper")
        monkeypatch.setattr(gate, "recognise", lambda *_, who=who: gate.Caller(viewer=who, by_key=True))
        name = _json(service, "clusters", {})["clusters"][0]["cluster"]
        found = _json(service, "cluster", {"cluster": name})
        assert (found["cluster"]["servers"], found["members"]["total"], found["others"]) == (12, 6, 6)
        assert sum(each["servers"] for each in found["growth"]) == 6
        pair = {"cluster": name, "one": "first0.example.org", "other": "first1.example.org"}
        shared = _json(service, "cluster", pair)["shared"]
        assert {each["elsewhere"] for each in shared} == {10}, "five and more are told"
        assert (
            gate.pass_through(
                service, ROUTES["cluster"], _ask("cluster", pair | {"other": "second0.example.org"})
            ).status
            == 422
        )


def _ask(route: str, given: dict[str, str]) -> gate.Received:
    gaps = {name: value for name, value in given.items() if "{" + name + "}" in ROUTES[route].path}
    return gate.Received(
        method="GET", path="/api/v1" + ROUTES[route].path, gaps=gaps, query=[each for each in given.items() if each[0] not in gaps],
        headers={}, cookies={}, address="203.0.113.7", host="testserver",
    )  # fmt: skip


def _json(service: Service, route: str, given: dict[str, str]) -> Any:
    reply = gate.pass_through(service, ROUTES[route], _ask(route, given))
    assert reply.status == 200, reply.body
    return msgspec.json.decode(reply.body)


def test_evidence_is_sent_read_and_shown_behind_the_wall_to_its_own_people_only(
    postgres: str,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From the first byte to the page, all of it by the user of the pages, who owns no table."""
    _, pages = set_up(postgres)
    service = Service(settings(tmp_path, store=pages, accounts=True), clock=lambda: NOW)
    fleet = service.fleet()
    mine, other = (Grant("owner", fleet.tenant(each)) for each in TENANTS)
    seen = {each: Viewer(name="x", user="usr_0123456789ab", grants=(each,)) for each in (mine, other)}
    with TestClient(application(service), raise_server_exceptions=False) as client:
        monkeypatch.setattr(gate, "recognise", lambda *_: gate.Caller(viewer=seen[mine], by_key=True))
        sending = send(
            client,
            {"u_ex210303.log": LOG + "".join(LINE.format(m, 7) for m in range(60)).encode()},
            name="MAIL01",
        )
        job = client.post(f"/api/v1/sendings/{sending}/read", json={}).json()["job"]
        Worker(pages, service.settings.folder).run(once=True)
        done = client.get(f"/api/v1/jobs/{job}").json()
        assert done["state"] == "done", done
        assert client.get(f"/api/v1/cases/{done['server']}").status_code == 200
        assert "MAIL01" in client.get("/api/v1/cases").text
        monkeypatch.setattr(gate, "recognise", lambda *_: gate.Caller(viewer=seen[other], by_key=True))
        for path in (f"cases/{done['server']}", f"jobs/{job}", f"sendings/{sending}"):
            assert client.get(f"/api/v1/{path}").status_code == 404
        assert "MAIL01" not in client.get("/api/v1/cases").text + client.get("/api/v1/jobs").text
