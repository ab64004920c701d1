"""A whole scan against the double: what left this computer, who was left alone, and what one pinned address means."""

import asyncio
import dataclasses
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from exsweep.errors import ScanRefused
from exsweep.knowledge.scanning import checks
from exsweep.scan import Kind, Networks, ScanResult, Scope, Settings, Target, Wishes, read_networks, scan
from exsweep.scan.addresses import Address, address
from exsweep.scan.replies import Failure
from tests.scan.conftest import NOW, SCOPE, Scanned, Watching, fast_rates, run_scan, scope_for, short_limits
from tests.scan.double.server import Double, Handler, Manners, Raw, Request, http
from tests.scan.double.sites import exchange, hangs_up, same, stalls

pytestmark = pytest.mark.usefixtures("needs_double")
GOOD = exchange("15.2.1748.39", "15.2.1748")


def test_only_plain_requests_of_the_table_left_this_computer(scanned: Scanned) -> None:
    table = [
        re.escape(check.path).replace(r"\{canary\}", "[0-9a-f]{12}")
        for check in checks().checks
        if not check.opt_in
    ]
    allowed = re.compile("|".join(table))
    for name, asked in scanned.requests.items():
        assert len(asked) <= checks().limits.requests_per_host + checks().limits.pool_requests, name
        for request in asked:
            assert request.method == "GET"
            assert allowed.fullmatch(request.path), request.path
            assert b"scan@example.org" in request.raw
            assert request.raw.endswith(b"\r\n\r\n")
            assert request.raw.count(b"\r\n\r\n") == 1


def test_h59_no_redirect_was_followed(scanned: Scanned) -> None:
    for name in ("redirect into the inside", "redirect to a file", "redirect to itself", "Exchange Online"):
        assert all(
            "meta-data" not in request.path and "passwd" not in request.path
            for request in scanned.requests[name]
        )


def test_the_manifest_is_asked_for_only_when_wished_and_only_where_it_helps(tmp_path: Path) -> None:
    sites = {
        "127.77.1.1": Manners(
            exchange(None, "15.0.1497", server="Microsoft-IIS/8.5", manifest="15.0.1497.48")
        ),
        "127.77.2.1": Manners(GOOD),
    }
    with Double(tmp_path, sites) as double:
        targets = [Target(address=each, port=double.port) for each in sites]
        found = {
            one.address: one.identity
            for one in run_scan(scope_for(double.port), targets, Wishes(manifest=True))
        }
    assert (found["127.77.1.1"].kind, found["127.77.1.1"].build) == (Kind.EXACT, "15.0.1497.48")
    assert sum("exporttool" in request.path for request in double.requests["127.77.1.1"]) == 1
    assert not any("exporttool" in request.path for request in double.requests["127.77.2.1"])


def test_an_address_of_version_six_is_asked_too(tmp_path: Path) -> None:
    try:
        with Double(tmp_path, {"::1": Manners(GOOD)}) as double:
            (one,) = run_scan(scope_for(double.port), [Target(address="::1", port=double.port)])
    except AssertionError:
        pytest.skip("no IPv6 on this computer")
    assert one.identity.build == "15.2.1748.39"
    assert double.requests["::1"][0].header("host") == f"[::1]:{double.port}"


Resolver = Callable[[str, float], "object"]


def _resolver(answers: list[str], asked: list[str]) -> Resolver:
    async def resolve(name: str, timeout_s: float) -> tuple[Address, ...]:
        asked.append(name)
        return (address(answers[min(len(asked), len(answers)) - 1]),)

    return resolve


def test_h60_a_name_is_resolved_once_and_its_address_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("exsweep.scan.names.resolve", _resolver(["127.77.1.1", "127.0.0.1"], asked))
    with Double(tmp_path, {"127.77.1.1": Manners(GOOD)}) as double:
        (one,) = run_scan(scope_for(double.port), [Target(name="mail.example.test", port=double.port)])
    assert asked == ["mail.example.test"]
    assert one.address == "127.77.1.1"
    assert one.identity.build == "15.2.1748.39"
    assert {request.header("host") for request in double.requests["127.77.1.1"]} == {
        f"mail.example.test:{double.port}"
    }


