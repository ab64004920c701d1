"""A unit holds nothing open: it travels to another process and is opened there."""

import pickle
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from exsweep.evidence import Unit, open_evidence
from tests.evidence.build import pack, read_all, read_units, write_tree, zip_of


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tar.zst"])
def test_units_come_back_from_pickle_and_msgspec_and_read_the_same(tmp_path: Path, kind: str) -> None:
    tree = write_tree(tmp_path / "example")
    path = tree if kind == "folder" else pack(tree, kind, tmp_path / f"example.{kind}")
    units = list(open_evidence([path]).units)
    json = msgspec.json.decode(msgspec.json.encode(units), type=list[Unit])
    packed = msgspec.msgpack.decode(msgspec.msgpack.encode(units), type=list[Unit])
    pickled = pickle.loads(pickle.dumps(units))  # noqa: S301 - our own bytes
    assert json == packed == pickled == units
    assert read_units(json) == read_all(path)


def test_a_unit_opens_in_another_process(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(zip_of([("a.log", b"first\n"), ("b.log", b"second\n")]))
    unit = open_evidence([path]).units[1]
    program = (
        "import sys, msgspec; from exsweep.evidence import Unit, sources\n"
        "unit = msgspec.json.decode(sys.stdin.buffer.read(), type=Unit)\n"
        "for source in sources(unit):\n"
        "    for chunk in source.chunks(): sys.stdout.buffer.write(chunk)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=msgspec.json.encode(unit), capture_output=True, check=True
    )
    assert done.stdout == b"second\n"


def test_names_that_are_no_text_travel_too(tmp_path: Path) -> None:
    import os

    try:
        (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.log"))).write_bytes(b"x\n")
    except OSError:
        pytest.skip("this file system allows only text as names")
    units = list(open_evidence([tmp_path]).units)
    back = msgspec.json.decode(msgspec.json.encode(units), type=list[Unit])
    assert [read.data for read in read_units(back)[r"\xff\xfe.log"]] == [b"x\n"]


def test_the_stamp_changes_with_the_container_and_differs_between_members(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(zip_of([("a.log", b"x\n"), ("b.log", b"x\n")]))
    first = [unit.stamp for unit in open_evidence([path]).units]
    again = [unit.stamp for unit in open_evidence([path]).units]
    path.write_bytes(zip_of([("a.log", b"x\n"), ("b.log", b"yy\n")]))
    later = [unit.stamp for unit in open_evidence([path]).units]
    assert first == again
    assert len({*first, *later}) == 4


def test_a_file_written_to_after_listing_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"a\n")
    units = open_evidence([path]).units
    path.write_bytes(b"a\nb\n")
    (read,) = read_units(units)["x.log"]
    assert read.data == b"a\nb\n"
    assert any("after it had been listed" in note for note in read.notes)
