"""Windows and macOS are nobody's machine here: what they lack is taken away, and the answer is the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from exsweep.cli import run
from exsweep.evidence.folder import of_any_length
from exsweep.locks import lock

LOG = """#Software: Microsoft Internet Information Services 10.0
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken
2021-03-01 10:00:00 10.0.0.5 GET /owa/auth/logon.aspx - 443 - 192.0.2.10 Mozilla/5.0 - 200 0 0 15
2021-03-01 10:00:09 10.0.0.5 POST /aspnet_client/x7.aspx - 443 - 203.0.113.9 python-requests/2.25.1 - 200 0 0 80
"""


def test_without_fork_resource_fcntl_and_hyperscan_the_answer_is_the_same(tmp_path: Path) -> None:
    """And a pipe in the code page of a console of old takes all that is said."""
    evidence, here, there = tmp_path / "evidence", tmp_path / "here", tmp_path / "дело — копия"
    evidence.mkdir()
    (evidence / "u_ex210301.log").write_text(LOG)
    code = run(["triage", str(evidence), "--out", str(here), "--jobs", "1"])
    # Workers are started anew there, so they too must be told that hyperscan is missing.
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text("import sys; sys.modules['hyperscan'] = None\n")
    path = os.pathsep.join([str(tmp_path / "site"), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.cli.on_windows",
            "triage",
            str(evidence),
            "--out",
            str(there),
            "--jobs",
            "1",
        ],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONIOENCODING": "cp437", "PYTHONPATH": path},
        capture_output=True,
    )
    told = ran.stdout.decode("cp437")
    assert ran.returncode == code and b"Traceback" not in ran.stderr, ran.stderr
    assert "\\u0434\\u0435\\u043b\\u043e \\u2014" in told
    first, second = (json.loads((out / "assessment.json").read_bytes()) for out in (here, there))
    assert first.pop("run") and second.pop("run")
    assert first == second
    assert first["findings"]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        (rb"C:\inetpub\logs", rb"\\?\C:\inetpub\logs"),
        (rb"\\nas\cases\one", rb"\\?\UNC\nas\cases\one"),
        (rb"\\?\GLOBALROOT\Device\HarddiskVolumeShadowCopy1\inetpub", None),
    ],
)
def test_windows_opens_paths_of_any_length_in_their_long_form(path: bytes, form: bytes | None) -> None:
    assert of_any_length(path, "nt") == (form or path)
    assert of_any_length(path, "posix") == path


def test_a_file_has_one_writer(tmp_path: Path) -> None:
    first, second = (os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT) for _ in range(2))
    assert lock(first)
    assert not lock(second)
    os.close(first)
    assert lock(second)
    os.close(second)
