"""Every route x role x tenant, from the table of routes and the table of rights: nobody reaches a view that is not his (H68)."""

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.routing import Route as AsgiRoute
from starlette.testclient import TestClient

from exsweep.fleet.store import Fleet
from exsweep.knowledge.access import Reach, access
from exsweep.model import Level
from exsweep.web import evidence, gate, jobs, joining
from exsweep.web.application import application
from exsweep.web.gate import Received
from exsweep.web.ids import fields_with_ids
from exsweep.web.routes import PUBLIC, ROUTES, SIGNED_IN, Route, routes
from exsweep.web.service import Service
from exsweep.web.viewer import NOBODY, Grant, Viewer
from tests.fleet.build import NOW, assessed
from tests.web.conftest import keep, settings

TENANTS = ("first", "second")
TABLE = list(routes())
Things = dict[str, dict[str, str]]


class Reached(msgspec.Struct, frozen=True):
    reached: bool = True


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    made = Service(settings(tmp_path_factory.mktemp("matrix"), accounts=True), clock=lambda: NOW)
    yield made
    made.close()


@pytest.fixture(scope="module")
def things(service: Service) -> Things:
    """One of each kind of thing for each tenant."""
    for number, tenant in enumerate(TENANTS):
        keep(service, assessed(Level.BROKEN_INTO, name=f"mail{number}.example.org"), tenant=tenant)
    return one_of_each(service)


def one_of_each(service: Service) -> Things:
    """Ids of things of each tenant that has a server."""
    found: Things = {}
    for tenant in TENANTS:
        with Fleet.open(service.settings.store, who="tester") as fleet:
            whose = fleet.tenant(tenant)
            sending = evidence.create(fleet, tenant=whose, who="tester", now=NOW)
            upload = evidence.add_file(
                fleet, service.settings.folder, sending, "a", 1, quota=1 << 40, now=NOW
            )
            row = fleet.database.one("SELECT public_id FROM server WHERE tenant_id = ? ORDER BY id", (whose,))
            found[tenant] = {
                "srv": str(row[0] if row else ""),
                "snd": sending,
                "upl": upload.upload,
                "job": jobs.create(fleet, kind="triage", tenant=whose, who="tester", now=NOW),
                "usr": "usr_000000000000",
                "key": "key_000000000000",
                "pky": "pky_000000000000",
            }
    return found


def viewer(fleet: Fleet, role: str) -> Viewer:
    """Somebody with one role: for the first tenant, where the role is for tenants."""
    if role == "nobody":
        return NOBODY
    own = access().roles[role].reach is Reach.OWN
    return Viewer(
        name=role, user="usr_0123456789ab", grants=(Grant(role, fleet.tenant("first") if own else None),)
    )


def value_for(of: Any) -> Any:
    """Something that fits a type."""
    if isinstance(of, type) and issubclass(of, Enum):
        return next(iter(of)).value
    for candidate in (
        True,
        1,
        "own",
        "0" * 64,
        "A" * 32,
        "json",
        "phone",
        "2021-03-01",
        "T1",
        "srv",
        "raw_000000000000",
        [],
        {},
    ):
        try:
            msgspec.convert(candidate, of, strict=False)
        except msgspec.ValidationError:
            continue
        return candidate
    raise AssertionError(f"nothing fits {of}")


def asking(route: Route, things: dict[str, str]) -> Received:
    """A request that fits the route, about these things."""
    kinds = {**fields_with_ids(route.params), **_other_ids(route)}
    values = {
        field.encode_name: things[kinds[field.name]] if field.name in kinds else value_for(field.type)
        for field in msgspec.structs.fields(route.params)
        if field.required or field.name in kinds
    }
    gaps = {name: str(value) for name, value in values.items() if "{" + name + "}" in route.path}
    rest = {name: value for name, value in values.items() if name not in gaps}
    in_body = route.unsafe and not route.takes_bytes
    return Received(
        method=route.method,
        path="/api/v1" + route.path,
        gaps=gaps,
        query=[] if in_body else [(name, str(value)) for name, value in rest.items()],
        headers={"content-type": "application/json" if in_body else "application/octet-stream"},
        cookies={},
        address="203.0.113.7",
        host="testserver",
        body=msgspec.json.encode(rest) if in_body else b"x",
    )


def _other_ids(route: Route) -> dict[str, str]:
    """Ids that belong to no tenant (accounts, keys), by the name of their gap."""
    kinds = {"user": "usr", "key": "key", "passkey": "pky"}
    return {name: kind for name, kind in kinds.items() if "{" + name + "}" in route.path}


ROLES = ("nobody", *access().roles)


