"""What ordinary pages can do too: it tells in a page that stands alone, and not in one of a site. EXSWEEP-INERT-FIXTURE"""

import pytest

from exsweep.model.files import FileVerdict

from .pages import asp, capability, csharp, ids, look

_STYLE = '<link rel="stylesheet" href="style.css">'
_FILES = 'Set f = CreateObject("Scripting.FileSys~temObject")\n'


@pytest.mark.parametrize(
    "does",
    [
        'f.DeleteFile Req~uest("n"), True',
        'f.DeleteFolder Req~uest("n")',
        'f.CopyFile Req~uest("n"), Req~uest("to")',
        'f.GetFile(Req~uest("n")).Name = Req~uest("to")',
    ],
)
def test_a_bare_page_that_deletes_or_copies_whatever_is_named_is_suspicious(does: str) -> None:
    assert asp(_FILES + does).verdict is FileVerdict.SUSPICIOUS
    assert look(f"{_STYLE}<~%\n{_FILES}{does}\n%~>", "page.asp").verdict is FileVerdict.UNREMARKABLE


@pytest.mark.parametrize(
    "adds",
    [
        '<img src="a.gif">',
        '<td background="a.gif">',
        "<style>b{}</style>",
        '<img src="a.gif"><img src="A.gif">',
    ],
)
def test_one_picture_makes_no_site(adds: str) -> None:
    deletes = f'{_FILES}f.DeleteFile Req~uest("n"), True'
    assert look(f"{adds}<~%\n{deletes}\n%~>", "page.asp").verdict is FileVerdict.SUSPICIOUS
    assert (
        look(f'<img src="a.gif"><img src="b.gif"><~%\n{deletes}\n%~>', "page.asp").verdict
        is FileVerdict.UNREMARKABLE
    )


def test_a_style_sheet_is_not_enough_for_a_page_that_makes_any_object_the_visitor_names() -> None:
    makes = '<~%\nSet o = GetOb~ject(Req~uest("x")): o.Begin\nSet p = CreateObject("Scripting.FileSys~temObject"): p.DeleteFile Server.MapPath(Req~uest("n"))\n%~>'
    alone = {each.code for each in look(_STYLE + makes, "page.asp").reasons}
    many = {each.code for each in look(_STYLE + '<script src="a.js"></script>' + makes, "page.asp").reasons}
    assert "alone" in alone and "alone" not in many


@pytest.mark.parametrize(
    "does",
    [
        'f.DeleteFile Server.MapPath("d/" & Req~uest("n"))',
        'f.DeleteFile "c:\\temp\\" & Req~uest("n") & ".tmp"',
        'f.DeleteFile Server.MapPath(Req~uest("n"))',
    ],
)
def test_a_bare_page_that_deletes_in_a_folder_of_its_own_is_not(does: str) -> None:
    assert asp(_FILES + does).verdict is FileVerdict.UNREMARKABLE


def test_an_object_that_the_visitor_names_and_nobody_uses_is_made_for_its_making() -> None:
    assert asp('Set o = GetOb~ject(Req~uest("x"))').verdict is FileVerdict.SUSPICIOUS
    read = 'Set o = GetOb~ject(Req~uest("x"))\nResponse.Write o.Get("cn")'
    assert asp(read).verdict is FileVerdict.UNREMARKABLE


def test_a_page_that_goes_through_the_users_of_the_computer_is_suspicious_and_one_that_greets_is_not() -> (
    None
):
    lists = 'For Each u In GetOb~ject("WinNT://.")\nResponse.Write u.Name\nNext'
    assert asp(lists).verdict is FileVerdict.SUSPICIOUS
    assert asp('Set u = GetOb~ject("WinNT://./guest,user")\nResponse.Write u.FullName').verdict is (
        FileVerdict.UNREMARKABLE
    )


_MAIL = 'Set m = CreateObject("CDO.Message"): m.From = "a@example.test": '


def test_a_page_that_writes_anything_to_everybody_on_a_list_is_suspicious() -> None:
    loop = 'For Each t In Split(Req~uest("list"), ",")\n{}\nNext'
    assert asp(loop.format(_MAIL + 'm.To = t: m.TextBody = Req~uest("b"): m.Send')).verdict is (
        FileVerdict.SUSPICIOUS
    )
    for ordinary in (
        _MAIL + 'm.To = "b@example.test": m.TextBody = Req~uest("b"): m.Send',
        _MAIL + 'm.To = Req~uest("to"): m.TextBody = "Look at our page": m.Send',
        loop.format(_MAIL + 'm.To = t: m.TextBody = "A friend says: " & Req~uest("b"): m.Send'),
    ):
        assert asp(ordinary).verdict is FileVerdict.UNREMARKABLE, ordinary


def test_names_and_passwords_of_the_visitors_that_are_tried_on_another_machine() -> None:
    fetch = 'Set h = CreateObject("MSXML2.ServerXML~HTTP"): h.Open "GET", {}, False{}: h.Send: Response.Write h.Status'
    tried = '"ftp://" & Req~uest("u") & ":" & Req~uest("p") & "@" & Req~uest("h")'
    assert asp(fetch.format(tried, "")).verdict is FileVerdict.SUSPICIOUS
    fixed = '"http://" & "192.0.2.1/x?u=" & Req~uest("u")'
    assert asp(fetch.format(fixed, "")).verdict is FileVerdict.UNREMARKABLE


def test_a_list_of_procedures_that_start_programs_is_told() -> None:
    page = (
        '<~%@ Page Language="VB" %~><asp:DropDownList id="d" runat="server"><asp:ListItem Value="xp_cmd~shell">a</asp:ListItem>'
        '</asp:DropDownList><script runat="server">Sub P()\nResponse.Write(d.SelectedValue)\nEnd Sub</script>'
    )
    assert capability(look(page), "sql-commands").evidence[0].line == 1
    assert "sql-commands" not in ids(look(page.replace("xp_cmd~shell", "sp_who")))


def test_source_that_is_written_where_the_server_compiles_it_is_a_page() -> None:
    write = 'System.IO.File.WriteAllText(Server.MapPath("{}/" + Req~uest["n"] + ".cs"), Req~uest["c"]);'
    assert csharp(write.format("App_Co~de")).verdict is FileVerdict.SUSPICIOUS
    assert csharp(write.format("Notes")).verdict is FileVerdict.UNREMARKABLE
