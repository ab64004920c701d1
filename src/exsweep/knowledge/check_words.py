"""The linter of the sentences: all there, easy to read, and none promises what no check can promise."""

import re
from collections.abc import Iterator

from exsweep.knowledge import words
from exsweep.knowledge.problem import Problem
from exsweep.knowledge.reading import grade
from exsweep.knowledge.web_words import web_words
from exsweep.model import Confidence, Level, Stage

HARDEST = 7.0
"""School grade; the aim is a reader of 11 to 12 years."""

NAME = re.compile(
    r"\S*[\\/(]\S*|\b\w+-[A-Z]\w+\b|\b\w*[a-z][A-Z]\w*\b|\b[A-Z]{2,}\w*\b|\b(?:Exchange|Microsoft)(?:'s)?\b"
)
"""Paths, commands and names of products: they stand in the text as they are and cannot be made easier."""


def too_hard(text: str, limit: float = HARDEST) -> bool:
    """Is the text harder to read than the grade allows? Names do not count; labels of under 5 words pass."""
    plain = NAME.sub("it", text)
    return len(plain.split()) >= 5 and grade(plain) > limit


def problems_of_words() -> Iterator[Problem]:
    """What is wrong with `words/en.yml` and `web/words.yml`."""
    where = "words/en.yml"
    for key in _required():
        if not words.has(key):
            yield Problem(where, f"{key} is missing", "Add the text.")
    yield from _each(where, words.sentences())
    yield from _each("web/words.yml", web_words())


def _each(where: str, texts: dict[str, str | list[str]]) -> Iterator[Problem]:
    """Every text: a gap that is whole, easy to read, nothing promised."""
    for key, entry in texts.items():
        for text in entry if isinstance(entry, list) else [entry]:
            filled = words.fill(key, text, {name: _sample(name) for name in words.gaps(text)})
            if words.FORBIDDEN.search(text):
                yield Problem(where, f"{key} promises too much", "Do not say clean, safe or secure.")
            if "{" in filled or "}" in filled:
                yield Problem(where, f"{key} has a broken gap", "Write {name} or {name|one|many}.")
            if filled.endswith(".") and too_hard(filled):
                yield Problem(where, f"{key} is hard to read", "Use short words and sentences.")


def _required() -> Iterator[str]:
    for level in Level:
        yield from (f"verdict.{level}.headline", f"verdict.{level}.do", f"level.{level}")
    for stage in Stage:
        yield from (f"stage.{stage}.name", f"stage.{stage}.done", f"stage.{stage}.tried")
    for confidence in Confidence:
        yield from (f"sure.{confidence}", f"confidence.{confidence}")
    for what in ("mailboxes", "credentials", "files", "hosts", "persistence"):
        yield from (f"impact.{what}.{state}" for state in ("title", "seen", "possible", "sign", "not_seen"))
    yield from (f"from_outside.{state}" for state in ("open", "up_to_date", "unknown"))


def _sample(name: str) -> object:
    if name in ("last", "since", "first", "day", "danger", "evidence_end"):
        return "3 March 2021"
    return 3 if name in ("n", "of", "days", "files", "used") else "the web log"
