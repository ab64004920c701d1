"""Rewrites of a page that keep its meaning: what a detector has to see through.

`REWRITES` maps names to functions `(data: bytes, extension: str) -> bytes | None`; None where the rewrite does not
apply to the language or kind of the page. All are pure and deterministic. They change only how a page is written
(encoding, names, comments, case, blanks, padding, neighbours); they are used by tests and by the benchmark.
"""

import base64
import re
from collections.abc import Callable

from exsweep.detect.webshell import script_encode
from exsweep.detect.webshell.page import Block, Page
from exsweep.detect.webshell.reading import read_page

Rewrite = Callable[[bytes, str], bytes | None]

PADDED_BYTES = 16 << 20

BENIGN_MARKUP = (
    "<!-- EXSWEEP-INERT-FIXTURE --><div class='news'><h1>Welcome</h1><p>Opening hours: 9 to 17.</p></div>\r\n"
)

_KEYWORDS = """abstract as base bool break byte case catch char checked class const continue decimal default delegate do
double else enum event explicit extern false finally fixed float for foreach goto if implicit in int interface internal is
lock long namespace new null object operator out override params private protected public readonly ref return sbyte
sealed short sizeof stackalloc static string struct switch this throw true try typeof uint ulong unchecked unsafe
ushort using var virtual void volatile while get set value partial yield async await dynamic nameof when where from
select orderby group into join let on equals ascending descending global add remove"""
# A name that is one of these must keep its letters.
_NET_KEYWORDS = frozenset(re.findall(r"\w+", _KEYWORDS))
_CURLY_TOKEN = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<pattern>(?<=[(,=:\[!&|?{};+\s])/(?![ =])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])*/\w{0,5})"
    r"|(?P<string>(?:@|\$@|@\$)\"(?:\"\"|[^\"])*\"|\$?\"(?:\\.|\"\"|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<number>\d[\w.]*)|(?P<blank>\s+)|(?P<other>.)",
    re.DOTALL,
)
_BASIC_TOKEN = re.compile(
    r"(?P<comment>'[^\n]*|\bRem\b[^\n]*)|(?P<string>\"(?:\"\"|[^\"\n])*\"?)|(?P<date>#[\d/: apmAPM-]{6,}#)"
    r"|(?P<name>[A-Za-z]\w*)|(?P<line>\r?\n)|(?P<blank>[ \t]+)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_DECLARED_BASIC = re.compile(
    r"\b(?:dim|private|public|const)\s+(?!(?:sub|function|property|class|default|shared|overrides|overridable|readonly|writeonly"
    r"|const|delegate|event|structure|module|interface|enum|withevents|shadows|declare|custom|mustoverride|notoverridable)\b)"
    r"([A-Za-z]\w{2,})",
    re.IGNORECASE,
)
_DECLARED_CURLY = re.compile(
    r"\b(?:var|string|int|byte\[\]|object|bool|char)\s+([A-Za-z_]\w{2,})\s*(?=[=;,])"
)

# Encoded letter for each place modulo 64 and each plain letter: the inverse of what the reader does.
_ESCAPES = {"\n": "@&", "\r": "@#", ">": "@*", "<": "@!", "@": "@$"}


def _first(data: bytes, extension: str) -> Page | None:
    page = read_page(data, f"page.{extension}")[0]
    return page if page.blocks else None


def _text(data: bytes, extension: str) -> Page | None:
    """The page, if it is plain text with its blocks in the clear."""
    page = _first(data, extension)
    if page is None or page.container is not None or "\ufffd" in page.text or "no-server-tags" in page.tricks:
        return None
    return None if any(block.encoded for block in page.blocks) else page


def _with_code(page: Page, change: Callable[[Block], str | None]) -> bytes | None:
    """The page with other code in its blocks; None if nothing changed."""
    pieces, place, changed = [], 0, False
    for block in page.blocks:
        code = page.text[block.at : block.at + len(block.code)]
        new = change(block)
        pieces += [page.text[place : block.at], code if new is None else new]
        changed = changed or (new is not None and new != code)
        place = block.at + len(block.code)
    pieces.append(page.text[place:])
    return "".join(pieces).encode("utf-8", "replace") if changed else None


