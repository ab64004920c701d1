"""VB.NET and VBScript of pages become the tree that they mean, whole or cut."""

import pytest

from exsweep.detect.webshell.languages import parse_code

from .sexpr import program

BOTH = [
    ('x = "a""b"', "(= x 'a\"b')"),
    ("x = &H41 + &O17 - 1.5E1", "(= x <- <+ 65 15> 15.0>)"),
    ("x = Chr(65)&Chr(66)&vbCrLf", "(= x <+ (Chr 65) (Chr 66) vbCrLf>)"),
    ('x = 1 & 2 & "a"', "(= x <+ '1' '2' 'a'>)"),
    ("x = 1 + 2 & 3", "(= x <+ <+ 1 2> '3'>)"),
    ("x = a^2*3 Mod 4", "(= x <mod <* <^ a 2> 3> 4>)"),
    ('x = Not a = "b" And c <> d', "(= x <and <not <== a 'b'>> <<> c d>>)"),
    ("x = - -1", "(= x 1)"),
    ("x = ((a))", "(= x a)"),
    ("x = a & _\n  b", "(= x <+ a b>)"),
    ("x = a&_\nb", "(= x <+ a b>)"),
    ('Set x = CreateObject("a") \' comment', "(= x (CreateObject 'a'))"),
    ('Execute Request("x")', "(Execute (Request 'x'))"),
    ("Execute (a) & b", "(Execute <+ a b>)"),
    ('Call f(a, , "b")', "(f a None 'b')"),
    ('o.Run "cmd", 0, True', "(o.Run 'cmd' 0 True)"),
    ("o.Method -1", "(o.Method -1)"),
    ("rs.MoveNext", "(rs.MoveNext)"),
    ('Session("a") = b', "(= (Session 'a') b)"),
    ('rs("n")("m").x = b', "(= ((rs 'n') 'm').x b)"),
    ("x = rs!name", "(= x (rs 'name'))"),
    ("[end] = [a b]", "(= end a b)"),
    ("a : b 1 : c = 2", "(a)\n(b 1)\n(= c 2)"),
    ("Rem a\nb", "(b)"),
    ("If a Then b Else c", "(branch [a] [(b)] [(c)])"),
    ("If a Then Exit Sub Else c", "(branch [a] [(return)] [(c)])"),
    ("Do\nIf a Then Exit Do Else c\nLoop", "(branch [] [(branch [a] [] [(c)])])"),
    ("Sub s\na\nExit Sub\nb\nEnd Sub", "(def s () [(a) (return) (b)])"),
    ("If a Then b : c\nd", "(branch [a] [(b) (c)])\n(d)"),
    ("If a Then If b Then c Else d\ne", "(branch [a] [(branch [b] [(c)] [(d)])])\n(e)"),
    ("If a Then\nb\nElseIf c Then\nd\nElse\ne\nEnd If", "(branch [a c] [(b)] [(d)] [(e)])"),
    ('Select Case a\nCase "x", 1: b\nCase Else\nc\nEnd Select', "(branch [a 'x' 1] [] [(b)] [(c)])"),
    ("For i = 1 To n Step 2\nb i\nNext", "(branch [(= i 1) n 2] [(b i)])"),
    ("For Each i In a : b i : Next", "(branch [(= i a)] [(b i)])"),
    ("Do While a : b : Loop", "(branch [a] [(b)])"),
    ("Do : b : Loop Until a", "(branch [a] [(b)])"),
    ("While a\nb\nWend", "(branch [a] [(b)])"),
    ("With a\n.b = .c\n.d 1\nEnd With", "(branch [a] [(= a.b a.c) (a.d 1)])"),
    ("With f(1)\n.b 2\nEnd With", "(branch [(f 1)] [(= #1 (f 1)) (#1.b 2)])"),
    ("On Error Resume Next\na", "(a)"),
    ("Dim a, b(3)\nReDim Preserve b(n)\nConst c = 5", "(= c 5)"),
    ("Function f(a)\nf = a & b\nEnd Function\ng", "(g)\n(def f (a) [(= f <+ a b>) (return f)])"),
    ("Sub s\na\nEnd Sub", "(def s () [(a)])"),
    ("Function f(a) b a End Function\nc", "(c)\n(def f (a) [(b a)])"),
]


@pytest.mark.parametrize(("code", "tree"), BOTH)
@pytest.mark.parametrize("language", ["vb", "vbscript"])
def test_what_vb_and_vbscript_share_is_read_alike(language: str, code: str, tree: str) -> None:
    found = parse_code(code, language)
    assert program(found) == tree
    assert found.unread <= (0 if "b a End" not in code else 2)


