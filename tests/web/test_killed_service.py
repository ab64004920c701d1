"""`exsweep serve` is killed with SIGKILL while evidence comes and while it is judged: nothing is lost, nothing is there twice."""

import hashlib
import json
import os
import random
import sqlite3
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from tests.web.served import Served
from tests.web.test_jobs import LINE, LOG

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
PART = 64 << 10


def send_rest(served: Served, upload: str, data: bytes) -> None:
    """Go on from where the service says it is; ends without a word when it is killed."""
    try:
        at = served.call("GET", f"/uploads/{upload}")["offset"]
        while at < len(data):
            at = served.part(upload, at, data[at : at + PART])["offset"]
    except (OSError, urllib.error.URLError):
        return


def test_killed_again_and_again_while_evidence_comes_and_while_it_is_judged(tmp_path: Path) -> None:
    log = LOG + "".join(LINE.format(at // 60 % 60, at % 60) for at in range(3_000)).encode()
    files = {"u_ex210303.log": log, "junk.bin": random.Random(7).randbytes(30 * PART + 77)}
    uploads: dict[str, str] = {}
    sending = ""
    for kills in range(4):
        with Served(tmp_path) as served:
            if not sending:
                sending = served.call("POST", "/sendings", {"name": "MAIL01"})["sending"]
            for name, data in files.items():
                about = {"name": name, "size": len(data)}
                told = served.call("POST", f"/sendings/{sending}/files", about)
                assert uploads.setdefault(name, told["upload"]) == told["upload"], "the same upload each time"
                sender = threading.Thread(target=send_rest, args=(served, told["upload"], data))
                sender.start()
                sender.join(0.02 if kills < 3 else None)  # killed in the middle, but for the last time
                if kills < 3:
                    served.kill()
                    sender.join()
                    break
            else:
                for name, data in files.items():
                    whole = {"sha256": hashlib.sha256(data).hexdigest()}
                    assert (
                        served.call("POST", f"/uploads/{uploads[name]}/finish", whole)["state"] == "received"
                    )
                job = served.call("POST", f"/sendings/{sending}/read", {})["job"]
                deadline = time.monotonic() + 60
                while served.call("GET", f"/jobs/{job}")["state"] == "waiting":
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
    with Served(tmp_path) as served:
        deadline = time.monotonic() + 120
        while not (told := served.call("GET", f"/jobs/{job}"))["over"]:
            assert time.monotonic() < deadline, told
            time.sleep(0.2)
        assert told["state"] == "done", told
    store = sqlite3.connect(tmp_path / "fleet.db")
    counts = {
        table: store.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
        for table in ("assessment", "server", "job", "sending", "upload")
    }
    store.close()
    assert counts == {"assessment": 1, "server": 1, "job": 1, "sending": 1, "upload": 2}
    kept = [path for path in (tmp_path / "serve" / "evidence").rglob("*") if path.is_file()]
    assert {path.read_bytes() for path in kept} == set(files.values())
    lines = (tmp_path / "serve" / "sendings" / sending / "custody.jsonl").read_text().splitlines()
    assert Counter(json.loads(line)["path"] for line in lines) == dict.fromkeys(files, 1)
    assert not list((tmp_path / "serve" / "uploads").glob("*"))
