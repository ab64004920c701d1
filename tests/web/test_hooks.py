"""Notices to other programs: off unless asked for, signed, to the named address only, and without a word of the evidence."""

import base64
import contextlib
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from exsweep.errors import UsageError
from exsweep.fleet import audit, hunt, intake, people
from exsweep.fleet.clock import DAY
from exsweep.fleet.store import Fleet
from exsweep.model import Level, Stage
from exsweep.web import hooks, jobs, outside
from exsweep.web.hooks import Hook, Sender
from exsweep.web.oidc_settings import provider
from exsweep.web.outside import Door, Refused
from tests.fleet.build import NOW, assessed, at, finding, page
from tests.web.test_accounts import Clock

KEY = b"k" * 32
ORIGIN = "https://exsweep.example.org"
MARK = "EXSWEEP-EVIDENCE-MARK"


class Receiver:
    """Takes calls, and answers as a test says."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.headers: dict[str, str] = {}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(made.status)
            for name, value in made.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Receiver(server.server_address[1])
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with Fleet.open(tmp_path / "fleet.db", who="tester") as made:
        yield made


def sender(fleet: Fleet, *receivers: Hook, clock: Clock | None = None) -> Sender:
    made = Sender("not used", receivers, ORIGIN, clock=clock or Clock())
    made.once(fleet)  # the first round only remembers where it begins
    return made


def hook(receiver: Receiver, **named: Any) -> Hook:
    usual = {
        "url": receiver.url,
        "secret_file": Path("x"),
        "key": KEY,
        "private": True,
        "all_tenants": "tenants" not in named,
    }
    return Hook(**(usual | named))


def keep(fleet: Fleet, level: Level, tenant: str = "school", name: str = MARK, manifest: str = "") -> None:
    seen = finding("WS-1", Stage.WEBSHELL_USE, url_path=f"/{MARK}.aspx", source_ip="203.0.113.9")
    pages = [page(f"/{MARK}.aspx")]
    one = assessed(level, seen, name=f"{name}.example.org", organisation=MARK, pages=pages, manifest=manifest)
    intake.add(fleet, [("here", one)], now=NOW, tenant=tenant)


def bodies(receiver: Receiver) -> list[Any]:
    return [json.loads(body) for _, body in receiver.calls]


def test_a_new_case_is_told_with_ids_and_levels_and_nothing_of_the_evidence(
    fleet: Fleet, receiver: Receiver
) -> None:
    keep(fleet, Level.ATTACKED, name="before")
    told = sender(fleet, hook(receiver))
    keep(fleet, Level.BROKEN_INTO)
    assert told.once(fleet) == 1
    ((headers, body),) = receiver.calls
    (server,) = fleet.database.run(
        "SELECT public_id FROM server WHERE organisation = ? ORDER BY id DESC LIMIT 1", (MARK,)
    )
    assert json.loads(body) == {
        "type": "case.new",
        "timestamp": "2021-03-11T22:00:00+00:00",
        "data": {
            "server": server[0],
            "tenant": "school",
            "level": "broken_into",
            "before": None,
            "from_outside": False,
            "address": f"{ORIGIN}/cases/{server[0]}",
        },
    }
    assert MARK not in body.decode() and "203.0.113.9" not in body.decode()
    name, at = headers["webhook-id"], headers["webhook-timestamp"]
    mark = hmac.new(KEY, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(mark).decode()}"
    assert told.once(fleet) == 0 and len(receiver.calls) == 1, "once"
    entry = audit.entries(fleet.database, 1)[0]
    assert (entry.what, entry.object) == ("notice sent", server[0]) and receiver.url in entry.detail


def test_worse_and_better_are_told_and_the_same_is_not(fleet: Fleet, receiver: Receiver) -> None:
    told = sender(fleet, hook(receiver))
    for number, level in enumerate((Level.ATTACKED, Level.ATTACKED, Level.IN_USE, Level.BROKEN_INTO)):
        keep(fleet, level, manifest=f"{number}" * 64)
    told.once(fleet)
    assert [(each["type"], each["data"]["before"]) for each in bodies(receiver)] == [
        ("case.new", None),
        ("case.worse", "attacked"),
        ("case.better", "in_use"),
    ]


def test_h68_a_receiver_is_told_of_its_tenants_only(fleet: Fleet, receiver: Receiver) -> None:
    told = sender(fleet, hook(receiver, tenants=("school", "nobody")))
    keep(fleet, Level.BROKEN_INTO, "clinic", "b")
    keep(fleet, Level.BROKEN_INTO, "school", "a")
    assert told.once(fleet) == 1
    assert [each["data"]["tenant"] for each in bodies(receiver)] == ["school"]


def test_only_the_wanted_kinds_are_told(fleet: Fleet, receiver: Receiver) -> None:
    told = sender(fleet, hook(receiver, events=("case.worse",)))
    keep(fleet, Level.BROKEN_INTO)
    assert told.once(fleet) == 0 and receiver.calls == []


def ended(fleet: Fleet, state: str, clock: Clock, tenant: str = "school") -> str:
    """A job that has just ended so."""
    public = jobs.create(fleet, kind="triage", tenant=fleet.tenant(tenant), who="tester", now=clock.now)
    fleet.database.run(
        "UPDATE job SET state = ?, ended = ? WHERE public_id = ?", (state, int(clock.now), public)
    )
    return public


def test_the_end_of_a_job_is_told_once_and_what_ended_before_is_not(fleet: Fleet, receiver: Receiver) -> None:
    clock = Clock()
    ended(fleet, "done", clock)
    clock.now += 60
    told = sender(fleet, hook(receiver), clock=clock)
    clock.now += 60
    good, bad = ended(fleet, "done", clock), ended(fleet, "quarantined", clock)
    ended(fleet, "stopped", clock)
    assert (told.once(fleet), told.once(fleet)) == (2, 0)
    assert [(each["type"], each["data"]["job"], each["data"]["state"]) for each in bodies(receiver)] == [
        ("job.done", good, "done"),
        ("job.failed", bad, "quarantined"),
    ]
    assert bodies(receiver)[0]["data"]["address"] == f"{ORIGIN}/jobs/{good}"


def hit(fleet: Fleet, clock: Clock, tenant: str, may: frozenset[int] | None, *, fresh: bool = True) -> str:
    """A watching hunt that was hit on the last server of a tenant."""
    run = fleet.database.run
    name = hunt.save(
        fleet, MARK, hunt.Question(query=MARK), hunt.Scope(), watch=True, now=int(clock.now), may=may
    )
    started = hunt.again(fleet, name, now=int(clock.now))
    run("UPDATE hunt_run SET state = 'done', ended = ? WHERE public_id = ?", (int(clock.now), started))
    run(
        "INSERT INTO hunt_hit (run_id, server_id, rule, title, events, kinds, samples, fresh) "
        "SELECT r.id, s.id, 'r', ?, 1, '', '[]', ? FROM hunt_run r, server s JOIN tenant t ON t.id = s.tenant_id "
        "WHERE r.public_id = ? AND t.name = ?",
        (MARK, int(fresh), started, tenant),
    )
    return started


def test_new_hits_of_a_hunt_that_watches_are_told_by_number_and_old_ones_are_not(
    fleet: Fleet, receiver: Receiver
) -> None:
    clock = Clock()
    keep(fleet, Level.BROKEN_INTO)
    told = sender(fleet, hook(receiver), clock=clock)
    new = hit(fleet, clock, "school", None)
    hit(fleet, clock, "school", None, fresh=False)
    assert (told.once(fleet), told.once(fleet)) == (1, 0)
    ((_, body),) = receiver.calls
    assert MARK not in body.decode()
    data = json.loads(body)["data"]
    assert (data["run"], data["servers"], data["address"]) == (new, 1, f"{ORIGIN}/hunt/{new}")


def test_h68_a_hunt_that_looks_at_others_too_is_no_news_for_one_tenant(
    fleet: Fleet, receiver: Receiver
) -> None:
    clock = Clock()
    keep(fleet, Level.BROKEN_INTO, "school")
    keep(fleet, Level.BROKEN_INTO, "clinic", "b")
    told = sender(fleet, hook(receiver, tenants=("school",)), clock=clock)
    hit(fleet, clock, "school", None)
    hit(fleet, clock, "clinic", frozenset({fleet.tenant("clinic")}))
    ended(fleet, "done", clock, "clinic")
    assert told.once(fleet) == 0 and receiver.calls == []
    own = hit(fleet, clock, "school", frozenset({fleet.tenant("school")}))
    told.once(fleet)
    assert [each["data"]["run"] for each in bodies(receiver)] == [own]


def test_a_due_recheck_and_what_came_back_are_told(fleet: Fleet, receiver: Receiver) -> None:
    clock = Clock()
    clock.now = NOW
    keep(fleet, Level.BROKEN_INTO, manifest="1" * 64)
    people.cleaned(fleet, 1, at=int(at("03-10 00:00").timestamp()), now=NOW)
    told = sender(fleet, hook(receiver), clock=clock)
    clock.now = NOW + 8 * DAY
    assert told.once(fleet) == 1
    seen = finding("WS-1", Stage.WEBSHELL_USE, "03-16 04:00", url_path=f"/{MARK}.aspx")
    later = assessed(
        Level.IN_USE, seen, name=f"{MARK}.example.org", pages=[page(f"/{MARK}.aspx")], manifest="2" * 64,
        end=at("03-18 12:00"),
    )  # fmt: skip
    intake.add(fleet, [("here", later)], now=int(clock.now), tenant="school")
    told.once(fleet)
    told.once(fleet)
    assert [each["type"] for each in bodies(receiver)] == ["recheck.due", "case.worse", "recheck.came_back"]
    due, _, back = (each["data"] for each in bodies(receiver))
    assert (due["week"], back["things"]) == (1, 2) and due["server"] == back["server"]
    assert MARK not in str(receiver.calls)


def test_what_was_not_taken_is_told_again_later_under_the_same_id_and_in_order(
    fleet: Fleet, receiver: Receiver
) -> None:
    clock = Clock()
    told = sender(fleet, hook(receiver), clock=clock)
    keep(fleet, Level.BROKEN_INTO, name="a")
    keep(fleet, Level.BROKEN_INTO, name="b")
    receiver.status = 500
    assert told.once(fleet) == 0
    assert told.once(fleet) == 0 and len(receiver.calls) == 1, "not at every round"
    clock.now += 10
    told.once(fleet)
    receiver.status = 200
    clock.now += 10
    assert told.once(fleet) == 0, "waits longer each time"
    clock.now += 10
    assert told.once(fleet) == 2
    names = [headers["webhook-id"] for headers, _ in receiver.calls]
    assert names[0] == names[1] == names[2] != names[3]


def test_a_new_start_goes_on_where_the_last_one_was(fleet: Fleet, receiver: Receiver) -> None:
    sender(fleet, hook(receiver))
    keep(fleet, Level.BROKEN_INTO)
    again = Sender("not used", (hook(receiver),), ORIGIN, clock=Clock())
    assert (again.once(fleet), again.once(fleet)) == (1, 0)


def test_after_three_days_a_notice_is_given_up_and_the_log_says_so(fleet: Fleet, receiver: Receiver) -> None:
    clock = Clock()
    told = sender(fleet, hook(receiver), clock=clock)
    keep(fleet, Level.BROKEN_INTO)
    receiver.status = 404
    clock.now += hooks.GIVEN_UP_S
    assert told.once(fleet) == 0
    assert audit.entries(fleet.database, 1)[0].what == "notice given up"
    receiver.status = 200
    assert told.once(fleet) == 0 and len(receiver.calls) == 1


def test_one_receiver_that_is_away_does_not_keep_the_others_waiting(fleet: Fleet, receiver: Receiver) -> None:
    told = sender(fleet, hook(receiver, url="http://127.0.0.1:1/gone"), hook(receiver))
    keep(fleet, Level.BROKEN_INTO)
    assert told.once(fleet) == 1


def test_h73_no_redirect_is_followed(fleet: Fleet, receiver: Receiver) -> None:
    told = sender(fleet, hook(receiver))
    keep(fleet, Level.BROKEN_INTO)
    receiver.status, receiver.headers = 307, {"Location": receiver.url + "/elsewhere"}
    assert told.once(fleet) == 0
    assert len(receiver.calls) == 1


def test_h73_an_address_inside_the_network_is_not_called_unless_the_operator_says_so(
    fleet: Fleet, receiver: Receiver
) -> None:
    told = sender(fleet, hook(receiver, private=False))
    keep(fleet, Level.BROKEN_INTO)
    assert told.once(fleet) == 0 and receiver.calls == []


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "https://evil.example/",
        "https://hooks.example.org@evil.example/",
        "https://hooks.example.org:8443/",
        "https://hooks.example.org.evil.example/",
        "https://hooks.example.org\\@evil.example/",
        "https://hooks.example.org/\r\nX: y",
        "https://[::1",
        "http://127.0.0.1:1/",
        "//hooks.example.org/",
        "",
    ],
)
def test_h73_the_door_opens_to_named_hosts_only(address: str) -> None:
    with pytest.raises(Refused):
        Door(hosts=frozenset({"hooks.example.org"})).ask("GET", address)


@pytest.mark.parametrize(
    "reached",
    [
        "127.0.0.1",
        "10.0.0.5",
        "169.254.169.254",
        "192.168.1.1",
        "::1",
        "fd00::1",
        "::ffff:10.0.0.5",
        "100.64.0.1",
    ],
)
def test_h73_a_name_that_leads_inside_is_refused_before_a_packet(
    monkeypatch: pytest.MonkeyPatch, reached: str
) -> None:
    family = 10 if ":" in reached else 2
    monkeypatch.setattr(outside.socket, "getaddrinfo", lambda *_, **__: [(family, 1, 6, "", (reached, 443))])
    monkeypatch.setattr(outside.socket, "socket", lambda *_: pytest.fail("a socket was opened"))
    with pytest.raises(Refused, match="inside a network"):
        Door(hosts=frozenset({"hooks.example.org"}), private=False).ask("GET", "https://hooks.example.org/")


def test_h73_a_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    """What was checked is what is spoken to: a second answer of the name server comes too late."""
    asked = []
    real = outside.socket.getaddrinfo
    monkeypatch.setattr(outside.socket, "getaddrinfo", lambda *a, **k: asked.append(a) or real(*a, **k))
    host = receiver.url.split("/")[2]
    assert Door(hosts=frozenset({host})).ask("POST", receiver.url, body=b"{}").status == 204
    assert len(asked) == 1


def test_a_host_whose_first_address_is_away_is_reached_at_its_second(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    host = receiver.url.split("/")[2]
    real = (2, 1, 6, "", ("127.0.0.1", int(host.partition(":")[2])))
    monkeypatch.setattr(
        outside.socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("127.0.0.1", 1)), real]
    )
    assert Door(hosts=frozenset({host})).ask("POST", receiver.url, body=b"{}").status == 204


def test_one_address_inside_the_network_spoils_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(2, 1, 6, "", (address, 443)) for address in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(outside.socket, "getaddrinfo", lambda *_, **__: both)
    monkeypatch.setattr(outside.socket, "socket", lambda *_: pytest.fail("a socket was opened"))
    with pytest.raises(Refused, match="inside a network"):
        Door(hosts=frozenset({"hooks.example.org"}), private=False).ask("GET", "https://hooks.example.org/")


@pytest.mark.parametrize(
    "begin", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b""]
)
def test_h61_who_drips_is_cut_off_in_time(begin: bytes) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        stop = threading.Event()

        def drip() -> None:
            with contextlib.suppress(OSError):
                caller, _ = server.accept()
                caller.sendall(begin)
                while not stop.wait(0.05):
                    caller.sendall(b"x")

        threading.Thread(target=drip, daemon=True).start()
        host = f"127.0.0.1:{server.getsockname()[1]}"
        began = monotonic()
        with pytest.raises(Refused):
            Door(hosts=frozenset({host}), seconds=0.5).ask("GET", f"http://{host}/")
        stop.set()
        assert monotonic() - began < 20, "without a cut it would go on for ever"


GOOD = """
webhooks:
  - url: https://hooks.example.org/exsweep
    secret_file: hook-secret
    tenants: [school]
    events: [case.new, case.worse]
