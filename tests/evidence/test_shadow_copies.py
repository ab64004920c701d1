"""Shadow copies inside an image: what was deleted or emptied since is read as it was; nothing in them can hurt or mislead."""

import hashlib
import json
import random
import shutil
import struct
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exsweep.evidence.access import Memory
from exsweep.evidence.shadow import BLOCK, Shadow, shadows
from tests.evidence.ntfs_image import deleted, disk, volume
from tests.evidence.shadow_image import FORWARDER, OVERLAY, UNUSED, Area, Descriptor, catalogued, with_shadows
from tests.evidence.test_disk_images import read

pytest.importorskip("dissect.ntfs", reason="needs exsweep[images]")

FIRST, SECOND = datetime(2021, 3, 1, 2, tzinfo=UTC), datetime(2021, 3, 4, 2, tzinfo=UTC)
LOG, PAGE = "inetpub/logs/LogFiles/W3SVC1/u_ex210303.log", "inetpub/wwwroot/aspnet_client/x.aspx"
HEAD = b"#Fields: date time cs-method cs-uri-stem c-ip sc-status\n"
LINES = b"2021-03-03 04:00:00 GET /owa/ 198.51.100.7 200\n" * 900
QUIET = "inetpub/logs/LogFiles/W3SVC1/u_ex210301.log"
FILES = {
    # Neighbours share a block of 16 KiB: those of the quiet log do not change either.
    QUIET.replace("0301", "0228"): HEAD + LINES.replace(b"03-03", b"02-28"),
    QUIET: HEAD + LINES.replace(b"03-03", b"03-01"),
    LOG: HEAD + LINES,
    "inetpub/logs/LogFiles/W3SVC1/u_ex210302.log": HEAD + LINES.replace(b"03-03", b"03-02"),
    PAGE: b"<%@ Page %> EXSWEEP-INERT-FIXTURE " * 600,
    "inetpub/wwwroot/aspnet_client/small.aspx": b"<%@ Page %> EXSWEEP-INERT-FIXTURE",
}
WHOLE = volume(FILES)
THEN = "shadow copy of C, 2021-03-01 02.00.00 UTC/C/"
LATER = "shadow copy of C, 2021-03-04 02.00.00 UTC/C/"


def without(raw: bytes, path: str) -> bytes:
    """The volume after the file was deleted and its clusters were used for zeros."""
    return deleted(raw, path).replace(FILES[path], bytes(len(FILES[path])))


def emptied(raw: bytes, path: str) -> bytes:
    """The volume after other lines of the same length were written over the log."""
    return raw.replace(FILES[path], FILES[path].replace(b"/owa/", b"/ecp/"))


def image(tmp_path: Path, raw: bytes) -> Path:
    path = tmp_path / "server.raw"
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("wrap", [lambda raw: raw, disk], ids=["volume", "disk"])
def test_a_page_that_was_deleted_is_read_from_the_shadow_copy(
    tmp_path: Path, wrap: Callable[[bytes], bytes]
) -> None:
    found = read(image(tmp_path, wrap(with_shadows([(FIRST, WHOLE)], without(WHOLE, PAGE)))))
    assert f"C/{PAGE}" not in found
    assert found[THEN + PAGE][:2] == ("read", FILES[PAGE])


def test_a_small_page_that_stood_in_the_file_table_too(tmp_path: Path) -> None:
    path = "inetpub/wwwroot/aspnet_client/small.aspx"
    found = read(image(tmp_path, with_shadows([(FIRST, WHOLE)], without(WHOLE, path))))
    assert f"C/{path}" not in found
    assert found[THEN + path][:2] == ("read", FILES[path])


def test_a_log_that_was_written_over_is_read_in_both_states(tmp_path: Path) -> None:
    found = read(image(tmp_path, with_shadows([(FIRST, WHOLE)], emptied(WHOLE, LOG))))
    assert b"/ecp/" in found[f"C/{LOG}"][1]
    assert found[THEN + LOG][:2] == ("read", FILES[LOG])


def test_what_is_the_same_in_the_next_state_is_not_read_again(tmp_path: Path) -> None:
    raw = with_shadows([(FIRST, WHOLE), (SECOND, without(WHOLE, PAGE))], without(emptied(WHOLE, LOG), PAGE))
    found = read(image(tmp_path, raw))
    assert THEN + PAGE in found and LATER + LOG in found and LATER + PAGE not in found
    assert f"C/{QUIET}" in found
    assert not {THEN + QUIET, LATER + QUIET} & found.keys()


def test_each_file_says_of_which_day_it_is(tmp_path: Path) -> None:
    from exsweep.evidence import open_evidence, sources

    path = image(tmp_path, with_shadows([(FIRST, WHOLE)], without(WHOLE, PAGE)))
    notes = {one.path: one.notes for unit in open_evidence([path]).units for one in sources(unit)}
    assert any("2021-03-01 02:00:00 UTC" in note for note in notes[THEN + PAGE])
    assert not any("shadow" in note for note in notes[f"C/{LOG}"])


def test_a_volume_whose_shadow_copies_are_all_gone_is_no_gap(tmp_path: Path) -> None:
    found = read(image(tmp_path, with_shadows([], WHOLE)))
    assert {state for state, _, _ in found.values()} == {"read"}


_REFERENCE = """
import hashlib, json, sys, pyvshadow
volume = pyvshadow.volume()
volume.open(sys.argv[1])
print(json.dumps([
    [store.get_creation_time().isoformat(),
     hashlib.sha256(store.read_buffer_at_offset(store.size, 0)).hexdigest()]
    for store in volume.stores
]))
"""


