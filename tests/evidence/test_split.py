"""Archives in parts are read as one; a part that is missing is said; numbered logs are not joined."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from exsweep.errors import EvidenceError
from exsweep.evidence import EvidenceReadError, open_evidence, sources
from tests.assess.example import judged, same_but_run
from tests.hostile.build import ordinary, shell_used, w3c

LOGS = {f"u_ex2103{day:02}.log": w3c(*ordinary(60, seed=day), *shell_used(2, query="x")) for day in (1, 2, 3)}


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        for name, data in LOGS.items():
            box.writestr(name, data)
    return out.getvalue()


def cut(data: bytes, folder: Path, count: int = 3) -> None:
    step = -(-len(data) // count)
    for number in range(count):
        (folder / f"logs.zip.{number + 1:03}").write_bytes(data[number * step : (number + 1) * step])


def spanned(folder: Path) -> None:
    """The zip as WinZip and Info-ZIP split it: each member on a disk of its own, offsets counted from its start."""
    whole = zipped()
    with zipfile.ZipFile(io.BytesIO(whole)) as box:
        starts = [one.header_offset for one in box.infolist()]
        directory = box.start_dir
    ends = [*starts[1:], directory]
    table, at = bytearray(whole[directory:]), 0
    for number in range(len(starts)):
        name, extra, comment = struct.unpack_from("<3H", table, at + 28)
        struct.pack_into("<H", table, at + 34, number)
        struct.pack_into("<I", table, at + 42, 4 if number == 0 else 0)
        at += 46 + name + extra + comment
    last = len(starts)
    struct.pack_into("<2H", table, at + 4, last, last)
    struct.pack_into("<H", table, at + 8, last)
    struct.pack_into("<I", table, at + 16, 0)
    for number, (begin, end) in enumerate(zip(starts, ends, strict=True)):
        mark = b"PK\7\x08" if number == 0 else b""
        (folder / f"logs.z{number + 1:02}").write_bytes(mark + whole[begin:end])
    (folder / "logs.zip").write_bytes(table)


def read(path: Path) -> dict[str, tuple[str, bytes, str]]:
    found = {}
    for unit in open_evidence([path]).units:
        for source in sources(unit):
            try:
                found[source.path] = (source.state.value, b"".join(source.chunks()), source.reason)
            except EvidenceReadError as error:
                found[source.path] = (error.state.value, b"", error.reason)
    return found


@pytest.mark.parametrize("way", [lambda folder: cut(zipped(), folder), spanned], ids=["001", "z01"])
def test_members_of_a_split_zip_are_read_and_the_other_parts_are_sealed(tmp_path, way):
    way(tmp_path)
    found = read(tmp_path)
    logs = {path.rsplit("/", 1)[-1]: data for path, (state, data, _) in found.items() if state == "read"}
    assert logs == LOGS
    parts = {path: data for path, (state, data, reason) in found.items() if "read there" in reason}
    assert parts == {name: (tmp_path / name).read_bytes() for name in parts} and len(parts) >= 2


@pytest.mark.parametrize("way", [lambda folder: cut(zipped(), folder), spanned], ids=["001", "z01"])
def test_the_first_or_last_part_named_alone_brings_the_others_into_the_jail(tmp_path, way):
    folder = tmp_path / "parts"
    folder.mkdir()
    way(folder)
    name = "logs.zip" if (folder / "logs.zip").exists() else "logs.zip.001"
    result = judged(folder / name, out=tmp_path / "out")
    assert sum(one.events for one in result.coverage.sources) == 3 * 62
    assert same_but_run(result) == same_but_run(judged(folder / name))


def test_a_missing_part_is_a_gap_that_says_so(tmp_path):
    cut(zipped(), tmp_path, 4)
    (tmp_path / "logs.zip.003").unlink()
    found = read(tmp_path)
    assert any("a part before it is missing" in reason for _, _, reason in found.values())
    assert any("cut off or damaged" in reason for _, _, reason in found.values())


def test_numbered_logs_are_logs_of_their_own(tmp_path):
    for number in (1, 2, 3):
        (tmp_path / f"server.log.{number:03}").write_bytes(LOGS[f"u_ex2103{number:02}.log"])
    found = read(tmp_path)
    assert {state for state, _, _ in found.values()} == {"read"} and len(found) == 3


def test_links_are_no_parts(tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    cut(zipped(), folder, 2)
    (tmp_path / "elsewhere").write_bytes((folder / "logs.zip.002").read_bytes())
    (folder / "logs.zip.002").unlink()
    (folder / "logs.zip.002").symlink_to(tmp_path / "elsewhere")
    assert "read" not in {state for path, (state, _, _) in read(folder).items() if path.endswith("03.log")}


def test_nothing_but_a_stray_part_is_no_evidence_or_a_gap(tmp_path):
    (tmp_path / "logs.zip.002").write_bytes(zipped()[500:])
    try:
        found = read(tmp_path)
    except EvidenceError:
        return
    assert "logs.zip.002" in found


@pytest.mark.parametrize("way", [lambda folder: cut(zipped(), folder), spanned], ids=["001", "z01"])
def test_parts_of_different_sizes_are_not_said_to_have_changed(tmp_path, way):
    folder = tmp_path / "parts"
    folder.mkdir()
    way(folder)
    judged(folder, out=tmp_path / "out")
    assert '"action":"changed"' not in (tmp_path / "out" / "custody.jsonl").read_text("utf-8")
