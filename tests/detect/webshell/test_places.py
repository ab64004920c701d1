"""Where what is written ends up, where code comes from, and what the visitor fills. EXSWEEP-INERT-FIXTURE"""

import pytest

from exsweep.model.files import FileVerdict

from .pages import asp, csharp, handler, look, members, vb
from .rewrites import REWRITES

FOUND = (FileVerdict.MALICIOUS, FileVerdict.SUSPICIOUS)


@pytest.mark.parametrize(
    "code",
    [
        'var w = new StreamWriter(Response.OutputStream); w.Write(Req~uest["x"]);',
        'var w = new StreamWriter(Context.Response.OutputStream); w.Write(Req~uest["x"]);',
        'var m = new MemoryStream(); var w = new StreamWriter(m); w.Write(Req~uest["x"]); Response.BinaryWrite(m.ToArray());',
        'var r = WebRequest.Create("http://a.example/"); var w = new StreamWriter(r.GetRequestStream()); w.Write(Req~uest["x"]);',
        'var m = new MemoryStream(); var c = new CryptoStream(m, k, CryptoStreamMode.Write); new StreamWriter(c).Write(Req~uest["x"]);',
        'var m = new MemoryStream(); var z = new GZipStream(m, CompressionMode.Compress); z.Write(Encoding.UTF8.GetBytes(Req~uest["x"]), 0, 9);',
    ],
)
def test_what_goes_into_memory_the_answer_or_the_network_writes_no_file(code: str) -> None:
    assert csharp(code).verdict is FileVerdict.UNREMARKABLE


@pytest.mark.parametrize(
    "code",
    [
        'new StreamWriter(new FileStream(Req~uest["f"], FileMode.Create)).Write(Req~uest["x"]);',
        'new GZipStream(File.Create(Req~uest["f"]), CompressionMode.Compress).Write(Encoding.UTF8.GetBytes(Req~uest["x"]), 0, 9);',
        'var m = new MemoryStream(Convert.FromBase64String(Req~uest["d"])); var w = File.Create(Req~uest["f"]); m.CopyTo(w);',
        'var m = new MemoryStream(); new StreamWriter(m).Write(Req~uest["x"]); File.WriteAllBytes(Req~uest["f"], m.ToArray());',
    ],
)
def test_a_file_below_any_stream_is_a_file(code: str) -> None:
    assert csharp(code).verdict in FOUND


def test_pages_that_a_folder_was_searched_for_are_not_written_into_by_the_way() -> None:
    walk = 'Set f = CreateObject("Scripting.FileSystemObject")\nFor Each x In f.GetFolder(Server.MapPath("/")).Files\n{}\nNext'
    assert (
        asp(walk.format('Set t = f.OpenTextFile(x.Path, 8)\nt.Write "<p>" & req~uest("u")')).verdict in FOUND
    )
    assert asp(walk.format("Response.Write x.Name")).verdict is FileVerdict.UNREMARKABLE


@pytest.mark.parametrize(
    "page",
    [
        '<~%@ Page Language="C#" Src="images/logo.jpg" Inherits="X" %~>',
        '<~%@ Page Language="C#" CodeFile="../temp/a.txt" Inherits="X" %~>',
        '<~%@ Page Language="C#" %~><~%@ Assembly Src="a.png" %~>',
    ],
)
def test_code_from_a_file_that_is_no_code_by_its_name_is_shown(page: str) -> None:
    assert [each.code for each in look(page).reasons] == ["odd-source"]


@pytest.mark.parametrize(
    "page",
    [
        '<~%@ Page Language="C#" CodeFile="a.aspx.cs" Inherits="X" %~>',
        '<~%@ Control Language="VB" Src="a.ascx.vb" %~>',
        '<~%@ Register TagPrefix="a" Src="~/b.ascx" %~>',
    ],
)
def test_code_from_a_file_of_code_is_ordinary(page: str) -> None:
    assert look(page).verdict is FileVerdict.UNREMARKABLE


def test_tags_of_a_workflow_are_calls() -> None:
    tags = '<WorkflowService xmlns:d="clr-namespace:System.Diag~nostics;assembly=System"><p:InvokeMethod MethodName="{}" TargetType="d:{}"/></WorkflowService>'
    assert look(tags.format("Start", "Pro~cess"), "a.xamlx").verdict in FOUND
    assert look(tags.format("Next", "Rand~om"), "a.xamlx").verdict is FileVerdict.UNREMARKABLE


@pytest.mark.parametrize(
    "code",
    [
        'string Q => Req~uest["x"]; void Page_Load() { Pro~cess.Start("cmd", "/c " + Q); }',
        'void Page_Load() { try { throw new Exception(Req~uest["x"]); } catch (Exception e) { Pro~cess.Start("cmd", e.Message); } }',
        'static class X { public static void Go(this string a) { Pro~cess.Start("cmd", "/c " + a); } } void Page_Load() { Req~uest["x"].Go(); }',
    ],
)
def test_flow_follows_csharp(code: str) -> None:
    assert members(code).verdict is FileVerdict.MALICIOUS


