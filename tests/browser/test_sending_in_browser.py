"""Sending from a browser goes on: after a broken line, a reload, a service that was killed; and what was killed while judging."""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.served import Served
from tests.web.test_jobs import LINE, LOG

pytestmark = [pytest.mark.browser, pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")]
PART = 8 << 20


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path)
    yield made
    made.kill()


def evidence(folder: Path) -> Path:
    """A folder as it is dropped: logs with an intruder's visit, an empty file, and one of five parts."""
    home = folder / "drop"
    home.mkdir()
    rows = "".join(LINE.format(at // 60 % 60, at % 60) for at in range(200)).encode()
    (home / "u_ex210303.log").write_bytes(LOG + rows)
    (home / "empty.log").write_bytes(b"")
    with zipfile.ZipFile(home / "big.zip", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("image.bin", os.urandom(4 * PART + 4_321))
    return home


def test_sending_goes_on_after_a_reload_a_lost_line_and_a_killed_service(
    chromium: Any, served: Served, tmp_path: Path
) -> None:
    home = evidence(tmp_path)
    files = sorted(str(path) for path in home.iterdir())
    context = chromium.new_context()
    page = context.new_page()
    bad: list[str] = []
    page.on("pageerror", lambda error: bad.append(str(error)))
    page.goto(served.start())
    sent: list[str] = []
    taken: list[tuple[str, int]] = []
    cut = {"after": 2}

    def part(route: Any, request: Any) -> None:
        if request.method != "PATCH":
            return route.continue_()
        if len(sent) >= cut["after"]:
            return route.abort()
        sent.append(request.url)
        return route.continue_()

    def answered(response: Any) -> None:
        if response.request.method == "PATCH" and response.status == 200:
            upload, _, offset = response.url.rpartition("/")[2].partition("?offset=")
            taken.append((upload, int(offset)))

    page.on("response", answered)

    page.route("**/api/v1/uploads/*", part)
    page.route("**/api/v1/uploads/*?offset=*", part)

    # The line breaks in the middle; the page is loaded anew and says what is here.
    page.locator("#files").set_input_files(files)
    page.wait_for_selector("text=The line is lost. Trying again")
    page.reload()
    page.wait_for_selector("text=are here. Give the same files again")
    told = page.locator("#progress").inner_text()
    assert "0 of 3 files and 16.8 MB of 33.6 MB are here" in told, told

    # The same files again: what is here does not come twice. Then the service is killed in the middle.
    cut["after"] = 4
    page.locator("#files").set_input_files(files)
    page.wait_for_selector("text=The line is lost. Trying again")
    served.kill()
    cut["after"] = 1_000
    address = served.start()
    page.wait_for_selector("text=Open its address again", timeout=60_000)
    page.goto(address)
    page.wait_for_selector("text=are here. Give the same files again")
    page.locator("#files").set_input_files(files)
    page.wait_for_url("**/jobs/job_*", timeout=60_000)
    big = [offset for upload, offset in taken if upload == taken[0][0]]
    assert big == [0, PART, 2 * PART, 3 * PART, 4 * PART], "each part came once"

    # Killed again, while it is judged: the job goes on by itself after the next start.
    served.kill()
    page.goto(served.start())
    page.goto(page.url.rstrip("/") + "/jobs")
    page.locator("main a", has_text="job_").first.click()
    page.wait_for_selector("a:has-text('Open the case')", timeout=180_000)
    assert served.rows("SELECT COUNT(*) FROM assessment") == [(1,)]
    assert served.rows("SELECT COUNT(*) FROM server") == [(1,)]
    assert served.rows("SELECT COUNT(*) FROM job") == [(1,)]
    assert served.rows("SELECT state, COUNT(*) FROM upload GROUP BY state") == [("received", 3)]
    kept = {path.stat().st_size for path in (tmp_path / "serve" / "evidence").rglob("*") if path.is_file()}
    assert kept == {path.stat().st_size for path in home.iterdir()}
    assert bad == []
    context.close()
