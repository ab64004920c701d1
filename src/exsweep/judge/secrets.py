"""Secrets in what is quoted from evidence, replaced by marks: `[masked:password:3f9a1c20b7d4]`.

A mark is a keyed hash: equal marks are equal values, and who has not the key cannot try passwords against it. With a key
of the user's, marks compare over all servers judged with it. Without one the key is made, slowly, from all secrets of the
case: the same evidence gives the same marks, and whoever guesses must guess all of them at once. Keys of the web server
are too long to be guessed and get one mark everywhere. The exact line stands in the evidence, at the place that the
finding names; `fits` tells whether a line is the one that was quoted.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Collection
from functools import cache
from typing import Any
from urllib.parse import unquote

import msgspec

from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.secrets import found_in, no_secret, secrets
from exsweep.model import Assessment, FileReport, Finding, Masked, Origin
from exsweep.model.assessment import Actor, Run

_RANDOM_KEY = b"exsweep: a secret that nobody can guess"
_OPEN = "[masked:"
# Source: RFC 7914; 16 MiB and about 50 ms once a case, and again for every guess.
_SLOW = {"n": 1 << 14, "r": 8, "p": 1, "dklen": 32}
_LEFT_ALONE = ("custody", "manifest_sha256", "rules", "patch", "remediation", "schema", "verdict")
"""Parts of an assessment that quote nothing but names of files, or nothing at all."""
_SHORTEST = 6
"""Characters of a column's value that is looked for in the raw line too."""


def masked(assessment: Assessment, key: bytes | None = None) -> Assessment:
    """The assessment with every secret in it replaced by a mark; masked text stays as it is.

    `key`: at least 16 bytes of chance, the same for all servers that shall be compared.
    """
    found: set[str] = set()

    def collect(value: str, kind: str) -> str:
        found.add(plain(value))
        return value

    _each(assessment, collect)
    if not found and assessment.secrets is not None:
        return assessment
    own = key or _made_from(found)
    places: Counter[str] = Counter()

    def mark(value: str, kind: str) -> str:
        places[kind] += 1
        return mark_of(value, kind, own)

    result = _each(assessment, mark)
    return msgspec.structs.replace(
        result,
        secrets=Masked(
            places=dict(sorted(places.items())),
            different=len(found),
            key=hashlib.sha256(b"exsweep key" + key).hexdigest()[:8] if key else None,
        ),
    )


def _made_from(found: set[str]) -> bytes:
    """A key that only who has the evidence can make; slow on purpose, so not made where nothing is masked."""
    whole = "\0".join(sorted(found)).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(whole, salt=b"exsweep", **_SLOW) if found else b""


def kept(assessment: Assessment) -> Assessment:
    """The assessment as it is, saying that its secrets stand in it."""
    return msgspec.structs.replace(assessment, secrets=Masked(kept=True))


def mark_of(value: str, kind: str, key: bytes) -> str:
    """The mark of one secret, whichever way it was percent-encoded."""
    used = _RANDOM_KEY if kind in secrets().random else key
    data = plain(value).encode("utf-8", "surrogatepass")
    return f"{_OPEN}{kind}:{hmac.new(used, data, hashlib.sha256).hexdigest()[:12]}]"


def plain(value: str) -> str:
    """The value as it was typed, so that `%21` and `!` are one."""
    return unquote(value, errors="surrogateescape") if "%" in value else value


def fits(quoted: str, line: str) -> bool:
    """Whether a line is the one that was quoted, each mark standing for any characters. Time grows as the line's length.

    >>> fits("GET /x password=[masked:password:3f9a1c20b7d4]&a=1", "GET /x password=Summer2021&a=1 443")
    True
    """
    first, *rest = _literals(quoted)
    if not line.startswith(first):
        return False
    at = len(first)
    for part in rest:
        found = line.find(part, at + 1)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _literals(quoted: str) -> list[str]:
    """What stands between the marks."""
    parts, at = [], 0
    while (start := quoted.find(_OPEN, at)) >= 0:
        end = quoted.find("]", start)
        if end < 0:
            break
        parts.append(quoted[at:start])
        at = end + 1
    return [*parts, quoted[at:]]


