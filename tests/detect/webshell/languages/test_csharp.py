"""C# of pages becomes the tree that it means, whole or cut."""

import pytest

from exsweep.detect.webshell.languages import parse_code

from .sexpr import program

EXPRESSIONS = [
    ('x = "a\\x41\\u0041\\\\"', "(= x 'aAA\\\\')"),
    ('x = @"a""b\\n"', "(= x 'a\"b\\\\n')"),
    ('x = """raw"""', "(= x 'raw')"),
    ("x = 'c' + '\\u0041'", "(= x <+ 'c' 'A'>)"),
    ('x = $"a{b:X2}c{{"', "(= x <interpolate 'a' b 'c' '{'>)"),
    ("x = a + b + c", "(= x <+ a b c>)"),
    ("x = a + b - c", "(= x <- <+ a b> c>)"),
    ("x = ((a))", "(= x a)"),
    ("x = 0x41 + 0b11 + 1_000UL + 1.5f", "(= x <+ 65 3 1000 1.5>)"),
    ("x = a ? b : c", "(= x <?: a b c>)"),
    ("x = y ?? z", "(= x <?? y z>)"),
    ("x = (string)y", "(= x <cast y string>)"),
    ("x = y as T", "(= x <as y T>)"),
    ("x = typeof(System.Type)", "(= x <typeof System.Type>)"),
    ("x = a?.b?[3]?.c()", "(= x (a.b[3].c))"),
    ("x = a!.b", "(= x a.b)"),
    ("x = A<B>.C<D>(e)", "(= x (A.C e))"),
    ("x = global::System.IO.File.Open(y)", "(= x (System.IO.File.Open y))"),
    ("x = @class + \\u0041b", "(= x <+ class Ab>)"),
    ("x += y", "(+= x y)"),
    ("x = y = z", "(= x (= y z))"),
    ("f(out var a, ref b, name: 3)", "(f <out a> <ref b> (: name 3))"),
    ('x["a", 1] = y', "(= x['a' 1] y)"),
    ("x = new T(1) { A = y, B = { C = 2 } }", "(= x (new T 1 (= A y) (= B {(= C 2)})))"),
    ('x = new List<string>() { "a", "b" }', "(= x (new List {'a' 'b'}))"),
    ("x = new byte[] { 0x41, -3 }", "(= x {65 -3})"),
    ("x = new byte[n]", "(= x (new byte[] n))"),
    ("x = new[] { 1 }", "(= x {1})"),
    ("x = new { a = 1, b }", "(= x {(= a 1) b})"),
    ("x = stackalloc byte[2] { 1, 2 }", "(= x {1 2})"),
    ("x = y => y + 1", "(= x (fn (y) [(return <+ y 1>)]))"),
    ("x = (a, b) => { f(); }", "(= x (fn (a b) [(f)]))"),
    ("x = delegate(int a) { return a; }", "(= x (fn (a) [(return a)]))"),
    ("x = from a in b where a > 1 select a.c", "(= x <query (= a b) <> a 1> a.c>)"),
    ("x = await y", "(= x <await y>)"),
    ("x = default(T)", "(= x None)"),
    ("x = f is string s", "(= x <is f (= s f)>)"),
    ("(int a, string b) = t", "(= {a b} t)"),
    ("f(/* a */ x /* b */, // c\n y)", "(f x y)"),
    ("Re\u200bquest.x()", "(Request.x)"),
]


@pytest.mark.parametrize(("code", "tree"), EXPRESSIONS)
def test_an_expression_is_what_the_compiler_makes_of_it(code: str, tree: str) -> None:
    found = parse_code(code + ";", "csharp")
    assert program(found) == tree
    assert found.unread == 0


STATEMENTS = [
    ("int a = 1, b; string c = d;", "(= a 1)\n(= c d)"),
    ("if (a) b(); else if (c) { d(); } else e();", "(branch [a c] [(b)] [(d)] [(e)])"),
    ("for (int i = 0; i < 3; i++) f(i);", "(branch [(= i 0) << i 3> <++ i>] [(f i)])"),
    ("foreach (var x in y) { z(x); }", "(branch [(= x y)] [(z x)])"),
    ("while (a) b(); do { c(); } while (d);", "(branch [a] [(b)])\n(branch [d] [(c)])"),
    (
        "try { a(); } catch (E e) when (q) { b(); } finally { c(); }",
        "(branch [q] [(a)] [(= e #thrown) (b)] [(c)])",
    ),
    ('switch (a) { case "x": f(); break; default: g(); break; }', "(branch [a 'x'] [(f)] [(g)])"),
    ("using (var s = new T()) { f(s); }", "(branch [(= s (new T))] [(f s)])"),
    ("lock (a) { b(); } unsafe { c(); }", "(branch [a] [(b)])\n(c)"),
    ("return a; yield return b; throw c;", "(return a)\n(return b)\n<throw c>"),
    ("if (a) return; f();", "(branch [a] [(return)])\n(f)"),
    ("goto l; l: f();", "(f)"),
    ("#if X\na();\n#else\nb();\n#endif", "(a)\n(b)"),
    ("#region a\nf();\n#endregion", "(f)"),
    ("int f(int a) => a; x();", "(x)\n(def f (a:int) [(return a)])"),
]


