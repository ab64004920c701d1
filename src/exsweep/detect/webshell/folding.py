"""Library functions on constants are computed as the page would: joined, reversed, decoded; anything else is left alone.

Every function here is total and bounded: a result larger than `MOST` characters is not made.
"""

import urllib.parse
from collections.abc import Callable
from typing import Final

from exsweep.detect.webshell.computing import MOST, NotFoldedError, add, bounded, number, text
from exsweep.detect.webshell.decoding import base64_bytes, characters, decode, hex_bytes, letter, percent
from exsweep.detect.webshell.values import Constant

Arguments = list[Constant]

Fold = Callable[[Constant, Arguments], Constant]


def replace(value: Constant, arguments: Arguments) -> Constant:
    """`s.Replace(a, b)` and `Replace(s, a, b)`."""
    old = text(arguments[0])
    if not old:
        return value
    new = text(arguments[1])
    source = text(value)
    if len(new) > len(old) and source.count(old) * (len(new) - len(old)) + len(source) > MOST:
        raise NotFoldedError
    return source.replace(old, new)


def join(items: Constant, separator: str) -> str:
    """All elements as one text."""
    if not isinstance(items, tuple | bytes):
        raise NotFoldedError
    return text(bounded(separator.join(text(each) for each in characters(items))))


def _format(base: Constant, arguments: Arguments) -> Constant:
    made = text(arguments[0])
    for place, each in enumerate(arguments[1:9]):
        made = text(replace(made, [f"{{{place}}}", text(each)]))
    return made


def _substring(base: Constant, arguments: Arguments) -> Constant:
    start = number(arguments[0])
    if start < 0:
        raise NotFoldedError
    length = number(arguments[1]) if len(arguments) > 1 else MOST
    return text(base)[start : start + max(0, length)]


def _slice(base: Constant, arguments: Arguments) -> Constant:
    """JScript's: an end instead of a length, negative from behind."""
    return text(base)[number(arguments[0]) : number(arguments[1]) if len(arguments) > 1 else None]


def _plain_pattern(pattern: str) -> str:
    """A pattern that stands for itself: of `replace`, all of them are meant, as of .NET's."""
    if any(each in "^$.*+?()[]{}|" for each in pattern) or "\\" in pattern:
        raise NotFoldedError
    return pattern


def _mid(base: Constant, arguments: Arguments) -> Constant:
    return _substring(arguments[0], [number(arguments[1]) - 1, *arguments[2:3]])


def _split(base: Constant, arguments: Arguments) -> Constant:
    if len(arguments) == 1 and arguments[0] == "":
        return characters(base)
    separators = [text(each) for item in arguments[:8] for each in _flat(item)]
    one = next((each for each in separators if each), " ")
    source = text(base)
    for each in separators:
        if each and each != one:
            source = source.replace(each, one)
    return bounded(tuple(source.split(one)))


def _flat(item: Constant) -> tuple[Constant, ...]:
    return item if isinstance(item, tuple) else (item,)


def _vb_join(base: Constant, arguments: Arguments) -> Constant:
    if isinstance(arguments[0], tuple):
        return join(arguments[0], text(arguments[1]) if len(arguments) > 1 else " ")
    return join(arguments[1], text(arguments[0]))


def _repeat(piece: str, count: int) -> str:
    if not 0 <= count * max(1, len(piece)) <= MOST:
        raise NotFoldedError
    return piece * count


def _reverse(value: Constant) -> Constant:
    return value[::-1] if isinstance(value, str | bytes | tuple) else text(value)[::-1]


