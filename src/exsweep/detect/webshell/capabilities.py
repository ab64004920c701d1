"""From what flow saw to capabilities with the lines that show them."""

import re
from functools import cache
from typing import Final

import msgspec

from exsweep.detect.webshell.shown import Shown
from exsweep.detect.webshell.values import (
    ASKED,
    BASENAME,
    BUILT,
    CHECKED,
    COMPILED,
    COMPUTED,
    DECODED,
    EACH,
    MAPPED,
    MIXED,
    PARTLY,
    PROGRAM,
    ROOTED,
    TELLING,
    USERINFO,
    Constant,
    Origin,
    Value,
    provided,
    without_file,
)
from exsweep.knowledge.webshells import Weight, webshell_knowledge, webshell_weights

_STREAMS: Final = frozenset(
    {"inputstream", "memorystream", "gzipstream", "deflatestream", "cryptostream", "networkstream"}
)
"""Types that a reader reads without any file."""
_DOTNET: Final = frozenset({"csharp", "vb"})
_LONGEST_NAME: Final = 300
_STARTED: Final = frozenset({"process", "processstartinfo"})
_PLAIN: Final = frozenset({MAPPED, ROOTED, BUILT, PARTLY})
"""Marks of what is made of constants alone."""
VISITOR: Final = frozenset({"request", "upload"})


class Weighed(msgspec.Struct, frozen=True, gc=False):
    """One place that shows a capability, and what it counts."""

    shown: Shown
    points: float
    data: frozenset[str]
    target: frozenset[str]


def labels(value: Value | None) -> frozenset[str]:
    """Where a value comes from, in the words of `weights.yml`."""
    if value is None:
        return frozenset({"none"})
    found = {each.kind for each in value.origins}
    if found & VISITOR and not value.marks & {MIXED, BASENAME} and not _fixed_end(value):
        found.add("whole")
    if MIXED in value.marks:
        found.add("mixed")
    if _fixed_end(value):
        found.add("plain")
    if any(each.rpartition(".")[2] in _STREAMS for each in value.types):
        found.add("stream")
    if without_file(value):
        found.add("no-file")
    if any(
        isinstance(each, str) and len(each) < _LONGEST_NAME and _sensitive().search(each.lower())
        for each in value.constants
    ):
        found.add("sensitive")
    if any(
        isinstance(each, str) and len(each) < _LONGEST_NAME and _disguised().search(each.strip().lower())
        for each in value.constants
    ):
        found.add("disguised")
    if "own-page" in value.types:
        found.add("own")
    if "listed" in value.types:
        found.add("listed")
    if PARTLY in value.marks:
        found.add("partly")
    if CHECKED in value.marks:
        found.add("checked")
    if ASKED in value.marks:
        found.add("asked")
    if provided(value):
        found.add("scheme")
    if not _STARTED.isdisjoint(_last(value.types)):
        found.add("started")
    if PROGRAM in value.types or any(map(_program, value.types)):
        found.add("program")
    if EACH in value.marks and found & VISITOR:
        found.add("each")
    if USERINFO in value.types:
        found.add("credentials")
    if any(each.endswith("attribute") for each in value.types):
        found.add("attribute")
    if MAPPED in value.marks:
        found.add("mapped")
    if any(each.kind in VISITOR and _secret().search(each.name.lower()) for each in value.origins):
        found.add("secret")
    if any(_script(each) for each in value.constants) or _ends_as_script(value.types):
        found.add("script")
    if not value.origins and (COMPUTED in value.marks or (DECODED in value.marks and _short(value))):
        found.add("hidden")
    if not value.origins and DECODED in value.marks:
        found.add("decoded")
    if ROOTED in value.marks:
        found.add("rooted")
    if not value.origins and any(isinstance(each, bytes | tuple) for each in value.constants):
        found.add("packed")
    if value.constants or (
        not value.origins and not value.marks - _PLAIN and not _STARTED.isdisjoint(_last(value.types))
    ):
        # What such an object is made of is weighed where it is made.
        found.add("constant")
    elif not value.origins:
        found.add("hidden" if value.marks & {COMPUTED, DECODED} else "unknown")
    if PARTLY in value.marks and any(
        isinstance(each, str) and len(each) < _LONGEST_NAME and _interpreter().search(each.strip().lower())
        for each in value.constants
    ):
        found.add("unknown")
    return frozenset(found)


def _ends_as_script(types: tuple[str, ...]) -> bool:
    """Does the page itself put an end to the name by which the server runs the file, where it lies?"""
    ends = [each[5:] for each in types if each.startswith("ends:")]
    if COMPILED in types and any(
        each.rpartition(".")[2] in webshell_weights().source_extensions for each in ends
    ):
        return True
    return any(map(_script, ends))


