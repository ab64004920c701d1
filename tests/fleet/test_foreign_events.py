"""Saved events from elsewhere are read in a jail and written anew; what no event has is refused."""

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exsweep.assess import Settings, rejudge, triage
from exsweep.assess.foreign_events import renewed
from exsweep.errors import EvidenceError
from tests.assess.example import NOW, same_but_run
from tests.hostile.rows import made


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("foreign")
    triage(Settings(evidence=(made(folder / "evidence", "H45", "H75"),), now=NOW, out=folder / "out"))
    return folder / "out"


@pytest.fixture
def events(case, tmp_path):
    shutil.copytree(case / "events", tmp_path / "events")
    return tmp_path / "events"


def test_events_written_anew_give_the_same_judgement(case, events, tmp_path):
    (tmp_path / "again").mkdir()
    renewed(events, tmp_path / "again" / "events")
    results = [
        same_but_run(rejudge(Settings(evidence=(folder,), now=NOW))) for folder in (case, tmp_path / "again")
    ]
    assert results[0] == results[1]


def test_a_damaged_file_is_refused_in_words(events, tmp_path):
    path = next(events.glob("*.parquet"))
    data = bytearray(path.read_bytes())
    data[4 : len(data) // 2] = bytes(len(data) // 2 - 4)
    path.write_bytes(data)
    with pytest.raises(EvidenceError, match="cannot be used"):
        renewed(events, tmp_path / "new")


def test_columns_that_no_event_has_are_refused(events, tmp_path):
    path = next(events.glob("*.parquet"))
    pq.write_table(pa.table({"x": pa.array([[1, 2]])}), path)
    with pytest.raises(EvidenceError, match="a column of type list"):
        renewed(events, tmp_path / "new")
