"""Rows of Velociraptor: the same lists as those of other programs, under their own names of fields."""

import json

from exsweep.parse.traces import reader_of
from tests.parse.traces.reading import read


def lines(*records: dict[str, object]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in records)


PAGE = r"\\.\C:\inetpub\wwwroot\aspnet_client\supp0rt.aspx"
MFT = lines(
    {"EntryNumber": 77, "InUse": False, "OSPath": PAGE, "FileName": "supp0rt.aspx", "FileSize": 12, "IsDir": False,
     "Created0x10": "2019-01-01T00:00:00Z", "Created0x30": "2021-03-03T04:10:22.1234567Z"}
)  # fmt: skip
USN = lines(
    {
        "Usn": 88,
        "Timestamp": "2021-03-03T04:10:22Z",
        "Filename": "supp0rt.aspx",
        "OSPath": PAGE,
        "Reason": ["FILE_CREATE", "CLOSE"],
    }
)
PREFETCH = lines(
    {
        "Executable": "P.EXE",
        "LastRunTimes": ["2021-03-03T04:10:22Z", "2021-03-02T00:00:00Z"],
        "RunCount": 2,
        "Hash": "1",
        "FileSize": 3,
    }
)
AMCACHE = lines(
    {
        "KeyMTime": "2021-03-03T04:10:22Z",
        "SHA1": "ab" * 20,
        "EntryPath": r"c:\programdata\a.exe",
        "EntryName": "a.exe",
    }
)
SHIMCACHE = lines(
    {"Position": 0, "ModificationTime": "2021-03-03T04:10:22Z", "Path": r"C:\programdata\a.exe"}
)
FOLDER = r"C:\inetpub\wwwroot\aspnet_client"


def test_the_file_table_and_the_journal_are_those_that_mftecmd_lists():
    (row,), reader = read(MFT, "results/Windows.NTFS.MFT.json")
    assert (row["ParentPath"], row["FileName"], row["InUse"]) == (FOLDER, "supp0rt.aspx", "False")
    assert (reader.kind, row["_time"]) == ("mftecmd", "1614744622123")
    (row,), reader = read(USN, "results/Windows.Forensics.Usn.json")
    assert (row["ParentPath"], row["UpdateReasons"]) == (FOLDER, "FileCreate|Close")
    assert reader.kind == "mftecmd_usn"


def test_programs_that_ran_or_were_there_are_told():
    (row,), reader = read(PREFETCH, "p.json")
    assert (reader.kind, row["ExecutableName"], row["LastRun"]) == (
        "prefetch",
        "P.EXE",
        "2021-03-03T04:10:22Z",
    )
    (row,), reader = read(AMCACHE, "a.json")
    assert (reader.kind, row["FullPath"], row["Name"]) == ("amcache", r"c:\programdata\a.exe", "a.exe")
    (row,), reader = read(SHIMCACHE, "s.json")
    assert (reader.kind, row["Path"]) == ("shimcache", r"C:\programdata\a.exe")


def test_a_record_that_cannot_be_read_is_counted_and_the_rest_goes_on():
    rows, reader = read(MFT + b'{"EntryNumber": 78, "OSP\n' + MFT, "m.json")
    assert len(rows) == 2
    assert reader.tally.reasons == {"no-record": 1}


def test_other_json_lines_are_no_rows_of_a_disk():
    assert reader_of(lines({"a": 1}, {"EventID": 1}), "x.json") is None