def _tokens(block: Block) -> list[tuple[str, str]]:
    pattern = _CURLY_TOKEN if block.language in ("csharp", "jscript") else _BASIC_TOKEN
    return [(match.lastgroup or "other", match[0]) for match in pattern.finditer(block.code)]


# --- encodings ---------------------------------------------------------------------------------------------------


def _recoded(encoding: str, mark: bytes) -> Rewrite:
    def rewrite(data: bytes, extension: str) -> bytes | None:
        page = _text(data, extension)
        return None if page is None else mark + page.text.encode(encoding, "replace")

    return rewrite


def utf7(data: bytes, extension: str) -> bytes | None:
    """Tags and quotes as UTF-7, behind a directive that names the code page (kept in plain letters)."""
    page = _text(data, extension)
    if page is None or "+" in page.text.split("%>", 1)[0]:
        return None
    head, rest = page.text, ""
    directive = next((each for each in page.directives if each.name not in ("import", "assembly")), None)
    if directive is not None:
        end = head.find("%>", directive.at)
        head, rest = head[:end] + " CodePage=65000 %>", head[end + 2 :]
        if not head.isascii():
            return None
    else:
        head, rest = "<%@ CodePage=65000 %>", page.text
    return head.encode("utf-8", "replace") + _as_utf7(rest)


def _as_utf7(text: str) -> bytes:
    def one(match: re.Match[str]) -> str:
        wide = match[0].encode("utf-16-be", "surrogatepass")
        return f"+{base64.b64encode(wide).decode().rstrip('=')}-"

    return re.sub(r"[^A-Za-z0-9'(),./:? \t\r\n-]+", one, text).encode("ascii")


def bom_tricks(data: bytes, extension: str) -> bytes | None:
    """Two byte order marks."""
    page = _text(data, extension)
    return None if page is None else b"\xef\xbb\xbf\xef\xbb\xbf" + page.text.encode("utf-8", "replace")


def encoded_script(data: bytes, extension: str) -> bytes | None:
    """What the Windows Script Encoder makes of the blocks; classic ASP only."""
    page = _text(data, extension)
    if page is None or page.kind != "asp":
        return None
    named = {each.language for each in page.blocks if each.kind != "ssi"}
    if (
        len(named) != 1
        or not named <= {"vbscript", "jscript"}
        or any(b.kind == "expression" for b in page.blocks)
    ):
        return None
    language = "VBScript.Encode" if named == {"vbscript"} else "JScript.Encode"
    written = _with_code(page, lambda block: encode_script(block.code))
    if written is None or page.directives or any(block.kind == "script" for block in page.blocks):
        return written
    return f'<%@ LANGUAGE="{language}" %>\r\n'.encode() + written


def encode_script(code: str) -> str:
    """`#@~^<length>==<body><checksum>==^#~@`, so that the reader gives back `code`."""
    tables = _inverse()
    body, turn = [], 0
    for letter in code:
        if ord(letter) > 127:
            body.append(letter)
            continue
        body.append(_ESCAPES.get(letter) or tables[turn % 64].get(letter, letter))
        turn += 1
    text = "".join(body)
    total = sum(ord(letter) for letter in code if ord(letter) < 128)
    return f"#@~^{_four(len(text))}{text}{_four(total)}^#~@"


def _four(number: int) -> str:
    return base64.b64encode((number & 0xFFFFFFFF).to_bytes(4, "little")).decode()


_INVERSE: list[dict[str, str]] = []


def _inverse() -> list[dict[str, str]]:
    if not _INVERSE:
        letters = ["\t", *(chr(code) for code in range(32, 128) if chr(code) not in "<>@")]
        decoded = [
            script_encode.decode_body("-" * place + letter)[place]
            for letter in letters
            for place in range(64)
        ]
        for place in range(64):
            _INVERSE.append({decoded[64 * row + place]: letter for row, letter in enumerate(letters)})
    return _INVERSE


# --- letters of the code -----------------------------------------------------------------------------------------


