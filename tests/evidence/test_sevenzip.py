"""H16, H20: 7z archives, made by the program itself: read in a stream, every checksum proved, what cannot be read is named."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from exsweep.evidence import DEFAULTS, Budgets, EvidenceReadError, open_evidence, sources
from exsweep.evidence.sevenzip_codecs import key_of
from exsweep.model import SourceState
from tests.evidence.build import Read, only, read_bytes, seven_zip, seven_zip_table

PROGRAM = shutil.which("7z") or shutil.which("7za") or shutil.which("7zz") or ""
pytestmark = pytest.mark.skipif(not PROGRAM, reason="7z (Debian: 7zip or p7zip-full) is not installed")

DICE = random.Random(7)
LOG = b"".join(b"2021-03-03 04:%02d:00 /owa/ %d\n" % (n % 60, DICE.randrange(10**9)) for n in range(9_000))
FILES = {
    "C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log": LOG,
    "C/inetpub/wwwroot/aspnet_client/x.aspx": b"EXSWEEP-INERT-FIXTURE",
    "C/empty.txt": b"",
    "C/program.exe": b"MZ" + bytes(DICE.choices(b"\xe8\x00\x01\x7f\xff", k=60_000)),
}


def tree(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    for name, data in files.items():
        path = folder / "server" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder / "server"


def pack(folder: Path, *options: str, files: dict[str, bytes] = FILES) -> Path:
    tree(folder, files)
    command = [PROGRAM, "a", "-bd", "-y", *options, str(folder / "server.7z"), "server"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)
    return folder / "server.7z"


def read(path: Path, *passwords: bytes, budgets: Budgets = DEFAULTS) -> dict[str, Read]:
    found = {}
    for unit in open_evidence([path]).units:
        for source in sources(unit, budgets, passwords=passwords):
            data, state, reason = b"", source.state, source.reason
            try:
                for chunk in source.chunks():
                    data += chunk
            except EvidenceReadError as error:
                state, reason = error.state, error.reason
            found[source.path] = Read(data, state, reason, source.notes)
    return found


def content(found: dict[str, Read]) -> dict[str, bytes]:
    assert all(one.whole for one in found.values()), found
    return {path: one.data for path, one in found.items()}


@pytest.mark.parametrize(
    "options",
    [
        ("-m0=LZMA2",),
        ("-m0=LZMA",),
        ("-m0=BCJ", "-m1=LZMA"),
        ("-m0=Delta:4", "-m1=LZMA2"),
        ("-m0=BZip2",),
        ("-m0=Deflate",),
        ("-m0=Copy",),
        ("-ms=off", "-mhc=off"),
    ],
    ids=lambda options: "_".join(options),
)
def test_each_usual_method_gives_the_files_as_they_were(tmp_path: Path, options: tuple[str, ...]) -> None:
    assert content(read(pack(tmp_path, *options))) == FILES


def test_deflate64_is_read_with_the_extra(tmp_path: Path) -> None:
    pytest.importorskip("inflate64", reason="the extra exsweep[archives] is not installed")
    assert content(read(pack(tmp_path, "-m0=Deflate64"))) == FILES


@pytest.mark.parametrize("method", ["PPMd", "BCJ2"])
def test_h20_a_method_that_is_not_read_is_named_for_each_file(tmp_path: Path, method: str) -> None:
    found = read(pack(tmp_path, f"-m0={method}"))
    lost = [one for path, one in found.items() if not path.endswith("empty.txt")]
    assert len(lost) == len(FILES) - 1
    assert all(one.state is SourceState.UNREADABLE and method in one.reason for one in lost)


@pytest.mark.parametrize("names", ["-mhe=off", "-mhe=on"])
def test_h16_a_locked_archive_opens_with_its_password_only(tmp_path: Path, names: str) -> None:
    pytest.importorskip("Cryptodome", reason="the extra exsweep[archives] is not installed")
    path = pack(tmp_path, "-pgehe\u00efm", names)
    assert content(read(path, b"wrong", "gehe\u00efm".encode())) == FILES
    for passwords, words in (((), "give its password"), ((b"wrong",), "the password does not open it")):
        lost = [one for one in read(path, *passwords).values() if one.state is SourceState.ENCRYPTED]
        assert len(lost) == (1 if names == "-mhe=on" else len(FILES) - 1)
        assert all(words in one.reason for one in lost)


def test_an_archive_in_parts_is_joined(tmp_path: Path) -> None:
    pack(tmp_path, "-m0=Copy", "-v100k")
    assert len(list(tmp_path.glob("server.7z.0*"))) > 2
    found = read(tmp_path / "server.7z.001")
    assert {path.partition("server/")[2] or path: one.data for path, one in found.items()} == FILES


def test_h20_an_archive_in_a_zip_is_read_too(tmp_path: Path) -> None:
    archive = pack(tmp_path)
    box = tmp_path / "box"
    box.mkdir()
    shutil.make_archive(str(tmp_path / "outer"), "zip", root_dir=tmp_path, base_dir="server.7z")
    assert archive.exists()
    found = read(tmp_path / "outer.zip")
    assert {path.partition("server/")[2]: one.data for path, one in found.items()} == FILES


def test_a_link_is_recorded_and_never_followed(tmp_path: Path) -> None:
    tree(tmp_path)
    (tmp_path / "server" / "logs").symlink_to("/etc/passwd")
    found = read(pack(tmp_path, "-snl"))
    one = only({path: [each] for path, each in found.items()}, "logs")
    assert one.state is SourceState.UNREADABLE
    assert "never followed" in one.reason


def test_h06_a_bomb_in_a_block_stops_itself_and_what_stands_behind_it_is_still_read(tmp_path: Path) -> None:
    files = {"a/zeros.bin": bytes(80 << 20), "z/u_ex210303.log": LOG}
    found = read(pack(tmp_path, "-mx1", files=files))
    assert found["a/zeros.bin"].state is SourceState.LIMIT
    assert "expands more than" in found["a/zeros.bin"].reason
    assert found["z/u_ex210303.log"].data == LOG


@pytest.mark.parametrize("cut", [10, 40, 5_000, -1])
def test_a_cut_archive_is_a_gap_that_says_how_much_there_is(tmp_path: Path, cut: int) -> None:
    data = pack(tmp_path).read_bytes()[:cut]
    (tmp_path / "alone").mkdir()
    (lost,) = [one for each in read_bytes(tmp_path / "alone", "a.7z", data).values() for one in each]
    assert lost.state is SourceState.UNREADABLE
    assert "cut off" in lost.reason or "damaged" in lost.reason


def test_damage_anywhere_is_a_value_and_never_an_exception(tmp_path: Path) -> None:
    sound = pack(tmp_path, "-mhc=off").read_bytes()
    (tmp_path / "alone").mkdir()
    dice = random.Random(3)
    for _ in range(150):
        data = bytearray(sound)
        # Half of the damage into the table at the end, which is open here and no longer checked.
        place = dice.randrange(len(data) - 400 if dice.random() < 0.5 else 32, len(data))
        data[place] = dice.randrange(256)
        _without_checksum(data)
        found = read_bytes(tmp_path / "alone", "a.7z", bytes(data))
        assert found
        for path, each in found.items():
            for one in each:
                whole = one.whole and path in FILES
                assert not whole or one.data == FILES[path] or one.data == b""


def _without_checksum(data: bytearray) -> None:
    """Makes the checksums of the two headers right again: who wrote the archive can do that too."""
    import struct
    import zlib

    offset, size = struct.unpack_from("<2Q", data, 12)
    struct.pack_into("<L", data, 28, zlib.crc32(data[32 + offset : 32 + offset + size]))
    struct.pack_into("<L", data, 8, zlib.crc32(data[12:32]))


def test_an_archive_written_by_hand_is_read(tmp_path: Path) -> None:
    """The seeds of the fuzzer are archives."""
    files = [("b/c.aspx", b"xy"), ("d.log", b"z")]
    found = read_bytes(tmp_path, "a.7z", seven_zip(b"xyz", seven_zip_table(files)))
    assert {path: one.data for path, (one,) in found.items()} == dict(files)


def test_the_rounds_of_a_password_are_bounded() -> None:
    assert len(key_of(b"x", b"", 63)) == 32
    assert key_of(b"x", b"salt", 4) != key_of(b"x", b"salt", 5)
