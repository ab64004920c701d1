"""Which pages need no parsing: those whose code holds no name by which anything could be done.

The names are those of the knowledge, so that the sieve lets through whatever a parser could find something in: every
sink, what builds names or hides them, and constants that are looked into.
"""

import re
from collections.abc import Iterable
from functools import cache

from exsweep.knowledge.webshells import webshell_knowledge, webshell_weights

_HIDING = (
    r"\\[uxU0-7]|\[\s*[\"']|\bthis\s*\[|\]\s*\(|\[[^\]\n]{0,40}\+|@cc_on|<%|runat|[\"'][0-9a-f]{16,}[\"']"
    r"|[\"'][0-9a-f]{6,}[\"'][ )]*[+&]|[A-Za-z0-9+/]{200}"
    r"|(?:request|response|server|session|application)\s{0,16},"
    r"|[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\uff21-\uff5a]"
)
"""Escapes, names in quotes, invisible and wide letters; keys, packed text and pages in constants; objects handed over."""


def may_do_anything(codes: Iterable[str]) -> bool:
    """Does any of these pieces of code hold a name that matters? False is certain, True is not."""
    pattern = _pattern()
    return any(pattern.search(code) is not None for code in codes)


@cache
def _pattern() -> re.Pattern[str]:
    words = set(webshell_weights().telling_words)
    for kind in webshell_knowledge().capabilities:
        for use in kind.uses:
            words |= {name.rpartition(".")[2] for name in (*use.call, *use.set, *use.get, *use.native)}
            words |= set(use.object)
    named = "|".join(sorted(re.escape(each) for each in words if each[:1].isalnum() or each[:1] == "_"))
    # Every page answers: `Response.Write` alone is nothing.
    return re.compile(rf"(?<![^\W_])(?!(?<=response\.)write\b)(?:{named})(?![^\W_])|{_HIDING}", re.IGNORECASE)
