"""Nothing of ours stays among the temporary files."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exsweep.assess.temporary import remove_dead, temporary

HEAD = b"#Fields: date time cs-method cs-uri-stem sc-status\n"
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="folders are locked with flock")


def _old(folder: Path) -> Path:
    os.utime(folder, (time.time() - 7_200,) * 2)
    return folder


@linux
def test_what_a_killed_run_left_goes_and_what_lives_or_is_no_folder_of_ours_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with temporary() as living:
        _old(living)
        (tmp_path / "exsweep-dead").mkdir()
        (tmp_path / "exsweep-dead" / "file").write_text("x")
        _old(tmp_path / "exsweep-dead")
        (tmp_path / "exsweep-young").mkdir()
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "exsweep-link").symlink_to(_old(tmp_path / "elsewhere"))
        remove_dead(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
            [living.name, "exsweep-young", "elsewhere", "exsweep-link"]
        )
    assert not living.exists()


@linux
@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_asked_to_end_leaves_nothing_and_says_how_to_go_on(
    asked: signal.Signals, tmp_path: Path
) -> None:
    evidence, place = tmp_path / "evidence", tmp_path / "t"
    evidence.mkdir()
    place.mkdir()
    row = b"2021-03-03 04:10:22 GET /owa/ 200\n"
    for number in range(1, 7):
        day = row.replace(b"03 04", b"%02d 04" % number)
        (evidence / f"u_ex2103{number:02}.log").write_bytes(HEAD + day * 150_000)
    run = subprocess.Popen(
        [sys.executable, "-m", "exsweep", "triage", evidence, "--out", tmp_path / "out", "--jobs", "1"],
        env={**os.environ, "TMPDIR": str(place)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    # Looked at once each time: what is there at one look may be gone at the next.
    while not (seen := list(place.iterdir())) and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    assert seen
    run.send_signal(asked)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 4
    assert b"Stopped." in said
    assert list(place.iterdir()) == []