def unicode_escapes(data: bytes, extension: str) -> bytes | None:
    """C# and JScript names with their second letter as an escape; keywords keep theirs."""
    page = _text(data, extension)
    if page is None:
        return None

    def change(block: Block) -> str | None:
        if block.language not in ("csharp", "jscript"):
            return None
        keep = _NET_KEYWORDS | {
            "function",
            "import",
            "with",
            "instanceof",
            "delete",
            "package",
            "typeof",
            "super",
        }
        return "".join(
            f"{word[0]}\\u{ord(word[1]):04x}{word[2:]}"
            if kind == "name" and len(word) > 2 and word not in keep
            else word
            for kind, word in _tokens(block)
        )

    return _with_code(page, change)


def renamed(data: bytes, extension: str) -> bytes | None:
    """Local variables get names without meaning."""
    page = _text(data, extension)
    if page is None:
        return None
    whole = "\n".join(block.code for block in page.blocks)
    curly = page.language in ("csharp", "jscript")
    pattern = _DECLARED_CURLY if curly else _DECLARED_BASIC
    found = {name if curly else name.lower() for name in pattern.findall(whole)}
    used = re.findall(r"\.\s*([A-Za-z_]\w*)", whole) + re.findall(
        r"\bid\s*=\s*[\"']?(\w+)", page.text, re.IGNORECASE
    )
    found -= {name if curly else name.lower() for name in used} | _NET_KEYWORDS
    in_strings = " ".join(re.findall(r"\"[^\"\n]*\"", whole)).lower()
    names = {
        name: f"zq{number}x" for number, name in enumerate(sorted(found)) if name.lower() not in in_strings
    }

    def change(block: Block) -> str | None:
        return "".join(
            names.get(word if curly else word.lower(), word) if kind == "name" else word
            for kind, word in _tokens(block)
        )

    return _with_code(page, change) if names else None


def split_strings(data: bytes, extension: str) -> bytes | None:
    """`"abcd"` becomes `"ab"+"cd"` (`&` in Basic) where an expression may stand."""
    page = _text(data, extension)
    if page is None:
        return None

    def change(block: Block) -> str | None:
        curly = block.language in ("csharp", "jscript")
        tokens = _tokens(block)
        pieces = []
        for place, (kind, word) in enumerate(tokens):
            before = _neighbour(tokens, place, -1)
            after = _neighbour(tokens, place, 1)
            plain = kind == "string" and word.startswith('"') and word.endswith('"') and 4 < len(word) < 200
            free = before in "(,=+&" and before != "" and after in "),;+&]" and after != ""
            if (
                plain
                and free
                and not set(word) & set("\\{}")
                and '""' not in word
                and not _constant(tokens, place)
            ):
                middle = len(word) // 2
                plus = "+" if curly else "&"
                word = (
                    f'({word[:middle]}"{plus}"{word[middle:]})'
                    if curly
                    else f'{word[:middle]}" {plus} "{word[middle:]}'
                )
            pieces.append(word)
        return "".join(pieces)

    return _with_code(page, change)


def _neighbour(tokens: list[tuple[str, str]], place: int, step: int) -> str:
    place += step
    while 0 <= place < len(tokens) and tokens[place][0] in ("blank", "comment"):
        place += step
    return tokens[place][1] if 0 <= place < len(tokens) and tokens[place][0] == "other" else ""


def _constant(tokens: list[tuple[str, str]], place: int) -> bool:
    """Constants and attributes take literals only."""
    line = "".join(word for _, word in tokens[max(0, place - 40) : place]).rpartition("\n")[2].lower()
    return (
        "const " in line or line.lstrip().startswith(("[", "<", "declare ", "case ")) or "dllimport" in line
    )


def comments(data: bytes, extension: str) -> bytes | None:
    """Comments between the tokens; Basic gets whole lines of them."""
    page = _text(data, extension)
    if page is None:
        return None

    def change(block: Block) -> str | None:
        if block.language in ("csharp", "jscript"):
            return "".join(
                f"{word}/*x{number % 7}*/" if kind == "other" and word in "(." and "\n" not in word else word
                for number, (kind, word) in enumerate(_tokens(block))
            )
        if block.kind in ("expression", "binding") or "\n" not in block.code:
            return None
        # Not behind a continued line.
        return re.sub(r"(?<![_,&(\s])[ \t]*(\r?\n)(?=[ \t]*\w)", r"\1' nothing of note \1", block.code)

    return _with_code(page, change)


