"""Laws of the verdict. EXSWEEP-INERT-FIXTURE"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsweep.detect.webshell import examine
from exsweep.model.files import FileVerdict

from .pages import whole
from .rewrites import REWRITES

SHELLS = {
    "aspx": '<~%@ Page Language="C#" %~>\n<~% string command = Req~uest.Form["c"]; System.Diagnostics.Pro~cess.Start(command); %~>',
    "asp": '<~%\nDim command\ncommand = req~uest("c")\nexec~ute command\n%~>',
    "ashx": (
        '<~%@ WebHandler Language="C#" Class="H" %~>\nusing System.Web;\npublic class H : IHttpHandler {'
        ' public void ProcessRequest(HttpContext context) { string name = context.Req~uest["f"];'
        ' System.IO.File.WriteAllText(name, context.Req~uest["c"]); } public bool IsReusable { get { return false; } } }'
    ),
}
ORDER = [FileVerdict.BENIGN_KNOWN, FileVerdict.UNREMARKABLE, FileVerdict.SUSPICIOUS, FileVerdict.MALICIOUS]


@pytest.mark.parametrize("extension", SHELLS)
@pytest.mark.parametrize("name", REWRITES)
def test_a_rewrite_that_keeps_the_meaning_never_lowers_the_verdict(name: str, extension: str) -> None:
    page = whole(SHELLS[extension])
    changed = REWRITES[name](page, extension)
    if changed is None:
        pytest.skip("does not apply to this kind of page")
    before = examine(page, f"x.{extension}")
    after = examine(changed, f"x.{extension}")
    assert before.verdict is not FileVerdict.UNREMARKABLE
    assert ORDER.index(after.verdict) >= ORDER.index(before.verdict), after.reasons


@given(st.lists(st.sampled_from(["\n", " ", "\t", "\r\n", "/* a */", "// a\n"]), min_size=1, max_size=8))
def test_blanks_and_comments_between_tokens_change_nothing(between: list[str]) -> None:
    tokens = re.findall(r"\w+|\W", 'Pro~cess.Start(Req~uest["c"]);'.replace("~", ""))
    code = _keep_strings(tokens, between)
    page = whole(f'<~%@ Page Language="C#" %~><~% {code} %~>')
    assert examine(page, "x.aspx").verdict is FileVerdict.MALICIOUS, code


def _keep_strings(tokens: list[str], between: list[str]) -> str:
    parts: list[str] = []
    quoted = False
    for place, token in enumerate(tokens):
        parts.append(token)
        if token == '"':
            quoted = not quoted
        if not quoted:
            parts.append(between[place % len(between)])
    return "".join(parts)


@pytest.mark.parametrize(
    "name", ["x.aspx", "x.txt", "x.jpg", "x", "web.config", "owa/auth/x.aspx", "C:\\inetpub\\wwwroot\\x.ASPX"]
)
def test_the_name_never_hides_what_the_page_does(name: str) -> None:
    assert examine(whole(SHELLS["aspx"]), name).verdict is FileVerdict.MALICIOUS


@given(st.binary(max_size=300), st.sampled_from(["a.aspx", "a.asp", "a.ashx", "a.cshtml", "a.jpg"]))
def test_it_never_raises(data: bytes, name: str) -> None:
    report = examine(data, name)
    assert report.size == len(data) and len(report.sha256) == 64


@given(st.text(max_size=200), st.sampled_from(["C#", "VB", "JScript"]))
def test_it_never_raises_for_code(code: str, language: str) -> None:
    examine(f'<%@ Page Language="{language}" %><% {code} %>'.encode("utf-8", "replace"), "a.aspx")
    examine(f"<%\n{code}\n%>".encode("utf-8", "replace"), "a.asp")


def test_the_same_page_gives_the_same_report() -> None:
    page = whole(SHELLS["ashx"])
    assert examine(page, "a.ashx") == examine(page, "a.ashx")
