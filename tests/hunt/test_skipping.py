"""The law of the index: a file in which some row matches is never passed over; and it does pass over others."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.assess.store import EventWriter, read_events
from exsweep.detect import Engine
from exsweep.fleet import grams, hunt
from exsweep.fleet import lake as lakes
from exsweep.fleet.grams import Grams
from exsweep.fleet.hunt import Question, Scope, looking, planning
from exsweep.fleet.hunt.question import rules_of
from exsweep.fleet.hunt.skipping import Skipper
from exsweep.fleet.lake import Lake
from exsweep.fleet.store import Fleet
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import Rule
from exsweep.parse.batch import Batch
from tests.detect.build import FORMATS, W3C, make_batch
from tests.detect.test_nothing_is_hidden import case_of
from tests.hunt.conftest import INTRUDER
from tests.hunt.test_hunt import QUESTIONS, asked, counts

SEAL = "5e" * 32


def stored(batch: Batch, folder: str) -> tuple[list[Batch], Grams | None]:
    """The rows as they are read again from the store, and the index of their file."""
    writer = EventWriter(Path(folder), "x")
    writer.write(batch, [("u_ex.log", len(batch))])
    ((name, _, _),) = writer.close()
    path = Path(folder) / name
    grams.write(path, SEAL)
    return [one for _, one in read_events(path, batch.format)], grams.read(path, SEAL)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32).map(case_of))
def test_no_file_with_a_row_that_matches_is_passed_over(case: tuple[list[Rule], Batch]) -> None:
    rules, batch = case
    with TemporaryDirectory() as folder:
        rows, index = stored(batch, folder)
    assert index is not None
    matched = {one.rule.id for one in Engine(rules, FORMATS).match(rows)}
    for rule in rules:
        may = Skipper([rule]).may_hold(batch.format.id, index)
        assert may or rule.id not in matched, rule
    assert Skipper(rules).may_hold(batch.format.id, index) or not matched


TEXT = st.text(st.characters(exclude_characters="\n\r\0", codec="utf-8"), min_size=1, max_size=40)


@settings(max_examples=200, deadline=None)
@given(TEXT, TEXT, TEXT)
def test_the_pieces_of_a_text_are_among_those_of_every_text_around_it(
    before: str, text: str, behind: str
) -> None:
    around = set(grams.pieces(f"{before}{text}{behind}".swapcase().encode()).tolist())
    for part in grams.cut(text):
        if part.isascii():
            assert set(grams.pieces(part).tolist()) <= around


def test_a_text_across_the_border_of_two_blocks_is_in_the_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grams, "_BLOCK", 7)
    rows = [{"cs-uri-stem": b"/owa/auth/0123456789abcdef0123456789abcdef.aspx", "c-ip": b"203.0.113.77"}]
    _, index = stored(make_batch(W3C, rows, columns=["cs-uri-stem", "c-ip"]), str(tmp_path))
    assert index is not None
    for text in (b"/owa/auth/", b"0123456789abcdef0123456789abcdef", b"203.0.113.77"):
        assert index.have(grams.pieces(text)).all()


def test_words_addresses_hashes_that_are_nowhere_pass_files_over_and_ids_and_times_do_not_fill_the_index(
    tmp_path: Path,
) -> None:
    rows = [
        {
            "cs-uri-stem": b"/owa/auth.owa",
            "cs-uri-query": f"id={at:08x}-d9cb-469f-a165-{at * 7919:012x}".encode(),
            "c-ip": f"198.51.100.{at % 200}".encode(),
            "time": f"{at // 3600 % 24:02}:{at // 60 % 60:02}:{at % 60:02}".encode(),
        }
        for at in range(3_000)
    ]
    _, index = stored(make_batch(W3C, rows, columns=list(rows[0])), str(tmp_path))
    assert index is not None
    for there in ("198.51.100.77", "auth.owa", "198.51.100.0/24"):
        assert may(there, index), there
    gone = ("203.0.113.77", "qwertzui.aspx", "ab" * 32, "evil.example", "203.0.113.0/24", "x/y-z.aspx")
    for one in gone:
        assert not may(one, index), one
    assert (tmp_path / "w3c-x-00.parquet.grams").stat().st_size < 20_000


def may(text: str, index: Grams) -> bool:
    rules, _ = rules_of(Question(indicators=(text,)))
    return Skipper(list(rules)).may_hold("iis_w3c", index)


@pytest.mark.parametrize("spoilt", ["cut", "flipped", "other file", "other program", "gone"])
def test_a_damaged_or_foreign_index_is_no_index(tmp_path: Path, spoilt: str) -> None:
    stored(make_batch(W3C, [{"cs-uri-stem": b"/x.aspx"}], columns=["cs-uri-stem"]), str(tmp_path))
    path = tmp_path / "w3c-x-00.parquet"
    index = grams.beside(path)
    data = index.read_bytes()
    assert grams.read(path, SEAL) is not None
    if spoilt == "cut":
        index.write_bytes(data[: len(data) // 2])
    elif spoilt == "flipped":
        index.write_bytes(data[:-3] + bytes([data[-3] ^ 8]) + data[-2:])
    elif spoilt == "other program":
        index.write_bytes(data.replace(b"grams/1", b"grams/9"))
    elif spoilt == "gone":
        index.unlink()
    assert grams.read(path, "00" * 32 if spoilt == "other file" else SEAL) is None


def test_a_hunt_opens_only_what_may_hold_it_and_finds_the_same_without_an_index(
    fleet: Fleet, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    real = looking.Looker._path

    def path(self: looking.Looker, each: lakes.EventSet, file: lakes.EventFile) -> Path:
        found = real(self, each, file)
        opened.append(found)
        return found

    with_index = [counts(asked(fleet, lake, one)) for one in QUESTIONS]
    for each in lake.folder.rglob("*.grams"):
        each.unlink()
    assert [counts(asked(fleet, lake, one)) for one in QUESTIONS] == with_index
    assert lakes.index(fleet, lake) == len(list(lake.folder.rglob("*.parquet")))
    assert lakes.index(fleet, lake) == 0
    monkeypatch.setattr(looking.Looker, "_by_sql", lambda *_: pytest.fail("a file was opened"))
    monkeypatch.setattr(looking.Looker, "_one_by_one", lambda *_: pytest.fail("a file was opened"))
    for nowhere in ("nothing-like-this.aspx", "203.0.113.250", "cd" * 32):
        report = asked(fleet, lake, Question(query=nowhere))
        assert (report.looked, report.hits, report.events) == (3, (), fleet_rows(fleet))


def fleet_rows(fleet: Fleet) -> int:
    return fleet.database.number("SELECT SUM(events) FROM event_file")


def test_every_format_joins_its_columns_by_something_that_ends_a_piece() -> None:
    for form in load_formats():
        assert grams.cut(f"abcdef{form.separator}ghijkl") == [b"abcdef", b"ghijkl"], form.id


def test_an_estimate_says_how_many_files_will_be_opened(fleet: Fleet, lake: Lake) -> None:
    nowhere = hunt.plan(fleet, Question(query="nothing-like-this.aspx"), Scope(), lake=lake)
    there = hunt.plan(fleet, Question(query=INTRUDER), Scope(), lake=lake)
    blind = hunt.plan(fleet, Question(query=INTRUDER), Scope())
    assert (nowhere.opened, there.opened, blind.opened) == (0, 2, blind.files)


def test_an_estimate_knows_a_field_from_a_text_anywhere() -> None:
    columns = {f"column{at}": f"column{at}" for at in range(60)} | {"clientipaddress": "source.ip"}
    file = lakes.EventFile(
        name="x", sha256=SEAL, kind="httpproxy", natives=columns, events=10_000_000, size=1
    )
    anywhere, field = (
        planning._reading(rules_of(Question(query=query))[0], [file])
        for query in ("203.0.113.77", "ip:203.0.113.77")
    )
    assert anywhere > 10 * field
