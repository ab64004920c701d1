"""One log line that stands alone in a text: found by its shape, whatever stands around it."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from exsweep.knowledge.formats import LogFormat
from exsweep.parse.fields import split, split_csv
from exsweep.parse.header import Header, normal_names
from exsweep.parse.lines import LineSplitter
from exsweep.parse.shapes import ENOUGH, infer, infer_cut, proves
from exsweep.parse.times import iso_ms

LONGEST = 1 << 18
MAX_STAMPS = 3
"""Times at which a line may begin: a collector's or a mail's own stand before it."""
_BEGINNING = 1000
"""Bytes within which a log's own line must begin."""
MAX_WRAP = 4
"""Lines over which a pasted line may be wrapped."""
_QUOTE_MARKS = re.compile(rb"(?:[ \t]*[>|][ \t]?)+")
_SPACES = re.compile(rb"\xc2\xa0|\xe2\x80[\x80-\x8a\xaf]|\xe2\x81\x9f|\xe3\x80\x80")
"""Spaces of web pages and word processors, in UTF-8."""
_UNSEEN = re.compile(rb"\x1b\[[\d;]{0,20}[A-Za-z]|\xe2\x80[\x8b-\x8f]|\xe2\x81\xa0|\xef\xbb\xbf")
"""Colours of a terminal, characters without width."""
_ENTITY = re.compile(rb"&(?:lt|gt|quot|apos|#\d{1,5}|#[xX][\da-fA-F]{1,4});")
_JSON_SIGN = re.compile(rb"\\u00(2[267]|3[cCeE])")
"""How PowerShell and .NET write `<`, `>`, `&` and quotation marks in JSON."""
_PAGE_TAG = re.compile(
    rb"</?(?:b|blockquote|br|code|div|em|font|i|li|p|pre|span|strong|td|tr)(?:\s[^<>]{0,300})?/?>",
    re.IGNORECASE,
)
_MARKDOWN = re.compile(rb"(?:[^\\_]|\\[_*~#<>|\[\]()`+.!-])*")
"""A line of which each backslash stands before a sign of Markdown, and each `_` behind a backslash."""
_MARKDOWN_SIGN = re.compile(rb"\\([_*~#<>|\[\]()`+.!-])")
_STAMP = re.compile(rb"\d{4}-\d\d-\d\d[T \t]\d\d:\d\d:\d\d")
_TABBED = re.compile(rb"\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d\t")
"""A spreadsheet, and some relays, put tabs where the web server puts blanks."""
_LISTED = re.compile(rb"[A-Za-z]:\\")


@dataclass(frozen=True, slots=True)
class Loose:
    """A line with its inferred header."""

    header: Header
    fields: list[bytes]
    used: int = 1
    """Lines it took: more than one when it was wrapped."""
    missing: int = 0
    """Columns that were cut off."""


@dataclass(slots=True)
class TextLine:
    """One line of a text that somebody put together."""

    number: int
    """From 1."""
    offset: int
    text: bytes
    """Without the marks of a quotation."""
    raw: bytes


def text_lines(data: bytes) -> Iterator[TextLine]:
    """All lines of a text (UTF-8), in order."""
    for block in LineSplitter().feed(data, last=True):
        for index in range(len(block)):
            raw = block.line(index)
            yield TextLine(
                block.first_line + index, block.offset + int(block.starts[index]), unquoted(raw), raw
            )


def unquoted(line: bytes) -> bytes:
    """A line without the marks with which mail and forums quote (`> `, `| `, backticks), web pages space, terminals colour
    and Markdown keeps its signs.

    >>> unquoted(b"> > 2021-03-03 ..."), unquoted(b"GET /aspnet\\\\_client/a.aspx")
    (b'2021-03-03 ...', b'GET /aspnet_client/a.aspx')
    """
    if not line.isascii() or b"\x1b" in line:
        line = _SPACES.sub(b" ", _UNSEEN.sub(b"", line))
    if b"&" in line and escaped(line):
        line = _unescaped(line)
    if b"\\u00" in line:
        line = _JSON_SIGN.sub(lambda sign: bytes([int(sign[1], 16)]), line).replace(b'\\"', b'"')
    if marked_down(line):
        line = _MARKDOWN_SIGN.sub(rb"\1", line)
    match = _QUOTE_MARKS.match(line)
    text = line[match.end() :] if match else line
    stripped = text.strip()
    if len(stripped) > 2 and stripped.startswith(b"`") and stripped.endswith(b"`"):
        return stripped.strip(b"`")
    return text


def marked_down(line: bytes) -> bool:
    """The line is the source of Markdown: each `_` stands behind a backslash, and each backslash before a sign of Markdown.

    >>> marked_down(b"/aspnet\\\\_client/a.aspx"), marked_down(b"C:\\\\web\\\\_vti_bin")
    (True, False)
    """
    return b"\\_" in line and _MARKDOWN.fullmatch(line) is not None


def escaped(line: bytes) -> bool:
    """The line is the source of a web page that shows text: it has `&lt;` and the like, and no `<` but that of a page's layout.

    >>> escaped(b"S:CMD=...&lt;script&gt;<br>"), escaped(b"<ExternalUrl>http://f/&lt;script&gt;</ExternalUrl>")
    (True, False)
    """
    return _ENTITY.search(line) is not None and b"<" not in _PAGE_TAG.sub(b"", line)


def _unescaped(line: bytes) -> bytes:
    text = _PAGE_TAG.sub(b"", line).decode("utf-8", "surrogateescape")
    return html.unescape(text).encode("utf-8", "surrogateescape")


