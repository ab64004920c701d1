"""Constants are computed as the page would."""

import pytest

from exsweep.detect.webshell import computing
from exsweep.detect.webshell.computing import NotFoldedError
from exsweep.detect.webshell.folding import call
from exsweep.detect.webshell.values import Constant


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("chr", [65], "A"),
        ("chr", ["&H41"], "A"),
        ("strreverse", ["cba"], "abc"),
        ("mid", ["abcdef", 2, 3], "bcd"),
        ("mid", ["abcdef", 3], "cdef"),
        ("left", ["abc", 2], "ab"),
        ("right", ["abc", 2], "bc"),
        ("replace", ["a-b-c", "-", ""], "abc"),
        ("split", ["a|b", "|"], ("a", "b")),
        ("join", [("a", "b"), ""], "ab"),
        ("ucase", ["a"], "A"),
        ("unescape", ["%61%u0062c"], "abc"),
        ("string", [3, "x"], "xxx"),
        ("array", [1, 2], (1, 2)),
        ("string.join", ["", ("a", "b")], "ab"),
        ("system.string.concat", ["a", "b", "c"], "abc"),
        ("string.format", ["{1}{0}", "b", "a"], "ab"),
        ("string.fromcharcode", [97, 98], "ab"),
        ("system.convert.frombase64string", ["YWJj"], b"abc"),
        ("system.text.encoding.utf8.getstring", [b"abc"], "abc"),
        ("encoding.unicode.getstring", [b"a\0b\0c\0d\0"], "abcd"),
        ("convert.toint32", ["41", 16], 65),
        ("convert.tochar", [65], "A"),
        ("parseint", ["ff", 16], 255),
    ],
)
def test_a_function_of_constants_is_a_constant(
    name: str, arguments: list[Constant], result: Constant
) -> None:
    assert call(tuple(name.split(".")), None, False, arguments) == result


@pytest.mark.parametrize(
    ("base", "name", "arguments", "result"),
    [
        ("abcdef", "substring", [1, 2], "bc"),
        ("a-b", "replace", ["-", ""], "ab"),
        ("a,b", "split", [","], ("a", "b")),
        (("c", "b", "a"), "reverse", [], ("a", "b", "c")),
        (("a", "b"), "join", [""], "ab"),
        ("ab", "tochararray", [], ("a", "b")),
        ("ab", "toupper", [], "AB"),
        ("acd", "insert", [1, "b"], "abcd"),
        ("abXcd", "remove", [2, 1], "abcd"),
    ],
)
def test_a_method_of_a_constant_is_a_constant(
    base: Constant, name: str, arguments: list[Constant], result: Constant
) -> None:
    assert call(("x", name), base, True, arguments) == result


@pytest.mark.parametrize(
    ("operator", "values", "result"),
    [
        ("-", [70, 5], 65),
        ("*", [13, 5], 65),
        ("/", [130, 2], 65),
        ("^", [64, 1], 65),
        ("mod", [165, 100], 65),
        ("-", [99, 30, 4], 65),
    ],
)
def test_arithmetic(operator: str, values: list[Constant], result: Constant) -> None:
    assert computing.chain(operator, values) == result


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("chr", [-1]), ("chr", [1 << 40]), ("space", [1 << 30]), ("string", [1 << 30, "x"]), ("mid", ["a", 0]), ("unknown", ["a"]),
     ("replace", ["a" * 100_000, "a", "b" * 100_000]), ("convert.frombase64string", ["?"])],
)  # fmt: skip
def test_what_is_wrong_or_too_large_is_not_folded(name: str, arguments: list[Constant]) -> None:
    with pytest.raises(NotFoldedError):
        call(tuple(name.split(".")), None, False, arguments)
