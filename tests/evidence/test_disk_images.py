"""Disk images: what the plan names is read from their NTFS volumes; what cannot be read is said, and nothing is followed."""

import random
import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest

from exsweep.evidence import EvidenceReadError, open_evidence, sources
from exsweep.evidence import optional as optional_module
from exsweep.evidence.optional import MissingError
from exsweep.model import SourceState
from tests.evidence import ntfs_image
from tests.evidence.ntfs_image import disk, volume

pytest.importorskip("dissect.ntfs", reason="needs exsweep[images]")

LOG = b"#Fields: date time cs-uri-stem\n" + b"2021-03-03 04:00:00 /owa/\n" * 900
FILES = {
    "inetpub/logs/LogFiles/W3SVC1/u_ex210303.log": LOG,
    "inetpub/wwwroot/aspnet_client/x.aspx": b"EXSWEEP-INERT-FIXTURE",
    "Exchange/V15/Logging/HttpProxy/Owa/HttpProxy_2021030304-1.LOG": b"DateTime,x\n",
    "Windows/System32/winevt/Logs/Security.evtx": b"ElfFile\0",
    "Windows/WinSxS/x/old.aspx": b"shipped",
    "Users/ann/holiday.jpg": b"private",
    "mail/Mailbox.edb": b"mail" * 5000,
}
READ = {name for name in FILES if not name.startswith(("Users", "mail", "Windows/WinSxS"))} | {"$MFT"}


def read(path: Path) -> dict[str, tuple[str, bytes, str]]:
    found = {}
    for unit in open_evidence([path]).units:
        for source in sources(unit):
            try:
                found[source.path] = (source.state.value, b"".join(source.chunks()), source.reason)
            except EvidenceReadError as error:
                found[source.path] = (error.state.value, b"", error.reason)
    return found


def files_in(found: dict[str, tuple[str, bytes, str]], name: str) -> dict[str, bytes]:
    return {
        path.partition("C/")[2]: data
        for path, (state, data, _) in found.items()
        if "C/" in path and state == "read"
    }


@pytest.mark.parametrize("wrap", [lambda raw: raw, disk], ids=["volume", "disk"])
def test_what_the_plan_names_is_read_from_a_raw_image_and_nothing_else(tmp_path: Path, wrap) -> None:
    image = tmp_path / "server.raw"
    image.write_bytes(wrap(volume(FILES)))
    before = image.stat()
    found = files_in(read(image), "server.raw")
    assert found.keys() == READ
    assert found["inetpub/logs/LogFiles/W3SVC1/u_ex210303.log"] == LOG
    assert found["inetpub/wwwroot/aspnet_client/x.aspx"] == b"EXSWEEP-INERT-FIXTURE"
    assert image.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("form", ["vmdk", "vhdx", "qcow2", "vpc"])
def test_virtual_disks_hold_the_same_files(tmp_path: Path, form: str) -> None:
    if shutil.which("qemu-img") is None:
        pytest.skip("qemu-img (Debian: qemu-utils) is not installed")
    raw, image = tmp_path / "raw", tmp_path / f"server.{form}"
    raw.write_bytes(disk(volume(FILES)))
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", form, raw, image], check=True)
    found = files_in(read(image), image.name)
    assert found.keys() == READ
    assert found["inetpub/logs/LogFiles/W3SVC1/u_ex210303.log"] == LOG


def test_a_disk_that_names_another_file_is_refused_and_the_file_is_not_opened(tmp_path: Path) -> None:
    if shutil.which("qemu-img") is None:
        pytest.skip("qemu-img (Debian: qemu-utils) is not installed")
    base, image = tmp_path / "base.raw", tmp_path / "server.qcow2"
    base.write_bytes(disk(volume(FILES)))
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", base, image], check=True)
    found = read(image)
    assert not files_in(found, image.name)
    assert any(state == "unreadable" for state, _, _ in found.values())


