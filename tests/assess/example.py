"""A small version of the bundled example, made once for all tests of this folder."""

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from exsweep.assess import Settings, triage
from exsweep.model import Assessment, Run, encode

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2021, 3, 9, 15, tzinfo=UTC)


@dataclass(frozen=True)
class Example:
    evidence: Path
    truth: dict[str, Any]


def make(folder: Path, *, scale: float = 0.05) -> Example:
    sys.path.insert(0, str(ROOT / "tools"))
    from example.generate import build

    build(folder / "evidence", folder / "truth.json", scale=scale)
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    _thin_out(folder / "evidence", {event["path"] for event in truth["events"]})
    return Example(folder / "evidence", truth)


def _thin_out(evidence: Path, needed: set[str]) -> None:
    """Leave out three of four hourly files in which nothing was planted: tests read the example many times."""
    hourly = sorted(path for path in evidence.rglob("*_20????????-*.LOG") if path.is_file())
    for number, path in enumerate(hourly):
        if number % 8 and path.relative_to(evidence).as_posix() not in needed:
            path.unlink()


def judged(*evidence: Path, **settings: Any) -> Assessment:
    return triage(Settings(evidence=evidence, now=NOW, **settings))


def same_but_run(assessment: Assessment) -> bytes:
    """The bytes of an assessment outside `run`."""
    import msgspec

    return encode(msgspec.structs.replace(assessment, run=Run(version="", knowledge="")))
