"""Known good: byte for byte what Microsoft ships, for this build, at this place."""

import csv
import lzma
from pathlib import Path

import pytest

from exsweep.errors import KnowledgeError
from exsweep.knowledge.baselines import baseline, shelf
from exsweep.knowledge.builds import number
from exsweep.knowledge.pages import pages
from exsweep.knowledge.places import pages as page_extensions
from exsweep.knowledge.shelf import Held, unpack

V15 = "C:\\Program Files\\Microsoft\\Exchange Server\\V15\\"
NOBODYS = "ab" * 32
AUTH = V15 + "FrontEnd\\HttpProxy\\owa\\auth\\"


def held(path: str, build: str) -> Held:
    """What this build ships at a place; its hash is filled up to 64 digits."""
    return next(each for each in shelf().by_path(path) if build in each.builds)


def sha256(path: str, build: str) -> str:
    return held(path, build).sha256.ljust(64, "0")


CLP = r"ClientAccess\owa\clp.aspx"
LOGON = r"FrontEnd\HttpProxy\owa\auth\logon.aspx"


def test_every_build_of_microsofts_lists_is_here() -> None:
    assert len(baseline().builds) == 131
    assert (baseline().builds[0], baseline().builds[-1]) == ("15.0.516.32", "15.2.858.5")
    assert all(baseline().has_build(build) for build in ("15.1.2106.2", "15.01.2106.002"))
    assert not baseline().has_build("15.1.2507.6")


def test_a_shipped_page_matches_its_build() -> None:
    says = baseline().judge(V15 + LOGON, sha256(LOGON, "15.1.2106.2"), "15.1.2106.2")
    assert (says.code, says.sure) == ("match", True)
    assert says.known
    assert says.known.paths[0] == LOGON


def test_a_shipped_page_matches_where_the_build_is_not_known_or_not_listed() -> None:
    content = sha256(LOGON, "15.2.858.5")
    assert baseline().judge(AUTH + "logon.aspx", content).code == "match"
    says = baseline().judge(AUTH + "logon.aspx", content, "15.2.1118.40")
    assert says.code == "match"
    assert "15.2.858.5" in says.text


def test_a_page_of_an_older_build_was_left_behind() -> None:
    old = next(each for each in shelf().by_path(CLP) if each.builds[-1] == "15.1.1034.33")
    says = baseline().judge(V15 + CLP, old.sha256.ljust(64, "0"), "15.1.2106.2")
    assert says.code == "other_build"
    assert "left it behind" in says.text


def test_a_shipped_name_with_another_content_was_changed() -> None:
    says = baseline().judge(AUTH + "LOGON.aspx", NOBODYS, "15.1.2106.2")
    assert (says.code, says.sure, says.known) == ("changed", True, None)


def test_updates_of_one_cu_speak_for_the_one_between_them() -> None:
    assert not baseline().has_build("15.1.2106.12")
    says = baseline().judge(AUTH + "logon.aspx", NOBODYS, "15.1.2106.12")
    assert (says.code, says.sure) == ("changed", False)


def test_three_numbers_mean_every_update_of_the_cu() -> None:
    assert baseline().judge(AUTH + "logon.aspx", sha256(LOGON, "15.1.2106.13"), "15.1.2106").code == "match"
    assert baseline().judge(AUTH + "logon.aspx", NOBODYS, "15.1.2106").code == "changed"
    assert baseline().judge(AUTH + "logon.aspx", NOBODYS, "15.1.2507").code == "no_baseline"


@pytest.mark.parametrize("build", [None, "15.1.2507.6", "15.2.2562.17", "14.3.123.4", "nonsense"])
def test_without_a_list_for_the_build_nobody_says_changed(build: str | None) -> None:
    assert baseline().judge(AUTH + "logon.aspx", NOBODYS, build).code == "no_baseline"


@pytest.mark.parametrize(
    ("path", "build", "code"),
    [
        ("FrontEnd/HttpProxy/ecp/auth/TimeoutLogout.aspx", "15.1.2106.2", "changed"),
        ("FrontEnd/HttpProxy/ecp/auth/TimeoutLogoff.aspx", "15.1.2106.2", "unknown_name"),
        ("FrontEnd/HttpProxy/owa/auth/OutlookCN.aspx", "15.1.2106.2", "changed"),
        ("FrontEnd/HttpProxy/owa/auth/OutlookEN.aspx", "15.1.2106.2", "unknown_name"),
        ("FrontEnd/HttpProxy/owa/auth/RedirSuiteServiceProxy.aspx", "15.1.2106.2", "changed"),
        ("FrontEnd/HttpProxy/owa/auth/RedirSuiteServerProxy.aspx", "15.1.2106.2", "unknown_name"),
        ("FrontEnd/HttpProxy/owa/auth/logout.aspx", "15.1.2106.2", "unknown_name"),
        ("FrontEnd/HttpProxy/owa/auth/errorPage.aspx", "15.1.2106.2", "unknown_name"),
        ("FrontEnd/HttpProxy/owa/auth/default.aspx", "15.1.2106.2", "unknown_name"),
        ("FrontEnd/HttpProxy/owa/auth/frowny.aspx", "15.1.845.34", "unknown_name"),
        ("FrontEnd/HttpProxy/owa/auth/frowny.aspx", "15.1.1261.35", "changed"),
        ("FrontEnd/HttpProxy/owa/auth/TimeoutLogout.aspx", "15.1.2106.2", "unknown_name"),
        ("FrontEnd/HttpProxy/owa/auth/x.aspx", "15.2.2562.17", "unknown_name"),
        ("FrontEnd/HttpProxy/owa/auth/Current/themes/errorEE.aspx", None, "unknown_name"),
        ("ClientAccess/ecp/New.aspx", "15.2.858.5", "unknown_name"),
        ("ClientAccess/ecp/New.aspx", "15.2.2562.17", "no_baseline"),
        ("ClientAccess/ecp/New.aspx", None, "no_baseline"),
        ("ClientAccess/oab/x.aspx", "15.2.858.5", "unknown_name"),
    ],
)
def test_names_are_shipped_in_their_folder_and_build_only(path: str, build: str | None, code: str) -> None:
    assert baseline().judge(f"C:/Exchange/V15/{path}", NOBODYS, build).code == code