def test_a_volume_locked_by_bitlocker_says_what_to_do(tmp_path: Path) -> None:
    image = tmp_path / "locked.raw"
    raw = bytearray(volume({"inetpub/x.aspx": b"x"}))
    raw[3:11] = b"-FVE-FS-"
    image.write_bytes(raw)
    ((_, _, reason),) = [value for value in read(image).values() if value[0] == "encrypted"]
    assert "BitLocker" in reason and "recovery key" in reason


def test_without_the_extra_the_command_that_installs_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(optional_module, "import_module", missing)
    image = tmp_path / "server.raw"
    image.write_bytes(volume(FILES))
    ((state, data, reason),) = read(image).values()
    assert state == "unreadable" and "pip install 'exsweep[images]'" in reason
    assert data == image.read_bytes(), "sealed all the same"
    with pytest.raises(MissingError):
        optional_module.optional("dissect.ntfs", "exsweep[images]")


@pytest.mark.parametrize("cut", [600, 20_000, 40_000, 60_000])
def test_a_damaged_image_is_a_gap_and_never_an_error(tmp_path: Path, cut: int) -> None:
    image = tmp_path / "cut.raw"
    raw = disk(volume(FILES))
    image.write_bytes(raw[: (1 << 20) + cut])
    assert any(state in ("partial", "unreadable") for state, _, _ in read(image).values())


def test_a_volume_of_refs_is_a_gap_that_says_what_to_do(tmp_path):
    disk = bytearray(4096 * 512)
    disk[446:462] = bytes([0, 0, 0, 0, 7, 0, 0, 0]) + (8).to_bytes(4, "little") + (4000).to_bytes(4, "little")
    disk[510:512] = b"\x55\xaa"
    disk[8 * 512 + 3 : 8 * 512 + 11] = b"ReFS\0\0\0\0"
    (tmp_path / "disk.raw").write_bytes(disk)
    found = [one for unit in open_evidence([tmp_path / "disk.raw"]).units for one in sources(unit)]
    assert [(one.state, "ReFS" in one.reason) for one in found] == [(SourceState.UNREADABLE, True)]


def _with_records(changed: dict[int, bytes]) -> bytes:
    """The small volume with some records of its file table replaced."""
    raw = bytearray(volume(FILES))
    for number, record in changed.items():
        at = ntfs_image.MFT_AT * ntfs_image.CLUSTER + number * ntfs_image.RECORD
        raw[at : at + ntfs_image.RECORD] = record
    return bytes(raw)


def _number_of(name: str) -> int:
    raw, word = volume(FILES), name.encode("utf-16-le")
    at = ntfs_image.MFT_AT * ntfs_image.CLUSTER
    return next(
        number
        for number in range(24, 64)
        if word in raw[at + number * ntfs_image.RECORD : at + (number + 1) * ntfs_image.RECORD]
    )


def test_h54_folders_that_hold_each_other_end(tmp_path: Path) -> None:
    top, below = _number_of("inetpub"), _number_of("LogFiles")
    loop = ntfs_image._record(top, "inetpub", below, None, b"")
    (tmp_path / "loop.raw").write_bytes(_with_records({top: loop}))
    found = read(tmp_path / "loop.raw")
    assert any("HttpProxy_2021030304-1.LOG" in path for path in found), (
        "what does not hang on the loop is read"
    )


def test_h54_a_file_table_that_points_at_itself_or_nowhere_is_a_gap(tmp_path: Path) -> None:
    for name, at in (("boot", 0), ("beyond", 1 << 30)):
        first = ntfs_image._record(0, "$MFT", 5, bytes(60 * 1024), ntfs_image._run(15, at))
        (tmp_path / f"{name}.raw").write_bytes(_with_records({0: first}))
        states = {state for state, _, _ in read(tmp_path / f"{name}.raw").values()}
        assert states & {"partial", "unreadable"}, name


def test_h54_a_file_that_claims_2_to_the_60_bytes_costs_nothing(tmp_path: Path) -> None:
    number = _number_of("u_ex210303.log")
    attributes = ntfs_image._record(number, "u_ex210303.log", _number_of("W3SVC1"), LOG, b"\x01\x01\0")
    raw = bytearray(attributes)
    size = struct.pack("<Q", len(LOG))
    at = raw.rindex(size)
    huge = struct.pack("<Q", 1 << 60)
    raw[at : at + 8] = huge
    raw[at - 8 : at] = huge
    (tmp_path / "huge.raw").write_bytes(_with_records({number: bytes(raw)}))
    begun = time.process_time()
    found = read(tmp_path / "huge.raw")
    assert time.process_time() - begun < 20
    assert sum(len(data) for _, data, _ in found.values()) < 64 << 20


