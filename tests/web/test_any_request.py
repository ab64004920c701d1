"""Whatever is sent, the answer is never an error of ours: requests made from the OpenAPI document, fitting and not, and from the
table of routes. The long runs ask more of the same."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

schemathesis = pytest.importorskip("schemathesis")

from exsweep.fleet import clusters
from exsweep.fleet.store import Fleet
from exsweep.knowledge.access import Reach, access
from exsweep.model import Level, Stage
from exsweep.web import gate, openapi
from exsweep.web.application import application
from exsweep.web.gate import Received
from exsweep.web.replies import response
from exsweep.web.routes import Route
from exsweep.web.service import Service
from exsweep.web.viewer import Grant, Viewer
from tests.fleet.build import NOW, assessed, finding, page
from tests.web.conftest import keep
from tests.web.conftest import settings as service_settings
from tests.web.test_accounts import joined
from tests.web.test_matrix import TABLE, TENANTS, Things, one_of_each

SCHEMA = schemathesis.openapi.from_dict(openapi.document(TABLE))
OPERATIONS = {each.label: each for each in (result.ok() for result in SCHEMA.get_all_operations())}
MODES = {
    mode.value: mode for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
}
QUICK = settings(
    max_examples=4, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)  # fmt: skip
LONG = settings(QUICK, max_examples=60, derandomize=False)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Things]]:
    """A service with one of each thing, and somebody who may do everything."""
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("any")
    service = Service(service_settings(folder, accounts=True, origin="https://testserver"), clock=lambda: NOW)
    service.limiter.take = lambda *_: {}  # type: ignore[method-assign]  # not what is asked here
    shell = finding("WS-1", Stage.WEBSHELL_USE, url_path="/aspnet_client/x.aspx", source_ip="203.0.113.9")
    for tenant in TENANTS:
        for number in range(2):
            one = assessed(
                Level.IN_USE, shell, name=f"{tenant}{number}.example.org", pages=[page("/aspnet_client/x.aspx")],
                shells=["/aspnet_client/x.aspx"],
            )  # fmt: skip
            keep(service, one, tenant=tenant)
    things = one_of_each(service)
    joined(service, "All", ("operator", None))
    with Fleet.open(service.settings.store, who="tester") as fleet:
        clusters.compute(fleet, NOW)
        user = str(fleet.database.run("SELECT public_id FROM account")[0][0])
        first = fleet.tenant(TENANTS[0])
        things["first"]["cluster"] = str(fleet.database.run("SELECT public_id FROM cluster")[0][0])
        things["first"]["finding"] = str(fleet.database.run("SELECT finding FROM finding")[0][0])
    grants = tuple(
        Grant(name, first if role.reach is Reach.OWN else None) for name, role in access().roles.items()
    )
    everyone = Viewer(name="All", user=user, grants=grants)
    patch.setattr(gate, "recognise", lambda *_: gate.Caller(viewer=everyone, session="x", by_key=True))
    yield service, things
    service.close()
    patch.undo()


@pytest.fixture(scope="module")
def client(served: tuple[Service, Things]) -> Iterator[TestClient]:
    with TestClient(application(served[0]), raise_server_exceptions=False) as made:
        yield made


def real(things: Things, name: str, otherwise: Any) -> Any:
    """The id of something that is there, for a parameter of that name."""
    kinds = {
        "server": "srv",
        "sending": "snd",
        "upload": "upl",
        "job": "job",
        "cluster": "cluster",
        "finding": "finding",
    }
    return things["first"].get(kinds.get(name, ""), otherwise)


def call(client: TestClient, things: Things, case: Any) -> None:
    """Send a request as it was made, and once more about things that are there."""
    if (case.method, case.path) == ("GET", "/api/v1/health"):
        return  # it walks the disk
    for known in (False, True):
        if known:
            case.path_parameters = {
                name: real(things, name, value) for name, value in (case.path_parameters or {}).items()
            }
            if isinstance(case.body, dict):
                case.body = {name: real(things, name, value) for name, value in case.body.items()}
        made = case.as_transport_kwargs(base_url="http://testserver")
        given_ = {
            name: value
            for name, value in made.items()
            if name in ("method", "url", "params", "json", "data", "headers")
        }
        given_["headers"] = {
            name: str(value) for name, value in (made.get("headers") or {}).items() if _sendable(str(value))
        }
        if isinstance(given_.get("data"), (bytes, str)):
            given_["content"] = given_.pop("data")
        answer = client.request(**given_)
        assert answer.status_code < 500, (given_, answer.status_code, answer.text[:500])
        assert "Traceback" not in answer.text


def _sendable(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _asked(label: str, mode: str, how: settings, client: TestClient, things: Things) -> None:
    operation = OPERATIONS[label]
    if mode == "negative" and not (operation.body or any(True for _ in operation.iter_parameters())):
        pytest.skip("takes nothing: nothing can be wrong")

    @how
    @given(case=operation.as_strategy(generation_mode=MODES[mode]))
    def ask(case: Any) -> None:
        call(client, things, case)

    ask()


@pytest.mark.parametrize("mode", sorted(MODES))
@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_no_call_of_the_api_is_an_error_of_ours(
    client: TestClient, served: tuple[Service, Things], label: str, mode: str
) -> None:
    _asked(label, mode, QUICK, client, served[1])


@pytest.mark.long
@pytest.mark.parametrize("mode", sorted(MODES))
@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_no_call_of_many_is_an_error_of_ours(
    client: TestClient, served: tuple[Service, Things], label: str, mode: str
) -> None:
    _asked(label, mode, LONG, client, served[1])


# --- pages: from the table of routes, past the network ---------------------------------------------------------------

ODD = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["", "0", "-1", "9" * 30, "true", "null", "\x00", "\r\nX: y", "../..", "%00", "'", '"><script>x', "\U0001f600", "0001-01-01", "0001-01-01T00:00:00Z", "-9223372036854775809", "1e999", "2021-13-45", "9999-12-31"]),
    st.integers(-(1 << 70), 1 << 70).map(str),
)  # fmt: skip
JSON = st.recursive(st.none() | st.booleans() | st.integers(-(1 << 70), 1 << 70) | st.floats() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=6)  # fmt: skip


@st.composite
def received(draw: st.DrawFn, route: Route, things: Things) -> Received:
    """A request to a route: for each field something that fits, something odd, or nothing."""
    gaps, rest, document = {}, [], {}
    for field in msgspec.structs.fields(route.params):
        name = field.encode_name
        value = real(things, name, None) if draw(st.booleans()) else None
        value = draw(ODD) if value is None else value
        if "{" + name + "}" in route.path:
            gaps[name] = value
        elif field.required or draw(st.booleans()):
            rest.append((name, value))
            document[name] = draw(JSON) if draw(st.booleans()) else value
    if draw(st.integers(0, 9)) == 0:
        rest.append((draw(ODD), draw(ODD)))
    as_json = route.unsafe and draw(st.booleans())
    kind = "application/json" if as_json else "application/x-www-form-urlencoded"
    body = b"x"
    if route.unsafe and not route.takes_bytes:
        body = _json(document) if as_json else _form(rest)
    wants = draw(st.sampled_from(["text/html", "application/json", "*/*", ""]))
    fragment = {"hx-request": "true"} if draw(st.booleans()) else {}
    return Received(
        method=route.method, path=("/api/v1" if wants.startswith("application") else "") + route.path, gaps=gaps,
        query=[] if route.unsafe and not route.takes_bytes else rest, headers={"content-type": kind, "accept": wants, **fragment},
        cookies={}, address="203.0.113.7", host="testserver", body=body,
    )  # fmt: skip


def _json(document: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(document)
    except (msgspec.MsgspecError, UnicodeEncodeError, OverflowError):
        return b'{"a": '


def _form(fields: list[tuple[str, str]]) -> bytes:
    from urllib.parse import urlencode

    return urlencode(fields, errors="surrogatepass").encode()


def _page(route: Route, how: settings, served: tuple[Service, Things]) -> None:
    service, things = served

    @how
    @given(data=st.data())
    def ask(data: st.DataObject) -> None:
        request = data.draw(received(route, things))
        reply = gate.pass_through(service, route, request)
        assert reply.status < 500, (request, reply.body)
        response(reply)

    ask()


PAGES = [each for each in TABLE if each.name not in ("health", "collector")]


@pytest.mark.parametrize("route", PAGES, ids=lambda route: route.name)
def test_no_request_to_a_page_is_an_error_of_ours(served: tuple[Service, Things], route: Route) -> None:
    _page(route, settings(QUICK, max_examples=8), served)


@pytest.mark.long
@pytest.mark.parametrize("route", PAGES, ids=lambda route: route.name)
def test_no_request_of_many_to_a_page_is_an_error_of_ours(
    served: tuple[Service, Things], route: Route
) -> None:
    _page(route, LONG, served)


def test_all_operations_are_asked(tmp_path: Path) -> None:
    assert len(OPERATIONS) == sum(each.api for each in TABLE) > 40
