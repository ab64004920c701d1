"""Which pages need no parsing: those whose code holds no name by which anything could be done.

The names are those of the knowledge, so that the sieve lets through whatever a parser could find something in: every
sink, what builds names or hides them, and constants that are looked into.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache

from exsweep.detect.webshell.pieces import Piece
from exsweep.knowledge.webshells import webshell_knowledge, webshell_weights

_BRACKETS = re.compile(r"\\[uxU0-7]|\[\s*[\"']|\bthis\s*\[|\]\s*\(|\[[^\]\n]{0,40}\+", re.IGNORECASE)
_KEYS = re.compile(r"[\"'][0-9a-f]{6}(?:[0-9a-f]{10,}[\"']|[0-9a-f]*[\"'][ )]*[+&])")
_PACKED = re.compile(r"[A-Za-z0-9+/]{200}")
_LONG = 200
_ODD = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\uff21-\uff5a]")
_HANDED = ("request", "response", "server", "session", "application")
_ONE_OBJECT = re.compile(r"createobject\s{0,8}\(\s{0,8}\"([\w.]{1,60})\"\s{0,8}\)")
_ONE_FIELD = re.compile(
    r"(?<![\w.])eval\s{0,8}\(\s{0,8}\"[\w.]{1,60}\"(?:\s{0,8},\s{0,8}\"[^\"\n]{0,60}\")?\s{0,8}\)"
)
_STEP = 2048
_WORD = re.compile(r"[^\W_]+")
_PLAIN_WORD = re.compile(r"[a-z\d]+", re.ASCII)
"""The same in small letters of ASCII, at half the price."""
_WRITE = re.compile(r"(?<![^\W_])(?<!response\.)write(?![^\W_])")


def may_do_anything(parts: Iterable[Piece]) -> bool:
    """Does any of these pieces of code hold a name that matters? False is certain, True is not."""
    named = _names()
    words: set[str] = set()
    said: set[str] = set()
    for part in parts:
        low = _without_harmless(part.code.lower(), part.language)
        for piece in _in_steps(low):
            there = set((_PLAIN_WORD if piece.isascii() else _WORD).findall(piece))
            said |= there
            found = named.keys() & there
            if any(not named[each] and _stands_alone(each, low) for each in found):
                return True
            words |= found
        if _hides(part.code, low) or ("write" in low and _WRITE.search(low)):
            return True
    return any(not said.isdisjoint(_types(word)) for word in words)


def _without_harmless(low: str, language: str) -> str:
    """The code without what says a word that matters and can do nothing: one field of a row, one object by its name."""
    if "createobject" in low:
        low = _ONE_OBJECT.sub(_ordinary, low)
    if "eval" in low and language in ("csharp", "vb"):
        low = _ONE_FIELD.sub(" ", low)
    return low


def _ordinary(made: re.Match[str]) -> str:
    """An object that pages ordinarily make is its own name; any other is made by something that matters."""
    plain = "." not in made[1] or made[1].partition(".")[0] in webshell_knowledge().ordinary_objects
    return f" {made[1]} " if plain else made[0]


def _hides(code: str, low: str) -> bool:
    """Escapes, names in quotes, invisible and wide letters; keys, packed text and pages in constants; objects handed over.

    Each is asked for by a letter that it needs before a pattern looks for it: most code has none of these.
    """
    if ("\\" in code or "[" in code or "]" in code) and _BRACKETS.search(code):
        return True
    if "<%" in low or "runat" in low or "@cc_on" in low or _KEYS.search(low):
        return True
    if not code.isascii() and _ODD.search(code):
        return True
    if any(piece.rstrip()[-16:].endswith(_HANDED) for piece in low.split(",")[:-1]):
        return True
    return len(code) >= _LONG and any(len(each) >= _LONG and _PACKED.search(each) for each in code.split())


def _stands_alone(word: str, low: str) -> bool:
    """Is the word there as what matters? A function is not, where it is a member of something."""
    if word not in _functions():
        return True
    return re.search(rf"(?<![\w.]){word}(?![^\W_])", low) is not None


def _types(word: str) -> frozenset[str]:
    return _names()[word] or _functions().get(word, frozenset())


def prepare() -> None:
    """Read the knowledge now that the first page would read: for processes that are forked from this one."""
    _names()


def _in_steps(code: str) -> Iterator[str]:
    """The code in pieces, cut between words: most pages say in the first what they can do."""
    place = 0
    while place < len(code):
        match = _WORD.match(code, place + _STEP - 1)
        end = match.end() if match else place + _STEP
        yield code[place:end]
        place = end


@cache
def _names() -> dict[str, frozenset[str]]:
    """Last word of what the knowledge names -> the types of which it is a member, one of which must stand there too.

    No types: the word matters by itself. Of a name with underscores its longest part stands for it.
    """
    found = {word: frozenset(types or ()) for word, types in _members().items() if word not in _functions()}
    return found | dict.fromkeys(_functions(), frozenset())


@cache
def _members() -> dict[str, set[str] | None]:
    found: dict[str, set[str] | None] = {_part(each): None for each in webshell_weights().telling_words}
    made = _made_by()
    for name in _of_all_uses():
        before, _, last = name.rpartition(".")
        owner = before.rpartition(".")[2]
        word = _part(last)
        types = found.setdefault(word, set())
        if types is not None and owner not in ("", "*") and ":" not in owner:
            types.add(_part(owner))
            types |= made.get(owner, set())
        else:
            found[word] = None
    return {word: types for word, types in found.items() if word and word != "write"}


def _of_all_uses() -> Iterator[str]:
    for use in (use for kind in webshell_knowledge().capabilities for use in kind.uses):
        functions = set(use.call) if use.languages else set()
        for name in (*use.call, *use.set, *use.get, *use.native, *use.object):
            if "." in name or name not in functions:
                yield name


@cache
def _functions() -> dict[str, frozenset[str]]:
    """Word of a function of Basic or JScript -> types of which a member has the same name.

    Alone it matters by itself; such a function is never a member, and nothing of that name is made by `new`.
    """
    members = _members()
    found: dict[str, frozenset[str]] = {}
    for use in (use for kind in webshell_knowledge().capabilities for use in kind.uses if use.languages):
        for name in use.call:
            word = _part(name)
            if "." not in name and word == name and members.get(word, set()) is not None:
                found[word] = frozenset(members.get(word) or ())
    return found


@cache
def _made_by() -> dict[str, set[str]]:
    """Type that calls give back, so that the code need not say its name -> words of those calls."""
    found: dict[str, set[str]] = {}
    for call, type_ in webshell_knowledge().returns.items():
        found.setdefault(type_.rpartition(".")[2], set()).add(_part(call.rpartition(".")[2]))
    return found


def _part(name: str) -> str:
    return max(_WORD.findall(name), key=len, default="")
