"""The shape of a back door: the same whatever its author calls things, other when it does other things."""

import pytest

from exsweep.detect.webshell import examine

CS = """<%@ Page Language="C#" %><script runat="server">
void Page_Load(object s, EventArgs e) { // EXSWEEP-INERT-FIXTURE
  string word = Request.Form["alpha"]; if (Request.Headers["k"] != "one") return;
  System.Diagnostics.Process.Start("cmd.exe", "/c " + word); }
</script>"""
JS = """<script language="JScript" runat="server">/* EXSWEEP-INERT-FIXTURE */
function Page_Load(){eval(Request["alpha"],"unsafe");}</script>"""
VBS = """<%@ Language="VBScript" %><% ' EXSWEEP-INERT-FIXTURE
Dim word : word = Request("alpha")
If word <> "" Then Execute word %>"""
PATH = "inetpub/wwwroot/aspnet_client/x.aspx"


def shape(text: str) -> str:
    return examine(text.encode(), PATH if text is not VBS and "VBScript" not in text else "x.asp").shape


@pytest.mark.parametrize("text", [CS, JS, VBS])
def test_names_words_spaces_and_comments_do_not_count(text: str) -> None:
    other = text.replace("alpha", "b3ta").replace("word", "zz").replace('"one"', '"another"')
    other = other.replace("{", "{\n\n  ").replace("INERT-FIXTURE", "INERT-FIXTURE, moved")
    assert shape(text) == shape(other) != ""


def test_letter_case_does_not_count_where_the_language_does_not_care() -> None:
    assert shape(VBS) == shape(VBS.replace("Execute", "eXeCuTe").replace("Request", "REQUEST"))


def test_what_stands_around_the_code_does_not_count() -> None:
    dump = "Name : OAB (Default Web Site)\r\nExternalUrl : http://f/{}\r\nGuid : {}\r\n"
    assert shape(dump.format(JS, "0000-1")) == shape(dump.format(JS, "ffff-2")) != ""


def test_code_that_does_something_else_has_another_shape() -> None:
    assert shape(CS) != shape(CS.replace("Process.Start(", "Process.Start(null, "))
    assert len({shape(CS), shape(JS), shape(VBS)}) == 3


def test_a_page_that_is_nothing_to_look_at_has_none() -> None:
    assert examine(b'<%@ Page Language="C#" %><%= DateTime.Now %>', "inetpub/wwwroot/x.aspx").shape == ""
