"""`exsweep serve` says where it is once somebody is in, and what to do when the port is taken."""

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.web.served import Served


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
def test_the_printed_address_answers_at_once_and_a_second_service_there_is_told_so(tmp_path: Path) -> None:
    served = Served(tmp_path)
    try:
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with browser.open(served.start(), timeout=20) as answer:
            assert answer.status == 200
        words = ["serve", "--port", str(served.port), "--store", str(tmp_path / "other.db")]
        second = subprocess.run(
            [sys.executable, "-m", "exsweep", *words], capture_output=True, text=True, timeout=60, check=False
        )
    finally:
        served.kill()
    assert second.returncode == 2
    assert f"port {served.port}" in second.stderr and "--port" in second.stderr
    assert "Traceback" not in second.stderr and not (tmp_path / "other.db").exists()
