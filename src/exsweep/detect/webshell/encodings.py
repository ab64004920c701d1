"""Every way in which the bytes of a page make sense as text, as ASP.NET or classic ASP would decode them first.

Source: .NET's StreamReader (byte order marks), `<%@ CodePage %>` of classic ASP, `fileEncoding` of ASP.NET.
"""

import base64
import codecs
import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from exsweep.detect.webshell import marks, script_encode
from exsweep.knowledge.webshell_kinds import webshell_kinds

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""(?:page|encoding|charset)\s{0,16}=\s{0,16}["']?\s{0,16}([a-z\d_-]{2,40})""")
_DECLARED_WITHIN = 8192
_PLAIN_CODEC = re.compile(
    r"\d{3,5}|windows-\d{3,4}|iso-?8859-\d{1,2}|koi8-[ru]|euc-(?:jp|kr)|ibm\d{3}|tis-620"
)
_DIRECTIVES = re.compile(rb"\s{0,512}(?:<%\s{0,64}@[^%]{0,2048}%>\s{0,512}){1,8}")
_WIDE_LE = re.compile(rb"<\x00%\x00|r\x00u\x00n\x00a\x00t\x00", re.IGNORECASE)
_WIDER_LE = re.compile(rb"<\x00{3}%\x00{3}|r\x00{3}u\x00{3}n\x00{3}a\x00{3}t\x00", re.IGNORECASE)
# A run of UTF-7 whose first letter is ASCII: 0x0000 to 0x007f in Base64.
_UTF7 = re.compile(rb"\+A[A-H][A-Za-z0-9+/]")
# Brackets, quotes and the like, written as UTF-7: a page that has some of them was meant so.
_UTF7_SIGNS = re.compile(rb"\+A(?:D[wsh046]|C[ISQUYs]|H[sw0]|F[sw0])[A-Za-z0-9+/]{0,64}-")
_UTF7_RUN = re.compile(r"\+([A-Za-z0-9+/]*)-?")
_SEVERAL = 3
_FEW_BROKEN = 0.02
_SAMPLE = 65536
# EBCDIC's blank is by far its most common letter.
_EBCDIC_BLANKS = 0.03
# Code page 1047 is 037 with six letters changed; Python has only 037.
# Five bytes that mean nothing in code page 1252; asking Python to replace them costs more than all the rest.
_TO_CP1252 = bytes.maketrans(b"\x81\x8d\x8f\x90\x9d", b"\xb7" * 5)
_TO_037 = bytes.maketrans(b"\xad\xbd\xba\xbb\x5f\xb0", b"\xba\xbb\xad\xbd\xb0\x5f")


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes as text in one encoding."""

    text: str
    encoding: str
    tricks: tuple[str, ...] = ()


def readings(data: bytes) -> tuple[Reading, ...]:
    """Most likely first, at least one. More than one if others show server code that the first does not, or if the
    page names an encoding other than that in which it can be read at all.
    """
    declared = _declared(data)
    first = _usual(data, declared)
    found = [first]
    shown = -1
    for other in _others(data, declared, first.encoding):
        shown = marks.count(first.text) if shown < 0 else shown
        more = marks.count(other.text) - shown
        meant = more >= 0 and _is_meant(data, other.encoding, declared)
        if (more > 0 or meant) and all(other.text != each.text for each in found):
            found.insert(0 if meant else len(found), other)
    if len(found) > 1 and shown == 0:
        found.remove(first)
    return tuple(found)


def _is_meant(data: bytes, encoding: str, declared: str | None) -> bool:
    """Is this what the author wants the server to take, rather than a chance reading?"""
    if encoding == "utf-7":
        return declared == encoding or len(_UTF7_SIGNS.findall(data)) >= _SEVERAL
    return encoding.startswith(("utf-16", "utf-32")) or (encoding == declared and _special(encoding))


def _usual(data: bytes, declared: str | None) -> Reading:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            text = data[len(mark) :].decode(encoding, "replace")
            twice = text.startswith("\ufeff")
            tricks = ("double-bom",) if twice else ()
            if encoding.startswith("utf-32"):
                tricks = (*tricks, "utf32")
            return Reading(text=text.lstrip("\ufeff") if twice else text, encoding=encoding, tricks=tricks)
    try:
        return Reading(text=data.decode("utf-8"), encoding="utf-8")
    except UnicodeDecodeError:
        return _legacy(data, declared)


def _legacy(data: bytes, declared: str | None) -> Reading:
    """Not UTF-8: the code page that the page names, else the one in which most of it makes sense."""
    encoded = script_encode.MARK.encode() in data
    names = [name for name in (declared, "gb18030", "cp1252") if name and not _special(name)]
    best = None
    for name in dict.fromkeys(names):
        if name not in (declared, "cp1252") and not _makes_sense(data[:_SAMPLE], name):
            continue
        text = _ascii(data) if name == "cp1252" else data.decode(name, "replace")
        reading = Reading(text=text, encoding=name)
        if encoded and not script_encode.decode(text).whole:
            best = best or reading
        else:
            return reading
    return best or Reading(text=data.decode("latin-1"), encoding="latin-1")


def _makes_sense(data: bytes, name: str) -> bool:
    text = data.decode(name, "replace")
    return text.count("\ufffd") <= 1 + _FEW_BROKEN * (len(data) - len(text))


def _others(data: bytes, declared: str | None, taken: str) -> Iterator[Reading]:
    rest = data
    for mark, _ in _BOMS:
        if data.startswith(mark):
            rest = data[len(mark) :]
            yield Reading(text=_ascii(rest), encoding="cp1252", tricks=("bom-mismatch",))
            break
    mismatch = ("bom-mismatch",) if rest is not data else ()
    if b"\0" in rest:
        yield from _wide(rest, mismatch)
    if declared == "utf-7" or _UTF7.search(rest):
        yield Reading(text=_from_utf7(rest), encoding="utf-7", tricks=("utf7", *mismatch))
    yield from _ebcdic(rest, declared)
    if declared not in (None, taken) and rest is data and not _special(declared) and not data.isascii():
        yield Reading(text=data.decode(declared, "replace"), encoding=declared, tricks=("other-encoding",))


def _wide(data: bytes, mismatch: tuple[str, ...]) -> Iterator[Reading]:
    """UTF-16 or UTF-32 without its mark, at whatever offset it begins."""
    for pattern, size, trick in ((_WIDER_LE, 4, "utf32"), (_WIDE_LE, 2, "utf16-without-bom")):
        match = pattern.search(data)
        if match is None:
            continue
        # ASCII in big-endian looks like little-endian one unit later: the one that fits the start of the file.
        place = match.start()
        big = place % size == size - 1 and data[max(0, place - size + 1) : place].count(0) == size - 1
        start = 0 if big else place % size
        encoding = f"utf-{8 * size}-{'be' if big else 'le'}"
        text = data[start:].decode(encoding, "replace")
        yield Reading(text=text.lstrip("\ufeff"), encoding=encoding, tricks=(trick, *mismatch))


def _from_utf7(data: bytes) -> str:
    """UTF-7, what is none kept as it is. Python's own decoder takes the square of the time on broken input."""
    try:
        return data.decode("utf-7")
    except UnicodeDecodeError:
        pass
    return _UTF7_RUN.sub(_utf7_run, _ascii(data))


