"""The command line of the fleet: tables that evidence cannot command, and the same as JSON."""

import json
from pathlib import Path

import pytest

from exsweep.cli import run
from exsweep.model import Level, Stage, encode
from tests.fleet.build import assessed, finding, page


def test_every_verb_runs_and_evidence_is_text_in_all_of_them(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXSWEEP_FLEET", str(tmp_path / "fleet.db"))
    name = "ma\x1b]0;owned\x07il[/red].example.org"
    use = finding("USE", Stage.WEBSHELL_USE, url_path="/a\x1b[31m.aspx")
    for number in range(2):
        one = assessed(
            Level.IN_USE,
            use,
            name=f"{number}{name}",
            pages=[page("/[bold]\x1b[31m.aspx")],
            shells=["/\x9b1m.aspx"],
        )
        (tmp_path / f"{number}.json").write_bytes(encode(one))
    assert run(["fleet", "add", str(tmp_path / "0.json"), str(tmp_path / "1.json")]) == 0
    shown = capsysbinary.readouterr().out
    assert b"new: 2 assessment(s), 2 server(s)" in shown and b"1 clusters" in shown
    assert run(["fleet", "--json", "queue"]) == 0
    listed = json.loads(capsysbinary.readouterr().out)
    ids = [row["server"] for row in listed["queue"]]
    assert listed["numbers"]["total"] == len(ids) == 2
    verbs = (
        ["queue"],
        ["show", ids[0]],
        ["clusters"],
        ["clusters", "--why", *ids],
        ["curve"],
        ["curve", "--updates", "ProxyLogon"],
        ["sectors"],
        ["sectors", "--by", "region", "--shared"],
        ["recheck"],
        ["questions"],
        ["tell", ids[0], "--mission", "high", "--no-staff"],
        ["pin", ids[1], "--who", "Ada", "--reason", "hospital"],
        ["contact", ids[0], "--name", "Bo", "--by", "phone", "--address", "1"],
        ["notify", ids[0], "--signed", "A", "--office", "B", "--phone", "1", "--page", "c"],
        ["letter", "1", "sent"],
        ["cleaned", ids[0]],
        ["audit"],
    )
    for verb in verbs:
        assert run(["fleet", *verb]) == 0, verb
        out = capsysbinary.readouterr().out
        assert b"\x1b" not in out and b"\x07" not in out and b"\xc2\x9b" not in out, verb
        if verb[0] in ("queue", "clusters", "show", "audit"):
            assert run(["fleet", *verb, "--json"]) == 0
            json.loads(capsysbinary.readouterr().out)


def test_an_unknown_server_is_a_wrong_usage(tmp_path: Path) -> None:
    store = ["--store", str(tmp_path / "f.db")]
    assert run(["fleet", "simulate", "--servers", "1", *store]) == 0
    assert run(["fleet", "show", "nobody", *store]) == 2
