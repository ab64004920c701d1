"""The linter of what is known about files: shipped ones, places, and families of web shells."""

import re
from collections.abc import Iterator

from exsweep.errors import KnowledgeError
from exsweep.knowledge.baselines import shelf
from exsweep.knowledge.builds import number, spell
from exsweep.knowledge.pages import pages as shipped_pages
from exsweep.knowledge.places import pages as page_extensions
from exsweep.knowledge.places import places
from exsweep.knowledge.problem import Problem
from exsweep.knowledge.yara import AVAILABLE, compile_texts
from exsweep.knowledge.yara_files import own_rule_files

_META = ("family", "description", "source", "date")
_RULE = re.compile(r"(?m)^rule\s+(\w+)[^{]*\{(.*?)^\}", re.DOTALL)


def problems_of_baselines() -> Iterator[Problem]:
    """Does the list of shipped files have a source, and agree with shipped_pages.csv?"""
    where = "baselines/microsoft.zst"
    if not shelf().source or not shelf().read:
        yield Problem(where, "it has no source or date", "Run convert_baselines again.")
    told = {f"{page.path}\\{page.file}".lstrip("\\").lower(): page.builds for page in shipped_pages()}
    for held in shelf().held:
        if held.path.rpartition(".")[2].lower() not in page_extensions():
            continue
        spans = told.get(held.path.lower(), ())
        for parts in (parts for name in held.builds if (parts := number(name))):
            if not any(first <= parts <= last for first, last in spans):
                todo = "Run both converters again."
                yield Problem(where, f"shipped_pages.csv lacks {held.path} in {spell(parts)}", todo)
                break


def problems_of_places() -> Iterator[Problem]:
    """Do all patterns of places.yml mean what they say?"""
    table = places()
    where = "webshells/places.yml"
    if not table.source or not table.read:
        yield Problem(where, "it has no source or date", "Say where it comes from.")
    lower = (*table.pages, *table.learned, *table.quarantine_on_disk, *table.copy_on_disk)
    for word in lower:
        if word != word.lower():
            yield Problem(where, f"{word!r} has capitals", "Write it in lower case.")
    for pattern in (*(each.folder for each in table.served), *table.compiled, *table.quarantine, *table.copy):
        if "/" in pattern or pattern.strip("\\") != pattern:
            yield Problem(where, f"{pattern!r} is no folder", "Separate the components by \\.")


def problems_of_yara() -> Iterator[Problem]:
    """Do the shipped YARA rules compile without a warning, and say where they come from?"""
    texts = own_rule_files()
    if AVAILABLE:
        try:
            for bad in compile_texts(texts, strict=True).problems:
                yield Problem(f"{bad.file}:{bad.line}", bad.reason, "Mend the rule.")
        except KnowledgeError as error:
            yield Problem("webshells", error.message, "Mend the rule.")
    for text in texts:
        for name, body in _RULE.findall(text.text):
            for key in _META:
                if not re.search(rf'(?m)^\s*{key} = "[^"]+"', body):
                    yield Problem(text.name, f"{name} has no {key}", "Add it to its meta.")
