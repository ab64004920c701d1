"""What a page shows beside its abilities: pages in constants, tricks, containers, includes, place and name."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

from exsweep.detect.webshell import computing, decoding
from exsweep.detect.webshell.alone import stands_alone
from exsweep.detect.webshell.capabilities import Weighed
from exsweep.detect.webshell.code import Assign, Call, Const, Member, Op, Statement, Unread, walk
from exsweep.detect.webshell.leftover import names_tool, nothing_runs, title_of
from exsweep.detect.webshell.named import Named
from exsweep.detect.webshell.names import dotted
from exsweep.detect.webshell.page import Page
from exsweep.detect.webshell.score import reason
from exsweep.detect.webshell.shown import MARKUP, Shown, Unit
from exsweep.detect.webshell.state import State
from exsweep.detect.webshell.values import UNKNOWN, Origin, Value
from exsweep.knowledge.webshells import webshell_weights
from exsweep.model.files import Reason

_SERVER_CODE = re.compile(r"<%|runat\W{0,8}server|<\w{1,16}:script\b", re.IGNORECASE)
_PACKED = re.compile(r"[A-Za-z0-9+/=\s]{200,}|[0-9A-Fa-f]{400,}")
_PROGRAM = b"MZ"
_MOST_TEXT: Final = 1 << 20
_MOST_INNER: Final = 6
_UNREAD_SHARE: Final = 0.2
_SHORTEST_PATH: Final = 4
_FOREIGN: Final = frozenset({"request", "upload", "remote", "decoded"})
_STARTS: Final = ("run-command", "load-assembly", "run-page", "run-code")
_MOST_CHOICES: Final = 16
_LITTLE_CODE: Final = 40
_NEXT_TO_NOTHING: Final = 4
_SHORT_PAGE: Final = 400
_ADD = re.compile(r"<add\s([^<>]{10,2000})>")
_KEY = re.compile(r"[0-9A-Fa-f]{16,64}")
_SINK_WORDS = re.compile(
    r"\b(?:eval|execute|executeglobal|process|assembly|invoke|wscript|createobject|compile\w*)\b",
    re.IGNORECASE,
)


def constants(state: State, is_shell: Callable[[str], bool]) -> None:
    """Look into the constants of the page: texts that only tools need, and pages that it holds."""
    inner = 0
    leftovers = [re.compile(each) for each in webshell_weights().leftovers]
    for unit in list(state.units):
        texts: list[tuple[str, int]] = []
        nodes = (*unit.program.statements, *unit.program.functions)
        for node in walk(nodes):
            if type(node) is Const:
                if isinstance(node.value, str) and len(node.value) > 2:
                    texts.append((node.value, node.at))
            elif type(node) is Unread and any(each.search(node.text.lower()) for each in leftovers):
                state.unit = unit
                origin = Origin("request", "", node.at, unit.number)
                key = ("run-code", 0, unit.number, node.at, "")
                state.shown[key] = Shown(*key, Value((), (origin,)), None)
        texts += [(text, at) for text, (number, at) in state.folded.items() if number == unit.number]
        state.unit = unit
        _telling(state, texts)
        for text, at in texts:
            inside = _unpacked(text)
            if inside.startswith(_PROGRAM) and b"PE\0\0" in inside[:1024]:
                _show(state, "program-in-constant", at)
            readable = inside.decode("utf-8", "replace") if inside else text
            if inner < _MOST_INNER and 8 < len(readable) < _MOST_TEXT and _SERVER_CODE.search(readable):
                inner += 1
                if is_shell(readable):
                    _show(state, "writes-shell", at)


def choices(page: Page, state: State) -> None:
    """Lists that let the visitor choose what only a console of an intruder's does: the list itself shows the ability."""
    if not page.blocks or not any(each in page.text for each in ("xp_", "sp_", "XP_", "SP_")):
        return
    for match in islice(
        re.finditer(webshell_weights().offers, page.text[:_MOST_TEXT], re.IGNORECASE), _MOST_CHOICES
    ):
        key = ("sql-commands", 0, MARKUP, match.start(), "")
        state.shown[key] = Shown(*key, UNKNOWN, None)


