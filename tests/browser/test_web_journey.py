"""The way of one frightened admin: send, watch, read, do, take along, and look again after cleaning."""

import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.follow import follow

pytestmark = pytest.mark.browser
EXAMPLE = Path(__file__).parents[2] / "build" / "example" / "evidence"
AFTER = (
    "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2021-03-10 00:00:01\n"
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
    "sc-status sc-substatus sc-win32-status time-taken\n"
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """`exsweep serve` as a user starts it; the address that it prints."""
    if not EXAMPLE.is_dir():
        pytest.skip("needs the bundled example: make example")
    folder = tmp_path_factory.mktemp("journey")
    command = [
        sys.executable,
        "-m",
        "exsweep",
        "serve",
        "--port",
        "8497",
        "--store",
        str(folder / "fleet.db"),
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    found = next(
        match for line in process.stdout if (match := re.search(r"http://\S+/start\?token=\S+", line))
    )
    yield found[0], folder
    process.send_signal(signal.SIGINT)
    process.wait(30)


def _zip(folder: Path) -> Path:
    made = folder / "MAIL01.zip"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(EXAMPLE.rglob("*")):
            archive.write(path, path.relative_to(EXAMPLE))
    return made


def _collection(folder: Path, name: str, days: range, *, back_door: bool = False, use: str = "") -> Path:
    """A small collection: ordinary mail on these days, the pages of the web server, and what the intruder did there."""
    made = folder / f"{name}.zip"
    rows = [
        f"2021-03-{day:02} {hour:02}:{minute:02}:05 10.1.1.5 POST /Microsoft-Server-ActiveSync/default.eas "
        "Cmd=Sync 443 chw\\anna 198.51.100.7 Apple-iPhone12C1/1801.393 - 200 0 0 31"
        for day in days
        for hour in range(24)
        for minute in (7, 37)
    ]
    pages = ["status.aspx", "iisstart.htm", *(["aspnet_client/FfbUSwue.aspx"] if back_door else [])]
    with zipfile.ZipFile(made, "w") as archive:
        log = AFTER + "\n".join(sorted([*rows, *filter(None, [use])])) + "\n"
        archive.writestr("inetpub/logs/LogFiles/W3SVC1/u_ex2103.log", log)
        for page in pages:
            archive.write(EXAMPLE / "inetpub" / "wwwroot" / page, f"inetpub/wwwroot/{page}")
    return made


def _again(page: Any, case: str, evidence: Path) -> str:
    """Send new evidence of the case; gives what its page of the server says."""
    page.goto(case)
    follow(page, page.locator("a", has_text="Send new evidence"))
    page.locator("#files").set_input_files(evidence)
    page.wait_for_url("**/jobs/job_*", timeout=60_000)
    page.wait_for_selector("a:has-text('Open the case')", timeout=120_000)
    follow(page, page.locator("a:has-text('Open the case')"))
    assert page.url.startswith(case)
    follow(page, page.locator(".sub-nav a", has_text="Server and contacts"))
    told = str(page.locator("main").inner_text())
    assert "Since the time before" in told
    return told.partition("Since the time before")[2]


def test_from_the_drop_to_the_look_after_cleaning(chromium: Any, served: tuple[str, Path]) -> None:
    address, folder = served
    base = address.partition("/start")[0]
    context = chromium.new_context(accept_downloads=True)
    page = context.new_page()
    bad: list[str] = []
    page.on("pageerror", lambda error: bad.append(str(error)))
    page.on("dialog", lambda dialog: (bad.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: None if request.url.startswith(base) else bad.append(request.url))
    page.goto(address)
    assert page.locator("h1").inner_text() == "Has someone broken into your Exchange mail server?"

    # Send it, and watch it being read.
    page.locator(".whose summary").click()
    page.locator("input[name=name]").fill("MAIL01")
    page.locator("input[name=organisation]").fill("Cedar Hollow (made up)")
    page.locator("#files").set_input_files(_zip(folder))
    page.wait_for_url("**/jobs/job_*", timeout=60_000)
    page.wait_for_selector(".progress li", timeout=60_000)
    page.wait_for_selector("a:has-text('Open the case')", timeout=180_000)
    follow(page, page.locator("a:has-text('Open the case')"))

    # Read the verdict, tick a step, find it ticked again.
    assert page.locator("h1").inner_text() == "Intruders are using your mail server."
    page.locator("#todo .tick button").first.click()
    page.wait_for_selector("#todo .is-done")
    page.reload()
    assert page.locator("#todo .is-done").count() == 1
    assert "Done by" in page.locator("#todo .done-by").first.inner_text()

    # From the verdict to the raw line; a comment on it.
    follow(page, page.locator(".proof").first)
    page.wait_for_selector(".finding pre")
    page.locator(".comment summary").click()
    page.locator(".comment textarea").fill("<b>seen</b> in our backup too")
    page.locator(".comment button").click()
    page.wait_for_selector(".said")
    page.go_back()

    # Take the case along.
    with page.expect_download() as waiting:
        page.locator(".exports a", has_text="JSON").click()
    assert json.loads(Path(waiting.value.path()).read_bytes())["schema"] == "exsweep.assessment/1"

    # Looked at again before cleaning, the page still lies there; what only other records show cannot be told.
    case = page.url.partition("#")[0].partition("?")[0]
    told = _again(page, case, _collection(folder, "before", range(9, 10), back_door=True))
    assert "still there" in told and "cannot tell" in told

    # Cleaned, it is gone; and when it is used again, it came back.
    page.goto(case)
    page.locator("input[name=at]").fill("2021-03-10T00:30")
    with page.expect_navigation():
        page.locator("button", has_text="What was found is removed").click()
    assert page.url == case, page.locator("main").inner_text()
    told = _again(page, case, _collection(folder, "after", range(10, 18)))
    assert "gone" in told and "still there" not in told
    assert (
        "Week 1" in page.locator("main").inner_text()
        and "records reach it" in page.locator("main").inner_text()
    )
    used = (
        "2021-03-20 03:11:09 10.1.1.5 POST /aspnet_client/FfbUSwue.aspx - 443 - 198.51.100.142 "
        "ExchangeServicesClient/0.0.0.0 - 200 0 0 311"
    )
    told = _again(page, case, _collection(folder, "back", range(18, 22), back_door=True, use=used))
    assert "came back" in told
    assert bad == []
    context.close()
