"""The bench's big server is the example made large: same shapes, same break-in, at any size."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("bench") / "server"
    made = subprocess.run(
        [sys.executable, str(BENCH / "gen_server.py"), str(out), "--gb", "0.08"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return out, json.loads((out.parent / "server.truth.json").read_text("utf-8"))


def test_the_size_asked_for_is_about_the_size_written(server: tuple[Path, dict[str, Any]]) -> None:
    size = sum(path.stat().st_size for path in server[0].rglob("*") if path.is_file())
    assert 60e6 < size < 160e6  # headers of hourly files weigh more in a small one


def test_the_same_events_are_planted_as_in_the_example(server: tuple[Path, dict[str, Any]]) -> None:
    out, truth = server
    labels = {event["label"] for event in truth["events"]}
    assert {
        "chain-proxylogon",
        "chain-reset",
        "shell-visit",
        "use-0308",
        "archive-download",
        "mail-payroll",
    } <= labels
    assert len(truth["events"]) > 150
    for event in truth["events"]:
        raw = (out / event["path"]).read_bytes()
        line = raw.split(b"\n")[event["line"] - 1]
        assert raw[event["offset"] :].startswith(line)
        assert line[:19].replace(b"T", b" ").decode() == event["time"][:19].replace("T", " ")


def test_rows_fit_their_headers_and_stand_in_time_order(server: tuple[Path, dict[str, Any]]) -> None:
    for folder in ("inetpub/logs/LogFiles/W3SVC1", "Exchange Server/V15/Logging/HttpProxy/Mapi"):
        separator = " " if "inetpub" in folder else ","
        for path in sorted((server[0] / folder).iterdir())[:60]:
            names: list[str] = []
            last = ""
            for line in path.read_bytes().decode("utf-8-sig")[:-2].split("\r\n"):
                if line.startswith("#Fields: "):
                    names = line[9:].split(separator)
                elif line[:2] == "20":
                    cells = line.split(" ") if separator == " " else next(csv.reader([line]))
                    assert len(cells) == len(names)
                    assert line[:19] >= last
                    last = line[:19]


def test_request_ids_do_not_repeat(server: tuple[Path, dict[str, Any]]) -> None:
    path = max((server[0] / "inetpub/logs/LogFiles/W3SVC1").iterdir(), key=lambda p: p.stat().st_size)
    ids = re.findall(rb"cafeReqId=([0-9a-f-]{36})", path.read_bytes())
    assert len(ids) == len(set(ids)) > 1000
