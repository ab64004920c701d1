"""Paths of the evidence, and the place that they would have in an installation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsweep.knowledge.baselines import baseline
from exsweep.knowledge.evidence_paths import LONGEST, as_listed, components

FRONT = r"FrontEnd\HttpProxy\owa\auth\logon.aspx"
V15 = r"C:\Program Files\Microsoft\Exchange Server\V15"


@pytest.mark.parametrize(
    "path",
    [
        rf"{V15}\{FRONT}",
        rf"{V15}\{FRONT}".upper(),
        rf"D:\ex\{FRONT}".replace("\\", "/"),
        "collection.zip/uploads/auto/C%3A/Program%20Files/Exchange/FrontEnd/HttpProxy/owa/auth/logon.aspx",
        rf"\\server\c$\ex\{FRONT}",
        rf"E:\setup\serverroles\{FRONT}",
        rf"{V15}\{FRONT}::$DATA",
        rf"{V15}\{FRONT}. ",
        FRONT,
    ],
)
def test_a_whole_path_has_one_place_whatever_its_spelling(path: str) -> None:
    located = baseline().locate(path)
    assert located.sure
    assert [each.lower() for each in located.paths] == [FRONT.lower()]


def test_a_copied_part_of_the_tree_has_the_places_that_it_can_have() -> None:
    located = baseline().locate("server1/owa/auth/logon.aspx")
    assert located.paths == (FRONT, r"ClientAccess\owa\auth\logon.aspx")
    assert not located.sure
    assert baseline().locate("HttpProxy/owa/auth/x.aspx").paths == (r"FrontEnd\HttpProxy\owa\auth\x.aspx",)


@pytest.mark.parametrize(
    "path",
    ["logon.aspx", "auth/logon.aspx", "shop/search/default.aspx", "inetpub/wwwroot/default.aspx", "", "/"],
)
def test_a_bare_name_or_another_site_has_no_place(path: str) -> None:
    assert baseline().locate(path).paths == ()


def test_folders_named_after_a_build_are_one() -> None:
    assert as_listed("15.1.2106.2") == as_listed("15.2.858") == "version"
    assert as_listed("4.0") == "4.0"
    path = rf"{V15}\ClientAccess\owa\prem\15.1.2106.2\scripts\boot.worldwide.0.mouse.js"
    assert baseline().locate(path).paths[0].split("\\")[3] == "version"


@given(st.text(max_size=200))
def test_any_text_is_a_path(path: str) -> None:
    assert all(part and part == part.rstrip(" .") for part in components(path))
    baseline().judge(path, "0" * 64, "15.1.2106.2")


def test_an_endless_path_is_read_from_its_end() -> None:
    assert baseline().locate("x/" * LONGEST + FRONT).sure
    assert baseline().locate("FrontEnd/" * LONGEST).paths != ("",)