@pytest.mark.parametrize("role", ROLES)
def test_h68_only_the_right_role_for_the_right_tenant_reaches_a_view(
    service: Service, things: Things, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.limiter.take = lambda *_: {}  # type: ignore[method-assign]  # not what is asked here
    who = viewer(service.fleet(), role)
    monkeypatch.setattr(gate, "recognise", lambda *_: gate.Caller(viewer=who, by_key=True))
    wrong = []
    for route in TABLE:
        seen = msgspec.structs.replace(route, view=lambda _, __: Reached(), then=None)
        for tenant in TENANTS:
            reply = gate.pass_through(service, seen, asking(route, things[tenant]))
            expected = expectation(route, role, tenant)
            if reply.status not in expected:
                wrong.append((route.name, tenant, reply.status, expected, reply.body))
    assert not wrong


def expectation(route: Route, role: str, tenant: str) -> tuple[int, ...]:
    """Statuses that are right, from the two tables and nothing else."""
    if route.may == PUBLIC:
        return (200,)
    if role == "nobody":
        return (401,)
    if route.may == SIGNED_IN:
        return (200,)
    rights = access().roles[role]
    foreign = (
        rights.reach is not Reach.ALL
        and bool(route.ids)
        and (rights.reach is Reach.NONE or tenant == "second")
    )
    if foreign:
        return (404,)
    if route.may not in rights.may:
        return (403, 404) if route.ids else (403,)
    return (200,)


def test_the_matrix_is_over_all_routes_and_knows_every_gap() -> None:
    assert len(TABLE) == len(ROUTES) > 40
    for route in TABLE:
        gaps = {part[1:-1] for part in route.path.split("/") if part.startswith("{")}
        for gap in gaps & {"server", "sending", "upload", "job"}:
            assert gap in route.ids, f"{route.name}: {gap} is not looked up by the central check"
        fields = {field.encode_name for field in msgspec.structs.fields(route.params)}
        assert gaps <= fields, f"{route.name}: a gap of the path is no parameter"
        assert route.method == "GET" or route.may != PUBLIC or not route.api, f"{route.name}: open to change"


def test_h68_an_id_of_another_kind_or_shape_is_no_id(service: Service, things: Things) -> None:
    for wrong in (
        "../clients/server",
        things["first"]["job"],
        "srv_ABCDEF012345",
        "srv_0123456789ab/..",
        "1 OR 1=1",
    ):
        given = asking(ROUTES["case_report"], {"srv": wrong})
        assert gate.pass_through(service, ROUTES["case_report"], given).status in (401, 404)


def test_rights_on_the_page_are_those_of_the_table(tmp_path: Path) -> None:
    table = access()
    for name, role in table.roles.items():
        assert role.may <= set(table.actions), name
    assert table.local <= set(table.actions)
    assert {"case.evidence", "case.secrets"}.isdisjoint(table.roles["coordinator"].may)
    assert all(
        not action.startswith("case.") for action in table.roles["operator"].may | table.roles["auditor"].may
    )
    assert joining.JOIN_S <= 7 * 86_400


def test_h68_no_address_is_answered_but_those_of_the_table_and_three_that_are_named_here(
    service: Service,
) -> None:
    """A handler that somebody adds beside the table would pass by the gate."""
    made = {
        (each.path, tuple(sorted(each.methods or ()))) if isinstance(each, AsgiRoute) else (each.path, ())  # type: ignore[attr-defined]
        for each in application(service).routes
    }
    expected: dict[str, set[str]] = {}
    for route in TABLE:
        places = ([route.path] if route.html else []) + (
            ["/api/v1" + route.path.rstrip("/")] if route.api else []
        )
        for place in places:
            expected.setdefault(place, set()).update(
                {route.method, "HEAD"} if route.method == "GET" else {route.method}
            )
    known = {(path, tuple(sorted(methods))) for path, methods in expected.items()}
    assert made - known == {("/send", ("POST",)), ("/look", ()), ("/static", ())}
    assert known <= made


@pytest.mark.parametrize("role", ROLES)
def test_h68_the_form_with_files_is_held_to_the_same_check(
    service: Service, things: Things, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = viewer(service.fleet(), role)
    for tenant in TENANTS:
        monkeypatch.setattr(gate, "recognise", lambda *_: gate.Caller(viewer=who, by_key=True))
        before = service.fleet().database.number("SELECT COUNT(*) FROM sending")
        client = TestClient(application(service), raise_server_exceptions=False)
        fields = {"csrf": "x", "server": things[tenant]["srv"]}
        answer = client.post("/send", data=fields, files={"files": ("a", b"x")}, follow_redirects=False)
        expected = expectation(ROUTES["sending_new"], role, tenant)
        assert answer.status_code in ((303,) if expected == (200,) else (*expected, 403)), (
            role,
            tenant,
            answer.text,
        )
        taken = service.fleet().database.number("SELECT COUNT(*) FROM sending") - before
        assert taken == (answer.status_code == 303)
