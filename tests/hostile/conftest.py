"""The folder of all rows, judged once by the command line in a fresh process with little memory."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.command import Ran

if sys.platform == "win32":
    collect_ignore_glob = ["test_*.py"]


@dataclass(frozen=True)
class Whole:
    evidence: Path
    before: dict[str, tuple[int, int, bytes | None]]
    ran: Ran


def seen(folder: Path) -> dict[str, tuple[int, int, bytes | None]]:
    """Size, time and bytes of everything below a folder; of links their target, of a terabyte of holes no bytes."""
    import os
    import stat

    found: dict[str, tuple[int, int, bytes | None]] = {}
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        data = None
        if stat.S_ISLNK(about.st_mode):
            data = os.fsencode(os.readlink(path))  # noqa: PTH115 - bytes of the target
        elif stat.S_ISREG(about.st_mode) and about.st_size < 1 << 30:
            data = path.read_bytes()
        found[str(path.relative_to(folder))] = (about.st_size, about.st_mtime_ns, data)
    return found


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Every row side by side: what one does to the reader must not reach another."""
    from tests.hostile.command import triaged
    from tests.hostile.rows import made

    folder = tmp_path_factory.mktemp("hostile")
    evidence = made(folder / "evidence")
    before = seen(evidence)
    out = folder / "out"
    ran = triaged(evidence, out, "--jobs", "1", "--format", "json,html,csv,stix,timesketch", seconds=240)
    return Whole(evidence, before, ran)
