"""Nothing that a page says makes a parser fail, hang or build a tree that others cannot walk."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.detect.webshell.code import Program, children, walk
from exsweep.detect.webshell.effort import Effort
from exsweep.detect.webshell.languages import guess_language, parse_code

from .sexpr import program

LANGUAGES = ("csharp", "jscript", "vb", "vbscript")
SIGNS = "( ) [ ] { } < > , ; : ? . = + - * & ! @ # $ ' \" ` _ \\ / => == && || ?. := <> /* */ // <% %> \n \r \t \0 é \u200b “"
NAMES = (
    "if then else end sub function class property get set new with dim as of from in where select case for each next do"
    " loop while wend try catch using return throw var let public void int string namespace is await"
)
OTHERS = '"a" $"{a}" @"b" 1 &H41 0x41 a A.b f(x) End\nIf Rem @cc_on @if #if\n #endif\n <a> </a> &H'
WORDS = [*SIGNS.split(" "), *NAMES.split(" "), *OTHERS.split(" ")]


def _sound(code: str, tree: Program) -> None:
    """Offsets lie in the text, depth is bounded, `walk` ends."""
    assert 0 <= tree.unread <= len(code)
    nodes = [(node, 1) for node in (*tree.statements, *tree.functions)]
    while nodes:
        node, depth = nodes.pop()
        assert 0 <= node.at <= len(code)
        assert depth < 260
        nodes.extend((child, depth + 1) for child in children(node))
    assert sum(1 for _ in walk(tree.statements)) >= len(tree.statements)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400), st.sampled_from(LANGUAGES))
def test_any_text_gives_a_sound_tree(code: str, language: str) -> None:
    _sound(code, parse_code(code, language))
    guess_language(code)


@settings(max_examples=250, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=120).map(" ".join), st.sampled_from(LANGUAGES))
def test_any_words_of_the_languages_give_a_sound_tree(code: str, language: str) -> None:
    _sound(code, parse_code(code, language))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4), st.sampled_from(LANGUAGES))
def test_repetition_of_any_words_gives_a_sound_tree(words: list[str], language: str) -> None:
    code = " ".join(itertools.islice(itertools.cycle(words), 400))
    _sound(code, parse_code(code, language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "bracket", ["(", "[", "{", "f(", "a[", "!(", "x=(", "New A(", "If a Then\n", "if(a){", "a.b(", "=>{"]
)
def test_a_hundred_thousand_open_brackets_are_read_in_bounds(bracket: str, language: str) -> None:
    code = bracket * (100_000 // len(bracket))
    _sound(code, parse_code(code, language, effort=Effort(40_000)))


@pytest.mark.parametrize(
    ("language", "end"), [("csharp", ";"), ("jscript", ";"), ("vb", "\n"), ("vbscript", "\n")]
)
def test_brackets_hide_nothing_however_deep(language: str, end: str) -> None:
    code = "x = " + "g(" * 400 + "Eval(y)" + ")" * 400 + end
    tree = parse_code(code, language)
    assert "(Eval y)" in program(tree)
    _sound(code, tree)


@pytest.mark.parametrize(
    ("language", "end"), [("csharp", ";"), ("jscript", ";"), ("vb", "\n"), ("vbscript", "\n")]
)
def test_a_long_chain_of_calls_is_read_to_its_beginning(language: str, end: str) -> None:
    code = "s = b" + ".Append(a)" * 300 + ".Append(Eval(y))" + ".Append(c)" * 300 + end
    tree = parse_code(code, language)
    assert "(Eval y)" in program(tree)
    assert program(tree).count("Append") == 601
    _sound(code, tree)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_long_sum_is_one_operation(language: str) -> None:
    sign = "&" if language.startswith("vb") else "+"
    tree = parse_code("x = a" + f" {sign} a" * 5_000, language)
    assert program(tree) == "(= x <+ " + "a " * 5_000 + "a>)"


def test_deep_blocks_of_vb_lie_flat() -> None:
    code = "If a Then\n" * 20_000 + "Execute b\n" + "End If\n" * 20_000 + "c"
    tree = parse_code(code, "vbscript")
    assert "(Execute b)" in program(tree)
    assert program(tree).endswith("(c)")
    _sound(code, tree)


def test_type_arguments_that_never_end_cost_no_memory() -> None:
    tree = parse_code("a<" * 5_000 + "b; f(x);", "csharp")
    assert "(f x)" in program(tree)


def test_too_many_steps_end_the_work_and_what_is_left_is_counted() -> None:
    code = "f(a);\n" * 50_000
    for language in LANGUAGES:
        tree = parse_code(code, language, effort=Effort(0))
        assert tree.unread > len(code) // 2


def test_a_page_that_names_the_wrong_language_is_read_in_its_own() -> None:
    vb = 'Sub Page_Load(s As Object, e As EventArgs)\n If a Then\n  b.Text = "x" & c\n End If\nEnd Sub\n'
    assert parse_code(vb, "csharp").language == "vb"
    assert parse_code("void f() { string a = b[1]; if (c != d) { e(); } }\n" * 3, "vb").language == "csharp"
    assert parse_code(vb, "perlscript").language == "vb"


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("string a = b;\nforeach (var c in d) {\n e(c);\n}", "csharp"),
        ("var a = b;\nfunction f(x) {\n return eval(x);\n}", "jscript"),
        ("Dim a As String = b\nTry\n c()\nCatch e As Exception\nEnd Try", "vb"),
        (
            "On Error Resume Next\nSet a = Server.CreateObject(b)\nWhile Not c.EOF\n c.MoveNext\nWend",
            "vbscript",
        ),
    ],
)
def test_a_language_is_guessed_by_its_words(code: str, language: str) -> None:
    assert guess_language(code, "?") == language


def test_a_guess_falls_back_on_what_the_page_would_be() -> None:
    assert guess_language("Title", "vb") == "vb"
    assert guess_language('Response.Write(Eval("Title"))', "csharp") == "csharp"