def _show(state: State, capability: str, at: int) -> None:
    number = state.unit.number
    state.shown[capability, 0, number, at, ""] = Shown(capability, 0, number, at, "", UNKNOWN, None)


def _unpacked(text: str) -> bytes:
    """What a long constant holds in Base64 or hexadecimal, decompressed too; nothing where it is neither."""
    if not 200 <= len(text) <= computing.MOST or not _PACKED.fullmatch(text):
        return b""
    try:
        data = (
            bytes.fromhex(text)
            if all(each in "0123456789abcdefABCDEF" for each in text[:400])
            else decoding.base64_bytes(text)
        )
    except ValueError:
        return b""
    return decoding.unpack(data) or data


def _telling(state: State, texts: list[tuple[str, int]]) -> None:
    # Small letters can be more than the capitals were.
    lower = [text[:4096].lower() for text, _ in texts]
    joined = "\n".join(lower)
    if not joined:
        return
    starts: list[int] = []
    length = 0
    for text in lower:
        starts.append(length)
        length += len(text) + 1
    for telling in state.known.texts:
        match = telling.search(joined)
        if match:
            # A pattern may begin with the end of the text before.
            begin = match.end() - len(match[0].lstrip()) if match[0].strip() else match.start()
            state.show(telling.sink, texts[bisect_right(starts, begin) - 1][1], match[0].strip(), None, None)


def signs(page: Page, place: Named, places: dict[str, list[Weighed]], state: State) -> tuple[Reason, ...]:
    """Terms of the score that are no abilities."""
    weights = webshell_weights()
    found: list[Reason] = []
    able = sum(each[0].points for each in places.values())
    if page.container and page.blocks:
        points = weights.containers.get(page.container, 0.0)
        if able >= 1 or page.container in ("oab_property_dump", "pst"):
            found.append(reason("container", f"lies inside {page.container.replace('_', ' ')}", points))
    tricks = {each: weights.tricks.get(each, 0.0) for each in page.tricks}
    points = min(sum(tricks.values()), weights.tricks_most)
    if points and page.blocks:
        found.append(reason("tricks", f"is hidden from readers: {', '.join(sorted(tricks))}", points))
    if _starts_written(places):
        found.append(reason("starts-written"))
    if any(each.kind == "ssi" for each in page.blocks):
        found.append(reason("server-command"))
    if _foreign(page):
        found.append(reason("foreign-code"))
    if _odd_source(page):
        found.append(reason("odd-source"))
    if not page.blocks and _markup_runs(page):
        found.append(reason("markup-runs"))
    if _odd_include(page) and not able:
        found.append(reason("odd-include"))
    found.extend(reason(code) for code in _unreadable(page, state))
    found.extend(reason(code) for code in _titles(page, places, state))
    if _door(page, state):
        found.append(reason("door"))
    if _handler(page, place):
        found.append(reason("handler"))
    if stands_alone(page, places, able):
        found.append(reason("alone"))
    if page.blocks:
        found.extend(reason(code) for code in _place(place, able))
    return tuple(found)


def _starts_written(places: dict[str, list[Weighed]]) -> bool:
    """Is a file that takes what comes from elsewhere named in what is started, loaded or run as a page?"""
    writes = places.get("write-file", ())
    if not any(each.data & _FOREIGN for each in writes):
        return False
    files = {text for each in writes for text in _texts(each.shown.target) if len(text) >= _SHORTEST_PATH}
    starts = {text for kind in _STARTS for each in places.get(kind, ()) for text in _texts(each.shown.data)}
    return any(file in start for start in starts for file in files)


def _texts(value: Value | None) -> Iterator[str]:
    if value is not None:
        yield from (each.lower() for each in value.constants if isinstance(each, str))
        yield from (each[6:] for each in value.types if each.startswith("named:"))


def _unreadable(page: Page, state: State) -> Iterator[str]:
    """Code that hides from this reader: of an odd language, damaged, or beyond every grammar."""
    if any(
        each.language == "other" and each.kind != "ssi" and len(each.code.strip()) > 4 for each in page.blocks
    ):
        yield "odd-language"
    if "script-encode-broken" in page.tricks or (
        not state.hurried
        and unread_share(page, state.units) > _UNREAD_SHARE
        and any(_SINK_WORDS.search(each.code) for each in page.blocks)
    ):
        yield "unread-code"


