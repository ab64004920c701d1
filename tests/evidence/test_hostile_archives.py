"""Rows H01 to H21 of the table of hostile inputs, as far as reading evidence goes."""

import gzip
import hashlib
import io
import struct
import tarfile
import zlib
from pathlib import Path

import pytest

from exsweep.errors import EvidenceError
from exsweep.evidence import Budgets, open_evidence
from exsweep.model import SourceState
from tests.evidence.build import (
    INERT,
    central,
    compressed,
    damage,
    deflated,
    log_lines,
    only,
    read_all,
    read_bytes,
    tar_hostile,
    tar_of,
    zip_method,
    zip_nested,
    zip_of,
    zip_streamed,
    zip_symlink,
    zip_with,
)

pytestmark = pytest.mark.hostile


def test_h01_parent_path_is_data_and_noted(tmp_path: Path) -> None:
    read = only(read_bytes(tmp_path, "e.zip", zip_of([("../../evil.txt", b"x\n")])), "evil.txt")
    assert read.data == b"x\n"
    assert any("escapes" in note for note in read.notes)
    assert [path.name for path in tmp_path.rglob("*")] == ["e.zip"]
    (unit,) = open_evidence([tmp_path / "e.zip"]).units
    assert unit.place.shown == "../../evil.txt"


def test_h02_windows_parent_path_is_resolved_in_the_text(tmp_path: Path) -> None:
    read = only(read_bytes(tmp_path, "e.zip", zip_of([("..\\..\\evil.txt", b"x\n")])), "evil.txt")
    assert any("escapes" in note for note in read.notes)


def test_h03_absolute_drive_and_network_names_are_logical(tmp_path: Path) -> None:
    names = ["/abs", "C:\\Windows\\x", "\\\\host\\share\\x", "\\\\?\\C:\\y", "\\\\.\\C:"]
    found = read_bytes(tmp_path, "e.zip", zip_of([(name, b"x") for name in names]))
    assert sorted(found) == ["C", "C/Windows/x", "C/y", "UNC/host/share/x", "abs"]


def test_h04_velociraptor_names_are_decoded_once(tmp_path: Path) -> None:
    names = ["uploads/auto/C%3A/inetpub/x.log", "uploads/ntfs/%5C%5C.%5CC%3A/$MFT", "C%253A/x"]
    found = read_bytes(tmp_path, "e.zip", zip_of([(name, b"x") for name in names]))
    assert sorted(found) == ["C%3A/x", "uploads/auto/C/inetpub/x.log", "uploads/ntfs/C/$MFT"]


def test_h05_a_link_in_a_zip_is_recorded_with_its_target(tmp_path: Path) -> None:
    read = only(read_bytes(tmp_path, "e.zip", zip_symlink("/etc/passwd")), "link")
    assert (read.state, read.data) == (SourceState.UNREADABLE, b"")
    assert "/etc/passwd" in read.reason


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "gz", "zst", "bz2", "xz", "tar.zst"])
def test_h06_a_bomb_stops_at_the_ratio_and_other_members_are_read(tmp_path: Path, kind: str) -> None:
    small = Budgets(ratio_free_bytes=4 << 20)
    bomb = bytes(24 << 20)
    if kind == "zip":
        raw = deflated([("bomb.log", bomb), ("other.log", b"x\n")])
    elif kind.startswith("tar"):
        raw = compressed(kind.removeprefix("tar."), tar_of([("bomb.log", bomb), ("other.log", b"x\n")]))
    else:
        raw = compressed(kind, bomb)
    found = read_bytes(tmp_path, f"e.{kind}", raw, small)
    read = found[f"e.{kind}"][0] if "tar" not in kind and kind != "zip" else only(found, "bomb.log")
    assert read.state is SourceState.LIMIT
    assert 4 << 20 <= len(read.data) < 24 << 20
    assert read.data.count(0) == len(read.data)
    if kind == "zip" or "tar" in kind:
        assert only(found, "other.log").data == b"x\n"


def test_h06_all_members_together_have_a_budget_too(tmp_path: Path) -> None:
    raw = compressed("gz", tar_of([(f"{n}.log", log_lines(20_000, n)) for n in range(9)]))
    found = read_bytes(tmp_path, "e.tar.gz", raw, Budgets(expansion_bytes=3 << 20))
    assert any(read.state is SourceState.LIMIT for reads in found.values() for read in reads)
    assert sum(len(read.data) for reads in found.values() for read in reads) <= 3 << 20