def _utf7_run(match: re.Match[str]) -> str:
    return _utf7_letters(match[1]) if match[1] else "+"


@lru_cache(maxsize=4096)
def _utf7_letters(letters: str) -> str:
    # Six bits a letter: what does not fill a byte or a pair of bytes is padding.
    size = len(letters) - (len(letters) % 4 == 1)
    wide = base64.b64decode(letters[:size] + "=" * (-size % 4))
    return wide[: len(wide) & ~1].decode("utf-16-be", "replace")


def _ebcdic(data: bytes, declared: str | None) -> Iterator[Reading]:
    names = [declared] if declared in webshell_kinds().ebcdic else []
    if not names and b"\x4c\x6c" in data and data.count(0x40) > _EBCDIC_BLANKS * len(data):
        names = ["cp037", "cp1047"]
    # The directive that names the code page has to be ASCII to be read at all.
    head = _DIRECTIVES.match(data) if names else None
    end = head.end() if head else 0
    for name in names:
        body = data[end:].translate(_TO_037) if name == "cp1047" else data[end:]
        text = _ascii(data[:end]) + body.decode("cp037" if name == "cp1047" else name, "replace")
        # EBCDIC ends lines with NEL, which no server language knows.
        yield Reading(text=text.replace("\x85", "\n"), encoding=name, tricks=("ebcdic",))


def _declared(data: bytes) -> str | None:
    """Codec of the encoding that the page names near its start, if it is one that .NET knows too."""
    head = data[:_DECLARED_WITHIN].lower()
    if b"codepage" not in head and b"encoding" not in head and b"charset" not in head:
        return None
    for match in _DECLARED.finditer(head):
        found = _codec(match[1].decode("ascii"))
        if found is not None and found not in ("utf-8", "ascii"):
            return found
    return None


@lru_cache(maxsize=256)
def _codec(name: str) -> str | None:
    """Never looks up what is no plain character set: the name comes from the evidence."""
    found = webshell_kinds().encodings.get(name)
    if found is None and _PLAIN_CODEC.fullmatch(name):
        try:
            return codecs.lookup(f"cp{name}" if name.isdecimal() else name).name
        except LookupError:
            return None
    return found


def _special(name: str) -> bool:
    """Not an extension of ASCII: only taken if server code appears."""
    return name.startswith("utf") or name in webshell_kinds().ebcdic


def _ascii(data: bytes) -> str:
    return data.translate(_TO_CP1252).decode("cp1252")
