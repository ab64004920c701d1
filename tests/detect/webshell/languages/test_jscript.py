"""JScript of pages, classic and .NET, becomes the tree that it means."""

import pytest

from exsweep.detect.webshell.languages import parse_code

from .sexpr import program

CODE = [
    ('eval(Request.Item["x"], "unsafe")', "(eval Request.Item.x 'unsafe')"),
    ('x["a"].b; x["a" + b](1); x[0]', "x.a.b\n(x[<+ 'a' b>] 1)\nx[0]"),
    (
        'new ActiveXObject("a" + \'b\').Run("\\x63\\155d\\u0041")',
        "((new ActiveXObject <+ 'a' 'b'>).Run 'cmdA')",
    ),
    ("var a = 1, b = function(c) { return c }", "(= a 1)\n(= b (fn (c) [(return c)]))"),
    ("function f(a, b) { g(a) } h()", "(h)\n(def f (a b) [(g a)])"),
    ('Session("x") = a ? b : c', "(= (Session 'x') <?: a b c>)"),
    ('Response.Cookies("a")("b") = 3', "(= ((Response.Cookies 'a') 'b') 3)"),
    ('if (f("x") == 1) g()', "(branch [<== (f 'x') 1>] [(g)])"),
    ("if (a) b(); else if (c) d(); else e()", "(branch [a c] [(b)] [(d)] [(e)])"),
    ("for (var i in o) f(i)", "(branch [(= i o)] [(f i)])"),
    ("try { a() } catch (e) { b() } finally { c() }", "(branch [] [(a)] [(= e #thrown) (b)] [(c)])"),
    ("switch (x) { case 1: f(); default: g() }", "(branch [x 1] [(f)] [(g)])"),
    ("with (o) { p() }", "(= #with0 o)\n(branch [<with #with0>] [(p)])"),
    ("o = { a: 1, 'b': c }", "(= o {(= a 1) (= b c)})"),
    ("x.replace(/a\"b/g, '')", "(x.replace (new RegExp 'a\"b' 'g') '')"),
    ("\\u0065val(x); e\\u0076al(y)", "(eval x)\n(eval y)"),
    ("a = 017 + 0x1f + 1.5", "(= a <+ 15 31 1.5>)"),
    ("a = b, c = d", "<, (= a b) (= c d)>"),
    ("/*@cc_on evil(a) @*/", "(evil a)"),
    ("/*@cc_on\n@if (@_win32)\n a(1);\n@else\n b(2);\n@end\n@*/", "(a 1)\n(b 2)"),
    ("//@cc_on a(1)", "(a 1)"),
    ("<!-- a comment\nf()", "(f)"),
    ("f(a // ) \n, b)", "(f a b)"),
]


@pytest.mark.parametrize(("code", "tree"), CODE)
def test_code_is_what_the_engine_makes_of_it(code: str, tree: str) -> None:
    found = parse_code(code, "jscript")
    assert program(found) == tree
    assert found.unread == 0


def test_jscript_net_has_types_classes_and_imports() -> None:
    found = parse_code(
        "import System; import System.IO;\npublic class K extends System.Web.UI.Page implements IX {\n"
        " private var a : int = 1, b : System.String;\n"
        " protected function Page_Load(o : Object, e : byte[]) : String { return o; }\n"
        " function get P() : int { return 1; } }",
        "jscript",
    )
    assert found.imports == ("System", "System.IO")
    assert [(kind.name, kind.bases) for kind in found.classes] == [("K", ("System.Web.UI.Page", "IX"))]
    assert (
        program(found) == "(= a 1)\n(def Page_Load (o:Object e:byte[]) [(return o)])\n(def P () [(return 1)])"
    )
    assert found.types == {"a": "int", "b": "System.String"}
    assert found.unread == 0


def test_a_type_behind_a_value_is_a_type_too() -> None:
    found = parse_code("var a : int = f(1, { b : 2 }), c : String = d;", "jscript")
    assert program(found) == "(= a (f 1 {(= b 2)}))\n(= c d)"


def test_a_colon_of_a_condition_is_no_type() -> None:
    assert program(parse_code("var a = b ? c : d;", "jscript")) == "(= a <?: b c d>)"