def test_h07_declared_size_lie_keeps_what_was_decoded(tmp_path: Path) -> None:
    raw = bytearray(deflated([("f", b"A" * 10**6)]))
    place = central(raw)
    raw[place + 24 : place + 28] = struct.pack("<I", 10)
    read = only(read_bytes(tmp_path, "e.zip", bytes(raw)), "f")
    assert read.state is SourceState.PARTIAL
    assert read.data == b"A" * 10**6
    assert "10 bytes" in read.reason


def test_h08_overlapping_entries_are_listed_and_read_once(tmp_path: Path) -> None:
    raw = bytearray(zip_of([("a", b"x" * 100), ("b", b"y" * 100)]))
    first, second = central(raw), central(raw, 1)
    raw[second + 42 : second + 46] = raw[first + 42 : first + 46]
    found = read_bytes(tmp_path, "e.zip", bytes(raw))
    assert only(found, "a").data == b"x" * 100
    assert (only(found, "b").state, only(found, "b").data) == (SourceState.DUPLICATE, b"")
    assert "overlap" in only(found, "b").reason


def test_h08_a_member_inside_another_is_not_read_twice(tmp_path: Path) -> None:
    inner = zip_of([("in", b"y" * 50)])
    raw = bytearray(zip_of([("out", inner), ("b", b"y" * 50)]))
    place = raw.find(b"PK\3\4", 4)
    record = raw.find(b"PK\1\2", raw.find(b"PK\1\2", raw.rfind(b"PK\3\4")) + 4)
    raw[record + 42 : record + 46] = struct.pack("<L", place)
    found = read_bytes(tmp_path, "e.zip", bytes(raw))
    assert only(found, "b").state is SourceState.LIMIT


def test_h09_nesting_stops_after_four_levels_and_says_so(tmp_path: Path) -> None:
    assert only(read_bytes(tmp_path, "z3.zip", zip_nested(4)), "z2.zip/z1.zip/z0.zip/x.log").data == b"line\n"
    found = read_bytes(tmp_path, "z9.zip", zip_nested(10))
    ((path, (read,)),) = found.items()
    assert path == "z8.zip/z7.zip/z6.zip/z5.zip"
    assert read.state is SourceState.LIMIT
    assert "4 deep" in read.reason


def test_h09_a_zip_that_holds_itself_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A true quine is long to make: here every archive has the fingerprint of its ancestor.
    class Same:
        def __init__(self) -> None:
            pass

        def update(self, _: bytes) -> None:
            pass

        def digest(self) -> bytes:
            return b"same"

    monkeypatch.setattr(hashlib, "sha256", Same)
    read = only(read_bytes(tmp_path, "q.zip", zip_nested(4)), "z2.zip/z1.zip")
    assert read.state is SourceState.LIMIT
    assert "holds itself" in read.reason


