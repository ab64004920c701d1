"""The linter of `webshells/capabilities.yml` and `weights.yml`; their true and false examples are in tests/detect/webshell."""

import re
from collections.abc import Iterator

from exsweep.knowledge.problem import Problem
from exsweep.knowledge.webshell_kinds import webshell_kinds, wrong_references
from exsweep.knowledge.webshells import Use, webshell_knowledge, webshell_weights
from exsweep.knowledge.words import FORBIDDEN

_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")
_NAME = re.compile(r"\([a-z ]+\)|(\*\.)?[a-z0-9_:$]+(\.[a-z0-9_:$]+)*")
_PLACE = re.compile(r"\d|all|base")
_ORIGINS = frozenset(
    {
        "request",
        "upload",
        "remote",
        "file",
        "session",
        "database",
        "dotnet",
        "sensitive",
        "whole",
        "hidden",
        "constant",
        "script",
        "text",
        "none",
        "packed",
        "decoded",
        "rooted",
        "stream",
        "unknown",
        "mixed",
        "plain",
        "own",
        "mapped",
        "secret",
        "no-file",
        "listed",
        "checked",
        "disguised",
        "partly",
        "keys",
        "asked",
        "attribute",
        "served",
        "lonely",
        "bare",
        "scheme",
        "program",
        "started",
        "credentials",
        "each",
        "unused",
    }
)
_LANGUAGES = frozenset({"csharp", "vb", "jscript", "vbscript"})
_FILE = "webshells/capabilities.yml"
_WEIGHTS = "webshells/weights.yml"


def problems_of_webshells() -> Iterator[Problem]:
    """What is wrong with the knowledge of web shells."""
    yield from _capabilities()
    yield from _weights()
    for wrong in wrong_references(webshell_kinds()):
        yield Problem("webshells/kinds.yml", wrong, "Write the name as the table has it.")


def _capabilities() -> Iterator[Problem]:
    known = webshell_knowledge()
    if not known.source or not known.date:
        yield Problem(_FILE, "no source or date", "Say where it comes from, and when.")
    seen: set[str] = set()
    for kind in known.capabilities:
        if kind.id in seen:
            yield Problem(_FILE, f"{kind.id} stands twice", "Keep one.")
        seen.add(kind.id)
        if FORBIDDEN.search(kind.title) or not all(_TECHNIQUE.fullmatch(each) for each in kind.attack):
            yield Problem(_FILE, f"{kind.id}: a title that promises, or no ATT&CK technique", "Mend it.")
        for use in kind.uses:
            yield from _use(kind.id, use)
    names = [name for source in known.sources for name in source.read]
    names += [*known.clean, *known.basename, *known.decoders, *known.returns]
    for name in names:
        if not _NAME.fullmatch(name.removeprefix("new ")):
            yield Problem(_FILE, f"{name!r} is no dotted name in lower case", "Mend it.")


def _use(id_: str, use: Use) -> Iterator[Problem]:
    names = (*use.call, *use.set, *use.get, *use.object, *use.native)
    if not names and not use.text:
        yield Problem(_FILE, f"{id_}: a use that nothing shows", "Name what is called.")
    for name in names:
        if not _NAME.fullmatch(name):
            yield Problem(_FILE, f"{id_}: {name!r} is no dotted name in lower case", "Mend it.")
    for place in (*use.data, *use.target):
        if not _PLACE.fullmatch(place):
            yield Problem(_FILE, f"{id_}: {place!r} is no place", "A number, `all` or `base`.")
    if not set(use.languages) <= _LANGUAGES:
        yield Problem(_FILE, f"{id_}: an unknown language", f"One of {', '.join(sorted(_LANGUAGES))}.")
    for pattern in use.text:
        try:
            re.compile(pattern)
        except re.error as error:
            yield Problem(_FILE, f"{id_}: {pattern!r}: {error}", "Mend the pattern.")


def _weights() -> Iterator[Problem]:
    weights = webshell_weights()
    ids = {each.id for each in webshell_knowledge().capabilities}
    for wrong in sorted(ids ^ weights.capabilities.keys()):
        yield Problem(_WEIGHTS, f"{wrong}: a capability without weight, or the other way round", "Add it.")
    for id_, several in weights.capabilities.items():
        for weight in several:
            for origin in sorted({*weight.data, *weight.target, *weight.without, *weight.every} - _ORIGINS):
                yield Problem(_WEIGHTS, f"{id_}: {origin!r} is no origin", "See the head of the file.")
    for pair in weights.pairs:
        for wrong in sorted(set(pair.all) - ids):
            yield Problem(_WEIGHTS, f"{pair.code}: {wrong!r} is no capability", "Mend it.")
    if not 0 < weights.suspicious < weights.malicious < weights.sure or not weights.source:
        yield Problem(_WEIGHTS, "thresholds out of order, or no source", "Mend it.")
