"""Looking again after cleaning, from real evidence through the command line: gone, and back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from exsweep.assess import Settings, triage
from exsweep.cli import run
from exsweep.model import Server, encode
from tests.hunt.conftest import HEAD, line

SHELL = "/aspnet_client/qwertzui.aspx"


def case(folder: Path, name: str, days: range, used: int | None) -> str:
    """A triage of logs of these days of March; on the day `used` the back door was."""
    logs = folder / name / "inetpub" / "logs" / "LogFiles" / "W3SVC1"
    logs.mkdir(parents=True)
    rows = [
        line(f"{day:02} {hour:02}:10:00", "GET", f"/owa/{hour}.gif", "198.51.100.7")
        for day in days
        for hour in range(24)
    ]
    if used:
        rows += [
            line(f"{used:02} 04:{minute}:22", "POST", SHELL, "203.0.113.77", agent="python-requests/2.25.1")
            for minute in range(10, 20)
        ]
    (logs / f"u_ex_{name}.log").write_text(HEAD + "".join(rows))
    out = folder / f"out-{name}"
    made = triage(
        Settings(
            evidence=(folder / name,), now=datetime(2021, 3, 25, tzinfo=UTC), out=out, jobs=1,
            server=Server(name="mail.example.test"),
        )
    )  # fmt: skip
    (out / "assessment.json").write_bytes(encode(made))
    return str(out)


def test_gone_after_cleaning_and_back_again_with_a_quiet_look_in_between(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXSWEEP_FLEET", str(tmp_path / "fleet.db"))

    def said(*words: str) -> str:
        run(["fleet", *words])
        return capsys.readouterr().out

    said("add", case(tmp_path, "before", range(1, 8), 3))
    said("cleaned", "mail.example.test", "--at", "2021-03-08")
    assert said("recheck").count("mail.example.test") == 4
    said("add", case(tmp_path, "quiet", range(9, 17), None))
    assert "gone" in said("recheck", "mail.example.test").splitlines()[-1]
    assert said("recheck").count("mail.example.test") == 3  # the first week is done
    said("add", case(tmp_path, "back", range(9, 24), 20))
    last = said("recheck", "mail.example.test").splitlines()[-1]
    assert last.startswith("came back") and SHELL in last
    assert "Changed because of rules: 0" in said("rejudge"), "judged anew, the same evidence is no news"
