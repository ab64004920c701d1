"""Evidence as text that cannot act: odd characters become visible escapes, addresses become dead.

Source: Unicode general categories (through `str.isprintable`); invisible letters and marks that Unicode calls
printable are named one by one below.
"""

import re
from itertools import groupby
from unicodedata import name as unicode_name

from markupsafe import Markup, escape

SHORT = 400
"""Characters of a path, address or other short quotation before it is cut."""
LONG = 4_000
"""Characters of a raw line; what the model keeps at most."""
_ANY = 20_000
"""Characters of any other text: nothing in a report is longer."""

# Printable by category, yet drawn as nothing: fillers, joiners, Braille blank, variation selectors.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# The scheme is bounded so that the search stays linear on hostile text.
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]{0,19})://([^\s/?#'\"<>\\]*)|\b([Ww]{3})\.")
_BLANKS = re.compile(r"[ \t\r\n]+")
_DEAD_SCHEMES = {"http": "hxxp", "https": "hxxps"}


def _odd(character: str) -> bool:
    return not character.isprintable() or _UNSEEN.match(character) is not None


def _escaped(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    r"""Control, bidirectional, zero-width, unassigned and lone surrogate characters as escapes.

    >>> visible("global\u200b.asax")
    'global\\u200b.asax'
    """
    if text.isprintable() and not _UNSEEN.search(text):
        return text
    return "".join(_escaped(character) if _odd(character) else character for character in text)


def defang(text: str) -> str:
    """Web addresses so that no reader, mail program or PDF viewer makes a link of them.

    >>> defang("see https://evil.example/a.b?x=http://y.example")
    'see hxxps://evil[.]example/a.b?x=hxxp://y[.]example'
    """

    def dead(match: re.Match[str]) -> str:
        scheme, host, www = match.groups()
        if www:
            return f"{www}[.]"
        name = _DEAD_SCHEMES.get(scheme.lower())
        return (f"{name}://" if name else f"{scheme}[://]") + host.replace(".", "[.]")

    return _ADDRESS.sub(dead, text)


def clip(text: str, limit: int) -> str:
    """At most `limit` characters; what was cut is counted, never silent."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]} ... ({len(text) - limit:,} more characters)"


def plain(text: str) -> str:
    """Evidence for a place that takes no markup: an attribute, a title, a chart label."""
    return visible(defang(clip(text, _ANY)))


def _code_points(run: str) -> str:
    named = [f"U+{ord(c):04X} {unicode_name(c, '')}".rstrip() for c in run[:8]]
    return ", ".join(named) + (f" and {len(run) - 8:,} more" if len(run) > 8 else "")


def show(text: str, limit: int = SHORT) -> Markup:
    """Evidence for the body of a page: escaped, dead, and each odd character named on hover."""
    dead = defang(clip(text, limit))
    if dead.isprintable() and not _UNSEEN.search(dead):
        return escape(dead)
    parts: list[Markup] = []
    for odd, group in groupby(dead, key=_odd):
        run = "".join(group)
        if odd:
            parts.append(
                Markup('<span class="odd" title="{}">{}</span>').format(_code_points(run), visible(run))
            )
        else:
            parts.append(escape(run))
    return Markup("").join(parts)


def prose(text: str) -> str:
    """Our own sentences: line ends are only blanks. Other odd characters stay, to be shown."""
    return _BLANKS.sub(" ", text).strip(" ")