@pytest.mark.parametrize("seed", range(6))
def test_h54_random_damage_in_the_file_table_raises_nothing(tmp_path: Path, seed: int) -> None:
    raw, dice = bytearray(disk(volume(FILES))), random.Random(seed)
    begin = (1 << 20) + ntfs_image.MFT_AT * ntfs_image.CLUSTER
    for _ in range(400):
        raw[dice.randrange(begin, begin + 60 * 1024)] = dice.randrange(256)
    (tmp_path / "torn.raw").write_bytes(raw)
    assert read(tmp_path / "torn.raw")


def test_a_raw_image_in_parts_is_read_as_one(tmp_path: Path) -> None:
    whole = disk(volume(FILES))
    half = len(whole) // 2 + 4096
    (tmp_path / "server.raw.001").write_bytes(whole[:half])
    (tmp_path / "server.raw.002").write_bytes(whole[half:])
    found = read(tmp_path)
    assert files_in(found, "server.raw.001").keys() == READ
    assert found["server.raw.002"][0] == "not_a_log"


def _encase(tmp_path: Path, files: dict[str, bytes]) -> list[Path]:
    if shutil.which("ewfacquirestream") is None:
        pytest.skip("ewfacquirestream (Debian: ewf-tools) is not installed")
    out = tmp_path / "image"
    out.mkdir()
    with (tmp_path / "raw").open("wb") as file:
        file.write(disk(volume(files)))
    with (tmp_path / "raw").open("rb") as file:
        subprocess.run(
            ["ewfacquirestream", "-q", "-S", "1048576", "-c", "none", "-t", out / "server"],
            stdin=file, check=True, capture_output=True,
        )  # fmt: skip
    return sorted(out.iterdir())


MUCH = FILES | {
    f"inetpub/logs/LogFiles/W3SVC1/u_ex2102{day:02}.log": random.Random(day).randbytes(300_000)
    for day in range(1, 9)
}


def test_an_encase_image_in_parts_is_read_as_one(tmp_path: Path) -> None:
    parts = _encase(tmp_path, MUCH)
    assert len(parts) > 2 and parts[0].suffix == ".E01"
    found = read(tmp_path / "image")
    assert files_in(found, "server.E01") == {
        name: data for name, data in MUCH.items() if name in READ or "u_ex2102" in name
    } | {"$MFT": files_in(found, "server.E01")["$MFT"]}
    assert {found[part.name][0] for part in parts[1:]} == {"not_a_log"}


def test_an_encase_image_without_one_of_its_parts_is_a_gap(tmp_path: Path) -> None:
    parts = _encase(tmp_path, MUCH)
    parts[1].unlink()
    found = read(tmp_path / "image")
    assert {state for state, _, _ in found.values()} & {"partial", "unreadable"}
    assert any("a part before it is missing" in reason for _, _, reason in found.values())
    shutil.copyfile(parts[-1], parts[1])
    reasons = [reason for _, _, reason in read(tmp_path / "image").values()]
    assert any("part 2 is not part 2" in reason for reason in reasons)