def _program(type_: str) -> bool:
    """Is that a type that says how the page ends the name of a program that is no interpreter?"""
    return type_.startswith("named:") and type_.endswith(".exe") and not _interpreter().search(type_[6:])


def _last(types: tuple[str, ...]) -> set[str]:
    return {each.rpartition(".")[2] for each in types}


def _short(value: Value) -> bool:
    """Are the constants only what a loop begins with?"""
    return all(isinstance(each, str) and len(each) < TELLING for each in value.constants)


def _fixed_end(value: Value) -> bool:
    """Does the page itself put an extension at the end that the server does not run?"""
    ends = [each[5:] for each in value.types if each.startswith("ends:")]
    if not value.origins:
        ends += [
            each[-8:][each[-8:].rfind(".") :].lower()
            for each in value.constants
            if isinstance(each, str) and "." in each[-8:]
        ]
    return bool(ends) and all(
        each.startswith(".") and each[1:].isalnum() and not _script("xxxx" + each) for each in ends
    )


@cache
def _sensitive() -> re.Pattern[str]:
    return re.compile(webshell_weights().sensitive_files)


@cache
def _disguised() -> re.Pattern[str]:
    return re.compile(webshell_weights().no_programs)


@cache
def _interpreter() -> re.Pattern[str]:
    return re.compile(webshell_weights().interpreters)


@cache
def _secret() -> re.Pattern[str]:
    return re.compile(webshell_weights().secret_fields)


def _script(value: Constant) -> bool:
    if not isinstance(value, str) or not 3 < len(value) < 300:
        return False
    return (
        value.rpartition(".")[2].strip(" \"'").lower() in webshell_weights().script_extensions
        and "." in value
    )


def weigh(shown: Shown, said: dict[int, frozenset[str]]) -> Weighed:
    """Points of one place: those of the first weight that fits.

    Args:
        said: labels of values that were asked for before, by their identities: one value is shown in many places.
    """
    data, target = _said(shown.data, said), _said(shown.target, said)
    if shown.language in _DOTNET:
        data |= {"dotnet"}
    if shown.around:
        data |= shown.around
    for weight in webshell_weights().capabilities.get(shown.capability, ()):
        if _fits(weight, data, target):
            return Weighed(shown, weight.points, data, target)
    return Weighed(shown, 0.0, data, target)


def _said(value: Value | None, said: dict[int, frozenset[str]]) -> frozenset[str]:
    found = said.get(id(value))
    if found is None:
        found = said[id(value)] = labels(value)
    return found


def _fits(weight: Weight, data: frozenset[str], target: frozenset[str]) -> bool:
    if weight.data and data.isdisjoint(weight.data):
        return False
    if weight.target and target.isdisjoint(weight.target):
        return False
    if weight.without and not (data.isdisjoint(weight.without) and target.isdisjoint(weight.without)):
        return False
    return not weight.every or (data | target).issuperset(weight.every)


def inputs(shown: Shown) -> tuple[Origin, ...]:
    """Origins of data and target that the visitor controls."""
    values = [each for each in (shown.data, shown.target) if each is not None]
    return tuple(
        dict.fromkeys(origin for value in values for origin in value.origins if origin.kind in VISITOR)
    )


def title(capability: str, weighed: Weighed) -> str:
    """`Runs code that the request brings (field "x")`."""
    plain = _titles()[capability]
    origins = inputs(weighed.shown)
    names = tuple(dict.fromkeys(each.name for each in origins if each.name))[:3]
    if origins:
        said = f" ({', '.join(_quoted(each) for each in names)})" if names else ""
        what = (
            "that is uploaded"
            if all(each.kind == "upload" for each in origins)
            else "that the request brings or names"
        )
        return f"{plain} {what}{said}"
    if "remote" in weighed.data:
        return f"{plain} fetched from another machine"
    if "hidden" in weighed.data:
        return f"{plain} hidden in the page"
    return plain


def note(shown: Shown) -> str:
    """The way of the value in words: `request field "cmd" -> text -> Process.Start`."""
    for value in (shown.data, shown.target):
        for origin in value.origins if value is not None else ():
            begin = (
                f"{_WORDS.get(origin.kind, origin.kind)}{f' {_quoted(origin.name)}' if origin.name else ''}"
            )
            way = [each for each in origin.trail if not each.endswith("()") and "[" not in each]
            return " -> ".join(dict.fromkeys([begin, *way[:5], shown.name]))[:200]
    return ""


_WORDS = {
    "request": "request field",
    "upload": "uploaded file",
    "remote": "answer of another machine",
    "file": "content of a file",
    "database": "field of a database",
}


def _quoted(name: str) -> str:
    return '"' + "".join(each if each.isprintable() and each != '"' else "?" for each in name[:40]) + '"'


@cache
def _titles() -> dict[str, str]:
    return {each.id: each.title for each in webshell_knowledge().capabilities}
