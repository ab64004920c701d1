"""Disk images: what the plan names is read from their NTFS volumes; what cannot be read is said, and nothing is followed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from exsweep.evidence import EvidenceReadError, open_evidence, sources
from exsweep.evidence import optional as optional_module
from exsweep.evidence.optional import MissingError
from exsweep.model import SourceState
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


def test_shadow_copies_that_are_not_read_are_said(tmp_path: Path) -> None:
    image = tmp_path / "shadows.raw"
    raw = bytearray(volume({"inetpub/x.aspx": b"x"}))
    raw[0x1E00:0x1E10] = bytes.fromhex("6b87083876c1484eb7ae04046e6cc752")
    image.write_bytes(raw)
    assert any("shadow copies" in reason for state, _, reason in read(image).values() if state == "partial")


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