def test_h10_equal_names_are_all_kept(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        raw = zip_of([("a/dup.txt", b"1"), ("a/dup.txt", b"2"), ("A/DUP.TXT", b"3")])
    for name, data in (
        ("e.zip", raw),
        ("e.tar", tar_of([("a/dup.txt", b"1"), ("a/dup.txt", b"2"), ("A/DUP.TXT", b"3")])),
    ):
        found = read_bytes(tmp_path, name, data)
        assert {path: only(found, path).data for path in found} == {
            "a/dup.txt": b"1",
            "a/dup.txt#2": b"2",
            "A/DUP.TXT": b"3",
        }
        assert all(
            any("duplicate member name" in note for note in found[path][0].notes)
            for path in ("a/dup.txt#2", "A/DUP.TXT")
        )


def test_h11_both_names_are_told_when_the_headers_differ(tmp_path: Path) -> None:
    raw = zip_of([("good.aspx", INERT)]).replace(b"good.aspx", b"evil.aspx", 1)
    read = only(read_bytes(tmp_path, "e.zip", raw), "good.aspx")
    assert read.data == INERT
    assert any("good.aspx" in note and "evil.aspx" in note for note in read.notes)


def test_h12_nul_in_a_name_hides_nothing(tmp_path: Path) -> None:
    raw = zip_of([("aaaaXbbb.aspx", INERT)]).replace(b"aaaaX", b"aaaa\0")
    read = only(read_bytes(tmp_path, "e.zip", raw), r"aaaa\x00bbb.aspx")
    assert read.data == INERT
    assert any("NUL" in note and '"aaaa"' in note for note in read.notes)


def test_h13_reserved_and_odd_names_are_only_data(tmp_path: Path) -> None:
    names = ["a/CON", "a/b:ads.txt", "t. ", "x" * 300, "d/" * 20_000 + "deep"]
    found = read_bytes(tmp_path, "e.zip", zip_of([(name, b"x") for name in names]))
    assert sorted(found) == sorted(names)
    assert any("NTFS stream" in note for note in found["a/b:ads.txt"][0].notes)


def test_h14_direction_and_zero_width_characters_are_visible(tmp_path: Path) -> None:
    found = read_bytes(tmp_path, "e.zip", zip_of([("\u202egpj.exe", b"x"), ("global\u200b.asax", b"x")]))
    assert sorted(found) == [r"\u202egpj.exe", r"global\u200b.asax"]


@pytest.mark.parametrize(("method", "word"), [(98, "PPMd"), (97, "WavPack"), (1, "shrink"), (77, "77")])
def test_h15_an_unknown_method_says_what_to_do(tmp_path: Path, method: int, word: str) -> None:
    read = only(read_bytes(tmp_path, "e.zip", zip_method(method)), "f.log")
    assert read.state is SourceState.UNREADABLE
    assert word in read.reason
    assert "unpack it" in read.reason


@pytest.mark.parametrize("method", [8, 12, 14, 93, 95])
def test_h15_a_method_that_is_not_what_the_bytes_are_is_partial(tmp_path: Path, method: int) -> None:
    read = only(read_bytes(tmp_path, "e.zip", zip_method(method)), "f.log")
    assert read.state in (SourceState.PARTIAL, SourceState.UNREADABLE)


def test_h15_a_decoder_may_not_ask_for_endless_memory(tmp_path: Path) -> None:
    header = b"\x09\x14\x05\x00\x5d" + b"\xff\xff\xff\xff"
    read = only(read_bytes(tmp_path, "e.zip", zip_with(14, b"x", header + b"\0" * 20, 0)), "f.log")
    assert read.state is SourceState.UNREADABLE
    frame = b"\x28\xb5\x2f\xfd\x00\xff" + b"\0" * 10
    assert only(read_bytes(tmp_path, "x.zst", frame), "x.zst").state is SourceState.PARTIAL


def test_h16_encrypted_members_are_told_and_never_guessed(tmp_path: Path) -> None:
    raw = bytearray(zip_of([("f.log", b"A" * 100), ("g.log", b"x\n")]))
    raw[6] |= 1
    raw[central(raw) + 8] |= 1
    found = read_bytes(tmp_path, "e.zip", bytes(raw))
    assert (only(found, "f.log").state, only(found, "f.log").data) == (SourceState.ENCRYPTED, b"")
    assert "password" in only(found, "f.log").reason
    assert only(found, "g.log").whole
    assert only(read_bytes(tmp_path, "aes.zip", zip_method(99)), "f.log").state is SourceState.ENCRYPTED


@pytest.mark.parametrize("streamed", [False, True])
def test_h17_a_cut_zip_is_salvaged_and_said_to_be_cut(tmp_path: Path, streamed: bool) -> None:
    entries = [(f"e/{n:02}.log", log_lines(300, n)) for n in range(20)]
    raw = zip_streamed(entries) if streamed else deflated(entries)
    cut = raw[: len(raw) // 2]
    found = read_bytes(tmp_path, "e.zip", cut)
    whole = [path for path, (read,) in found.items() if read.whole]
    assert len(whole) >= 8
    assert all(only(found, path).data == dict(entries)[f"e/{path}"] for path in whole)
    archive = only(found, "e.zip")
    assert archive.state is SourceState.PARTIAL
    assert f"{len(cut):,}" in archive.reason
    (torn,) = [path for path, (read,) in found.items() if not read.whole and path != "e.zip"]
    assert dict(entries)[f"e/{torn}"].startswith(only(found, torn).data)


def test_h17_a_cut_that_leaves_the_last_member_stored_keeps_its_beginning(tmp_path: Path) -> None:
    raw = zip_of([("a.log", b"a" * 1000)])[:500]
    read = only(read_bytes(tmp_path, "e.zip", raw), "a.log")
    assert read.state is SourceState.PARTIAL
    assert read.data == b"a" * (500 - 35)
    assert read.offset == 500 - 35


def test_h17_a_cut_behind_an_inner_zip_does_not_hide_the_outer_members(tmp_path: Path) -> None:
    inner = zip_of([("in.log", b"i\n")])
    raw = zip_of([("a.log", b"a\n"), ("inner.zip", inner), ("z.log", b"z\n")])
    found = read_bytes(tmp_path, "e.zip", raw[: raw.find(inner) + len(inner)])
    assert only(found, "a.log").data == b"a\n"
    assert only(found, "inner.zip/in.log").data == b"i\n"
    assert only(found, "e.zip").state is SourceState.PARTIAL


def test_h17_a_second_empty_end_does_not_hide_the_members(tmp_path: Path) -> None:
    raw = zip_of([("a.log", b"a\n")]) + b"PK\5\6" + bytes(18)
    assert only(read_bytes(tmp_path, "e.zip", raw), "a.log").data == b"a\n"


def test_h17_a_damaged_directory_loses_no_member(tmp_path: Path) -> None:
    entries = [(f"{n:02}.log", log_lines(50, n)) for n in range(20)]
    raw = bytearray(deflated(entries))
    raw[central(raw, 10)] ^= 0xFF
    found = read_bytes(tmp_path, "e.zip", bytes(raw))
    assert {path: read[0].data for path, read in found.items() if path != "e.zip"} == dict(entries)
    assert only(found, "e.zip").state is SourceState.PARTIAL


def test_h18_a_flipped_byte_makes_one_member_partial_and_keeps_its_bytes(tmp_path: Path) -> None:
    raw = bytearray(zip_of([("f.log", b"A" * 100), ("g.log", b"B" * 100)]))
    raw[60] ^= 1
    found = read_bytes(tmp_path, "e.zip", bytes(raw))
    read = only(found, "f.log")
    assert read.state is SourceState.PARTIAL
    assert "checksum" in read.reason
    assert len(read.data) == 100
    assert only(found, "g.log").whole


def test_h18_damage_inside_deflate_keeps_every_byte_before_it(tmp_path: Path) -> None:
    data = log_lines(20_000)
    raw = bytearray(deflated([("f.log", data)]))
    inflate = zlib.decompressobj(-15)
    start = 30 + len("f.log")
    middle = start + 150_000
    sound = len(inflate.decompress(bytes(raw[start:middle])))
    raw[middle : middle + 64] = b"\xff" * 64
    read = only(read_bytes(tmp_path, "e.zip", bytes(raw)), "f.log")
    assert read.state is SourceState.PARTIAL
    assert read.data[: sound - 300] == data[: sound - 300]


def test_h19_tar_records_what_is_no_file_and_extracts_nothing(tmp_path: Path) -> None:
    for name, raw in (("e.tar", tar_hostile()), ("e.tar.gz", compressed("gz", tar_hostile()))):
        found = read_bytes(tmp_path, name, raw)
        for path, word in (
            ("soft", "/etc/passwd"),
            ("hard", "../../x"),
            ("device", "device"),
            ("fifo", "FIFO"),
        ):
            assert (only(found, path).state, only(found, path).data) == (SourceState.UNREADABLE, b"")
            assert word in only(found, path).reason
        assert only(found, "up.txt").data == b"x" == only(found, "setuid").data
        assert any("escapes" in note for note in only(found, "up.txt").notes)
        assert not (tmp_path.parent / "up.txt").exists()


def test_h19_a_hard_link_to_a_member_is_a_duplicate(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("a.log")
        info.size = 2
        archive.addfile(info, io.BytesIO(b"x\n"))
        link = tarfile.TarInfo("b.log")
        link.type, link.linkname = tarfile.LNKTYPE, "a.log"
        archive.addfile(link)
    assert only(read_bytes(tmp_path, "e.tar", out.getvalue()), "b.log").state is SourceState.DUPLICATE


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
@pytest.mark.parametrize("cut", [0.25, 0.5, 0.75])
def test_h19_a_cut_tar_gives_what_stands_before_the_cut(tmp_path: Path, kind: str, cut: float) -> None:
    entries = [(f"{n:02}.log", log_lines(400, n)) for n in range(10)]
    raw = tar_of(entries) if kind == "tar" else compressed("gz", tar_of(entries))
    found = read_bytes(tmp_path, f"e.{kind}", raw[: int(len(raw) * cut)])
    assert found[f"e.{kind}"][0].state is SourceState.PARTIAL
    for path, data in entries:
        if path in found:
            assert data.startswith(only(found, path).data)
    assert sum(read.whole for (read,) in found.values()) >= int(10 * cut) - 1


@pytest.mark.parametrize("kind", ["tar", "tar.zst"])
def test_h19_a_broken_header_costs_one_member(tmp_path: Path, kind: str) -> None:
    entries = [(f"{n}.log", log_lines(100, n)) for n in range(5)]
    raw = bytearray(tar_of(entries))
    raw[raw.find(b"2.log")] ^= 0xFF
    data = bytes(raw) if kind == "tar" else compressed("zst", bytes(raw))
    found = read_bytes(tmp_path, f"e.{kind}", data)
    assert {path for path in found if path.endswith(".log")} == {"0.log", "1.log", "3.log", "4.log"}
    assert "no header at byte" in only(found, f"e.{kind}").reason


def test_h19_an_endless_name_is_cut(tmp_path: Path) -> None:
    raw = tar_of([("n" * 5000, b"x\n"), ("next.log", b"y\n")])
    found = read_bytes(tmp_path, "e.tar", raw, Budgets(name_bytes=1000))
    assert only(found, "next.log").data == b"y\n"
    assert only(found, "n" * 1000).data == b"x\n"


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"7z\xbc\xaf\x27\x1c\0\4", "7-Zip"),
        (b"Rar!\x1a\x07\x01\0", "RAR"),
        (b"MSCF\0\0\0\0", "cabinet"),
        (b"vhdxfile", "VHDX"),
        (b"EVF\x09\x0d\x0a\xff\0", "EnCase"),
        (bytes(32_769) + b"CD001", "ISO"),
    ],
)
def test_h20_foreign_containers_are_named_by_their_magic(tmp_path: Path, head: bytes, word: str) -> None:
    read = only(read_bytes(tmp_path, "u_ex210303.log", head + bytes(100)), "u_ex210303.log")
    assert read.state is SourceState.UNREADABLE
    assert word in read.reason
    assert read.data == head + bytes(100)