METHODS: dict[str, Fold] = {
    # object.method(arguments)
    "replace": lambda base, a: replace(base, a),
    "substring": _substring,
    "substr": _substring,
    "slice": _slice,
    "split": _split,
    "join": lambda base, a: join(base, text(a[0]) if a else ","),
    "reverse": lambda base, a: _reverse(base),
    "tochararray": lambda base, a: characters(base),
    "toarray": lambda base, a: base,
    "tostring": lambda base, a: text(base),
    "toupper": lambda base, a: text(base).upper(),
    "tolower": lambda base, a: text(base).lower(),
    "touppercase": lambda base, a: text(base).upper(),
    "tolowercase": lambda base, a: text(base).lower(),
    "toupperinvariant": lambda base, a: text(base).upper(),
    "tolowerinvariant": lambda base, a: text(base).lower(),
    "trim": lambda base, a: text(base).strip(),
    "trimend": lambda base, a: text(base).rstrip(),
    "trimstart": lambda base, a: text(base).lstrip(),
    "concat": lambda base, a: add([base, *a]),
    "append": lambda base, a: add([base, *a]),
    "insert": lambda base, a: text(base)[: number(a[0])] + text(a[1]) + text(base)[number(a[0]) :],
    "remove": lambda base, a: (
        text(base)[: number(a[0])] + (text(base)[number(a[0]) + number(a[1]) :] if len(a) > 1 else "")
    ),
    "charat": lambda base, a: text(base)[number(a[0])],
    "charcodeat": lambda base, a: ord(text(base)[number(a[0]) if a else 0]),
    "clone": lambda base, a: base,
}
"""On a constant object."""

STATICS: dict[str, Fold] = {
    # Type.method(arguments); only the last two names are looked at
    "string.join": lambda base, a: (
        join(a[1], text(a[0])) if isinstance(a[1], tuple) else join(tuple(a[1:]), text(a[0]))
    ),
    "string.concat": lambda base, a: join(a[0], "") if isinstance(a[0], tuple) else add(a),
    "string.format": _format,
    "string.copy": lambda base, a: a[0],
    "string.fromcharcode": lambda base, a: "".join(map(letter, a)),
    "strings.strreverse": lambda base, a: _reverse(text(a[0])),
    "strings.chr": lambda base, a: letter(a[0]),
    "strings.chrw": lambda base, a: letter(a[0]),
    "convert.frombase64string": lambda base, a: base64_bytes(a[0]),
    "convert.fromhexstring": lambda base, a: hex_bytes(a[0]),
    "convert.tochar": lambda base, a: letter(a[0]),
    "convert.tostring": lambda base, a: text(a[0]),
    "convert.toint32": lambda base, a: int(text(a[0]), number(a[1])) if len(a) > 1 else number(a[0]),
    "convert.tobyte": lambda base, a: int(text(a[0]), number(a[1])) if len(a) > 1 else number(a[0]),
    "int32.parse": lambda base, a: number(a[0]),
    "int.parse": lambda base, a: number(a[0]),
    "byte.parse": lambda base, a: number(a[0]),
    "char.parse": lambda base, a: text(a[0]),
    "char.tostring": lambda base, a: text(a[0]),
    "char.convertfromutf32": lambda base, a: letter(a[0]),
    "httputility.urldecode": lambda base, a: urllib.parse.unquote_plus(text(a[0])),
    "server.urldecode": lambda base, a: urllib.parse.unquote_plus(text(a[0])),
    "uri.unescapedatastring": lambda base, a: urllib.parse.unquote(text(a[0])),
    "regex.unescape": lambda base, a: text(a[0]),
    "array.reverse": lambda base, a: _reverse(a[0]),
}