def _random_volume(seed: int) -> bytes:
    """Stores as no Windows would write them: every kind of block, moved, laid over, free."""
    dice, blocks = random.Random(seed), 24
    today = bytearray(WHOLE[:BLOCK].ljust(BLOCK, b"\0") + dice.randbytes((blocks - 1) * BLOCK))
    today[0x28:0x30] = struct.pack("<Q", len(today) // 512 - 1)
    area = Area(bytes(today))
    stores = []
    for number in range(dice.randrange(1, 4)):
        kept: list[Descriptor] = []
        for _ in range(dice.randrange(14)):
            flags = dice.choice([0, 0, 0, FORWARDER, FORWARDER, OVERLAY, OVERLAY, UNUSED])
            at = 0 if flags == FORWARDER else area.lay(dice.randbytes(BLOCK))
            to = dice.randrange(1, blocks) * BLOCK
            bits = dice.getrandbits(32) if flags == OVERLAY else 0
            kept.append((dice.randrange(1, blocks) * BLOCK, to, at, flags, bits))
        made = FIRST + timedelta(days=number)
        stores.append((made, kept, dice.randbytes(4), dice.choice([None, dice.randbytes(4)])))
    dice.shuffle(stores)
    return catalogued(area, stores)


def test_every_byte_of_every_state_is_what_libvshadow_reads(tmp_path: Path) -> None:
    python = shutil.which("python3", path="/usr/bin")
    known = python and subprocess.run([python, "-c", "import pyvshadow"], check=False, capture_output=True)
    if not python or not known or known.returncode:
        pytest.skip("libvshadow for Python (Debian: python3-libvshadow) is not installed")
    for seed in range(60):
        path = image(tmp_path, raw := _random_volume(seed))
        read_by_them = subprocess.run([python, "-c", _REFERENCE, path], check=True, capture_output=True)
        ours = [
            [f"{one.made:%Y-%m-%dT%H:%M:%S}", hashlib.sha256(_all(one)).hexdigest()]
            for one in shadows(Memory(raw))
            if isinstance(one, Shadow)
        ]
        assert ours[::-1] == json.loads(read_by_them.stdout), seed


def _all(shadow: Shadow) -> bytes:
    parts, at = [], 0
    while part := shadow.at(at, 5_000):
        parts.append(part)
        at += len(part)
    return b"".join(parts)


def _torn(raw: bytes, kind: int, place: int, value: bytes) -> bytes:
    """The first block of records of a kind, changed at a place."""
    at = next(
        at
        for at in range(0, len(raw), BLOCK)
        if raw[at : at + 16] == raw[0x1E00:0x1E10] and raw[at + 20] == kind
    )
    return raw[: at + place] + value + raw[at + place + len(value) :]


@pytest.mark.parametrize(
    ("kind", "place", "value"),
    [
        pytest.param(2, 0, b"xx", id="no catalog"),
        pytest.param(2, 128 + 8 * 16, b"\1", id="a state without its store"),
        pytest.param(2, 128 + 48, b"\xff" * 8, id="a time that cannot be"),
        pytest.param(3, 0, b"xx", id="no list of blocks"),
        pytest.param(4, 20, b"\7", id="no store"),
        pytest.param(6, 40, struct.pack("<Q", 1 << 60), id="a bitmap that goes on beyond the end"),
    ],
)
def test_h54_a_damaged_shadow_copy_is_a_gap_and_the_volume_of_today_is_read(
    tmp_path: Path, kind: int, place: int, value: bytes
) -> None:
    raw = _torn(with_shadows([(FIRST, WHOLE)], without(WHOLE, PAGE)), kind, place, value)
    found = read(image(tmp_path, raw))
    assert found[f"C/{LOG}"][0] == "read"
    state, _, reason = found["C/System Volume Information"]
    assert state == "partial" and "older states of the volume are not known" in reason


@pytest.mark.parametrize("kind", [2, 3, 6])
def test_h54_records_that_lead_back_to_themselves_end(tmp_path: Path, kind: int) -> None:
    raw = with_shadows([(FIRST, WHOLE)], without(WHOLE, PAGE))
    at = next(
        at
        for at in range(0, len(raw), BLOCK)
        if raw[at : at + 16] == raw[0x1E00:0x1E10] and raw[at + 20] == kind
    )
    found = read(image(tmp_path, _torn(raw, kind, 40, struct.pack("<Q", at))))
    assert "lead back to themselves" in found["C/System Volume Information"][2]


def test_h54_more_kept_blocks_than_memory_allows_is_a_gap_and_newer_states_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exsweep.evidence.shadow._MOST_BLOCKS", 3)
    raw = with_shadows([(FIRST, emptied(WHOLE, LOG)), (SECOND, WHOLE)], without(WHOLE, PAGE))
    found = read(image(tmp_path, raw))
    assert found[LATER + PAGE][0] == "read"
    assert "blocks were kept" in found["C/System Volume Information"][2]


@pytest.mark.parametrize("seed", range(8))
def test_h54_random_damage_in_the_records_of_shadow_copies_raises_nothing(tmp_path: Path, seed: int) -> None:
    raw, dice = bytearray(with_shadows([(FIRST, WHOLE)], without(WHOLE, PAGE))), random.Random(seed)
    records = [at for at in range(0, len(raw), BLOCK) if raw[at : at + 16] == raw[0x1E00:0x1E10]]
    for _ in range(60):
        raw[dice.choice(records) + dice.randrange(16, 400)] = dice.randrange(256)
    found = read(image(tmp_path, bytes(raw)))
    assert found[f"C/{LOG}"][1] == FILES[LOG]