def test_flow_follows_functions_without_their_class() -> None:
    body = 'public class H : IHttpHandler { public void ProcessRequest(HttpContext c) { Start("cmd", c.Req~uest["x"]); } }'
    assert handler(f"using static System.Diag~nostics.Pro~cess;\n{body}").verdict is FileVerdict.MALICIOUS
    assert handler(body).verdict is FileVerdict.UNREMARKABLE


def test_flow_follows_addresses_of_functions() -> None:
    code = 'Dim f As Func(Of String, Object) = AddressOf System.Diag~nostics.Pro~cess.Start\nf(Req~uest("x"))'
    assert vb(code).verdict is FileVerdict.MALICIOUS


def test_fields_of_a_soap_header_are_the_visitors() -> None:
    page = (
        '<~%@ WebService Language="C#" Class="S" %~>\npublic class Hd : {} {{ public string D; }}\n'
        'public class S : WebService {{ public Hd H; [WebMethod] public void Go() {{ Pro~cess.Start("cmd", H.D); }} }}'
    )
    assert look(page.format("SoapHeader"), "a.asmx").verdict is FileVerdict.MALICIOUS
    assert look(page.format("Settings"), "a.asmx").verdict is not FileVerdict.MALICIOUS


def test_helpers_of_razor_are_functions() -> None:
    page = '@helper Go(string a) {{ {}("cmd", "/c " + a); <b>ok</b> }}\n@Go(Req~uest["x"])'
    assert look(page.format("Pro~cess.Start"), "a.cshtml").verdict is FileVerdict.MALICIOUS
    assert look(page.format("Log"), "a.cshtml").verdict is FileVerdict.UNREMARKABLE


def test_a_program_with_an_argument_that_nobody_knows_is_for_a_person() -> None:
    assert csharp('Pro~cess.Start("cmd", Find());').verdict in FOUND
    assert csharp('Pro~cess.Start("notepad", "a.txt");').verdict is FileVerdict.UNREMARKABLE


def test_a_key_for_a_foreign_object_betrays_it_among_any_markup() -> None:
    page = '<scr~ipt language="C#" runat="server">\nA.x y = new A.x("{}");\n</scr~ipt>' + "<p>news</p>" * 90
    assert look(page.format("add6bb58e139be10")).verdict in FOUND
    assert look(page.format("main")).verdict is FileVerdict.UNREMARKABLE


def test_the_rewrites_leave_patterns_of_javascript_as_they_are() -> None:
    code = b'<%@ language="javascript" %><% var a = "x".replace(/[\\"(]/g, "b"); f(a); %>'
    changed = REWRITES["comments between tokens"](code, "asp")
    assert changed is not None and b'/[\\"(]/g, "b"' in changed and b"f(/*" in changed


def test_a_variable_hides_a_control_of_its_name() -> None:
    code = "void Go() {{ foreach (var {0} in Docs.Of(3)) {{ var w = new StreamWriter({0}.Text); w.Write({0}.Text); }} }}"
    box = '<asp:TextBox id="D" runat="server"/>'
    assert members(code.format("d"), box).verdict is FileVerdict.UNREMARKABLE
    assert members("void Go() { new StreamWriter(D.Text).Write(D.Text); }", box).verdict in FOUND


def test_a_telling_text_is_quoted_where_it_stands() -> None:
    report = asp('a = "first"\nb = "second"\nc = "-SETDO~MAIN"\nd = "last"')
    (told,) = (each for each in report.capabilities if each.id == "attack-text")
    assert [(each.line, each.excerpt) for each in told.evidence] == [(4, 'c = "-SETDOMAIN"')]


def test_letters_that_grow_when_they_are_made_small_move_no_line() -> None:
    report = asp('a = "' + "\u0130" * 40 + '"\nb = "-SETDO~MAIN"\nc = "last"\nd = "end"')
    (told,) = (each for each in report.capabilities if each.id == "attack-text")
    assert [each.line for each in told.evidence] == [3]


def test_fields_of_an_object_of_the_page_are_followed() -> None:
    page = (
        "Class Up\nPublic Place\nPrivate Sub Class_Initialize\nPlace = {}\nEnd Sub\nEnd Class\n"
        'Set u = New Up\nSet s = CreateObject("ADO~DB.Stream")\ns.Open\ns.Write req~uest.BinaryRead(9)\ns.SaveToFile u.Place & "a", 2'
    )
    assert asp(page.format('req~uest("p")')).verdict is FileVerdict.MALICIOUS
    assert asp(page.format('"c:/up/"')).verdict is FileVerdict.UNREMARKABLE