def test_h20_a_self_extracting_zip_gives_its_members(tmp_path: Path) -> None:
    raw = b"MZ" + b"\x90" * 5000 + deflated([("a.log", b"x\n")])
    found = read_bytes(tmp_path, "collection.exe", raw)
    assert only(found, "a.log").data == b"x\n"
    assert only(found, "collection.exe").data == raw


def test_h21_a_polyglot_is_read_as_both(tmp_path: Path) -> None:
    page = b"<html>" + INERT + b"</html>\n"
    (tmp_path / "p.html").write_bytes(page + deflated([("hidden.log", b"x\n")]))
    found = read_all(tmp_path)
    assert only(found, "p.html").data.startswith(page)
    assert only(found, "p.html/hidden.log").data == b"x\n"
    assert any("also" in note for note in only(found, "p.html/hidden.log").notes)


def test_h21_a_line_that_ends_like_a_zip_is_still_a_line(tmp_path: Path) -> None:
    data = b"GET /PK\5\6" + bytes(18)
    assert list(read_bytes(tmp_path, "u_ex.log", data)) == ["u_ex.log"]


def test_an_empty_archive_is_no_evidence(tmp_path: Path) -> None:
    (tmp_path / "e.zip").write_bytes(zip_of([]))
    with pytest.raises(EvidenceError, match="nothing to read"):
        open_evidence([tmp_path / "e.zip"])