def unread_share(page: Page, units: Sequence[Unit]) -> float:
    """Part of the page's own code that no grammar could read, 0 to 1; 0 where there is next to no code."""
    unread = sum(each.program.unread for each in units if not each.depth)
    size = sum(len(each.code) for each in page.blocks if each.language != "other" and each.kind != "binding")
    return min(unread / size, 1.0) if size > _LITTLE_CODE else 0.0


def _titles(page: Page, places: dict[str, list[Weighed]], state: State) -> Iterator[str]:
    """What the page calls itself."""
    title = title_of(page)
    if not title:
        return
    weights = webshell_weights()
    if names_tool(page):
        yield "tool-trace" if nothing_runs(page, places, state) else "tool"
    if any(re.search(each, title) for each in weights.defaced):
        yield "defaced"


def _door(page: Page, state: State) -> bool:
    """No other code than the construction of an object of somebody's library, with a key."""
    own = [each.program for each in state.units if not each.depth]
    statements = [each for program in own for each in program.statements]
    if len(statements) != 1 or any(each.functions for each in own):
        return False
    made = statements[0].value if isinstance(statements[0], Assign) else statements[0]
    if isinstance(made, Call) and not made.new and isinstance(made.function, Member):
        made = made.function.base
    if isinstance(made, Op) and made.operator in ("()", "parenthesized") and made.operands:
        made = made.operands[0]
    if not isinstance(made, Call) or not made.new:
        return False
    name = dotted(made.function) or ()
    keys = [_said(each) for each in made.arguments]
    return len(name) > 1 and name[0] not in ("system", "microsoft") and any(map(_KEY.fullmatch, keys))


def _said(node: Statement) -> str:
    """The text that constants make when they are joined; nothing where anything else stands among them."""
    parts = [each for each in walk((node,)) if not isinstance(each, Op)]
    texts = [each.value for each in parts if isinstance(each, Const) and isinstance(each.value, str)]
    return "".join(texts) if len(texts) == len(parts) else ""


def _place(place: Named, able: float) -> Iterator[str]:
    """Does the page lie where intruders put theirs?"""
    if place.drop:
        yield "place"
    elif able >= 1 and place.used:
        yield "name"


def _handler(page: Page, place: Named) -> bool:
    """Does a web.config make the server run other files?"""
    if not place.config or "<add" not in page.text:
        return False
    table = webshell_weights().config_handlers
    return any(
        re.search(each.match, tag[1]) and not re.search(each.unless, tag[1])
        for tag in _ADD.finditer(page.text.lower())
        for each in table
    )


def _foreign(page: Page) -> bool:
    """Code for another kind of server that runs what the visitor sends."""
    code = [each.code for each in page.blocks if each.language == "other"]
    if not page.blocks and "<?" in page.text:
        code.append(page.text)
    text = "\n".join(code)[:_MOST_TEXT].lower()
    return bool(text) and any(re.search(pattern, text) for pattern in webshell_weights().foreign)


def _odd_source(page: Page) -> bool:
    """Does a directive have a file compiled that does not look like code?"""
    known = webshell_weights().source_extensions
    return any(
        "<%" not in each.attributes.get(key, "") and _extension(each.attributes.get(key, "")) not in known
        for each in page.directives
        if each.name != "register"
        for key in ("src", "codefile")
    )


def _markup_runs(page: Page) -> bool:
    """Does markup that the server turns into calls name what only tools call?"""
    if "clr-namespace" not in page.text:
        return False
    text = page.text[:_MOST_TEXT].lower()
    return any(re.search(pattern, text) for pattern in webshell_weights().markup_runs)


def _odd_include(page: Page) -> bool:
    """Next to nothing but the inclusion of something that is no code by its name."""
    own = sum(len(each.code.strip()) for each in page.blocks)
    if not page.includes or own > _NEXT_TO_NOTHING or page.directives or len(page.text) > _SHORT_PAGE:
        return False
    known = webshell_weights().include_extensions
    return any(
        _extension(each.path) not in known
        and "#include" in page.text[max(0, each.at - 60) : each.at + 60].lower()
        for each in page.includes
    )


def _extension(path: str) -> str:
    name = path.replace("\\", "/").rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""