FUNCTIONS: dict[str, Fold] = {
    # function(arguments) of VB, VBScript and JScript
    "chr": lambda base, a: letter(a[0]),
    "chrw": lambda base, a: letter(a[0]),
    "chrb": lambda base, a: letter(a[0]),
    "asc": lambda base, a: ord(text(a[0])[0]),
    "ascw": lambda base, a: ord(text(a[0])[0]),
    "cstr": lambda base, a: text(a[0]),
    "cint": lambda base, a: number(a[0]),
    "clng": lambda base, a: number(a[0]),
    "int": lambda base, a: number(a[0]),
    "cbyte": lambda base, a: number(a[0]),
    "char": lambda base, a: letter(a[0]),
    "mid": _mid,
    "left": lambda base, a: text(a[0])[: max(0, number(a[1]))],
    "right": lambda base, a: text(a[0])[-number(a[1]) :] if number(a[1]) > 0 else "",
    "strreverse": lambda base, a: _reverse(text(a[0])),
    "replace": lambda base, a: replace(a[0], a[1:]),
    "split": lambda base, a: _split(a[0], a[1:2]),
    "join": _vb_join,
    "array": lambda base, a: tuple(a),
    "ucase": lambda base, a: text(a[0]).upper(),
    "lcase": lambda base, a: text(a[0]).lower(),
    "trim": lambda base, a: text(a[0]).strip(" "),
    "ltrim": lambda base, a: text(a[0]).lstrip(" "),
    "rtrim": lambda base, a: text(a[0]).rstrip(" "),
    "space": lambda base, a: _repeat(" ", number(a[0])),
    "string": lambda base, a: (
        _repeat(a[1][:1] if isinstance(a[1], str) else letter(a[1]), number(a[0]))
        if len(a) > 1
        else text(a[0])
    ),
    "len": lambda base, a: len(text(a[0])),
    "hex": lambda base, a: f"{number(a[0]):X}",
    "unescape": lambda base, a: percent(text(a[0])),
    "decodeuri": lambda base, a: urllib.parse.unquote(text(a[0])),
    "decodeuricomponent": lambda base, a: urllib.parse.unquote(text(a[0])),
    "escape": lambda base, a: urllib.parse.quote(text(a[0])),
    "parseint": lambda base, a: int(text(a[0]), number(a[1])) if len(a) > 1 else number(a[0]),
    "number": lambda base, a: number(a[0]),
    "atob": lambda base, a: base64_bytes(a[0]).decode("latin-1"),
}

CONSTRUCTED: dict[str, Fold] = {
    "string": lambda base, a: (
        join(a[0], "")
        if isinstance(a[0], tuple)
        else _repeat(text(a[0]), number(a[1]))
        if len(a) == 2
        else text(a[0])
    ),
    "stringbuilder": lambda base, a: text(a[0]) if a and isinstance(a[0], str) else "",
    "memorystream": lambda base, a: a[0],
    "uri": lambda base, a: text(a[0]),
    "guid": lambda base, a: text(a[0]),
    "regexp": lambda base, a: _plain_pattern(text(a[0])),
    "array": lambda base, a: tuple(a),
}
"""`new Type(arguments)`."""

NAMES: Final = frozenset(
    {
        *METHODS,
        *FUNCTIONS,
        *CONSTRUCTED,
        *(each.rpartition(".")[2] for each in STATICS),
        "getstring",
        "getbytes",
    }
)
"""Last names of all that is folded: a quick look before anything is tried."""


def call(
    name: tuple[str, ...], base: Constant, based: bool, arguments: Arguments, new: bool = False
) -> Constant:
    """Result of a call whose arguments are all known.

    `name` is dotted, lower case; `base` is the object before the last name where `based` says that it is known.

    Raises:
        NotFoldedError: this call is not computed here.
    """
    last = name[-1]
    if len(arguments) > 10_000:
        raise NotFoldedError
    fold: Fold | None
    if new:
        fold = CONSTRUCTED.get(last)
    elif based:
        fold = METHODS.get(last)
    elif len(name) == 1:
        fold = FUNCTIONS.get(last)
    else:
        fold = STATICS.get(".".join(name[-2:])) or _encoding(last)
    if fold is None:
        raise NotFoldedError
    try:
        return bounded(fold(base, arguments))
    except (IndexError, ValueError, TypeError, OverflowError, MemoryError) as error:
        raise NotFoldedError from error


def _encoding(last: str) -> Fold | None:
    """`Encoding.UTF8.GetString`, `GetEncoding(936).GetBytes`: the object does not matter."""
    if last == "getstring":
        return lambda base, a: decode(a[0])
    if last == "getbytes":
        return lambda base, a: text(a[0]).encode("utf-8", "replace")
    return None