Put = Callable[[str, str], str]
"""Secret and kind -> what stands there instead."""


def _each(assessment: Assessment, put: Put) -> Assessment:
    result: Assessment = _others(assessment, put, {}, but=_LEFT_ALONE)
    return result


def _walk(value: Any, put: Put, *, pages: bool = False) -> Any:
    """The value itself where nothing in it is a secret."""
    result = value
    if type(value) is str:
        result = text(value, put, pages=pages)
    elif isinstance(value, Finding):
        result = _finding(value, put)
    elif isinstance(value, Origin):
        pass
    elif isinstance(value, Actor):
        shown = tuple(_session(key, put) for key in value.sessions)
        result = _others(value, put, {"sessions": shown} if shown != value.sessions else {})
    elif isinstance(value, tuple):
        items = tuple(_walk(item, put, pages=pages) for item in value)
        result = items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    elif isinstance(value, dict):
        table = {name: _walk(item, put, pages=pages) for name, item in value.items()}
        result = table if any(table[name] is not value[name] for name in value) else value
    elif isinstance(value, msgspec.Struct):
        but = set(value.__struct_fields__) - {"command"} if isinstance(value, Run) else ()
        result = _others(value, put, {}, but=but, pages=pages or isinstance(value, FileReport))
    return result


def _others(
    value: msgspec.Struct,
    put: Put,
    changes: dict[str, Any],
    *,
    but: Collection[str] = (),
    pages: bool = False,
) -> Any:
    """The record with `changes`, and with every secret in its other fields replaced."""
    rest = {
        name: new
        for name in value.__struct_fields__
        if name not in changes
        and name not in but
        and (new := _walk(old := getattr(value, name), put, pages=pages)) is not old
    }
    return msgspec.structs.replace(value, **changes, **rest) if changes or rest else value


def _session(key: str, put: Put) -> str:
    name, sign, value = key.partition(":")
    kind = secrets().session_keys.get(name)
    return f"{name}:{put(value, kind)}" if sign and kind and not no_secret(value) else key


def _finding(finding: Finding, put: Put) -> Finding:
    """Columns of the first event tell what of its raw line is a cookie or a logon header."""
    ends = "," if finding.kind in _with_commas() else ""
    fields = {name: _column(name, value, put) for name, value in finding.fields.items()}
    excerpt = finding.excerpt
    for name, value in finding.fields.items():
        if fields[name] is not value and len(value) >= _SHORTEST:
            excerpt = excerpt.replace(value, fields[name])
    lines = [text(line, put, ends=ends) for line in (excerpt, *finding.excerpts)]
    told = {"fields": fields, "excerpt": lines[0], "excerpts": tuple(lines[1:])}
    result: Finding = _others(finding, put, told)
    return result


@cache
def _with_commas() -> frozenset[str]:
    """Formats in whose raw lines a comma ends a value."""
    return frozenset(one.id for one in load_formats() if one.separator == ",")


def _column(column: str, value: str, put: Put) -> str:
    known, lower = secrets(), column.lower()
    if kind := known.columns.get(lower):
        return value if no_secret(value) else put(value, kind)
    if lower not in known.cookie_columns:
        return text(value, put)
    opened = {each.lower() for each in known.open_cookies}
    parts = []
    for cookie in value.split(";"):
        label, sign, content = cookie.partition("=")
        name = label.strip(" +").lower()
        shown = not sign or name in opened or no_secret(content)
        shown = shown or (name.startswith(known.targets) and ("/" in content or "\\" in content))
        parts.append(cookie if shown else f"{label}={put(content, 'cookie')}")
    joined = ";".join(parts)
    return value if joined == value else joined


def text(value: str, put: Put, *, pages: bool = False, ends: str = "") -> str:
    """The text with each secret replaced; the same object where there is none."""
    spans = found_in(value, pages=pages, ends=ends)
    if not spans:
        return value
    parts, at = [], 0
    for start, end, kind in spans:
        parts += [value[at:start], put(value[start:end], kind)]
        at = end
    result = "".join([*parts, value[at:]])
    return value if result == value else result
