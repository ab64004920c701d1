"""Views and lists of a scan's results: counts that hide nothing, and files that other programs take as they are."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from exsweep.cli import run
from exsweep.errors import ExitCode
from exsweep.scan import (
    FORMATS,
    Entry,
    Kind,
    Networks,
    Proof,
    Rdap,
    ScanResult,
    Sight,
    View,
    count,
    line,
    owner_of,
    ways,
)
from exsweep.scan.certificate import Certificate
from exsweep.scan.identify import Identity
from exsweep.scan.opinion import opinion
from exsweep.scan.webshells import PageSeen

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PAGE = PageSeen(
    path="/aspnet_client/supp0rt.aspx", sight=Sight.SEEN, why="it ran", proof=Proof.STRONG, sha256="ab" * 32
)


def result(
    target: str, kind: Kind, build: str | None = None, why: str = "seen", **more: object
) -> ScanResult:
    identity = Identity(kind=kind, why=(why,), build=build, server_names=("EXCH01",) if build else ())
    one = ScanResult(target=target, time=NOW, identity=identity, opinion=opinion(identity, NOW.date()))
    return msgspec.structs.replace(one, **more)


RESULTS = (
    result("a", Kind.EXACT, "15.1.2106.2", name="mail.example.edu", address="192.0.2.1", webshells=(PAGE,)),
    result("b", Kind.EXACT, "15.1.2106.2", address="192.0.2.2"),
    result("c", Kind.HIDDEN, address="192.0.2.3"),
    result("d", Kind.UNREACHABLE),
    result("e", Kind.EXACT, "15.2.2562.53", name="mail.example.at"),
    result("f", Kind.IMPOSTOR),
)
TABLE = "network,asn,country\n192.0.2.0/31,AS64500,AT\n192.0.2.0/24,64501,DE\n"


def entries(results: tuple[ScanResult, ...] = RESULTS, networks: Networks | None = None) -> list[Entry]:
    found = []
    for each in results:
        owner = owner_of(each, networks or Networks())
        found.append(Entry(each, owner, ways(each, owner, Rdap(), {})))
    return found


def listed(name: str, results: tuple[ScanResult, ...] = RESULTS) -> bytes:
    return b"".join(FORMATS[name].write(entries(results)))


@pytest.mark.parametrize("view", [View.KIND, View.BUILD, View.SECTOR, View.COUNTRY, View.NETWORK])
def test_every_target_counts_once(view: View) -> None:
    assert sum(group.targets for group in count(entries(), view)) == len(RESULTS)


def test_groups_say_how_many_look_open_do_not_show_enough_and_hold_a_back_door() -> None:
    exact = next(group for group in count(entries(), View.KIND) if group.name == "exact")
    assert (exact.targets, exact.open, exact.unknown, exact.back_doors) == (3, 2, 0, 1)
    hidden = next(group for group in count(entries(), View.KIND) if group.name == "hidden")
    assert (hidden.open, hidden.unknown) == (0, 1)


def test_a_server_that_shows_no_build_is_cannot_tell_and_never_fixed() -> None:
    found = {group.name: group.targets for group in count(entries(), View.CVE)}
    assert found["CVE-2021-26855 open"] == 2
    assert found["cannot tell (hidden)"] == 1
    assert found["cannot tell (unreachable)"] == 1


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_list_is_written_of_nothing_and_of_hostile_text(name: str) -> None:
    hostile = result(
        "=1+1",
        Kind.EXACT,
        "15.1.2106.2",
        why='@x","y\nz\x1b[31m',
        name="mail.example.edu",
        certificate=Certificate(organisation='=cmd|"/c calc"!A1', names=("+x.example.org",)),
        webshells=(PAGE,),
    )
    listed(name, ())
    data = listed(name, (hostile, *RESULTS))
    if not FORMATS[name].binary:
        text = data.decode()
        assert "\x1b" not in text
        if name in ("csv", "shadowserver", "contacts"):
            for row in csv.reader(io.StringIO(text)):
                assert not any(cell[:1] in ("=", "+", "@") for cell in row)


def test_the_table_and_the_parquet_file_hold_the_same() -> None:
    rows = list(csv.DictReader(io.StringIO(listed("csv").decode())))
    table = pq.read_table(io.BytesIO(listed("parquet"))).to_pylist()
    assert [row["target"] for row in rows] == [row["target"] for row in table] == list("abcdef")
    assert table[0]["certain"] == rows[0]["certain"].split()
    assert (table[2]["build"], rows[2]["build"], rows[2]["certain"]) == (None, "", "")
    assert table[0]["time"] == NOW
    assert [row["state"] for row in rows] == ["open", "open", "unknown", "unknown", "up_to_date", "unknown"]


def test_shadowserver_columns_hold_one_line_for_the_build_and_one_for_each_page() -> None:
    rows = list(csv.DictReader(io.StringIO(listed("shadowserver").decode())))
    assert [row["ip"] for row in rows] == ["192.0.2.1", "192.0.2.1", "192.0.2.2"]
    assert rows[0]["tag"].startswith("exchange;cve-")
    assert "cve-2021-26855" in rows[0]["tag"]
    assert rows[1]["tag"] == "exchange;webshell"
    assert rows[1]["url"] == "https://mail.example.edu/aspnet_client/supp0rt.aspx"
    assert rows[0]["timestamp"] == "2026-11-01 00:00:00"
    assert (rows[0]["version"], rows[0]["servername"], rows[0]["hostname"]) == (
        "15.1.2106.2",
        "EXCH01",
        "mail.example.edu",
    )


def test_events_of_intelmq_have_what_its_documentation_asks_for() -> None:
    events = [json.loads(row) for row in listed("intelmq").splitlines()]
    for event in events:
        assert {
            "feed.name",
            "classification.type",
            "classification.taxonomy",
            "time.source",
            "time.observation",
        } <= set(event)
        assert "source.ip" in event or "source.fqdn" in event
        assert None not in event.values()
    assert [event["classification.identifier"] for event in events] == [
        "vulnerable-exchange-server", "exchange-server-webshell", "vulnerable-exchange-server",
    ]  # fmt: skip
    assert events[1]["classification.type"] == "system-compromise"


def test_a_page_that_may_be_harmless_is_no_break_in_for_other_programs() -> None:
    weak = msgspec.structs.replace(PAGE, proof=Proof.WEAK)
    one = result("a", Kind.EXACT, "15.2.2562.53", address="192.0.2.1", webshells=(weak,))
    (event,) = [json.loads(row) for row in listed("intelmq", (one,)).splitlines()]
    assert event["classification.taxonomy"] == "other"
    assert event["extra.tag"] == "exchange;suspicious-page"


def test_whom_to_tell_is_listed_only_where_there_is_something_to_tell() -> None:
    rows = list(csv.DictReader(io.StringIO(listed("contacts").decode())))
    assert {row["target"] for row in rows} == {"a", "b"}


def _file(tmp_path: Path, results: tuple[ScanResult, ...] = RESULTS) -> Path:
    file = tmp_path / "r.jsonl"
    file.write_bytes(b"".join(map(line, results)))
    return file


def test_the_verb_shows_results_sends_nothing_and_names_bad_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asyncio.run", None)
    file, table = _file(tmp_path), tmp_path / "networks.csv"
    table.write_text(TABLE)
    assert run(["scan", str(file), "--show", "kind"]) == ExitCode.OK
    assert "exact" in capsys.readouterr().out
    assert run(["scan", str(file), "--show", "country", "--networks", str(table)]) == ExitCode.OK
    said = capsys.readouterr().out
    assert "AT" in said and "DE" in said
    assert run(["scan", str(file), "--show", "csv"]) == ExitCode.OK
    assert len(list(csv.DictReader(capsys.readouterr().out.splitlines()))) == len(RESULTS)
    file.write_bytes(file.read_bytes() + b"torn {\n\xff\n")
    assert run(["scan", str(file), "--show", "build"]) == ExitCode.CANNOT_TELL
    assert "2 lines are no results" in capsys.readouterr().err
    assert run(["scan", str(tmp_path / "gone"), "--show", "kind"]) == ExitCode.USAGE


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_list_goes_to_a_file_and_never_over_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    file, out = _file(tmp_path), tmp_path / "lists" / name
    assert run(["scan", str(file), "--show", name, "--out", str(out)]) == ExitCode.OK
    assert out.stat().st_size > 0
    before = out.read_bytes()
    assert run(["scan", str(file), "--show", name, "--out", str(out)]) == ExitCode.USAGE
    assert out.read_bytes() == before
    assert run(["scan", str(file), "--show", "kind", "--out", str(tmp_path / "n")]) == ExitCode.USAGE
    assert "shadowserver" in capsys.readouterr().err


@pytest.mark.parametrize(
    "more",
    [["--webshells"], ["--manifest"], ["--resume"], ["--rate", "5"], ["--json"], ["--explain"], ["--seed", "1"],
     ["--shard", "1/2"], ["--contacts"], ["--smtp"]],
)  # fmt: skip
def test_showing_beside_options_that_ask_servers_is_refused_with_the_way_to_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    assert run(["scan", str(_file(tmp_path)), "--show", "kind", *more]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert more[0] in said
    assert "First scan with --out FILE" in said


def test_saved_answers_of_rdap_are_only_for_lists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = _file(tmp_path)
    assert run(["scan", "192.0.2.1", "--rdap", str(file)]) == ExitCode.USAGE
    assert "--show contacts" in capsys.readouterr().err
