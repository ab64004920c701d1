"""Damage over golden evidence: each sample, cut, zeroed, flipped, appended to and mixed up (I1, I4, I9)."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from exsweep.errors import EvidenceError
from exsweep.model import Assessment, Level
from tests.assess.example import judged
from tests.evidence.build import compressed, deflated, log_lines, tar_of
from tests.hostile.build import event_log, ordinary, shell_used, w3c

pytestmark = [pytest.mark.hostile, pytest.mark.timeout(900)]
SAMPLES = Path(__file__).parents[1] / "parse" / "samples"
OURS = re.compile(r"\w(?:Error|Exception): ")
"""An error that nobody expected, as the worker words it."""
PAGE = '<%@ Page Language="C#" %>\n<% Response.Write("EXSWEEP-INERT-FIXTURE"); %>\n' * 40
CONFIG = (
    '<?xml version="1.0"?>\n<configuration><system.webServer><handlers>\n'
    + "".join(f'<add name="h{n}" path="*.h{n}" verb="*" type="x.y{n}"/>\n' for n in range(80))
    + "</handlers></system.webServer></configuration>\n"
)


def golden() -> dict[str, bytes]:
    """One sound file of each kind that exsweep reads."""
    found = {path.name: path.read_bytes() for path in sorted(SAMPLES.iterdir()) if path.is_file()}
    found["used.log"] = w3c(*ordinary(300), *shell_used(20, query="cmd"))
    found["events.evtx"] = event_log(2)
    found["page.aspx"] = PAGE.encode()
    found["web.config"] = CONFIG.encode()
    inner = [(f"{n}.log", w3c(*ordinary(50, seed=100 + n))) for n in range(4)]
    found["logs.zip"] = deflated(inner)
    found["logs.tar"] = tar_of(inner)
    found["logs.tar.gz"] = compressed("gz", tar_of(inner))
    found["lines.log.zst"] = compressed("zst", log_lines(3_000))
    return found


def flipped(data: bytes, count: int, seed: int) -> bytes:
    dice, out = random.Random(seed), bytearray(data)
    for _ in range(count):
        out[dice.randrange(len(out))] = dice.randrange(256)
    return bytes(out)


def zeroed(data: bytes, seed: int) -> bytes:
    at = random.Random(seed).randrange(max(1, len(data) - 4096))
    return data[:at] + bytes(min(4096, len(data) - at)) + data[at + 4096 :]


def swapped(data: bytes, seed: int) -> bytes:
    block = max(1, min(4096, len(data) // 5))
    first, second = block, 3 * block
    return (
        data[:first] + data[second : second + block] + data[first + block : second]
        + data[first : first + block] + data[second + block :]
    )  # fmt: skip


DAMAGE: dict[str, Callable[[bytes, int], bytes]] = {
    "a quarter": lambda data, seed: data[: len(data) // 4],
    "half": lambda data, seed: data[: len(data) // 2],
    "three quarters": lambda data, seed: data[: len(data) * 3 // 4],
    "last byte": lambda data, seed: data[:-1],
    "zeroed": zeroed,
    "one flipped": lambda data, seed: flipped(data, 1, seed),
    "a hundred flipped": lambda data, seed: flipped(data, 100, seed),
    "two thousand flipped": lambda data, seed: flipped(data, 2_000, seed),
    "garbage behind": lambda data, seed: data + random.Random(seed).randbytes(5_000),
    "swapped": swapped,
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    return judged(laid(tmp_path_factory.mktemp("sound"), golden()))


def laid(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def holds(before: Assessment, after: Assessment) -> None:
    """I4 and I9 of a damaged copy."""
    assert after.verdict.level is not Level.NO_SIGNS or before.verdict.level is Level.NO_SIGNS
    assert after.verdict.level.rank >= before.verdict.level.rank or any(
        gap.limits_verdict for gap in after.coverage.gaps
    )
    told = {item.path.split("/")[0] for item in after.custody}
    assert told >= {item.path.split("/")[0] for item in before.custody}
    assert [gap.reason for gap in after.coverage.gaps if OURS.search(gap.reason)] == []


def test_the_golden_evidence_is_read_whole(sound: Assessment) -> None:
    assert {item.state for item in sound.custody} <= {"read", "not_a_log", "duplicate"}
    assert sound.verdict.level is Level.IN_USE or sound.verdict.level is Level.BROKEN_INTO


@pytest.mark.parametrize("how", DAMAGE)
def test_all_samples_damaged_alike(sound: Assessment, tmp_path: Path, how: str) -> None:
    files = {name: DAMAGE[how](data, seed) for seed, (name, data) in enumerate(golden().items())}
    holds(sound, judged(laid(tmp_path, files)))


@pytest.mark.long
@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("name", golden())
def test_one_sample_damaged(tmp_path: Path, name: str, how: str) -> None:
    data = golden()[name]
    (tmp_path / "sound").mkdir()
    (tmp_path / "torn").mkdir()
    before = judged(laid(tmp_path / "sound", {name: data}))
    for seed in range(5):
        try:
            after = judged(laid(tmp_path / "torn", {name: DAMAGE[how](data, seed)}))
        except EvidenceError:
            continue  # nothing left to read: exit code 4, no verdict at all
        holds(before, after)
