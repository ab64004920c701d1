"""A file as the server would read it: decoded, recognised, cut into directives and blocks of code."""

import re

import msgspec

from exsweep.detect.webshell import kinds, marks, markup, razor, script_encode, tricks
from exsweep.detect.webshell.containers import PST, container_of, decoded_pst
from exsweep.detect.webshell.encodings import Reading, readings
from exsweep.detect.webshell.markup import Parts, Raw
from exsweep.detect.webshell.page import Block, Page
from exsweep.knowledge.webshell_kinds import Kind, webshell_kinds

LOOKED_AT_BYTES = 16 << 20
"""Most bytes of a file that are read; of a larger one its first and last half of that."""

_HALF = LOOKED_AT_BYTES // 2
_FRAGMENT_CHARACTERS = 8192
_OUT_OF_STRING = re.compile(r"""[^"\n]{0,80}"\s{0,8}:""")
_TYPESET = re.compile(r"\b(?:runat|language)\s{0,8}=\s{0,8}[\u201c\u201d]", re.IGNORECASE)
_PLAIN_QUOTES = str.maketrans("\u201c\u201d\u2018\u2019", "\"\"''")


def read_page(data: bytes, path: str) -> tuple[Page, ...]:
    """Every way in which a file makes sense as a page, most likely first; at least one, without blocks where
    there is no server code. Never raises, whatever the bytes; time and memory are linear in the size.

    Args:
        data: the whole file.
        path: its name, with folders or without; only the extension counts.
    """
    found: list[str] = []
    if len(data) > LOOKED_AT_BYTES:
        data = data[:_HALF] + data[-_HALF:]
        found.append("padding")
    pages = [_page(data, reading, path, found) for reading in readings(data)]
    decoded = decoded_pst(data)
    if decoded is not None:
        inside = [_page(decoded, each, path, [*found, "pst-encoded"]) for each in readings(decoded)]
        pages += [msgspec.structs.replace(each, container=PST) for each in inside if each.blocks]
    # What is no page in one encoding and is one in another was meant to be the other.
    return tuple(sorted(pages, key=lambda page: not page.blocks))


def _page(data: bytes, reading: Reading, path: str, found: list[str]) -> Page:
    page = _read(data, reading.text, reading, path, found)
    if "\0" in reading.text and (not page.blocks or any("\0" in block.code for block in page.blocks)):
        plain = _read(data, reading.text.replace("\0", ""), reading, path, [*found, "nul-bytes"])
        return plain if plain.blocks else page
    return page


def _read(data: bytes, text: str, reading: Reading, path: str, found: list[str]) -> Page:
    if ("\u201c" in text or "\u201d" in text) and _TYPESET.search(text) is not None:
        # Went through a word processor: what was meant is plain.
        text = text.translate(_PLAIN_QUOTES)
    named = webshell_kinds().kind_of_extension(kinds.extension_of(path))
    shown = marks.any_in(text)
    if named is None and not shown and not kinds.looks_like_razor(text):
        return Page(text=text, encoding=reading.encoding, kind=kinds.OTHER, language=kinds.OTHER)
    name, odd = kinds.kind_of(path, text)
    of = kinds.kind(name)
    parts = _parts(text, name, of)
    unnamed = [raw for raw in parts.blocks if raw.language is None]
    joined = "\n".join(text[raw.at : raw.end] for raw in unnamed or parts.blocks)
    scripts = [raw.language for raw in parts.blocks if raw.language and raw.kind != "ssi"]
    language = kinds.language_of_page(parts.directives, scripts, joined, of)
    noted = [*reading.tricks, *found, *odd, *parts.tricks]
    blocks = tuple(_block(text, raw, language, of, noted) for raw in parts.blocks)
    noted += tricks.of_code(text, blocks)
    if blocks and "padding" not in noted and tricks.of_padding(text):
        noted.append("padding")
    container = container_of(data, text, blocks[0].at) if blocks else None
    if container in ("image", "archive", "program", PST):
        noted.append("code-in-binary")
    return Page(
        text=text,
        encoding=reading.encoding,
        kind=name,
        language=language,
        container=container,
        directives=parts.directives,
        blocks=blocks,
        includes=parts.includes,
        controls=parts.controls,
        tags=parts.tags,
        tricks=tuple(dict.fromkeys(noted)),
    )


def _parts(text: str, name: str, of: Kind) -> Parts:
    """Directives and blocks of a page of this kind."""
    # `<%--` is a decrement in JScript, and classic ASP knows no comments of its own.
    comments = of.engine == "aspnet" or "jscript" not in text[:_FRAGMENT_CHARACTERS].lower()
    parts = markup.split(text, of.engine, comments=comments)
    if of.body == "source":
        return msgspec.structs.replace(parts, blocks=_some(text, 0, len(text), "source"))
    if of.body == "razor":
        code = [
            Raw(at=start, end=end, kind="razor") for start, end in razor.spans(text, vb=of.language == "vb")
        ]
        return msgspec.structs.replace(parts, blocks=tuple(code) or parts.blocks)
    # `<%@ Language="C#" Class="X" %>` is a handler, whatever the file is called.
    handler = not parts.blocks and any("class" in each.attributes for each in parts.directives)
    if (of.body == "code" or handler) and parts.directives:
        return msgspec.structs.replace(parts, blocks=_behind_directives(text, parts))
    if not parts.blocks and _is_fragment(text, name):
        # Written into a value of another page, it first ends the string that it stands in.
        match = _OUT_OF_STRING.match(text)
        blocks = _some(text, match.end() if match else 0, len(text), "code")
        return msgspec.structs.replace(parts, blocks=blocks, tricks=(*parts.tricks, "no-server-tags"))
    return parts


def _behind_directives(text: str, parts: Parts) -> tuple[Raw, ...]:
    """All that is no directive is code; usually one piece."""
    blocks: list[Raw] = []
    ends = [*(each.at for each in parts.directives[1:]), len(text)]
    for directive, end in zip(parts.directives, ends, strict=True):
        start = text.find("%>", directive.at)
        if 0 <= start < end:
            blocks += _some(text, start + 2, end, "handler")
    return tuple(blocks)


def _some(text: str, start: int, end: int, kind: markup.BlockKind) -> tuple[Raw, ...]:
    return (Raw(at=start, end=end, kind=kind),) if text[start:end].strip() else ()


def _is_fragment(text: str, name: str) -> bool:
    """Code without any tag in a file that the server runs: a piece to be included, or written into another page."""
    return name in ("asp", "include") and 0 < len(text.strip()) <= _FRAGMENT_CHARACTERS and "<" not in text


def _block(text: str, raw: Raw, language: str, of: Kind, noted: list[str]) -> Block:
    code = text[raw.at : raw.end]
    own = kinds.language_of(raw.language, of.engine) or language
    encoded = script_encode.MARK in code
    if encoded:
        decoded = script_encode.decode(code)
        code = decoded.code
        noted.append("script-encode" if decoded.whole else "script-encode-broken")
    return Block(code=code, language=own, kind=raw.kind, at=raw.at, encoded=encoded)
