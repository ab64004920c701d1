"""Several servers in one archive are recognised by names; one server is never taken for several."""

from pathlib import Path

import pytest

from exsweep.evidence import open_evidence
from exsweep.evidence.servers import servers_in
from tests.evidence import wrappers
from tests.evidence.build import zip_of


@pytest.mark.parametrize(
    "paths",
    [
        ["EXCH01/C/inetpub/x.log", "EXCH02/C/inetpub/x.log"],
        ["EXCH01.zip", "EXCH02.zip"],
        ["all/EXCH01/EWS_Proxy_Logs.zip", "all/EXCH02/EWS_Proxy_Logs.zip", "all/EXCH02/ECP_Logs.zip"],
        ["EXCH01/uploads/auto/C/x.log", "EXCH02/uploads/auto/C/x.log"],
        ["EXCH01/Target/C/x.log", "EXCH02/Target/C/x.log", "readme.txt"],
        ["EXCH01/fs/C/x.log", "EXCH02/fs/C/x.log"],
    ],
)
def test_several_servers_are_named(paths):
    assert servers_in(paths) == ("EXCH01", "EXCH02")


@pytest.mark.parametrize(
    "paths",
    [
        [],
        ["x.log"],
        ["C/inetpub/x.log", "D/Logging/HttpProxy/y.log"],
        ["uploads/auto/C/x.log", "uploads/ntfs/D/y.log", "uploads.json"],
        ["EWS_Proxy_Logs.zip", "ECP_Logs.zip", "IIS_FE_Logs.zip"],
        ["EXCH01/EWS_Proxy_Logs.zip", "EXCH01/ECP_Logs.zip"],
        ["exsweep-EXCH01.zip", "exsweep-EXCH01-part2.zip"],
        ["Exchange Server/V15/Logging/HttpProxy/x.log", "inetpub/logs/y.log", "Windows/System32/z.log"],
        ["metadata.json", "data.zip"],
        ["logs/W3SVC1/a.log", "logs/W3SVC2/a.log"],
        ["inetpub/wwwroot/backup/C/x.zip", "inetpub/wwwroot/y.zip"],
    ],
)
def test_one_server_is_one(paths):
    assert servers_in(paths) == ()


def test_whoever_gives_several_servers_is_told(tmp_path: Path) -> None:
    log = tmp_path / "u_ex210303.log"
    log.write_bytes(b"#Fields: date time\n")
    files = [("C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log", log)]
    made = wrappers.several({"EXCH01": files, "EXCH02": files}, tmp_path)
    (note,) = open_evidence([made]).doubts
    assert "EXCH01, EXCH02" in note
    assert "by itself" in note


def test_several_archives_that_were_named_belong_together(tmp_path: Path) -> None:
    for name in ("logs.zip", "web.zip"):
        (tmp_path / name).write_bytes(zip_of([("C/inetpub/x.log", b"x")]))
    assert open_evidence([tmp_path / "logs.zip", tmp_path / "web.zip"]).doubts == []
