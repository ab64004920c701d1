"""The parts of a page that the server runs are found as the parsers of ASP.NET and classic ASP find them."""

import pytest

from exsweep.detect.webshell.page import Page
from exsweep.detect.webshell.reading import read_page
from tests.detect.webshell.reading.pieces import INERT, code, directive, script

NOTE = f'Note("{INERT}")'


def read(text: str, path: str = "page.aspx") -> Page:
    pages = read_page(text.encode(), path)
    assert len(pages) == 1
    return pages[0]


def blocks(page: Page) -> list[tuple[str, str, str]]:
    return [(block.kind, block.language, block.code) for block in page.blocks]


def test_all_forms_of_code_tags_are_found() -> None:
    text = (
        directive('Page Language="C#"') + code(" a(); ") + code(" b ", "=") + code("c", ":") + code("d", "#")
    )
    assert blocks(read(text)) == [
        ("code", "csharp", " a(); "),
        ("expression", "csharp", " b "),
        ("expression", "csharp", "c"),
        ("binding", "csharp", "d"),
    ]


def test_code_points_back_to_its_place_in_the_text() -> None:
    page = read(f"<p>\n{code(NOTE)}\n{script(NOTE)}")
    assert [page.text[block.at : block.at + len(block.code)] for block in page.blocks] == [NOTE, NOTE]
    assert [page.line(block.at) for block in page.blocks] == [2, 3]


def test_comments_of_the_server_are_no_code_but_html_comments_hide_nothing() -> None:
    page = read(directive('Page Language="C#"') + code(f"-- {code('gone')} --") + f"<!-- {code(NOTE)} -->")
    assert blocks(page) == [("code", "csharp", NOTE)]


def test_a_decrement_in_jscript_of_classic_asp_is_no_comment() -> None:
    page = read(directive("LANGUAGE=JScript") + code(f"--a;{NOTE};b--"), "x.asp")
    assert blocks(page) == [("code", "jscript", f"--a;{NOTE};b--")]


def test_classic_asp_takes_a_colon_as_an_empty_statement() -> None:
    assert blocks(read(code(f":{NOTE}"), "x.asp")) == [("code", "vbscript", f":{NOTE}")]


@pytest.mark.parametrize(
    "attributes",
    [
        'runat="server" language="C#"',
        "LANGUAGE='c#' RunAt=server",
        'language\n=\n"C#"\n\trunat\n=\n"server"',
        'data-x=">" runat=server language=cs',
        'language="&#67;#" runat="&#115;erver" runat="server"',
        "language=C# " + " " * 9000 + "runat=server",
        f'data-x="{"x" * 9000}" runat=server language=c#',
    ],
)
def test_a_script_tag_runs_on_the_server_however_it_is_written(attributes: str) -> None:
    assert blocks(read(script(NOTE, attributes))) == [("script", "csharp", NOTE)]


def test_a_client_script_is_no_code_but_code_inside_it_is() -> None:
    page = read(script(f"alert(1); {code(NOTE)}", 'type="text/javascript"'), "x.asp")
    assert blocks(page) == [("code", "vbscript", NOTE)]


def test_each_script_speaks_its_own_language() -> None:
    page = read(
        script(NOTE, "runat=server language=VBScript") + script(NOTE, "runat=server language=JScript1.2")
        + script(NOTE, "runat=server language=PerlScript"),
        "x.asp",
    )  # fmt: skip
    assert [block.language for block in page.blocks] == ["vbscript", "jscript", "other"]


def test_directives_includes_controls_and_server_tags_are_kept() -> None:
    page = read(
        directive('Page Language="C#" CodeFile="a.cs" Inherits=\'B\'')
        + directive('Import Namespace="System.IO"')
        + '<!-- #include  virtual = "/inc/c.inc" -->'
        + '<asp:TextBox id="t" runat="server" /><OBJECT runat="server" ProgID="Some.Thing" id=o></OBJECT>'
    )
    assert [(each.name, each.attributes) for each in page.directives] == [
        ("page", {"language": "C#", "codefile": "a.cs", "inherits": "B"}),
        ("import", {"namespace": "System.IO"}),
    ]
    assert [each.path for each in page.includes] == ["a.cs", "B", "/inc/c.inc"]
    assert page.controls == ("asp:textbox", "object")
    assert [(tag.name, tag.attributes["progid"]) for tag in page.tags] == [("object", "Some.Thing")]


