"""Which pages need no parsing: those whose code holds no name by which anything could be done.

The names are those of the knowledge, so that the sieve lets through whatever a parser could find something in: every
sink, what builds names or hides them, and constants that are looked into.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache

from exsweep.knowledge.webshells import webshell_knowledge, webshell_weights

_HIDING = re.compile(
    r"\\[uxU0-7]|\[\s*[\"']|\bthis\s*\[|\]\s*\(|\[[^\]\n]{0,40}\+|@cc_on|<%|runat|[\"'][0-9a-f]{16,}[\"']"
    r"|[\"'][0-9a-f]{6,}[\"'][ )]*[+&]|[A-Za-z0-9+/]{200}"
    r"|(?:request|response|server|session|application)\s{0,16},"
    r"|[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\uff21-\uff5a]",
    re.IGNORECASE,
)
"""Escapes, names in quotes, invisible and wide letters; keys, packed text and pages in constants; objects handed over."""
_STEP = 2048
_WORD = re.compile(r"[^\W_]+")
_WRITE = re.compile(r"(?<![^\W_])(?<!response\.)write(?![^\W_])")


def may_do_anything(codes: Iterable[str]) -> bool:
    """Does any of these pieces of code hold a name that matters? False is certain, True is not."""
    named = _names()
    words: set[str] = set()
    seen: list[str] = []
    for code in codes:
        low = code.lower()
        seen.append(low)
        for piece in _in_steps(low):
            found = named.keys() & _WORD.findall(piece)
            if any(not named[each] for each in found):
                return True
            words |= found
        if _HIDING.search(code) or ("write" in low and _WRITE.search(low)):
            return True
    types = frozenset(each for word in words for each in named[word])
    said = {each for low in seen for each in types.intersection(_WORD.findall(low))} if types else set()
    return any(not said.isdisjoint(named[word]) for word in words)


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
    known = webshell_knowledge()
    # Of a type that other calls give back or the markup declares, the code need not say the name.
    unsaid = {each.rpartition(".")[2] for each in known.returns.values()}
    found: dict[str, set[str] | None] = {_part(each): None for each in webshell_weights().telling_words}
    for use in (use for kind in known.capabilities for use in kind.uses):
        for name in (*use.call, *use.set, *use.get, *use.native, *use.object):
            before, _, last = name.rpartition(".")
            owner = before.rpartition(".")[2]
            word = _part(last)
            types = found.setdefault(word, set())
            if types is not None and owner not in ("", "*", *unsaid) and ":" not in owner:
                types.add(_part(owner))
            else:
                found[word] = None
    return {word: frozenset(types or ()) for word, types in found.items() if word and word != "write"}


def _part(name: str) -> str:
    return max(_WORD.findall(name), key=len, default="")
