"""`exsweep knowledge baseline`: a list learned from a clean server, for builds that Microsoft lists nowhere."""

import hashlib
import json
import struct
import zipfile
from pathlib import Path

import pytest

from exsweep.assess.learn import file_version, learn
from exsweep.cli import run
from exsweep.errors import EvidenceError, KnowledgeError, UsageError
from exsweep.knowledge.baselines import load_baselines
from tests.detect.yara.families import EXAMPLES

BUILD = "15.2.1118.40"
AUTH = "Exchange/V15/FrontEnd/HttpProxy/owa/auth"
PAGE = b"<%@ Page %> a page of a later build"
SETUP = b"MZ" + bytes(64) + struct.pack("<IIII", 0xFEEF04BD, 0x10000, 15 << 16 | 2, 1118 << 16 | 40)


def nothing_against(data: bytes, path: str) -> str:
    return ""


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def server(tmp_path: Path) -> Path:
    files = {
        f"{AUTH}/logon.aspx": PAGE,
        f"{AUTH}/new.aspx": PAGE + b" new",
        f"{AUTH}/15.2.1118/themes/x.css": b"body {}",
        "Exchange/V15/ClientAccess/owa/prem/15.2.1118.37/scripts/boot.js": b"var boot",
        "Exchange/V15/FrontEnd/HttpProxy/owa/web.config": b"<configuration/>",
        "Exchange/V15/Logging/HttpProxy/Owa/x.log": b"a log",
        "Exchange/V15/Bin/ExSetup.exe": SETUP,
        "inetpub/wwwroot/vendor/default.aspx": b"<%@ Page %> of a vendor",
        "ProgramData/Microsoft/Windows Defender/Quarantine/q.aspx": b"locked away",
    }
    for name, data in files.items():
        path = tmp_path / "server" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "server"


def test_pages_and_what_belongs_to_them_are_learned_with_the_build(server: Path, tmp_path: Path) -> None:
    learned = learn([server], nothing_against)
    assert (learned.build, learned.build_from, learned.files) == (BUILD, "version of exsetup.exe", 6)
    paths = [json.loads(line)["path"] for line in learned.content.splitlines()[1:]]
    assert "FrontEnd\\HttpProxy\\owa\\auth\\logon.aspx" in paths
    assert "ClientAccess\\owa\\prem\\version\\scripts\\boot.js" in paths
    assert not any("q.aspx" in path or "x.log" in path for path in paths)


def test_a_learned_list_judges_servers_of_its_build(server: Path, tmp_path: Path) -> None:
    file = tmp_path / "clean.jsonl"
    file.write_bytes(learn([server], nothing_against).content)
    base = load_baselines([file])
    place = f"C:/{AUTH}"
    assert base.has_build(BUILD)
    assert base.judge(f"{place}/logon.aspx", sha256(PAGE), BUILD).code == "match"
    assert base.judge(f"{place}/logon.aspx", sha256(b"other"), BUILD).code == "changed"
    assert base.judge(f"{place}/new.aspx", sha256(b"other"), BUILD).code == "changed"
    assert base.judge(f"{place}/evil.aspx", sha256(b"other"), BUILD).code == "unknown_name"
    assert (
        base.judge("C:/inetpub/wwwroot/vendor/default.aspx", sha256(b"<%@ Page %> of a vendor"), BUILD).code
        == "match"
    )
    assert load_baselines([]).judge(f"{place}/logon.aspx", sha256(b"other"), BUILD).code == "no_baseline"


def test_a_list_of_a_part_says_nothing_of_the_rest(server: Path, tmp_path: Path) -> None:
    file = tmp_path / "clean.jsonl"
    file.write_bytes(learn([server], nothing_against).content)
    says = load_baselines([file]).judge("C:/ex/V15/ClientAccess/ecp/x.aspx", sha256(b"other"), BUILD)
    assert says.code == "no_baseline"


def test_a_folder_and_a_zip_of_it_give_the_same_list(server: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "server.zip", "w") as archive:
        for path in sorted(server.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(server).as_posix())
    folder = learn([server], nothing_against, source="x")
    assert learn([tmp_path / "server.zip"], nothing_against, source="x") == folder


def test_the_build_may_be_told_or_seen_in_the_name_of_a_folder(server: Path) -> None:
    assert learn([server], nothing_against, build="15.02.1118.041").build == "15.2.1118.41"
    (server / "Exchange/V15/Bin/ExSetup.exe").unlink()
    learned = learn([server], nothing_against)
    assert (learned.build, learned.build_from) == ("15.2.1118.37", "newest folder named after a build")


def test_files_of_exchange_need_a_build(tmp_path: Path) -> None:
    path = tmp_path / "V15/FrontEnd/HttpProxy/owa/auth/logon.aspx"
    path.parent.mkdir(parents=True)
    path.write_bytes(PAGE)
    with pytest.raises(UsageError, match="which build"):
        learn([tmp_path], nothing_against)
    with pytest.raises(UsageError, match="no build"):
        learn([tmp_path], nothing_against, build="15.2")


def test_files_of_a_vendor_need_none(tmp_path: Path) -> None:
    (tmp_path / "portal").mkdir()
    (tmp_path / "portal/x.ashx").write_bytes(PAGE)
    learned = learn([tmp_path / "portal"], nothing_against)
    assert learned.build is None
    file = tmp_path / "vendor.jsonl"
    file.write_bytes(learned.content)
    says = load_baselines([file]).judge("D:/elsewhere/y.ashx", sha256(PAGE), "15.1.2106.2")
    assert says.code == "match"


def test_a_file_that_looks_malicious_is_not_learned(
    server: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (server / AUTH / "odd.aspx").write_bytes(EXAMPLES["behinder"].shell)
    out = tmp_path / "clean.jsonl"
    assert run(["knowledge", "baseline", str(server), "--out", str(out)]) == 1
    assert b"odd.aspx" not in out.read_bytes()
    told = capfd.readouterr().err
    assert "Behinder" in told
    assert "odd.aspx" in told
    assert BUILD in told


def test_a_clean_server_is_learned_to_standard_output(
    server: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(["knowledge", "baseline", str(server)]) == 0
    assert json.loads(capfdbinary.readouterr().out.splitlines()[0])["schema"] == "exsweep.baseline/1"


def test_nothing_to_learn_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(b"a log")
    with pytest.raises(EvidenceError, match="no page"):
        learn([tmp_path], nothing_against)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", ":1:"),
        (b"no json\n", ":1:"),
        (b'{"schema":"other/1","build":null,"source":"","files":0}\n', ":1:"),
        (b'{"schema":"exsweep.baseline/1","build":"15.2","source":"","files":0}\n', ":1:"),
        (b'{"schema":"exsweep.baseline/1","build":null,"source":"","files":1}\n', "announced"),
        (b'{"schema":"exsweep.baseline/1","build":null,"source":"","files":1}\n{"path":"x"}\n', ":2:"),
        (
            b'{"schema":"exsweep.baseline/1","build":null,"source":"","files":1}\n{"path":"x","sha256":"ab","size":1}\n',
            ":2:",
        ),
    ],
)
def test_a_damaged_list_is_told_with_its_line(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "x.jsonl").write_bytes(content)
    with pytest.raises(KnowledgeError, match=told):
        load_baselines([tmp_path / "x.jsonl"])


def test_a_program_without_version_has_no_build() -> None:
    assert file_version(b"MZ") is None
    assert file_version(SETUP[:-4]) is None
    assert file_version(SETUP) == (15, 2, 1118, 40)
