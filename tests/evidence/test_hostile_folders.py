"""Rows H43 and H55 to H58, and the faults F04 to F09, F15, F20 and F21, where reading evidence meets them."""

import gzip
import os
import sys
from pathlib import Path

import msgspec
import pytest

from exsweep.errors import EvidenceError
from exsweep.evidence import access as access_module
from exsweep.evidence import open_evidence, sources
from exsweep.evidence.records import EvidenceReadError
from exsweep.model import SourceState
from tests.evidence.build import compressed, log_lines, only, read_all, read_bytes, read_units

pytestmark = pytest.mark.hostile
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX file kinds")
OURS = b'{\n  "schema": "exsweep.assessment/1",\n  "server": {}\n}\n'


def test_h43_our_own_results_are_no_evidence(tmp_path: Path) -> None:
    (tmp_path / "assessment.json").write_bytes(OURS)
    (tmp_path / "report.html").write_bytes(
        b'<!doctype html><html><head><meta name="generator" content="exsweep 1">'
    )
    with pytest.raises(EvidenceError, match="nothing to read"):
        open_evidence([tmp_path])
    (tmp_path / "x.log").write_bytes(b"x\n")
    found = read_all(tmp_path)
    assert only(found, "x.log").whole
    assert only(found, "assessment.json").state is SourceState.NOT_A_LOG
    assert only(found, "assessment.json").data == OURS
    assert only(found, "report.html").state is SourceState.NOT_A_LOG


def test_h43_our_own_result_inside_an_archive_is_recognised(tmp_path: Path) -> None:
    from tests.evidence.build import zip_of

    found = read_bytes(tmp_path, "e.zip", zip_of([("out/assessment.json", OURS), ("x.log", b"x\n")]))
    assert only(found, "out/assessment.json").state is SourceState.NOT_A_LOG


def test_h43_nothing_that_a_server_runs_can_hide_behind_our_marks(tmp_path: Path) -> None:
    (tmp_path / "shell.aspx").write_bytes(OURS + b"EXSWEEP-INERT-FIXTURE")
    (tmp_path / "page.aspx").write_bytes(b'<meta name="generator" content="exsweep">EXSWEEP-INERT-FIXTURE')
    assert all(read.whole for (read,) in read_all(tmp_path).values())


@posix
def test_h55_fifo_socket_and_device_are_recorded_and_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    os.mkfifo(tmp_path / "u_ex210302.log")
    with socket.socket(socket.AF_UNIX) as server:
        # The name of a socket may be no longer than about 100 bytes.
        monkeypatch.chdir(tmp_path)
        server.bind("s.log")
    (tmp_path / "zero.log").symlink_to("/dev/zero")
    found = read_all(tmp_path)
    for path, word in (("u_ex210302.log", "FIFO"), ("s.log", "socket"), ("zero.log", "/dev/zero")):
        assert only(found, path).state is SourceState.UNREADABLE
        assert word in only(found, path).reason


@posix
def test_h55_a_fifo_put_in_place_of_a_file_after_listing_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"x\n")
    units = open_evidence([tmp_path]).units
    path.unlink()
    os.mkfifo(path)
    assert only(read_units(units), "x.log").state is SourceState.UNREADABLE


@posix
def test_h56_links_are_recorded_with_their_target_and_never_followed(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "logs").symlink_to("/etc")
    (tmp_path / "x.log").write_bytes(b"x\n")
    found = read_all(tmp_path)
    assert sorted(found) == ["logs", "loop", "x.log"]
    assert '"/etc"' in only(found, "logs").reason
    assert '"."' in only(found, "loop").reason


@posix
def test_h56_a_link_put_in_place_of_a_file_after_listing_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "e" / "x.log"
    path.parent.mkdir()
    path.write_bytes(b"x\n")
    (tmp_path / "secret").write_bytes(b"secret\n")
    units = open_evidence([path.parent]).units
    path.unlink()
    path.symlink_to(tmp_path / "secret")
    read = only(read_units(units), "x.log")
    assert (read.state, read.data) == (SourceState.UNREADABLE, b"")


