"""What sites do with programs, services, accounts and files, and what a back door does instead. EXSWEEP-INERT-FIXTURE"""

import pytest

from exsweep.model.files import FileVerdict

from .pages import asp, csharp, ids, members

_START = "var s = new System.Diagnostics.Proc~essStartInfo(); s.UseShellExecute = false; "


@pytest.mark.parametrize(
    ("program", "arguments", "shown"),
    [
        (r'@"C:\Tools\a2pdf.exe"', '"-q -o out.pdf " + int.Parse(Req~uest["n"])', False),
        (r'@"C:\Tools\a2pdf.exe"', '"-q -o out.pdf " + Key()', False),
        (r'@"C:\Tools\a2pdf.exe"', '"-q -o " + Req~uest["n"]', True),
        ('"cm~d.exe"', '"/c " + Key()', True),
        ('Req~uest["p"]', '"-q"', True),
    ],
)
def test_a_program_of_the_page_may_be_told_numbers_but_not_what_the_visitor_says(
    program: str, arguments: str, *, shown: bool
) -> None:
    code = f"{_START}s.FileName = {program}; s.Arguments = {arguments}; System.Diagnostics.Proc~ess.Start(s);"
    assert (csharp(code).verdict is not FileVerdict.UNREMARKABLE) is shown


def test_a_program_that_takes_too_long_may_be_ended_by_who_started_it() -> None:
    start = (
        _START + r's.FileName = @"C:\Tools\a.exe"; var p = System.Diagnostics.Proc~ess.Start(s); p.Kill();'
    )
    assert csharp(start).verdict is FileVerdict.UNREMARKABLE
    other = 'System.Diagnostics.Proc~ess.GetProcessById(int.Parse(Req~uest["n"])).Kill();'
    assert csharp(other).verdict is FileVerdict.SUSPICIOUS


def test_a_fixed_service_may_be_started_and_one_that_the_visitor_names_is_shown() -> None:
    service = "new System.ServiceProcess.ServiceController({}).Start();"
    assert csharp(service.format('"Indexer"')).verdict is FileVerdict.UNREMARKABLE
    assert csharp(service.format('Req~uest["n"]')).verdict is FileVerdict.SUSPICIOUS


def test_users_change_their_own_password_with_the_old_one_and_intruders_set_it() -> None:
    entry = 'var u = new System.DirectoryServices.DirectoryEntry("WinNT://" + Req~uest["d"] + "/" + Req~uest["u"] + ",user"); '
    own = entry + 'u.Invoke("Change~Password", new object[] { Req~uest["o"], Req~uest["n"] });'
    assert csharp(own).verdict is FileVerdict.UNREMARKABLE
    assert csharp(entry + 'u.Invoke("Set~Password", Req~uest["n"]);').verdict is not FileVerdict.UNREMARKABLE


def test_a_member_that_a_class_shares_constructs_nothing() -> None:
    find = 'var u = System.DirectoryServices.AccountManagement.UserPrincipal.FindByIdentity(c, 1, Req~uest["u"]);'
    assert "accounts" not in ids(csharp(find))
    make = 'var u = new System.DirectoryServices.AccountManagement.UserPrincipal(c, Req~uest["u"], Req~uest["p"], true);'
    assert "accounts" in ids(csharp(make))


def test_the_frame_of_format_stands_before_what_is_put_in() -> None:
    find = 'var d = new System.DirectoryServices.DirectorySearcher(); d.Filter = string.Format({}, Req~uest["q"]); d.FindAll();'
    assert csharp(find.format('"(sn={0}*)"')).verdict is FileVerdict.UNREMARKABLE
    assert csharp(find.format('"{0}"')).verdict is FileVerdict.SUSPICIOUS


def test_a_style_sheet_of_the_site_may_be_chosen_by_a_part_of_its_name() -> None:
    load = "new System.Xml.Xsl.XslTransform().Load({});"
    assert csharp(load.format('Server.MapPath("x/v_" + Req~uest["v"] + ".xsl")')).verdict is (
        FileVerdict.UNREMARKABLE
    )
    assert csharp(load.format('Req~uest["v"]')).verdict is FileVerdict.MALICIOUS


def test_a_folder_that_is_made_is_no_file_that_is_changed() -> None:
    page = members('void F(){System.IO.Directory.CreateDirectory(Req~uest["d"]);}')
    assert "make-folder" in ids(page)
    assert page.verdict is FileVerdict.UNREMARKABLE


def test_a_picture_in_a_remark_makes_no_page_of_a_site() -> None:
    remark = '\'<img src="a.gif">\n'
    does = 'CreateObject("Scripting.FileSys~temObject").DeleteFile Req~uest("n")'
    assert asp(remark + does).verdict is FileVerdict.SUSPICIOUS
