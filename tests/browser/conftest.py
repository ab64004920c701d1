"""Chromium, the saved reports and axe for the browser tests; where one is missing, the test is skipped."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from exsweep.export import EXPORTERS
from exsweep.model import Level
from tests.export.samples import SAMPLES

HERE = Path(__file__).parent
PLACES = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless browser; EXSWEEP_CHROMIUM names the program where it is not on the path."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs playwright (dependency group `browser`)"
    )
    program = os.environ.get("EXSWEEP_CHROMIUM") or next(filter(None, map(shutil.which, PLACES)), None)
    if program is None:
        pytest.skip("needs Chromium: install it, or name it in EXSWEEP_CHROMIUM")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core in the version that package.json pins, fetched once through npm."""
    version = json.loads((HERE / "package.json").read_text())["devDependencies"]["axe-core"]
    home = HERE / "node_modules" / "axe-core"
    if not (home / "axe.min.js").exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("needs npm, to fetch axe-core")
        command = [npm, "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            pytest.skip(f"npm could not fetch axe-core: {done.stderr[-300:]}")
    assert json.loads((home / "package.json").read_text())["version"] == version
    return (home / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each sample's report on disk, as a reader gets it."""
    folder = tmp_path_factory.mktemp("reports")
    paths = {}
    cases = {name: sample() for name, sample in SAMPLES.items()}
    for level in Level:  # each has colours of its own
        verdict = msgspec.structs.replace(cases["town_no_signs"].verdict, level=level)
        cases[level.value] = msgspec.structs.replace(cases["town_no_signs"], verdict=verdict)
    for name, assessment in cases.items():
        paths[name] = folder / f"{name}.html"
        paths[name].write_bytes(EXPORTERS["html"].export(assessment))
    return paths