def read_loose(texts: Sequence[bytes], at: int, formats: Sequence[LogFormat]) -> Loose | None:
    """The log line at `at`, in order of trust: whole, wrapped over some lines, cut, told by a phrase; None: no log line."""
    text = texts[at]
    if len(text) > LONGEST:
        return None
    for variant in _variants(text):
        found = whole_line(variant, formats, 1) or _listed(variant, formats)
        if found is not None:
            return found
    for variant in _variants(text):
        if _STAMP.match(variant):
            found = _wrapped(variant, texts, at, formats) or _cut(variant, formats)
            if found is not None:
                return found
    return _hinted(text, formats)


def _variants(text: bytes) -> Iterator[bytes]:
    """The line as it is, and from a stamp on when what stands before that is a file name, number or mark."""
    stripped = _untabbed(text.strip())
    yield stripped
    for own in behind(stripped):
        if _is_prefix(stripped[: len(stripped) - len(own)]):
            yield own
            yield own.rstrip(b"\"'`|")


def behind(text: bytes) -> Iterator[bytes]:
    """What may be a log's own line behind what a relay, a search or a mail put before it: from each of the first stamps on.

    >>> list(behind(b"<134>Mar  3 ex01 iis: 2021-03-03 09:12:44 GET"))
    [b'2021-03-03 09:12:44 GET']
    """
    for match in islice(_STAMP.finditer(text[:_BEGINNING]), MAX_STAMPS):
        if match.start():
            yield _untabbed(text[match.start() :])


def _untabbed(text: bytes) -> bytes:
    return text.replace(b" ", b"+").replace(b"\t", b" ") if _TABBED.match(text) else text


def _is_prefix(text: bytes) -> bool:
    """`C:\\logs\\u_ex210303.log:17:` and the like."""
    return text.rstrip().endswith(
        (b":", b">", b"|", b'"', b"'", b"`", b"]", b")", b"-", b"*")
    ) or not re.search(rb"[A-Za-z]", text)


def whole_line(text: bytes, formats: Sequence[LogFormat], used: int = 1) -> Loose | None:
    """The line as one of a log of which nothing is missing; None: it is none. `used`: lines that it was wrapped over."""
    ways: dict[tuple[str, bool], tuple[list[bytes], ...]] = {}
    for kind in formats:
        # Formats by the dozen take a line apart in the same way.
        readings = ways.get(way := (kind.separator, kind.quoting))
        if readings is None:
            fields = split(text, kind)
            read = (fields, [one for one in fields if one]) if kind.separator == " " else (fields,)
            readings = ways[way] = tuple(one for one in read if len(one) >= ENOUGH)
        for reading in readings:
            names = infer(kind, reading)
            if names is not None:
                return Loose(Header(kind, normal_names(kind, names), inferred=True), list(reading), used)
    return None


def _wrapped(text: bytes, texts: Sequence[bytes], at: int, formats: Sequence[LogFormat]) -> Loose | None:
    joined = {b"": text, b" ": text}
    for used in range(2, MAX_WRAP + 1):
        if (
            at + used > len(texts)
            or not texts[at + used - 1].strip()
            or _STAMP.match(texts[at + used - 1].strip())
        ):
            return None
        for glue in joined:
            joined[glue] += glue + texts[at + used - 1].strip()
            found = whole_line(joined[glue], formats, used)
            if found is not None:
                return found
    return None


def _cut(text: bytes, formats: Sequence[LogFormat]) -> Loose | None:
    best: tuple[int, Loose] | None = None
    for kind in formats:
        fields = [one for one in split(text, kind) if one or kind.separator != " "]
        found = infer_cut(kind, fields)
        if found is not None and (best is None or found[1] > best[0]):
            names, shown = found
            missing = len(names) - len(fields)
            if missing and not proves(kind, names[len(fields) - 1 : len(fields)], fields[-1:]):
                fields[-1] = b""
            header = Header(kind, normal_names(kind, names), inferred=True)
            best = shown, Loose(header, [*fields, *[b""] * missing], missing=missing)
    return best[1] if best else None


def _listed(text: bytes, formats: Sequence[LogFormat]) -> Loose | None:
    """A CSV row of a file list without its header: a full path followed by the name that it ends in."""
    if b"\\" not in text or b"," not in text:
        return None
    fields = split_csv(text)
    for kind in formats:
        if kind.id == "file_listing":
            for header in kind.alternatives:
                if len(header) == len(fields) and "Name" in header and _path_and_name(header, fields):
                    return Loose(Header(kind, normal_names(kind, header), inferred=True), fields)
    return None


def _path_and_name(header: Sequence[str], fields: Sequence[bytes]) -> bool:
    path, name = fields[header.index("Path")], fields[header.index("Name")]
    return bool(_LISTED.match(path)) and bool(name) and path.endswith(b"\\" + name)


def _hinted(text: bytes, formats: Sequence[LogFormat]) -> Loose | None:
    for kind in formats:
        if kind.hints and any(_hint(hint).search(text) for hint in kind.hints):
            stamp = _STAMP.search(text[:1000])
            names = (kind.time.columns[0], kind.columns[-1])
            when = text[stamp.start() :].split(kind.separator.encode(), 1)[0] if stamp else b""
            header = Header(kind, normal_names(kind, names), inferred=True)
            return Loose(header, [when if iso_ms(when) is not None else b"", text.strip()])
    return None


@lru_cache(maxsize=64)
def _hint(text: str) -> re.Pattern[bytes]:
    return re.compile(text.encode())
