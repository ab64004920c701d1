"""A title that names a tool: a shell where anything may run, a trace where nothing is left that does. EXSWEEP-INERT-FIXTURE"""

import pytest

from exsweep.model.files import FileReport, FileVerdict

from .pages import look

_HEAD = '<~%@ Page Language="C#" %~>\n<title>ASPX~Spy</title><form runat="server"><asp:Button OnClick="Go" runat="server"/></form>\n'


def _page(code: str) -> FileReport:
    return look(f'{_HEAD}<scr~ipt runat="server">void Go(object s, EventArgs e) {{ {code} }}</scr~ipt>')


@pytest.mark.parametrize(
    "code",
    [
        "",
        'Response.Write(Server.HtmlEncode(Req~uest["x"]));',
        'Session["x"] = Req~uest["x"].Trim().Replace("a", "b");',
    ],
)
def test_a_tool_of_which_nothing_is_left_that_runs_is_a_trace(code: str) -> None:
    report = _page(code)
    assert report.verdict is FileVerdict.UNREMARKABLE
    assert "tool-trace" in {each.code for each in report.reasons}


@pytest.mark.parametrize(
    "code",
    [
        'Nobody.Knows(Req~uest["x"]);',
        'var o = new Nobody(); o.Word = Req~uest["x"]; o.Knows();',
        'var o = new Nobody(Req~uest["x"]);',
        'System.IO.File.ReadAllText("a.txt");',
        "} ) ( what { is this",
    ],
)
def test_what_is_not_understood_does_not_clear_it(code: str) -> None:
    report = _page(code)
    assert report.verdict is not FileVerdict.UNREMARKABLE
    assert "tool" in {each.code for each in report.reasons}


@pytest.mark.parametrize(
    "page",
    [
        _HEAD,
        _HEAD.replace("Language", 'Inherits="Gone" Language')
        + '<scr~ipt runat="server">void Go(object s, EventArgs e) { }</scr~ipt>',
        '<!--#include file="x.inc"-->'
        + _HEAD
        + '<scr~ipt runat="server">void Go(object s, EventArgs e) { }</scr~ipt>',
    ],
)
def test_code_that_lies_elsewhere_does_not_clear_it(page: str) -> None:
    assert look(page).verdict is FileVerdict.SUSPICIOUS
