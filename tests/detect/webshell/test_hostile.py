"""Pages made to hang or exhaust the reader: each ends, and says what could not be looked at. EXSWEEP-INERT-FIXTURE"""

import pytest

from exsweep.detect.webshell import examine
from exsweep.model.files import FileVerdict

from .pages import whole

DEEP = 20_000


@pytest.mark.parametrize(
    ("name", "page"),
    [
        pytest.param(
            "a.aspx",
            '<%@ Page Language="C#" %><% var a = ' + "(" * DEEP + "1" + ")" * DEEP + "; %>",
            id="brackets",
        ),
        pytest.param(
            "a.aspx", '<%@ Page Language="C#" %><% ' + "if (a) {" * DEEP + "}" * DEEP + " %>", id="blocks"
        ),
        pytest.param(
            "a.aspx", '<%@ Page Language="C#" %><% a' + ".b()" * DEEP + "; %>", id="a chain of calls"
        ),
        pytest.param("a.asp", "<%\nx = " + '"a" & ' * DEEP + '"b"\n%>', id="a chain of texts"),
        pytest.param(
            "a.asp", "<%\nx = " + "Chr(" * DEEP + "65" + ")" * DEEP + "\n%>", id="functions of functions"
        ),
        pytest.param("a.asp", "<%\n" + "If a Then\n" * DEEP + "End If\n" * DEEP + "%>", id="ifs"),
        pytest.param("a.asp", '<%\nx = "aaaaaaaa"\n' + "x = x & x\n" * 500 + "execute x\n%>", id="doubling"),
        pytest.param(
            "a.asp",
            '<%\nx = "aaaaaaaa"\n' + "".join(f'x{n} = String(1000000, "x")\n' for n in range(500)) + "%>",
            id="long texts",
        ),
        pytest.param(
            "a.asp",
            "<%\n"
            + "".join(f"Function f{n}(x)\nf{n} = f{n + 1}(f{n + 1}(x))\nEnd Function\n" for n in range(300))
            + "f0 1\n%>",
            id="calls",
        ),
        pytest.param(
            "a.asp",
            '<%\nexecute "execute ""execute """"x""""""' + "\n" * 10 + 'x = "execute x"\nexecute x\n%>',
            id="code in code",
        ),
        pytest.param("a.aspx", "<%" * DEEP, id="openings"),
        pytest.param("a.aspx", "<%@ Page " * DEEP, id="directives"),
        pytest.param("a.aspx", '<asp:TextBox runat="server" ' * DEEP, id="tags"),
    ],
)
def test_it_ends(name: str, page: str) -> None:
    report = examine(page.encode(), name)
    assert report.verdict in (FileVerdict.UNREMARKABLE, FileVerdict.SUSPICIOUS)


def test_sixteen_mebibytes_of_padding_hide_nothing() -> None:
    page = whole("<~%\nexec~ute req~uest(1)\n%~>")
    assert examine(b"\n" * (16 << 20) + page, "a.asp").verdict is FileVerdict.MALICIOUS
    assert examine(page + b" " * (16 << 20), "a.asp").verdict is FileVerdict.MALICIOUS


@pytest.mark.parametrize("page", ["", whole("<~% exec~ute req~uest(1) %~>").decode()])
def test_what_stands_behind_more_tags_than_any_page_has_is_read_and_the_rest_is_told(page: str) -> None:
    tags = "<script></script>" * 100_001 + " " * 100
    report = examine((tags + page + " " * 100).encode(), "a.asp")
    assert report.verdict is (FileVerdict.MALICIOUS if page else FileVerdict.SUSPICIOUS)
    assert report.problems


def test_a_spent_budget_is_told() -> None:
    page = "<%\nset o = createobject(t)\n" + "".join(f"x{n} = f(x{n - 1})\n" for n in range(5000)) + "%>"
    report = examine(page.encode(), "a.asp", steps=2_000)
    assert report.problems


def test_an_interpolated_text_of_nothing_is_read() -> None:
    from .pages import vb

    assert vb('Dim a = $""').problems == ()


@pytest.mark.parametrize("steps", [0, 600, 5_000, 60_000])
def test_the_same_page_ends_at_the_same_place_whatever_the_clock_says(steps: int) -> None:
    code = "".join(f'x{n} = f(x{n - 1}) & "a"\nSet o{n} = CreateObject(x{n})\n' for n in range(3000))
    page = f"<%\n{code}Function f(a)\nf = a & Request({steps})\nEnd Function\n%>".encode()
    once = examine(page, "a.asp", steps=steps)
    assert once == examine(page, "a.asp", steps=steps)
    assert once.problems
    assert once.verdict is not FileVerdict.UNREMARKABLE
