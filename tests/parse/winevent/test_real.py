"""298 public event logs and three public exports: every readable record, the same values by two ways, the right times."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import evtx
import pytest

from exsweep.model import SourceState
from exsweep.parse.winevent import recognise_export
from exsweep.parse.winevent.flatten import data_of, system_of
from exsweep.parse.winevent.native import read_json
from exsweep.parse.winevent.xml import read_xml
from tests.parse.winevent.reading import read

MORE = {
    "5d3114ed54_post-Security.evtx": "a record hidden in the bytes of another",
    "ed6ad162c5_System2.evtx": "the file ends inside its third chunk, whose 90 records are there",
}
"""Files of which more is read than the reference reader gave; it stopped at the first error of five others."""


SMALL = 140_000
"""Bytes; taking the whole archive apart costs a quarter of a minute, which only the long run spends."""


def _logs(shared_data: Path, limit: int) -> dict[str, bytes]:
    archive = zipfile.ZipFile(shared_data / "evtx" / "evtx.zip")
    return {
        Path(one.filename).name: archive.read(one, b"infected")
        for one in archive.infolist()
        if one.filename.endswith(".evtx") and one.file_size <= limit
    }


@pytest.fixture(scope="module")
def logs(shared_data: Path) -> dict[str, bytes]:
    return _logs(shared_data, SMALL)


@pytest.fixture(scope="module")
def all_logs(shared_data: Path) -> dict[str, bytes]:
    return _logs(shared_data, 1 << 30)


@pytest.fixture(scope="module")
def stated(shared_data: Path) -> dict[str, dict[str, str]]:
    with (shared_data / "evtx" / "SOURCES.csv").open(encoding="utf-8", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def _compare(name: str, data: bytes, stated: dict[str, str]) -> None:
    seen = read(data, name)
    expected = int(stated["events"])
    if name in MORE or stated["parse_error"]:
        assert seen.tally.events >= expected, name
        assert seen.tally.events > expected or seen.reader.state()[0] is SourceState.PARTIAL, name
    else:
        assert (seen.tally.events, seen.tally.rejected) == (expected, 0), name
    offsets = [offset for batch in seen.batches for offset in batch.offset.tolist()]
    assert len(set(offsets)) == len(offsets), name
    assert all(data[offset : offset + 4] == b"**\0\0" for offset in offsets), name


def test_small_logs_give_as_many_records_as_stated_or_more(
    logs: dict[str, bytes], stated: dict[str, dict[str, str]]
) -> None:
    assert len(logs) > 200
    for name, data in logs.items():
        _compare(name, data, stated[name])


@pytest.mark.long
def test_every_log_gives_as_many_records_as_stated_or_more(
    all_logs: dict[str, bytes], stated: dict[str, dict[str, str]]
) -> None:
    assert len(all_logs) == 298
    for name, data in all_logs.items():
        _compare(name, data, stated[name])


def test_channels_are_those_that_were_stated(
    logs: dict[str, bytes], stated: dict[str, dict[str, str]]
) -> None:
    for name in sorted(logs)[::4]:
        told = dict(re.findall(r"([^\s|:][^|:]*):(\d+)", stated[name]["channels"]))
        facts = read(logs[name]).tally.facts
        assert {f"channel.{channel}.records" for channel in told} <= facts.keys(), name


def test_two_ways_to_read_a_record_give_the_same_values(logs: dict[str, bytes]) -> None:
    compared = 0
    for name in sorted(logs):
        for as_json, as_xml in zip(
            _records(logs[name], "records_json"), _records(logs[name], "records"), strict=True
        ):
            system, data = read_json(as_json)
            tree = read_xml(as_xml.encode())["Event"]
            if not isinstance(tree, dict):
                continue
            same = [str("" if one is None else one) for one in system] == [
                one or "" for one in system_of(tree["System"])
            ]
            assert same, name
            other = data_of(tree)
            assert _alike(data) == _alike(other), name
            compared += 1
    assert compared > 2000


def _alike(data: dict[str, str]) -> dict[str, str]:
    """XML knows one way to break a line, and no control characters."""
    kept = {key: "\n".join(value.splitlines()) for key, value in data.items() if value}
    return {key: re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "\ufffd", value) for key, value in kept.items()}


def _records(data: bytes, how: str) -> Iterator[str]:
    records = getattr(evtx.PyEvtxParser(io.BytesIO(data), 1, indent=False), how)()
    for count in range(400):
        try:
            yield next(records)["data"]
        except StopIteration:
            return
        except RuntimeError:
            yield "{}" if how == "records_json" else "<Event/>"
        assert count < 400


def test_damage_costs_what_it_touches_and_nothing_else(shared_data: Path) -> None:
    archive = zipfile.ZipFile(shared_data / "evtx" / "evtx.zip")
    name = next(one for one in archive.namelist() if "3acc52d1c2" in one)
    data = archive.read(name, b"infected")
    whole = read(data).tally.events
    zeroed = read(bytes(4096) + data[4096:])
    assert zeroed.tally.events == whole
    assert zeroed.reader.state()[0] is SourceState.PARTIAL
    one_chunk = read(data[4096 : 4096 + 65_536]).tally.events
    spoiled = bytearray(data)
    spoiled[4096 : 4096 + 65_536] = b"\xaa" * 65_536
    assert read(bytes(spoiled)).tally.events == whole - one_chunk
    shifted = data[: 4096 + 65_536] + b"\x55" * 1024 + data[4096 + 65_536 :]
    assert read(shifted).tally.events == whole


@pytest.mark.parametrize(
    ("name", "hours"),
    [("proxylogon_ssrf_rce_poc", 5)],
)
def test_times_of_the_public_exports_are_what_sysmon_tells(shared_data: Path, name: str, hours: int) -> None:
    archive = zipfile.ZipFile(shared_data / "event_json" / f"{name}.zip")
    data = archive.read(archive.namelist()[0], b"infected")
    export = recognise_export(data[: 64 << 10])
    assert export is not None and export.kind.id == "nxlog"
    seen = read(data[: 12 << 20].rpartition(b"\n")[0])
    assert seen.tally.facts.get("clock_offset_s", "0") == str(hours * 3600)
    checked = 0
    for batch in seen.batches:
        if "UtcTime" not in batch.table.column_names:
            continue
        for said, time_ms in zip(
            batch.table["UtcTime"].slice(0, 500).to_pylist(), batch.time_ms[:500].tolist(), strict=True
        ):
            own = datetime.fromisoformat(said.decode()).replace(tzinfo=UTC).timestamp() * 1000
            assert abs(own - time_ms) < 120_000
            checked += 1
    assert checked > 1000


@pytest.mark.long
@pytest.mark.parametrize(
    "name", ["metasploit_procdump_lsass_memory_dump", "metasploit_sharpdump_lsass_memory_dump"]
)
def test_a_lab_whose_clocks_disagreed_by_nineteen_hours_is_told_so(shared_data: Path, name: str) -> None:
    archive = zipfile.ZipFile(shared_data / "event_json" / f"{name}.zip")
    with archive.open(archive.namelist()[0], pwd=b"infected") as file:
        seen = read(file.read(12 << 20).rpartition(b"\n")[0])
    assert seen.tally.facts["clock_disagreement_s"] == str(19 * 3600)
    assert "clock_offset_s" not in seen.tally.facts


def test_the_thirteen_events_of_the_proxylogon_trace_stand_at_their_lines(shared_data: Path) -> None:
    archive = zipfile.ZipFile(shared_data / "event_json" / "proxylogon_ssrf_rce_poc.zip")
    seen = read(archive.read(archive.namelist()[0], b"infected"))
    by_line = {int(row["_line"]): row for row in seen.rows()}
    with (shared_data / "event_json" / "truth_proxylogon.csv").open(encoding="utf-8", newline="") as file:
        truth = list(csv.DictReader(file))
    assert len(truth) == 13
    for one in truth:
        row = by_line[int(one["line_number"])]
        assert (row["Channel"], row["EventID"]) == (one["channel"], one["event_id"])
        written = datetime.fromisoformat(one["timestamp_field"]).timestamp() * 1000
        assert row["_time_ms"] == round(written) + 5 * 3_600_000