def case(data: bytes, extension: str) -> bytes | None:
    """Basic code in capitals; tags and directives in mixed case for all languages."""
    page = _text(data, extension)
    if page is None:
        return None

    def change(block: Block) -> str | None:
        if block.language not in ("vb", "vbscript"):
            return None
        return "".join(word.upper() if kind == "name" else word for kind, word in _tokens(block))

    written = (_with_code(page, change) or page.text.encode("utf-8", "replace")).decode()
    return re.sub(
        r"<script(\s+[^<>]*?)runat(\s*=\s*[\"']?)server",
        lambda match: f"<ScRiPt{match[1].replace('language', 'lANgUaGe')}RuNaT{match[2]}SeRvEr",
        re.sub(r"<%@(\s*)page", r"<%@\1PaGe", written, flags=re.IGNORECASE),
        flags=re.IGNORECASE,
    ).encode()


def whitespace(data: bytes, extension: str) -> bytes | None:
    """Blanks and line ends between tokens; Basic lines are continued with `_`."""
    page = _text(data, extension)
    if page is None:
        return None

    def change(block: Block) -> str | None:
        if block.language in ("csharp", "jscript"):
            return "".join(
                f" {word}\n\t" if kind == "other" and word in "(," else word for kind, word in _tokens(block)
            )
        pieces, depth, directive = [], 0, False
        for kind, word in _tokens(block):
            depth += {"(": 1, ")": -1}.get(word, 0)
            directive = (directive or word == "#") and kind != "line"
            pieces.append(f"{word} _\r\n\t" if word == "," and depth > 0 and not directive else word)
            if kind == "line":
                depth = 0
        return "\n\t " + "".join(pieces) + " \n" if block.kind == "code" else "".join(pieces)

    return _with_code(page, change)


# --- what stands around ------------------------------------------------------------------------------------------


def padded(data: bytes, extension: str) -> bytes | None:
    """Blank lines behind the page, up to 16 MiB."""
    if _first(data, extension) is None:
        return None
    missing = PADDED_BYTES - len(data)
    return data + (b"\r\n" * (missing // 2 + 1))[: max(0, missing)]


def padded_in_front(data: bytes, extension: str) -> bytes | None:
    """More than 16 MiB of HTML text in front."""
    page = _text(data, extension)
    if page is None or page.kind not in ("asp", "aspx", "ascx", "master", "include"):
        return None
    line = b"<!-- EXSWEEP-INERT-FIXTURE nothing to see -->\r\n"
    return line * (PADDED_BYTES // len(line) + 1000) + page.text.encode("utf-8", "replace")


def benign_around(data: bytes, extension: str) -> bytes | None:
    """A harmless page in front of it and behind it."""
    page = _text(data, extension)
    if (
        page is None
        or page.kind not in ("asp", "aspx", "ascx", "master", "include")
        or "unclosed-block" in page.tricks
    ):
        return None
    if any(block.kind == "handler" for block in page.blocks):
        return None
    around = BENIGN_MARKUP * 40
    end = 0
    for directive in page.directives:
        end = max(end, page.text.find("%>", directive.at) + 2)
    head, rest = page.text[:end], page.text[end:]
    return f"{head}{around}{rest}\r\n{around}".encode("utf-8", "replace")


REWRITES: dict[str, Rewrite] = {
    "UTF-16 LE with mark": _recoded("utf-16-le", b"\xff\xfe"),
    "UTF-16 LE without mark": _recoded("utf-16-le", b""),
    "UTF-16 BE with mark": _recoded("utf-16-be", b"\xfe\xff"),
    "UTF-16 BE without mark": _recoded("utf-16-be", b""),
    "UTF-7": utf7,
    "two byte order marks": bom_tricks,
    "script encoder": encoded_script,
    "escapes in names": unicode_escapes,
    "renamed variables": renamed,
    "split strings": split_strings,
    "comments between tokens": comments,
    "changed case": case,
    "blanks and continued lines": whitespace,
    "padded to 16 MiB": padded,
    "16 MiB in front": padded_in_front,
    "benign page around": benign_around,
}
"""Name, as the table of the benchmark shows it -> rewrite."""