@posix
def test_h56_the_folder_that_was_named_may_itself_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x.log").write_bytes(b"x\n")
    (tmp_path / "named").symlink_to("real")
    assert only(read_all(tmp_path / "named"), "x.log").whole


@posix
def test_h57_holes_of_a_sparse_file_are_left_out_and_noted(tmp_path: Path) -> None:
    path = tmp_path / "u_ex.log"
    with path.open("wb") as file:
        file.write(b"first\n" * 1000)
        file.truncate(1 << 40)
        file.seek((1 << 40) - 5)
        file.write(b"last\n")
    if path.stat().st_blocks * 512 > 1 << 30:
        pytest.skip("this file system has no sparse files")
    read = only(read_all(path), "u_ex.log")
    assert read.whole
    assert read.data.startswith(b"first\n" * 1000)
    assert read.data.endswith(b"last\n")
    assert len(read.data) < 1 << 20
    assert any("holes" in note for note in read.notes)


@posix
def test_h57_short_holes_are_zeros_as_everywhere(tmp_path: Path) -> None:
    path = tmp_path / "u_ex.log"
    with path.open("wb") as file:
        file.write(b"a")
        file.seek(100_000)
        file.write(b"b")
    assert only(read_all(path), "u_ex.log").data == path.read_bytes()


@posix
def test_h58_names_that_are_no_text_are_bytes_inside_and_escaped_outside(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.aspx")).write_bytes(b"x\n")
    except OSError:
        pytest.skip("this file system allows only text as names")
    assert only(read_all(tmp_path), r"\xff\xfe.aspx").data == b"x\n"


def test_f04_a_read_error_that_goes_away_is_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.log").write_bytes(log_lines(100))
    units = open_evidence([tmp_path]).units
    real, failures = os.read, [OSError(5, "Input/output error")] * 2

    def flaky(fd: int, size: int) -> bytes:
        if failures:
            raise failures.pop()
        return real(fd, size)

    monkeypatch.setattr(access_module.os, "read", flaky)
    assert only(read_units(units), "x.log").data == log_lines(100)


def test_f04_a_read_error_that_stays_gives_the_offset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.log").write_bytes(bytes(1 << 20))
    units = open_evidence([tmp_path]).units
    real = os.read

    def dying(fd: int, size: int) -> bytes:
        if os.lseek(fd, 0, os.SEEK_CUR) >= 1 << 19:
            raise OSError(5, "Input/output error")
        return real(fd, min(size, 1 << 18))

    monkeypatch.setattr(access_module.os, "read", dying)
    monkeypatch.setattr(access_module.time, "sleep", lambda _: None)
    read = only(read_units(units), "x.log")
    assert read.state is SourceState.PARTIAL
    assert read.offset == len(read.data) >= 1 << 19
    assert "Input/output error" in read.reason


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
@pytest.mark.parametrize("cut", [1, 20, 3000])
def test_f05_everything_before_the_cut_is_used(tmp_path: Path, kind: str, cut: int) -> None:
    data = log_lines(20_000)
    read = only(read_bytes(tmp_path, f"x.{kind}", compressed(kind, data)[:-cut]), f"x.{kind}")
    assert read.state is SourceState.PARTIAL
    assert data.startswith(read.data)
    # A bzip2 block is 900 kB of text, a zstd block 128 KiB: a cut costs at most the block it is in.
    assert len(read.data) > len(data) - {"gz": 40_000, "bz2": 900_000, "xz": 80_000, "zst": 270_000}[kind]


def test_f06_bytes_after_gzip_are_noted_and_zeros_are_padding(tmp_path: Path) -> None:
    for tail, noted in ((b"garbage!", True), (bytes(1000), False), (bytes(10) + gzip.compress(b""), False)):
        read = only(read_bytes(tmp_path, "x.gz", gzip.compress(b"line\n") + tail), "x.gz")
        assert read.whole
        assert read.data == b"line\n"
        assert any("8 bytes after" in note for note in read.notes) == noted


def test_f07_a_file_that_grows_is_read_to_the_size_seen_first(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"a\n" * 1000)
    (unit,) = open_evidence([path]).units
    for source in sources(unit):
        chunks = source.chunks(100)
        data = next(chunks)
        with path.open("ab") as file:
            file.write(b"later\n")
        data += b"".join(chunks)
        assert data == b"a\n" * 1000
        assert any("grew" in note for note in source.notes)


@pytest.mark.parametrize("how", ["shrunk", "written", "replaced", "removed"])
def test_f07_a_file_that_changes_is_said_to_have_changed(tmp_path: Path, how: str) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"a\n" * 1000)
    (unit,) = open_evidence([path]).units
    for source in sources(unit):
        chunks = source.chunks(100)
        parts = [next(chunks)]
        match how:
            case "shrunk":
                os.truncate(path, 500)
            case "written":
                path.write_bytes(b"b\n" * 1000)
                os.utime(path, ns=(1, 1))
            case "replaced":
                (tmp_path / "y").write_bytes(b"a\n" * 1000)
                (tmp_path / "y").replace(path)
            case _:
                path.unlink()
        with pytest.raises(EvidenceReadError) as caught:
            parts.extend(chunks)
        assert caught.value.state is SourceState.CHANGED
        assert caught.value.at_offset == sum(map(len, parts))


