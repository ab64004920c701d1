"""Bytes to look for in a log, for a literal that a value must hold once it is read as its place demands."""

import re
from functools import lru_cache

from exsweep.detect.fields import Kind
from exsweep.knowledge.rules.need import SHORTEST

LONGEST = 40
"""Characters of a literal that are looked for: more would not be rarer."""
BEGINNING = 3
"""Bytes of a character beyond ASCII that are looked for: rules list emojis by the thousand, which share these."""
SPELLED = 3
"""Characters of a URL literal that are looked for in both spellings, `/` and `%2f`: 2 ** SPELLED patterns."""

_ESCAPED_PLAIN = [f"%{code:02x}" for code in range(128) if re.fullmatch(r"[A-Za-z0-9._%-]", chr(code))]
HIDDEN: tuple[bytes, ...] = tuple(sorted({text.encode() for text in _ESCAPED_PLAIN}))
"""Escapes of characters that need none: a URL with one may spell any literal, so it is always looked at closely."""
FOLDED: tuple[bytes, ...] = (b"\xc5\xbf", b"\xe2\x84\xaa", b"%c5%bf", b"%e2%84%aa")
"""Long s and the Kelvin sign: RE2 takes them for `s` and `k` when case is ignored."""

_SPECIAL = re.compile(r"[^a-z0-9._%-]")


@lru_cache(maxsize=1 << 16)
def spellings(text: str, kind: Kind, separator: str, shortest: int = SHORTEST) -> tuple[bytes, ...]:
    """Byte strings, lower case, one of which stands in the raw value if `text` stands in the value as read.

    `shortest`: bytes of a plain text that are worth looking for.
    Empty: nothing that is rare enough to look for. URL places: besides, a value with one of HIDDEN may hold the text.
    """
    pieces = [_ascii_lower(text)]
    pieces = [one for piece in pieces for one in re.split(r"[^\x01-\x7f]+", piece)]
    if kind is Kind.JOINED:
        pieces = [one for piece in pieces for one in piece.split("?")]
    elif kind is Kind.LINE:
        pieces = [one for piece in pieces for one in piece.split(separator)]
    elif kind is Kind.AGENT:
        pieces = [one for piece in pieces for one in re.split(r"[ +,]+", piece)]
    if separator == ",":  # a quote inside a quoted value is written twice
        pieces = [one for piece in pieces for one in piece.split('"')]
    if kind in (Kind.URL, Kind.JOINED, Kind.LINE, Kind.EXTENSION):
        best = max((_spellable(piece) for piece in pieces), key=len, default="")
        return _both_ways(best) if len(best) >= SHORTEST else ()
    best = max(pieces, key=len, default="")[:LONGEST]
    if len(best) < SHORTEST and kind is Kind.PLAIN and not text.isascii():
        return _beyond_ascii(text, shortest)
    return (best.encode("ascii"),) if len(best) >= shortest else ()


def _beyond_ascii(text: str, shortest: int) -> tuple[bytes, ...]:
    """The first character beyond ASCII: values are UTF-8, or each byte that is none stands for its Latin-1 letter."""
    letter = next(one for one in text if ord(one) > 0x7F)
    ways: tuple[bytes, ...] = (letter.encode("utf-8", "surrogatepass")[:BEGINNING],)
    if ord(letter) <= 0xFF:
        ways = (*ways, letter.encode("latin-1"))
    return ways if min(map(len, ways)) >= shortest else ()


def _spellable(piece: str) -> str:
    """The longest stretch with at most SPELLED characters that may be escaped."""
    special = [match.start() for match in _SPECIAL.finditer(piece)]
    if len(special) > SPELLED:
        cuts = [-1, *special, len(piece)]
        spans = [(cuts[at] + 1, cuts[at + SPELLED + 1]) for at in range(len(cuts) - SPELLED - 1)]
        begin, end = max(spans, key=lambda span: span[1] - span[0])
        piece = piece[begin:end]
    return piece[:LONGEST]


def _both_ways(piece: str) -> tuple[bytes, ...]:
    found = [""]
    for letter in piece:
        ways = (letter, f"%{ord(letter):02x}") if _SPECIAL.fullmatch(letter) else (letter,)
        found = [before + way for before in found for way in ways]
    return tuple(one.encode("ascii") for one in found)


def _ascii_lower(text: str) -> str:
    return "".join(chr(ord(one) + 32) if "A" <= one <= "Z" else one for one in text)
