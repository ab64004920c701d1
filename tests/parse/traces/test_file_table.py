"""Lists of files by other programs, as tables, as JSON and as lines that end in a path: the same rows as a body file's."""

import json

import pytest

from exsweep.parse.traces import reader_of
from tests.parse.traces.reading import read

FOLDER, NAME = "C:\\inetpub\\wwwroot\\aspnet_client", "a.aspx"
PATH = f"{FOLDER}\\{NAME}"
UNIX = "inetpub/wwwroot/aspnet_client/a.aspx"
TABLES = {
    "velociraptor": json.dumps({"OSPath": PATH, "Size": 1024, "Mtime": "2021-03-03T04:12:00Z", "Hash": {"MD5": "b" * 32}}),
    "powershell": json.dumps([{"FullName": PATH, "Length": 1024, "LastWriteTimeUtc": "/Date(1614744720000)/"}], indent=1),
    "osquery": json.dumps([{"path": PATH, "size": "1024", "mtime": "1614744720", "btime": "1614744720"}]),
    "ftk imager": "Filename\tFull Path\tSize (bytes)\tCreated\tModified\n"
    f"{NAME}\tS.E01\\Partition 2\\NONAME [NTFS]\\[root]\\{PATH[3:]}\t1024\t2021-Mar-03 04:12:00.1 UTC\t2021-Mar-03 04:12:00.1 UTC\n",
    "autopsy": "Name,Modified Time,Created Time,Size,Location,MD5 Hash\n"
    f"{NAME},2021-03-03 04:12:00 UTC,2021-03-03 04:12:00 UTC,1024,/img_x.E01/vol_vol3/{UNIX},{'b' * 32}\n",
    "everything": f"Name,Path,Size,Date Modified\n{NAME},{FOLDER},1024,2021-03-03 04:12:00\n",
    "mactime": f'Date,Size,Type,Mode,UID,GID,Meta,"File Name"\nWed Mar 03 2021 04:12:00,1024,macb,r/r,0,0,12-128-1,"/{UNIX}"\n',
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_files_tells_path_size_and_moment(name: str) -> None:
    (row,), reader = read(TABLES[name].encode(), "list.out")
    assert row["Path"].endswith("inetpub\\wwwroot\\aspnet_client\\a.aspx")
    assert "[root]" not in row["Path"] and "img_" not in row["Path"]
    assert (row["Size"], row["Modified"], row["Shipped"]) == ("1024", "2021-03-03 04:12:00", "no")
    assert reader.kind == "disk_listing"


LISTS = {
    "find": f"./{UNIX}\n./inetpub/wwwroot/iisstart.htm\n/mnt/c/Program Files/a b/c.txt\n",
    "sha256sum": f"{'a' * 64}  ./{UNIX}\n{'b' * 64} *./inetpub/x.htm\n{'c' * 64}  ./inetpub/y.htm\n",
    "fls": f"r/r 1234-128-1:\t{UNIX}\nr/r * 1235-128-1(realloc):\tinetpub/x.htm\nr/r 1-1-1:\ta/b.txt\n",
    "ls": "./inetpub/wwwroot/aspnet_client:\ntotal 4\n-rwxrwxrwx 1 root root 1024 Mar  3  2021 a.aspx\n"
    "drwxrwxrwx 1 root root 0 Mar  3  2021 system_web\n\n./inetpub/logs:\ntotal 0\n",
    "tar": f"-rw-r--r-- root/root 1024 2021-03-03 04:12 {UNIX}\n-rw-r--r-- root/root 1 2021-03-03 04:12 a/b.txt\n",
    "unzip": f"     1024  2021-03-03 04:12   {UNIX}\n        9  2021-03-03 04:13   inetpub/x.htm\n",
    "7z": f"2021-03-03 04:12:00 ....A         1024          400  {UNIX}\n2021-03-03 04:12:00 ....A  9   inetpub/x.htm\n",
}


@pytest.mark.parametrize("name", LISTS)
def test_lines_that_end_in_a_path_are_files(name: str) -> None:
    rows, reader = read(LISTS[name].encode(), "list.out")
    assert rows[0]["Path"] == "inetpub\\wwwroot\\aspnet_client\\a.aspx"
    assert (
        reader.tally.events
        == len(rows)
        == (1 if name == "ls" else 3 if name in ("find", "sha256sum", "fls") else 2)
    )
    if name in ("tar", "unzip", "7z"):
        assert (rows[0]["Size"], rows[0]["Modified"]) == ("1024", "2021-03-03 04:12:00")
    if name == "fls":
        assert rows[1]["Deleted"] == "yes"


@pytest.mark.parametrize(
    "text",
    [
        "https://mail.example/owa/auth/logon.aspx\nhttps://mail.example/b.aspx\n",
        "The file C:/a.txt is here.\nAnd nothing else.\n",
        '{"path": "x", "size": 1}\n',
        "path,size\n,\n",
        "a: b\nc: d\n",
        "/" * 4000 + "\n" + "\\" * 4000 + ":\n",
    ],
)
def test_other_texts_are_no_lists_of_files(text: str) -> None:
    assert reader_of(text.encode(), "x.out") is None


def test_a_path_that_is_no_utf8_and_has_a_percent_sign_is_a_file_too() -> None:
    rows, _ = read(b"./inetpub/\x81\x81/%41-x.aspx\n./inetpub/b.aspx\n", "list.out")
    assert len(rows) == 2
