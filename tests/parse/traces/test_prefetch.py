"""Prefetch files: what ran, how often, when, in the forms of Windows XP to 11, packed or not."""

import pytest

from exsweep.model import SourceState
from tests.parse.traces.making import packed, prefetch
from tests.parse.traces.reading import read

PLACE = "C/Windows/Prefetch/SVCH.EXE-12345678.pf"
FILES = [r"\VOLUME{01d7}\WINDOWS\SYSTEM32\NTDLL.DLL", r"\VOLUME{01d7}\PROGRAMDATA\SVCH.EXE"]
RUNS = ["2021-03-03 04:10:22", "2021-03-02 01:00:00"]


@pytest.mark.parametrize("version", [17, 23, 26, 30, 31])
@pytest.mark.parametrize("squeezed", [False, True])
def test_each_form_tells_name_runs_and_files(version: int, squeezed: bool):
    data = prefetch("SVCH.EXE", FILES, RUNS if version > 23 else RUNS[:1], version=version)
    (row,), reader = read(packed(data) if squeezed else data, PLACE)
    assert (row["ExecutableName"], row["RunCount"], row["Version"]) == ("SVCH.EXE", "3", str(version))
    assert row["LastRun"] == "2021-03-03 04:10:22.000Z"
    assert row.get("PreviousRun0", "") == ("2021-03-02 01:00:00.000Z" if version > 23 else "")
    assert row["FilesLoaded"] == ", ".join(FILES)
    assert (row["Volume0Name"], row["Volume0Serial"]) == (r"\VOLUME{01d7}", "ABCD")
    assert reader.state()[0] is SourceState.READ
    assert reader.tally.days == {}


@pytest.mark.parametrize(
    "data", [packed(prefetch("A.EXE", FILES, RUNS))[:300], b"MAM\x04\xff\xff\xff\xff" + bytes(90)]
)
def test_what_cannot_be_unpacked_is_partial_and_counted(data: bytes):
    rows, reader = read(data, PLACE)
    assert rows == []
    assert reader.state()[0] is SourceState.PARTIAL
    assert reader.tally.reasons == {"no-prefetch": 1}