def test_too_many_members_are_told(tmp_path: Path) -> None:
    entries = [(f"{n}.log", b"x") for n in range(12)]
    for name, raw in (
        ("e.zip", zip_of(entries)),
        ("e.tar", tar_of(entries)),
        ("e.tgz", compressed("gz", tar_of(entries))),
    ):
        found = read_bytes(tmp_path, name, raw, Budgets(entries=10))
        assert only(found, name).state is SourceState.LIMIT
        assert len(found) == 11


@pytest.mark.parametrize("kind", ["zip", "streamed", "tar", "tar.gz", "tar.zst", "tar.xz", "tar.bz2"])
def test_no_damage_ends_a_run_by_an_exception(tmp_path: Path, kind: str) -> None:
    entries = [(f"{n}.log", log_lines(60, n)) for n in range(6)] + [
        ("in.zip", deflated([("i.log", log_lines(60))]))
    ]
    tar = tar_of(entries, tarfile.PAX_FORMAT)
    raw = (
        {"zip": deflated, "streamed": zip_streamed}[kind](entries)
        if kind in ("zip", "streamed")
        else (tar if kind == "tar" else compressed(kind.removeprefix("tar."), tar))
    )
    for seed in range(60):
        broken = damage(raw, (1, 20, 400)[seed % 3], seed) if seed % 4 else raw[: len(raw) * (seed + 4) // 64]
        try:
            read_bytes(tmp_path, f"e.{kind}", broken)
        except EvidenceError:
            assert seed == 0 or len(broken) < 64


@pytest.mark.parametrize(
    "kind", ["zip", "streamed", "stored", "tar", "tar.gz", "tar.zst", "tar.xz", "tar.bz2", "gz", "zst"]
)
def test_i4_no_cut_makes_less_look_whole(tmp_path: Path, kind: str) -> None:
    entries = [(f"{n}.log", log_lines(9, n)) for n in range(3)] + [
        ("in.zip", zip_of([("i.log", log_lines(9))]))
    ]
    makers = {"zip": deflated, "streamed": zip_streamed, "stored": zip_of, "tar": tar_of}
    if kind in ("gz", "zst"):
        # One stream: a cut exactly between two streams leaves a sound file, as with two plain files.
        raw = compressed(kind, log_lines(40))
    else:
        raw = (
            makers[kind](entries)
            if kind in makers
            else compressed(kind.removeprefix("tar."), tar_of(entries))
        )
    whole = {
        path: [read.data for read in reads] for path, reads in read_bytes(tmp_path, f"e.{kind}", raw).items()
    }
    steps = range(1, len(raw), 1 + len(raw) // 400)
    for size in steps:
        found = read_bytes(tmp_path, f"e.{kind}", raw[:size])
        some_gap = any(not read.whole for reads in found.values() for read in reads)
        same = {path: [read.data for read in reads] for path, reads in found.items()} == whole
        # What is shorter than any magic is a file of its own, and of no kind that is a log.
        assert some_gap or same or size < (512 if kind == "tar" else 12), size


PAGE = b'<%@ Page Language="C#" %> EXSWEEP-INERT-FIXTURE '


@pytest.mark.parametrize("outer", ["folder", "zip", "tar", "tar.gz"])
@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("rar", b"Rar!\x1a\x07\x01\0" + PAGE),
        ("7z", b"7z\xbc\xaf\x27\x1c\0\4" + PAGE),
        ("qcow2", b"QFI\xfb" + PAGE + bytes(600)),
        ("gzip", b"\x1f\x8b\x08\x08\0\0\0\0\0\0" + PAGE + b"\0"),
        ("zip", zip_of([("a.txt", PAGE)])),
        ("tar", tar_of([("b.log", PAGE)])),
    ],
)
def test_h21_h42_a_page_that_begins_as_a_container_is_read_as_the_page_that_the_server_would_run(
    tmp_path: Path, outer: str, kind: str, data: bytes
) -> None:
    name = "aspnet_client/x.aspx"
    if outer == "folder":
        path = tmp_path / "evidence" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        found = read_all(tmp_path / "evidence")
    elif outer == "zip":
        found = read_bytes(tmp_path, "e.zip", zip_of([(name, data), ("z.log", b"x\n")]))
    else:
        raw = tar_of([(name, data), ("z.log", b"x\n")])
        found = read_bytes(tmp_path, f"e.{outer}", gzip.compress(raw) if outer == "tar.gz" else raw)
    page = only(found, name)
    assert page.data == data and page.whole
    assert any("read as the page" in note for note in page.notes)
    inside = {"zip": f"{name}/a.txt", "tar": f"{name}/b.log"}.get(kind)
    assert inside is None or only(found, inside).data == PAGE
    assert outer == "folder" or only(found, "z.log").data == b"x\n"