def test_f08_a_locked_file_says_how_to_export_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.evtx").write_bytes(b"x")
    units = open_evidence([tmp_path]).units

    def locked(*_: object) -> int:
        # As `os.open` says it there: the C library gives EACCES for a sharing violation, and no number of Windows' own.
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(access_module, "_open", locked)
    monkeypatch.setattr(access_module, "_WINDOWS", True)
    read = only(read_units(units), "x.evtx")
    assert read.state is SourceState.UNREADABLE
    assert "locked by another program" in read.reason and "run as administrator" in read.reason
    assert "export" in read.reason and "shadow copy" in read.reason


def test_f09_permission_denied_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.log").write_bytes(b"x")

    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(access_module, "_open", denied)
    monkeypatch.setattr(access_module, "_WINDOWS", False)
    read = only(read_all(tmp_path), "x.log")
    assert (read.state, read.data) == (SourceState.UNREADABLE, b"")
    assert "permission denied" in read.reason


@posix
def test_f09_a_folder_that_cannot_be_listed_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "x.log").write_bytes(b"x")
    real = os.scandir

    def scandir(path: bytes) -> object:
        if path.endswith(b"closed"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("exsweep.evidence.folder.os.scandir", scandir)
    found = read_all(tmp_path)
    assert only(found, "closed").state is SourceState.UNREADABLE
    assert only(found, "x.log").whole


def test_f15_the_same_evidence_twice_is_listed_twice(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(b"x\n")
    assert sorted(read_all(tmp_path / "x.log", tmp_path / "x.log")) == ["x.log", "x.log#2"]


def test_f20_units_come_in_the_same_order_every_time(tmp_path: Path) -> None:
    for name in ("b/2", "a/1", "c", "a.log", "B"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    units = open_evidence([tmp_path]).units
    assert [unit.path for unit in units] == ["B", "a/1", "a.log", "b/2", "c"]
    assert msgspec.json.encode(list(units)) == msgspec.json.encode(list(open_evidence([tmp_path]).units))


def test_f21_an_empty_folder_says_what_was_expected_and_three_usual_places(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="nothing to read") as caught:
        open_evidence([tmp_path])
    tip = caught.value.tip or ""
    assert all(word in tip for word in ("Expected", "LogFiles", "Logging", "zip"))
    with pytest.raises(EvidenceError, match="standard input"):
        open_evidence([], stdin=b"  \n")


def test_f08_a_folder_whose_whole_name_the_system_cannot_say_is_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "u_ex210303.log").write_bytes(b"x\n")

    def refuse(self: Path, strict: bool = False) -> Path:
        raise OSError(1, "Incorrect function")  # Windows, for a folder of a shadow copy

    monkeypatch.setattr(Path, "resolve", refuse)
    assert [unit.path for unit in open_evidence([tmp_path]).units] == ["u_ex210303.log"]