DOTNET = [
    ('Dim a As New T("x") With {.A = b}', "(= a (new T 'x' (= A b)))"),
    ('Dim a As New List(Of String) From {"x", "y"}', "(= a (new List {'x' 'y'}))"),
    ("Dim a() As Byte = {1, &H41, -3}", "(= a {1 65 -3})"),
    ("a = New Byte() {1, 2}", "(= a {1 2})"),
    ("a = New Byte(9) {}", "(= a (new Byte[] 9))"),
    ("a = New With {.x = 1, b}", "(= a {(= x 1) b})"),
    ("a = CType(b, String)", "(= a <cast b String>)"),
    ("a = GetType(B.C)", "(= a <typeof B.C>)"),
    ("a = If(b, c, d)", "(= a <?: b c d>)"),
    ("a = Function(x) x + 1", "(= a (fn (x) [(return <+ x 1>)]))"),
    ("a = Function(x As Integer)\nReturn x\nEnd Function\nb", "(= a (fn (x) [(return x)]))\n(b)"),
    ("a(Sub() b(1), c)", "(a (fn () [(b 1)]) c)"),
    ('a = $"x{b}y{{"', "(= a <interpolate 'x' b 'y{'>)"),
    ('a = "c"c', "(= a 'c')"),
    ("a = From x In b Where x > 1 Select x.c", "(= a <query (= x b) <> x 1> x.c>)"),
    ('a = <x y="1">don\'t</x> : b', "(= a '<x y=\"1\">don\\'t</x>')\n(b)"),
    ("a &= b : c += 1", "(+= a b)\n(+= c 1)"),
    ("f(name:=a)", "(f (: name a))"),
    ("f(a,\n  b)", "(f a b)"),
    ("AddHandler a.b, AddressOf c", "(+= a.b <addressof c>)"),
    ("a = b?.c", "(= a b.c)"),
    ("a = f(Of T)(b)", "(= a (f b))"),
    (
        "Try\na\nCatch e As X When b\nThrow e\nFinally\nc\nEnd Try",
        "(branch [b] [(a)] [(= e #thrown) <throw e>] [(c)])",
    ),
    ("Using a As New T(b), c = d\ne\nEnd Using", "(branch [] [(= a (new T b)) (= c d) (e)])"),
    ("For Each a As T In b : Next", "(branch [(= a b)] [])"),
    ("Ｅｘｅｃｕｔｅ（“a”）", "(Execute 'a')"),
]


@pytest.mark.parametrize(("code", "tree"), DOTNET)
def test_vb_net_is_what_the_compiler_makes_of_it(code: str, tree: str) -> None:
    found = parse_code(code, "vb")
    assert program(found) == tree
    assert found.unread == 0


def test_a_class_has_bases_members_and_accessors() -> None:
    found = parse_code(
        "Imports System.IO, P = System.Diagnostics.Process\n"
        "Public Class A\n Inherits System.Web.UI.Page\n Implements IHttpHandler\n Private f As String = x\n"
        " Public ReadOnly Property R As Boolean Implements IHttpHandler.R\n  Get\n   Return f\n  End Get\n"
        "  Set(value As Boolean)\n   f = value\n  End Set\n End Property\n"
        " <WebMethod()> Public Function M(ByVal a As String, Optional b As Integer = 1) As String Handles c.Click\n"
        "  Return a\n End Function\n"
        ' Private Declare Auto Function V Lib "k" Alias "W" (ByVal a As IntPtr) As IntPtr\n'
        "End Class",
        "vb",
    )
    assert found.imports == ("System.IO", "P=System.Diagnostics.Process")
    assert [(kind.name, kind.bases) for kind in found.classes] == [
        ("A", ("System.Web.UI.Page", "IHttpHandler"))
    ]
    assert program(found).split("\n") == [
        "(= f x)",
        "(def A.get_R () [(return f)])",
        "(def A.set_R (value:Boolean) [(= f value)])",
        "(def A.M (a:String b:Integer) @WebMethod() @handles Click [(return a)])",
        '(def A.V (a:IntPtr) @DllImport("k", EntryPoint="W") [])',
    ]
    assert found.unread == 0


def test_a_vbscript_class_has_properties() -> None:
    found = parse_code(
        "Class K\n Private x\n Public Property Get P(a) : P = x : End Property\n Property Let P(a, b) : x = b : End Property\nEnd Class",
        "vbscript",
    )
    assert program(found) == "(def K.get_P (a) [(= P x) (return P)])\n(def K.set_P (a b) [(= x b)])"


FRAGMENTS = [
    ("End If\nNext\nLoop\na", "(a)"),
    ("Else\na\nEnd If\nb", "(branch [] [(a)])\n(b)"),
    ("If a Then\nb", "(branch [a] [(b)])"),
    ("Function f\na\nFunction g\nb", "(def f () [(a)])\n(def g () [(b)])"),
    ("For Each a In b\nIf c Then\nd\nNext\ne", "(branch [(= a b)] [(branch [c] [(d)])])\n(e)"),
]


@pytest.mark.parametrize(("code", "tree"), FRAGMENTS)
def test_a_fragment_cut_in_mid_block_is_read(code: str, tree: str) -> None:
    found = parse_code(code, "vbscript")
    assert program(found) == tree
    assert found.unread == 0


def test_a_strange_token_hides_nothing_but_itself() -> None:
    found = parse_code("a = b\n? ; $\nExecute c ; d e\n", "vbscript")
    assert "(Execute c)" in program(found)
    assert "(d e)" in program(found)
    assert 0 < found.unread < 8


def test_quotes_of_a_word_processor_are_quotes() -> None:
    assert program(parse_code("execute request(“a”)", "vbscript")) == "(execute (request 'a'))"