@pytest.mark.parametrize(
    ("path", "named", "kind"),
    [
        ("a.ashx", "WebHandler", "ashx"),
        ("a.asmx", "WebService", "asmx"),
        ("a.svc", "ServiceHost", "svc"),
        ("a.soap", "WebService", "remoting"),
        ("logo.png", "WebHandler", "ashx"),
    ],
)
def test_what_follows_the_directive_of_a_handler_is_code(path: str, named: str, kind: str) -> None:
    page = read(directive(f'{named} Language="C#" Class="X"') + f"class X {{ {NOTE}; }}", path)
    assert page.kind == kind
    assert blocks(page) == [("handler", "csharp", f"class X {{ {NOTE}; }}")]


def test_razor_blocks_functions_statements_and_expressions_are_code() -> None:
    text = '@using A.B\n<p>me@example.test</p>@{ var a = "}"; }@functions{ void F() { } }@if (a) { <b>x</b> }@Html.Raw(a)[0].b'
    assert [block.code for block in read(text, "x.cshtml").blocks] == [
        "using A.B",
        ' var a = "}"; ',
        " void F() { } ",
        "if (a) { <b>x</b> }",
        "Html.Raw(a)[0].b",
    ]


def test_a_server_side_include_that_starts_a_program_is_kept() -> None:
    page = read(f'<!--#exec cmd="{INERT}" -->', "x.shtml")
    assert blocks(page) == [("ssi", "other", f'exec cmd="{INERT}"')]
    assert "ssi-exec" in page.tricks


def test_script_of_a_style_sheet_is_code() -> None:
    text = (
        '<xsl:stylesheet xmlns:m="urn:schemas-microsoft-com:xslt">'
        f'<m:scr{"ipt"} language="C#"><![CDATA[{NOTE}]]></m:scr{"ipt"}></xsl:stylesheet>'
    )
    assert blocks(read(text, "x.aspx")) == [("script", "csharp", NOTE)]


def test_code_that_is_not_closed_is_read_to_the_end_and_noted() -> None:
    page = read("<p>" + code(NOTE)[:-2], "x.asp")
    assert blocks(page) == [("code", "vbscript", NOTE)]
    assert "unclosed-block" in page.tricks


@pytest.mark.parametrize(
    ("path", "kind", "odd"),
    [
        ("C:\\inetpub\\x.ASPX", "aspx", False),
        ("x.asp;.jpg", "asp", False),
        ("x.aspx. ", "aspx", False),
        ("x.aspx::$DATA", "aspx", False),
        ("x.cer", "asp", False),
        ("web.config", "config", False),
        ("x.jpg", "asp", True),
        ("x", "asp", True),
    ],
)
def test_the_name_decides_as_windows_and_iis_read_it(path: str, kind: str, odd: bool) -> None:
    page = read(code(NOTE), path)
    assert page.kind == kind and page.blocks
    assert ("other-extension" in page.tricks) is odd


def test_a_renamed_page_of_asp_net_is_known_by_its_content() -> None:
    assert read(script("void Page_Load() { }"), "a.txt").kind == "aspx"
    assert read(directive("Control Language=VB") + code(NOTE), "a.log").kind == "ascx"


def test_a_file_without_server_code_is_read_as_what_it_is() -> None:
    assert read("plain text", "a.txt").kind == "other"
    assert read("<p>hello</p>", "a.aspx").blocks == ()


@pytest.mark.parametrize(
    ("path", "text", "language"),
    [
        ("a.aspx", 'string a = Request["x"]; foreach (var b in c) { d(b); }', "csharp"),
        ("a.aspx", "Dim a As String = Request.Item(1)\nIf a Then\nb()\nEnd If", "vb"),
        ("a.aspx", 'function f(a){ var b = a; g(b,"unsafe"); }', "jscript"),
        ("a.asp", 'set a = Server.CreateObject("X")\nif b then\nc\nend if', "vbscript"),
        ("a.asp", "function f(a){ var b = new ActiveXObject('X');\n return b; }", "jscript"),
        ("a.asp", INERT, "vbscript"),
        ("a.aspx", INERT, "vb"),
    ],
)
def test_code_that_names_no_language_is_known_by_its_words(path: str, text: str, language: str) -> None:
    assert read(code(text), path).language == language