def _made(tmp_path: Path, form: str, name: str, *options: str) -> Path:
    if shutil.which("qemu-img") is None:
        pytest.skip("qemu-img (Debian: qemu-utils) is not installed")
    raw, image = tmp_path / "raw", tmp_path / "image" / name
    image.parent.mkdir()
    raw.write_bytes(disk(volume(FILES)))
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", form, *options, raw, image], check=True)
    return image


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("vdi", ()),
        ("vdi", ("-o", "static=on")),
        ("vmdk", ("-o", "subformat=twoGbMaxExtentSparse")),
        ("vmdk", ("-o", "subformat=twoGbMaxExtentFlat")),
        ("vmdk", ("-o", "subformat=monolithicFlat")),
        ("vmdk", ("-o", "subformat=streamOptimized")),
    ],
    ids=lambda value: "_".join(value).rpartition("=")[2] if isinstance(value, tuple) else value,
)
def test_disks_of_other_programs_and_in_parts_hold_the_same_files(
    tmp_path: Path, form: str, options: tuple[str, ...]
) -> None:
    image = _made(tmp_path, form, f"server.{form}", *options)
    for named in (image, image.parent):
        found = read(named)
        assert files_in(found, image.name).keys() == READ
        others = {path: state for path, (state, _, _) in found.items() if path.startswith("server-")}
        assert set(others.values()) <= {"not_a_log"}, "parts are sealed, and read once"


def test_parts_of_a_disk_whose_describing_text_is_lost_are_joined(tmp_path: Path) -> None:
    image = _made(tmp_path, "vmdk", "server.vmdk", "-o", "subformat=twoGbMaxExtentSparse")
    image.unlink()
    assert files_in(read(image.parent), "server-s001.vmdk").keys() == READ


def test_a_disk_of_which_a_part_is_missing_says_so(tmp_path: Path) -> None:
    image = _made(tmp_path, "vmdk", "server.vmdk", "-o", "subformat=twoGbMaxExtentSparse")
    (tmp_path / "image" / "server-s001.vmdk").unlink()
    ((state, data, reason),) = read(image).values()
    assert state == "unreadable" and "give all of them in one folder" in reason
    assert data == image.read_bytes()


@pytest.mark.parametrize("form", ["vmdk", "vdi"])
def test_a_snapshot_alone_is_refused_in_words_and_its_parent_is_not_opened(tmp_path: Path, form: str) -> None:
    base = _made(tmp_path, form, f"server.{form}")
    image = tmp_path / "alone" / f"server-000001.{form}"
    image.parent.mkdir()
    if form == "vmdk":
        command = ["qemu-img", "create", "-q", "-f", form, "-F", form, "-b", str(base), str(image)]
        subprocess.run(command, check=True)
    else:
        raw = bytearray(base.read_bytes())
        raw[76:80] = (4).to_bytes(4, "little")
        image.write_bytes(raw)
    ((state, _, reason),) = read(image).values()
    assert state == "unreadable" and "snapshot" in reason and "qemu-img convert" in reason


def test_a_disk_that_names_files_elsewhere_opens_none_of_them(tmp_path: Path) -> None:
    (tmp_path / "secret-s001.vmdk").write_bytes(disk(volume(FILES)))
    image = tmp_path / "image" / "server.vmdk"
    image.parent.mkdir()
    image.write_text(
        '# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\nRW 9 SPARSE "../secret-s001.vmdk"\n'
    )
    ((state, _, reason),) = read(image).values()
    assert state == "unreadable" and "0 lie beside it" in reason


def test_h42_a_stream_beside_a_page_is_read_from_an_image(tmp_path: Path) -> None:
    if not (shutil.which("mkntfs") and shutil.which("ntfscp")):
        pytest.skip("mkntfs and ntfscp (Debian: ntfs-3g) are not installed")
    image, page = tmp_path / "server.raw", tmp_path / "x.aspx"
    with image.open("wb") as file:
        file.truncate(8 << 20)
    quiet = {"check": True, "capture_output": True}
    subprocess.run(["mkntfs", "-q", "-F", "-s", "512", "-p", "0", "-H", "0", "-S", "0", image], **quiet)
    page.write_bytes(b"plain")
    subprocess.run(["ntfscp", "-f", image, page, "status.aspx"], **quiet)
    page.write_bytes(b"EXSWEEP-INERT-FIXTURE beside")
    subprocess.run(["ntfscp", "-f", "-N", "x.aspx", image, page, "status.aspx"], **quiet)
    found = read(image)
    assert found["C/status.aspx"][:2] == ("read", b"plain")
    assert found["C/status.aspx:x.aspx"][:2] == ("read", b"EXSWEEP-INERT-FIXTURE beside")
