"""The journal of changes: who made and removed which file, to the second, with the folder's name where the table tells it."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exsweep.model import SourceState
from exsweep.parse.filesystem import Folders, MftReader, UsnReader, is_usn
from tests.parse.filesystem.making import CLOSE, CREATE, DELETE, EXTEND, NEW_NAME, OLD_NAME, Table, change

QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(
    data: bytes, folders: Folders | None = None, step: int = 4 << 20
) -> tuple[list[dict[str, str]], UsnReader]:
    reader = UsnReader("C/$Extend/$J", folders)
    batches = []
    for start in range(0, len(data), step):
        batches += reader.feed(data[start : start + step])
    batches += reader.feed(b"", last=True)
    rows = [
        {name: (value or b"").decode("utf-8", "surrogatepass") for name, value in row.items()}
        for batch in batches
        for row in batch.table.to_pylist()
    ]
    return rows, reader


def shell_made_and_removed(parent: int, version: int = 2) -> bytes:
    told = [
        ("x.aspx", "2021-03-03 04:10:22", CREATE),
        ("x.aspx", "2021-03-03 04:10:22", CREATE | EXTEND | CLOSE),
        ("x.aspx", "2021-03-03 05:00:00", OLD_NAME),
        ("y.aspx", "2021-03-03 05:00:00", NEW_NAME),
        ("y.aspx", "2021-03-03 06:00:00", DELETE | CLOSE),
    ]
    return b"".join(
        change(name, when, reasons, entry=77, parent=parent, usn=number, version=version)
        for number, (name, when, reasons) in enumerate(told)
    )


def test_a_journal_is_known_by_its_first_records_behind_zeros():
    data = shell_made_and_removed(40)
    assert is_usn(data)
    assert is_usn(bytes(4096) + data)
    assert not is_usn(bytes(4096))
    assert not is_usn(b"a" * 4096)


def test_each_change_is_told_with_its_second():
    for version in (2, 3):
        rows, reader = read(bytes(8192) + shell_made_and_removed(40, version))
        assert [row["Action"] for row in rows] == [
            "created",
            "created",
            "renamed_from",
            "renamed_to",
            "deleted",
        ]
        assert rows[1]["Reasons"] == "DATA_EXTEND|FILE_CREATE|CLOSE"
        assert rows[-1]["TimeStamp"] == "2021-03-03 06:00:00.000Z"
        assert rows[0]["Path"] == r"\(folder 40-1)\x.aspx"
        assert rows[0]["FolderKnown"] == "no"
        assert reader.tally.facts["usn.empty_bytes"] == "8192"
        assert reader.state() == (SourceState.READ, "")


def test_the_file_table_tells_the_names_of_folders():
    table = Table()
    web = table.folder(r"inetpub\wwwroot\aspnet_client")
    mft = MftReader("C/$MFT", only_folders=True)
    assert not list(mft.feed(table.bytes(), last=True))
    rows, _ = read(shell_made_and_removed(web), mft.folders)
    assert rows[0]["Path"] == r"C:\inetpub\wwwroot\aspnet_client\x.aspx"
    assert (rows[0]["Place"], rows[0]["Shipped"], rows[0]["FolderKnown"]) == ("drop", "no", "yes")


def test_a_journal_covers_the_days_it_speaks_of():
    _, reader = read(shell_made_and_removed(40))
    assert {day.isoformat(): count for day, count in reader.tally.days.items()} == {"2021-03-03": 5}


def test_bytes_that_are_no_record_are_counted_and_the_next_record_is_found():
    good = shell_made_and_removed(40)
    rows, reader = read(good + b"\xaa" * 64 + good)
    assert len(rows) == 10
    assert (reader.tally.rejected, reader.state()[0]) == (1, SourceState.PARTIAL)


@QUICK
@given(step=st.integers(1, 700))
def test_chunk_borders_change_nothing(step: int):
    data = bytes(64) + shell_made_and_removed(40) * 3
    assert read(data, step=step)[0] == read(data)[0]


@QUICK
@given(
    flips=st.lists(st.tuples(st.integers(0, 350), st.integers(0, 255)), max_size=30), cut=st.integers(0, 360)
)
def test_no_damage_is_an_exception(flips: list[tuple[int, int]], cut: int):
    data = bytearray(shell_made_and_removed(40))
    for place, value in flips:
        data[place] = value
    rows, reader = read(bytes(data[:cut]))
    assert len(rows) == reader.tally.events
    assert reader.tally.lines == reader.tally.events + reader.tally.rejected