@pytest.mark.parametrize(
    "path",
    [
        "ClientAccess/owa/prem/15.1.2106.2/scripts/xx/strings.localized.min.js",
        "ClientAccess/owa/prem/15.1.2106.2/resources/x.png",
        "ClientAccess/ecp/Logging/x.log",
        "Logging/HttpProxy/Owa/x.log",
        "FrontEnd/HttpProxy/owa/web.config.bak",
        "TransportRoles/agents/x.aspx",
    ],
)
def test_what_no_server_runs_is_never_an_unknown_name(path: str) -> None:
    assert baseline().judge(f"C:/Exchange/V15/{path}", NOBODYS, "15.1.2106.2").code == ""


@pytest.mark.parametrize(
    "path",
    [
        "C:/inetpub/wwwroot/shop/default.aspx",
        "C:/Vendor/Web/owa.aspx",
        "logon.aspx",
        "C:/Windows/Microsoft.NET/Framework64/v4.0.30319/Temporary ASP.NET Files/owa/1/x.aspx",
    ],
)
def test_files_of_others_are_left_alone(path: str) -> None:
    assert baseline().judge(path, NOBODYS, "15.1.2106.2").code == ""


def test_strange_pages_of_one_folder_are_one_group() -> None:
    says = [baseline().judge(f"{AUTH}{name}.aspx", NOBODYS, "15.1.2106.2") for name in "abc"]
    assert {(each.code, each.group) for each in says} == {("unknown_name", r"FrontEnd\HttpProxy\owa\auth")}


def test_what_is_no_hash_is_not_known() -> None:
    for text in ("", "xyz", "0" * 63, "g" * 64, "É" * 64):
        assert baseline().look(text) is None


def test_a_hash_is_compared_as_far_as_the_list_keeps_it() -> None:
    content = held(LOGON, "15.1.2106.2").sha256
    assert baseline().look(content + "f" * 32)
    for at in (0, 15, 16, 31):
        digit = "0" if content[at] != "0" else "1"
        assert baseline().look(content[:at] + digit + content[at + 1 :] + "f" * 32) is None


def test_nearest_lists_are_of_the_same_line() -> None:
    around = baseline().nearest("15.1.2507.6")
    assert (around.before, around.after) == ("15.1.2242.4", None)
    assert baseline().nearest("15.1.2106.5").before == "15.1.2106.4"
    assert baseline().nearest("14.3.1.2").before is None


def test_a_damaged_list_is_told() -> None:
    with pytest.raises(KnowledgeError, match="damaged"):
        unpack(b"nothing", "x")


def test_shipped_pages_and_the_list_do_not_contradict_each_other() -> None:
    listed: dict[str, set[tuple[int, ...]]] = {}
    for each in shelf().held:
        if each.path.rpartition(".")[2].lower() in page_extensions():
            builds = {parts for build in each.builds if (parts := number(build))}
            listed.setdefault(each.path.lower(), set()).update(builds)
    told = {f"{page.path}\\{page.file}".lstrip("\\").lower(): page.builds for page in pages()}
    assert listed.keys() == told.keys()
    for path, builds in listed.items():
        ends = {end for span in told[path] for end in span}
        assert ends <= builds
        assert all(any(first <= build <= last for first, last in told[path]) for build in builds)


def test_every_shipped_script_matches_its_builds(shared_facts: Path) -> None:
    with (shared_facts / "default_files.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) > 2_000
    for row in rows[::7]:
        path = V15 + row["path"].lstrip("\\")
        for build in row["builds"].split()[::9]:
            assert baseline().judge(path, row["sha256"], build).code == "match"
            assert row["sha256"][:32] in (baseline().expected(path, build) or ())


def test_every_listed_file_is_known(shared_data: Path) -> None:
    file = shared_data / "ms_hash_baselines" / "baselines.csv.xz"
    with lzma.open(file, "rt", newline="", encoding="utf-8") as stream:
        hashes = {row["sha256"] for at, row in enumerate(csv.DictReader(stream)) if at % 40 == 0}
    assert len(hashes) > 4_000
    assert all(shelf().by_hash(each) for each in hashes)