@pytest.mark.parametrize("inside", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1"])
def test_h59_a_name_that_leads_inside_is_not_contacted(monkeypatch: pytest.MonkeyPatch, inside: str) -> None:
    monkeypatch.setattr("exsweep.scan.names.resolve", _resolver([inside], []))
    monkeypatch.setattr("exsweep.scan.visit.Connection", None)
    scope = scope_for(443)
    scope = type(scope)(
        **{
            **{name: getattr(scope, name) for name in scope.__slots__},
            "allowed": type(scope.allowed)(names=frozenset({"mail.example.test"})),
        }
    )
    (one,) = run_scan(scope, [Target(name="mail.example.test")])
    assert one.identity.failure is Failure.REFUSED_BY_SCOPE
    assert "reserved" in one.identity.why[0]


def test_h66_a_neighbourhood_that_says_stop_is_left_alone_and_the_rest_told_as_not_asked(
    tmp_path: Path,
) -> None:
    sites = {f"127.77.1.{n}": Manners(same(http(429))) for n in range(1, 9)}
    rates = msgspec.structs.replace(fast_rates(), push_back_s=0.2, push_backs=2, connections=1)
    with Double(tmp_path, sites) as double:
        found = run_scan(
            scope_for(double.port), [Target(address=each, port=double.port) for each in sites], rates=rates
        )
    assert len(found) == 8
    assert {one.identity.failure for one in found} == {Failure.NOT_ASKED}
    assert sum(len(asked) for asked in double.requests.values()) < 8
    assert any("wanted us to stop" in one.identity.why[0] for one in found)


def test_h66_tarpits_do_not_hold_the_places_of_live_hosts(tmp_path: Path) -> None:
    mute = {f"127.77.1.{n}": Manners(plain=True, raw=stalls()) for n in range(1, 6)}
    live = {f"127.77.2.{n}": Manners(GOOD) for n in range(1, 6)}
    found: list[ScanResult] = []
    with Double(tmp_path, mute | live) as double:
        settings = Settings(
            scope=scope_for(double.port),
            targets=[Target(address=each, port=double.port) for each in mute | live],
            wishes=Wishes(),
            rates=msgspec.structs.replace(fast_rates(), connections=1),
            limits=msgspec.structs.replace(short_limits(), slow_s=0.05, connect_s=6.0),
            clock=lambda: NOW,
        )
        scan(settings, Watching(), found.append, None)
    assert [one.address in live for one in found] == [True] * 5 + [False] * 5


def _first_time(fails: Raw, then: Handler) -> Manners:
    """Fails on the first connection, answers from the second on."""
    seen: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(1)
        if len(seen) == 1:
            await fails(reader, writer)
            return
        while raw := await reader.readuntil(b"\r\n\r\n"):
            writer.write(then(Request("", raw, len(seen), 0)))

    return Manners(raw=serve)


@pytest.mark.parametrize(("fails", "failure"), [(hangs_up(), "closed"), (stalls(), "answer_timeout")])
def test_a_host_without_an_answer_is_visited_once_more_later_and_both_visits_stand_in_the_result(
    tmp_path: Path, fails: Raw, failure: str
) -> None:
    sites = {
        "127.77.1.1": _first_time(fails, GOOD),
        "127.77.2.1": Manners(raw=hangs_up()),
        "127.77.3.1": Manners(GOOD),
    }
    found: dict[str | None, ScanResult] = {}
    with Double(tmp_path, sites) as double:
        settings = Settings(
            scope=scope_for(double.port),
            targets=[Target(address=each, port=double.port) for each in (*sites, "127.77.4.1")],
            wishes=Wishes(),
            rates=fast_rates(),
            limits=msgspec.structs.replace(short_limits(), total_s=1.0, visits=2, again_after_s=0.2),
            clock=lambda: NOW,
        )
        scan(settings, Watching(), lambda one: found.update({one.address: one}), None)
        connections = dict(double.connections)
    assert found["127.77.1.1"].identity.build == "15.2.1748.39"
    assert found["127.77.1.1"].visits == 2
    assert found["127.77.1.1"].asked[0].failure == failure
    assert [each.check for each in found["127.77.1.1"].asked] == ["owa", "owa", "logon"]
    assert (found["127.77.2.1"].kind, found["127.77.2.1"].visits) == (Kind.UNREACHABLE, 2)
    assert connections["127.77.2.1"] == 2, "twice, and never a third time"
    assert found["127.77.3.1"].visits == 1
    assert found["127.77.4.1"].visits == 1, "a closed port is an answer"


def test_a_name_without_an_answer_is_looked_up_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def resolve(name: str, timeout_s: float) -> tuple[Address, ...]:
        asked.append(name)
        return (address("127.77.1.1"),) if len(asked) == 2 else ()

    monkeypatch.setattr("exsweep.scan.names.resolve", resolve)
    with Double(tmp_path, {"127.77.1.1": Manners(GOOD)}) as double:
        (one,) = run_scan(scope_for(double.port), [Target(name="mail.example.test", port=double.port)])
        assert one.kind is Kind.EXACT
        asked.clear()
        monkeypatch.setattr("exsweep.scan.names.resolve", _resolver_of_nothing(asked))
        (one,) = run_scan(scope_for(double.port), [Target(name="mail.example.test", port=double.port)])
    assert one.identity.failure is Failure.NAME
    assert len(asked) == 2


def _resolver_of_nothing(asked: list[str]) -> Resolver:
    async def resolve(name: str, timeout_s: float) -> tuple[Address, ...]:
        asked.append(name)
        return ()

    return resolve


def _scan(settings: Settings) -> dict[str | None, ScanResult]:
    found: dict[str | None, ScanResult] = {}
    scan(settings, Watching(), lambda one: found.update({one.address: one}), None)
    return found


def test_who_asks_to_be_left_out_while_the_run_goes_on_is_left_out(tmp_path: Path) -> None:
    sites = {f"127.77.{n}.1": Manners(GOOD) for n in range(1, 4)}
    read: list[int] = []
    with Double(tmp_path, sites) as double:

        def again() -> Scope:
            read.append(1)
            text = SCOPE + ("" if len(read) < 3 else "exclusions: [127.77.0.0/16]\n")
            return scope_for(double.port, text)

        settings = Settings(
            scope=scope_for(double.port),
            targets=[Target(address=each, port=double.port) for each in sites],
            wishes=Wishes(),
            rates=msgspec.structs.replace(fast_rates(), connections=1),
            limits=msgspec.structs.replace(short_limits(), scope_again_s=0.0),
            clock=lambda: NOW,
            scope_again=again,
        )
        found = _scan(settings)
        assert len(double.requests) == 2
    kinds = Counter(one.identity.failure for one in found.values())
    assert kinds == {None: 2, Failure.REFUSED_BY_SCOPE: 1}
    assert any("does not want to be asked" in one.identity.why[0] for one in found.values())


def test_an_excluded_as_is_left_alone_and_needs_a_table_of_networks(tmp_path: Path) -> None:
    sites = {f"127.77.{n}.1": Manners(GOOD) for n in (1, 2)}
    with Double(tmp_path, sites) as double:
        settings = Settings(
            scope=scope_for(double.port, SCOPE + "exclusions: [AS64500]\n"),
            targets=[Target(address=each, port=double.port) for each in sites],
            wishes=Wishes(),
            rates=fast_rates(),
            limits=short_limits(),
            clock=lambda: NOW,
            networks=read_networks("network,asn\n127.77.1.0/24,AS64500\n127.77.2.0/24,64501\n"),
        )
        found = _scan(settings)
        assert set(double.requests) == {"127.77.2.1"}
        with pytest.raises(ScanRefused, match="no table"):
            _scan(dataclasses.replace(settings, networks=Networks()))
    assert found["127.77.1.1"].identity.failure is Failure.REFUSED_BY_SCOPE


def test_a_permission_that_ends_during_the_run_stops_it(tmp_path: Path) -> None:
    with Double(tmp_path, {"127.77.1.1": Manners(GOOD)}) as double:
        settings = Settings(
            scope=scope_for(double.port),
            targets=[Target(address="127.77.1.1", port=double.port)],
            wishes=Wishes(),
            rates=fast_rates(),
            limits=short_limits(),
            clock=lambda: datetime(2026, 12, 1, tzinfo=UTC) + timedelta(days=2),
        )
        with pytest.raises(ScanRefused, match="ended"):
            scan(settings, Watching(), lambda one: None, None)
    assert not double.requests


def test_a_port_that_the_scope_does_not_name_is_not_asked() -> None:
    (one,) = run_scan(scope_for(443), [Target(address="127.77.1.1", port=25)])
    assert one.identity.why == ("not asked: port 25 is not in the scope file",)