@pytest.mark.parametrize(("code", "tree"), STATEMENTS)
def test_a_statement_is_what_the_compiler_makes_of_it(code: str, tree: str) -> None:
    found = parse_code(code, "csharp")
    assert program(found) == tree
    assert found.unread == 0


MEMBERS = [
    ("private string a = b; const int c = 3;", "(= a b)\n(= c 3)"),
    (
        "public bool P { get { return a; } set { b = value; } }",
        "(def get_P () [(return a)])\n(def set_P (value) [(= b value)])",
    ),
    ("public int P => 3;", "(def get_P () [(return 3)])"),
    ("public int P { get; set; } = 5;", "(= P 5)"),
    ("public K(int a) : base(a) { b(); }", "(def K (a:int) [(base a) (b)])"),
    ("public int this[int i] { get { return i; } }", "(def get_Item (i:int) [(return i)])"),
    (
        '[DllImport("k", EntryPoint="V")] public static extern int V(int a, params int[] b);',
        '(def V (a:int b:int[]) @DllImport("k", EntryPoint="V") [])',
    ),
    ("[WebMethod] public void M(string a) { f(a); }", "(def M (a:string) @WebMethod [(f a)])"),
]


@pytest.mark.parametrize(("code", "tree"), MEMBERS)
def test_members_of_a_class_need_no_class_around_them(code: str, tree: str) -> None:
    found = parse_code(code, "csharp")
    assert program(found) == tree
    assert found.unread == 0


def test_a_compilation_unit_has_imports_classes_and_owners() -> None:
    found = parse_code(
        "using System.IO; using P = System.Diagnostics.Process; namespace N { public class H : IHttpHandler, X.Y {"
        " string f = a; public void ProcessRequest(HttpContext c) { g(c); } } }",
        "csharp",
    )
    assert found.imports == ("System.IO", "P=System.Diagnostics.Process")
    assert [(kind.name, kind.bases) for kind in found.classes] == [("H", ("IHttpHandler", "X.Y"))]
    assert program(found) == "(= f a)\n(def H.ProcessRequest (c:HttpContext) [(g c)])"
    assert found.types == {"f": "string"}


FRAGMENTS = [
    (' Eval("x") + a.b ', "<+ (Eval 'x') a.b>"),
    ("} else { f();", "(branch [] [] [(f)])"),
    ("} catch { f(); }", "(branch [] [] [(f)])"),
    ("if (a) { f();", "(branch [a] [(f)])"),
    ("f(); } void g() { h(); }", "(f)\n(def g () [(h)])"),
]


@pytest.mark.parametrize(("code", "tree"), FRAGMENTS)
def test_a_fragment_cut_in_mid_block_is_read(code: str, tree: str) -> None:
    found = parse_code(code, "csharp")
    assert program(found) == tree
    assert found.unread == 0


def test_offsets_are_those_of_the_text_though_the_text_was_wrapped() -> None:
    code = 'private int é = 1; void f() { /* ü */ g("日本", h); }'
    found = parse_code(code, "csharp")
    (call,) = found.functions[0].body
    assert code[call.at :].startswith("g(")
    assert code[found.statements[0].at :].startswith("é")


def test_a_line_ends_where_the_compiler_says() -> None:
    assert program(parse_code("// a\u2028f();\u0085g();", "csharp")) == "(f)\n(g)"


def test_what_if_false_leaves_out_hides_nothing() -> None:
    found = parse_code("a();\n#if false\n" + "{ ( ] '" * 50 + "\n#endif\nb(x);", "csharp")
    assert program(found) == "(a)\n(b x)"


def test_a_strange_token_hides_nothing_but_itself() -> None:
    found = parse_code("a(); $$ ` b(c); d = e(f);", "csharp")
    assert "(b c)" in program(found)
    assert "(= d (e f))" in program(found)
    assert 0 < found.unread < 9