"""


def test_the_settings_are_a_file_and_the_secret_another(tmp_path: Path) -> None:
    (tmp_path / "hook-secret").write_text("whsec_" + base64.b64encode(KEY).decode() + "\n", encoding="utf-8")
    (tmp_path / "hooks.yml").write_text(GOOD, encoding="utf-8")
    (found,) = hooks.hooks(tmp_path / "hooks.yml")
    assert (found.key, found.tenants, found.private) == (KEY, ("school",), False)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("https://hooks", "http://hooks", "no https address"),
        ("tenants: [school]", "all_tenants: false", "whose cases"),
        ("tenants: [school]", "{tenants: [school], all_tenants: true}", "hooks.yml"),
        ("case.worse", "case.finding", "hooks.yml"),
        ("hook-secret", "short", "no secret of a webhook"),
        ("hook-secret", "nowhere", "cannot be read"),
        ("url:", "uri:", "hooks.yml"),
    ],
)
def test_settings_that_do_not_fit_are_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    (tmp_path / "hook-secret").write_text("whsec_" + base64.b64encode(KEY).decode(), encoding="utf-8")
    (tmp_path / "short").write_text("whsec_AAAA", encoding="utf-8")
    (tmp_path / "hooks.yml").write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(UsageError) as stopped:
        hooks.hooks(tmp_path / "hooks.yml")
    assert words in stopped.value.message


def pem() -> str:
    """A certificate that this computer trusts already: any will do."""
    import certifi

    return (
        Path(certifi.where()).read_text("ascii").partition("-----END CERTIFICATE-----\n")[0]
        + "-----END CERTIFICATE-----\n"
    )


def named(folder: Path) -> Path:
    (folder / "secret").write_text(f"whsec_{base64.b64encode(KEY).decode()}", encoding="ascii")
    path = folder / "hooks.yml"
    path.write_text(
        "webhooks:\n  - {url: https://hooks.example.org/x, secret_file: secret, all_tenants: true, trust: our-ca.pem}\n",
        encoding="ascii",
    )
    return path


def test_certificates_stand_beside_the_settings_as_secrets_do(tmp_path: Path) -> None:
    path = named(tmp_path)
    (tmp_path / "our-ca.pem").write_text(pem(), encoding="ascii")
    (made,) = hooks.hooks(path)
    assert made.trust == tmp_path / "our-ca.pem"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_that_is_none_is_told_at_the_start_and_not_at_the_first_notice(
    tmp_path: Path, content: str | None
) -> None:
    path = named(tmp_path)
    if content is not None:
        (tmp_path / "our-ca.pem").write_text(content, encoding="ascii")
    with pytest.raises(UsageError, match=r"our-ca\.pem holds no certificate"):
        hooks.hooks(path)


def test_certificates_of_an_issuer_stand_beside_its_settings_too(tmp_path: Path) -> None:
    (tmp_path / "oidc.yml").write_text(
        "issuer: https://login.example.org\nclient_id: exsweep\ntrust: our-ca.pem\nrights: [{value: x, role: operator}]\n",
        encoding="ascii",
    )
    with pytest.raises(UsageError, match=r"our-ca\.pem holds no certificate"):
        provider(tmp_path / "oidc.yml")
    (tmp_path / "our-ca.pem").write_text(pem(), encoding="ascii")
    assert provider(tmp_path / "oidc.yml").trust == tmp_path / "our-ca.pem"
