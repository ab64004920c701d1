"""Data flow: what is carried along, and what is not. EXSWEEP-INERT-FIXTURE"""

import pytest

from exsweep.model.files import FileReport, FileVerdict

from .pages import asp, capability, csharp, handler, ids, look, members, vb


def _asks(report: FileReport) -> bool:
    """Does the request reach what starts a program?"""
    return any(each.id == "run-command" and each.from_request for each in report.capabilities)


@pytest.mark.parametrize(
    "code",
    [
        'var a = Req~uest["x"]; var b = a; Pro~cess.Start(b);',
        'string a = ""; a += Req~uest["x"]; Pro~cess.Start(a);',
        'var r = Req~uest; Pro~cess.Start(r["x"]);',
        'var c = HttpContext.Current; Pro~cess.Start(c.Req~uest.Form["x"]);',
        'var b = new StringBuilder(); b.Append(Req~uest["x"]); Pro~cess.Start(b.ToString());',
        'Session["k"] = Req~uest["x"]; Pro~cess.Start((string)Session["k"]);',
        'var a = new string[2]; a[0] = Req~uest["x"]; Pro~cess.Start(a[0]);',
        "var s = new StreamReader(Req~uest.InputStream).ReadToEnd(); Pro~cess.Start(s);",
        "var m = new MemoryStream(); Req~uest.InputStream.CopyTo(m); Pro~cess.Start(Encoding.UTF8.GetString(m.ToArray()));",
        "byte[] b = new byte[9]; Req~uest.InputStream.Read(b, 0, 9); Pro~cess.Start(Encoding.UTF8.GetString(b));",
        'var p = new ProcessStart~Info { FileName = "x", Arguments = Req~uest["x"] }; Pro~cess.Start(p);',
        'var p = new ProcessStart~Info(); p.Arguments = Req~uest["x"]; Pro~cess.Start(p);',
        "foreach (string k in Req~uest.Form) { Pro~cess.Start(k); }",
        'var x = Req~uest["x"] ?? "dir"; Pro~cess.Start(x);',
        'Pro~cess.Start(Encoding.UTF8.GetString(Convert.FromBase64String(Req~uest["x"])));',
        "var q = from l in Req~uest[\"x\"].Split('|') select l; foreach (var l in q) Pro~cess.Start(l);",
    ],
)
def test_the_request_arrives(code: str) -> None:
    assert _asks(csharp(code))


@pytest.mark.parametrize(
    "code",
    [
        'Pro~cess.Start("dir");',
        'var n = int.Parse(Request["x"]); Pro~cess.Start("x", n);',
        'var n = Request["x"].Length; Pro~cess.Start("x" + n);',
        'var n = Request.ServerVariables["SCRIPT_NAME"]; Pro~cess.Start(n);',
        'if (Request["x"] == "1") { Pro~cess.Start("dir"); }',
    ],
)
def test_what_says_nothing_of_the_request_does_not(code: str) -> None:
    assert not _asks(csharp(code))


def test_it_goes_through_parameters_and_results_of_functions() -> None:
    code = "string A(string p) { return B(p); } string B(string q) { return q.Trim(); } void C(string r) { Pro~cess.Start(r); }"
    assert _asks(members(code + ' void Page_Load(object s, EventArgs e) { C(A(Req~uest["x"])); }'))
    assert not _asks(
        members(
            code + ' void Page_Load(object s, EventArgs e) { C(A("dir")); Response.Write(Request["x"]); }'
        )
    )


def test_it_goes_through_fields_and_properties() -> None:
    assert _asks(
        members(
            'string f; string P { get { return f; } } void A() { f = Req~uest["x"]; } void B() { Pro~cess.Start(P); }'
        )
    )


def test_parameters_of_a_web_method_come_from_the_visitor() -> None:
    code = '<~%@ WebService Language="C#" Class="S" %~>\npublic class S { [WebMethod] public void R(string c) { Pro~cess.Start(c); } }'
    report = look(code, "a.asmx")
    assert capability(report, "run-command").inputs == ("c",)


def test_a_handler_gets_the_request_from_its_context() -> None:
    assert _asks(
        handler(
            'public class H { public void ProcessRequest(HttpContext c) { Pro~cess.Start(c.Req~uest["x"]); } }'
        )
    )


def test_an_alias_of_a_type_is_that_type() -> None:
    report = handler(
        "using P = System.Diagnostics.Pro~cess; public class H { public void ProcessRequest(HttpContext c)"
        ' { P.Start(c.Req~uest["x"]); } }'
    )
    assert _asks(report)


def test_vb_reads_without_regard_to_case() -> None:
    assert _asks(
        vb('Dim CMD As String = REQ~UEST("x")\nDim q As New pro~cess\nq.startinfo.filename = cmd\nQ.START()')
    )


def test_code_in_a_constant_is_code() -> None:
    report = asp('exec~ute "Set s = CreateObject(""WScr~ipt.Shell"")" & vbCrLf & "s.Run req~uest(""c"")"')
    assert _asks(report)
    report = asp('exec~ute StrReverse(")""a""(tseuq~er lave")')
    assert report.verdict is FileVerdict.MALICIOUS and "run-code" in ids(report)


def test_code_in_a_constant_that_cannot_be_followed_is_at_least_suspicious() -> None:
    report = asp(
        'Function d(s)\nFor i = 1 To Len(s) Step 2\nd = d & Chr(CLng("&H" & Mid(s, i, 2)) - k)\nNext\nEnd Function\nexec~ute d("6877656D2B736972")'
    )
    assert report.verdict in (FileVerdict.SUSPICIOUS, FileVerdict.MALICIOUS)


def test_names_put_together_from_pieces_are_names() -> None:
    assert _asks(asp('Set s = CreateObject("WScr" & "ipt.Sh" & Chr(101) & "ll")\ns.Run req~uest("c")'))


def test_an_object_made_by_a_tag_is_that_object() -> None:
    report = look(
        '<obj~ect runat="server" id="s" classid="clsid:72C24DD5-D70A-438B-8A42-98424B88AFB8"></obj~ect>'
        '<~% s.Run req~uest("c") %~>',
        "a.asp",
    )
    assert _asks(report)
