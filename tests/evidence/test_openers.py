"""Folder, file, zip, tar, compressed streams and pasted lines give the same bytes under the same names."""

import os
import subprocess
import tarfile
import zlib
from pathlib import Path

import pytest

from exsweep.errors import EvidenceError
from exsweep.evidence import open_evidence, seal, sources
from tests.evidence.build import (
    compressed,
    log_lines,
    only,
    pack,
    read_all,
    read_bytes,
    read_units,
    tar_of,
    write_tree,
    zip_of,
    zip_streamed,
    zip_with,
)

KINDS = ("zip", "tar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("tree") / "example")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("top", ["", "./", "example/"])
def test_an_archive_gives_the_same_paths_and_bytes_as_the_folder(
    tree: Path, tmp_path: Path, kind: str, top: str
) -> None:
    archive = pack(tree, kind, tmp_path / f"example.{kind}", top)
    found, expected = read_all(archive), read_all(tree)
    assert found == expected
    assert "inetpub/logs/LogFiles/W3SVC1/u_ex210303.log" in found


@pytest.mark.parametrize("kind", KINDS)
def test_the_top_folder_stays_when_not_all_members_stand_in_it(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "inetpub"
    for name in ("inetpub/a.log", "Logging/b.log"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_bytes(b"x\n")
    (tmp_path / "packed").mkdir()
    archive = pack(root, kind, tmp_path / "packed" / f"inetpub.{kind}")
    assert sorted(read_all(archive)) == ["Logging/b.log", "inetpub/a.log"] == sorted(read_all(root))


@pytest.mark.parametrize("chunk", [1, 7, 4096, 1 << 20, 3 << 20, 16 << 20])
def test_the_size_of_chunks_does_not_change_the_bytes(tmp_path: Path, chunk: int) -> None:
    data = log_lines(300 if chunk < 4096 else 60_000)
    (tmp_path / "x.log").write_bytes(data)
    (tmp_path / "x.zip").write_bytes(zip_streamed([("x.log", data)]))
    (tmp_path / "x.gz").write_bytes(compressed("gz", data))
    for name in ("x.log", "x.zip", "x.gz"):
        (unit,) = open_evidence([tmp_path / name]).units
        for source in sources(unit):
            chunks = list(source.chunks(chunk))
            assert b"".join(chunks) == data
            assert {len(part) for part in chunks[:-1]} <= {chunk}


def test_a_single_file_is_known_by_its_name(tmp_path: Path) -> None:
    assert only(read_bytes(tmp_path, "u_ex210303.log", b"a\nb\n"), "u_ex210303.log").data == b"a\nb\n"


def test_pasted_lines_are_evidence() -> None:
    opened = open_evidence([], stdin=b"2021-03-03 GET /owa\n")
    assert only(read_units(opened.units), "stdin").data == b"2021-03-03 GET /owa\n"


def test_a_compressed_archive_may_be_pasted() -> None:
    found = read_units(open_evidence([], stdin=compressed("gz", tar_of([("a.log", b"x\n")]))).units)
    assert only(found, "stdin/a.log").data == b"x\n"


def test_several_arguments_are_kept_apart_by_their_names(tmp_path: Path) -> None:
    for folder in ("one/logs", "two/logs"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "x.log").write_bytes(b"x\n")
    (tmp_path / "c.zip").write_bytes(zip_of([("c/x.log", b"x\n")]))
    (tmp_path / "d.log").write_bytes(b"x\n")
    arguments = [tmp_path / name for name in ("one/logs", "two/logs", "c.zip", "d.log")]
    assert sorted(read_all(*arguments)) == ["c.zip/x.log", "d.log", "logs#2/x.log", "logs/x.log"]


def test_format_is_known_by_content_not_by_name(tmp_path: Path) -> None:
    assert list(read_bytes(tmp_path, "u_ex.log", zip_of([("in.log", b"x\n")]))) == ["in.log"]
    assert list(read_bytes(tmp_path, "text.zip", b"no zip at all\n")) == ["text.zip"]


def test_archives_inside_a_folder_are_opened_below_their_own_name(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of([("a/x.log", b"1\n")]))
    (tmp_path / "b.tar.gz").write_bytes(compressed("gz", tar_of([("b/x.log", b"2\n")])))
    found = read_all(tmp_path)
    assert only(found, "a.zip/a/x.log").data == b"1\n"
    assert only(found, "b.tar.gz/b/x.log").data == b"2\n"


def test_archives_inside_archives_are_opened_in_place(tmp_path: Path) -> None:
    inner = zip_of([("day.log.gz", compressed("gz", b"deep\n")), ("plain.log", b"p\n")])
    outer = compressed("gz", tar_of([("case/inner.zip", inner), ("case/last.log", b"l\n")]))
    found = read_bytes(tmp_path, "outer.tar.gz", outer)
    assert {path: only(found, path).data for path in found} == {
        "case/inner.zip/day.log.gz": b"deep\n",
        "case/inner.zip/plain.log": b"p\n",
        "case/last.log": b"l\n",
    }


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_compressed_logs_are_read_across_several_streams(tmp_path: Path, kind: str) -> None:
    one, two = log_lines(500, 1), log_lines(9000, 2)
    read = only(
        read_bytes(tmp_path, f"x.log.{kind}", compressed(kind, one) + compressed(kind, two)), f"x.log.{kind}"
    )
    assert read.whole
    assert read.data == one + two


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_and_foreign_names_survive_every_tar_format(tmp_path: Path, form: int) -> None:
    names = ["a/" * 40 + "x.log", "ä/ö.log"] + ([] if form == tarfile.USTAR_FORMAT else ["n" * 300 + ".log"])
    found = read_bytes(tmp_path, "t.tar", tar_of([(name, name.encode()) for name in names], form))
    assert {path: only(found, path).data for path in found} == {name: name.encode() for name in names}


def test_more_methods_of_zip_are_read(tmp_path: Path) -> None:
    data = log_lines(5000)
    for method, kind in ((93, "zst"), (95, "xz")):
        raw = zip_with(method, data, compressed(kind, data), zlib.crc32(data))
        read = only(read_bytes(tmp_path, "m.zip", raw), "f.log")
        assert (read.whole, read.data) == (True, data), read.reason
    for method in (12, 14):
        import zipfile

        kind = zipfile.ZIP_BZIP2 if method == 12 else zipfile.ZIP_LZMA
        assert only(read_bytes(tmp_path, "m.zip", zip_of([("f.log", data)], kind)), "f.log").data == data


def test_zip64_is_read(tmp_path: Path) -> None:
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("f.log", "w", force_zip64=True) as member:
        member.write(b"x\n")
    found = read_bytes(tmp_path, "z.zip", out.getvalue())
    assert only(found, "f.log").data == b"x\n"


def test_a_zip_of_more_than_65535_members_is_read_whole(tmp_path: Path) -> None:
    raw = zip_of([(f"{n}.log", b"") for n in range(66_000)])
    path = tmp_path / "many.zip"
    path.write_bytes(raw)
    assert len(open_evidence([path]).units) == 66_000


def test_sparse_members_of_tar_are_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.log"
    with path.open("wb") as file:
        file.write(b"begin\n")
        file.seek(300_000)
        file.write(b"end\n")
    for form in ("gnu", "posix"):
        archive = tmp_path / f"{form}.tar"
        command = [
            "tar",
            "--sparse",
            f"--format={form}",
            "-C",
            str(tmp_path),
            "-cf",
            str(archive),
            "sparse.log",
        ]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("no GNU tar here")
        read = only(read_all(archive), "sparse.log")
        assert read.whole
        assert read.data == path.read_bytes()


def test_seal_shows_every_chunk_to_the_hash(tmp_path: Path) -> None:
    import hashlib

    (tmp_path / "x.log").write_bytes(b"abc" * 1000)
    (unit,) = open_evidence([tmp_path / "x.log"]).units
    digest = hashlib.sha256()
    for source in sources(unit):
        assert b"".join(seal(source.chunks(100), digest)) == b"abc" * 1000
    assert digest.digest() == hashlib.sha256(b"abc" * 1000).digest()


def test_evidence_is_not_changed_by_reading_it(tree: Path) -> None:
    def manifest() -> list[tuple[str, int, int, int]]:
        every = sorted(tree.rglob("*"))
        return [
            (
                str(path),
                path.stat().st_size,
                path.stat().st_mtime_ns,
                zlib.crc32(path.read_bytes()) if path.is_file() else 0,
            )
            for path in every
        ]

    before = manifest()
    read_all(tree)
    assert manifest() == before


def test_missing_evidence_says_where_it_usually_is(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="There is no") as caught:
        open_evidence([tmp_path / "nowhere"])
    assert "LogFiles" in (caught.value.tip or "")


def test_a_source_that_was_left_behind_cannot_be_mistaken_for_damage(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(b"x" * 1000)
    (unit,) = open_evidence([tmp_path / "x.log"]).units
    (source,) = sources(unit)
    with pytest.raises(ValueError, match="was left"):
        list(source.chunks())


def test_members_left_unread_do_not_shift_the_next(tmp_path: Path) -> None:
    data = compressed("gz", tar_of([("a.log", log_lines(5000)), ("b.log", b"b\n")]))
    (tmp_path / "x.tar.gz").write_bytes(data)
    (unit,) = open_evidence([tmp_path / "x.tar.gz"]).units
    last = b""
    for source in sources(unit):
        if source.path == "b.log":
            last = b"".join(source.chunks())
    assert last == b"b\n"


def test_walking_ten_thousand_files_is_lazy(tmp_path: Path) -> None:
    from exsweep.evidence.folder import walk

    for folder in range(100):
        (tmp_path / f"d{folder:03}").mkdir()
        for file in range(100):
            (tmp_path / f"d{folder:03}" / f"f{file:03}").touch()
    walker = walk(os.fsencode(tmp_path))
    assert next(walker).name == b"d000/f000"
    (tmp_path / "d099" / "late").touch()
    names = [found.name for found in walker]
    assert names[-1] == b"d099/late"
    assert names == sorted(names)
    assert len(names) == 10_000
