"""What exsweep says, in other languages than English: phrases by key, texts from `data/words/<language>.yml`.

What a language does not have yet is said in English.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import msgspec

from exsweep.errors import KnowledgeError
from exsweep.knowledge.access import access
from exsweep.knowledge.data_files import document, names
from exsweep.knowledge.fleet import fleet_words, links
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.remediation import ADMIN, steps
from exsweep.knowledge.sectors import sectors
from exsweep.knowledge.web_words import web_words
from exsweep.knowledge.words import collect, fill, join, sentences
from exsweep.model import Impact, ImpactItem, Phrase, Verdict

ENGLISH = "en"
_DEEPEST = 3
"""A sentence, a wish in it, a name in that: an assessment that nests deeper was not written by us."""
Texts = dict[str, str | list[str]]


class Language(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of translations."""

    language: str
    """ISO 639-1."""
    name: str
    """As its speakers call it."""
    version: int
    source: tuple[str, ...]
    complete: tuple[str, ...]
    """Sections of which no text may be missing."""
    forbidden: str
    """Regular expression of words that promise what no check can promise."""
    texts: dict[str, Any]

    def flat(self) -> Texts:
        """Every text by its full key."""
        found: Texts = {}
        collect(self.texts, "", found)
        return found

    @property
    def never(self) -> re.Pattern[str]:
        return re.compile(self.forbidden, re.IGNORECASE)


@cache
def languages() -> dict[str, Language]:
    """Languages besides English, by code, sorted."""
    return {code: document(f"words/{code}.yml", Language) for code in codes() if code != ENGLISH}


def codes() -> tuple[str, ...]:
    """Every language one can ask for, English first: the names of the files, so that `--help` need not read them."""
    found = sorted(PurePosixPath(name).stem for name in names("words"))
    return (ENGLISH, *(code for code in found if code != ENGLISH))


@cache
def english() -> Texts:
    """What can be translated: `words/en.yml`, letters, pages (`web/words.yml`), why a server waits, what to do, and the names of
    groups, tiers, changes, links, roles and sectors."""
    letters = {f"letter.{name}": text for name, text in fleet_words().letter.items()}
    pages = {f"web.{key}": text for key, text in web_words().items()}
    queue = {f"why.{name}": text for name, text in fleet_words().why.items()}
    return sentences() | letters | pages | queue | dict(_remedies()) | dict(_names())


def _names() -> Iterator[tuple[str, str]]:
    named = {
        "band": fleet_words().bands,
        "tier": fleet_words().tiers,
        "change": fleet_words().changes,
        "link": {kind: each.title for kind, each in links().kinds.items()},
        "role": {name: each.title for name, each in access().roles.items()},
        "sector": sectors().titles,
    }
    for section, titles in named.items():
        yield from ((f"{section}.{name}", title) for name, title in titles.items())


def _remedies() -> Iterator[tuple[str, str]]:
    """What an administrator is told to do; the steps of responders stay in English, as their tools are."""
    for name, step in steps().items():
        if step.audience == ADMIN:
            for field in ("title", "text", "why", "done_when"):
                yield f"remedy.{name}.{field}", getattr(step, field)


@cache
def texts(language: str) -> Texts:
    """Every text in the language; in English what it does not have.

    Raises:
        KnowledgeError: no such language.
    """
    if language == ENGLISH:
        return english()
    if language not in languages():
        raise KnowledgeError(
            f"There are no words in {language!r}.", tip=f"Choose from: {', '.join(codes())}."
        )
    return english() | languages()[language].flat()


def text(key: str, language: str) -> str:
    """The text under the key, gaps not filled; see `texts`.

    Raises:
        KnowledgeError: no such text, or it is a list.
    """
    found = texts(language).get(key)
    if not isinstance(found, str):
        raise KnowledgeError(f"words: there is no text {key!r}.", tip="See data/words/en.yml.")
    return found


def say(phrase: Phrase, language: str = ENGLISH, *, depth: int = 0) -> str:
    """The sentence in the language. Values that came from evidence are not escaped: the one who prints must do that.

    Raises:
        KnowledgeError: no such text, a gap without value, or a date that is none: the assessment is not of our making.
    """
    if depth > _DEEPEST:
        raise KnowledgeError("words: phrases stand too deep in each other.", tip="Judge the evidence again.")
    match phrase.key:
        case "said.day" | "said.moment":
            return _time(phrase, language)
        case "said.kind":
            kind = str(phrase.params.get("kind", ""))
            return next((item.title for item in load_formats() if item.id == kind), kind)
        case "said.text":
            return str(phrase.params.get("text", ""))
    return fill(phrase.key, text(phrase.key, language), _values(phrase, language, depth))


def say_list(phrase: Phrase, language: str = ENGLISH) -> tuple[str, ...]:
    """The sentences of a list in the language (see `say`)."""
    found = texts(language).get(phrase.key)
    if not isinstance(found, list):
        raise KnowledgeError(f"words: {phrase.key!r} is no list.", tip="See data/words/en.yml.")
    values = _values(phrase, language, 0)
    return tuple(fill(phrase.key, one, values) for one in found)


def in_language(verdict: Verdict, language: str) -> Verdict:
    """The verdict with headline, text and first steps in the language; as it is where it has no keys.

    Raises:
        KnowledgeError: the verdict was made with texts that are not known here.
    """
    said = verdict.said
    if said is None or language == ENGLISH:
        return verdict
    return msgspec.structs.replace(
        verdict,
        headline=say(said.headline, language),
        text=tuple(say(one, language) for one in said.text),
        do_now=say_list(said.do_now, language) if said.do_now else verdict.do_now,
    )


def impact_in(impact: Impact, language: str) -> Impact:
    """What may be affected, in the language; an item as it is where it has no keys.

    Raises:
        KnowledgeError: it was made with texts that are not known here.
    """
    if language == ENGLISH:
        return impact

    def told(item: ImpactItem) -> ImpactItem:
        if not item.said:
            return item
        return msgspec.structs.replace(
            item,
            text=" ".join(say(one, language) for one in item.said),
            lacking=" ".join(say(one, language) for one in item.lacking_said),
        )

    return Impact(
        mailboxes=told(impact.mailboxes),
        credentials=told(impact.credentials),
        files=told(impact.files),
        hosts=told(impact.hosts),
        persistence=told(impact.persistence) if impact.persistence else None,
    )


def _values(phrase: Phrase, language: str, depth: int) -> dict[str, object]:
    return {name: _value(name, value, language, depth) for name, value in phrase.params.items()}


def _value(name: str, value: int | str | tuple[Phrase, ...], language: str, depth: int) -> int | str:
    if not isinstance(value, tuple):
        return value
    parts = [say(one, language, depth=depth + 1) for one in value]
    return "; ".join(parts) if name == "wanted" else join(parts, text("phrase.last", language))


def _time(phrase: Phrase, language: str) -> str:
    try:
        at = datetime.fromisoformat(str(phrase.params.get("at", "")))
    except ValueError as error:
        raise KnowledgeError(
            f"{phrase.key}: {phrase.params.get('at')!r} is no time.", tip="Judge the evidence again."
        ) from error
    months = texts(language)["calendar.months"]
    values = {"day": at.day, "month": months[at.month - 1], "year": at.year, "clock": f"{at:%H:%M}"}
    key = "calendar.moment" if phrase.key == "said.moment" else "calendar.day"
    return fill(key, text(key, language), values)


def day(value: date | datetime | None, *, clock: bool = False) -> Phrase:
    """A day as a phrase: `3 March 2021`, or with the clock `3 March 2021, 04:10 UTC`."""
    if value is None:
        return Phrase(key="phrase.no_day")
    if clock and isinstance(value, datetime):
        return Phrase(key="said.moment", params={"at": value.isoformat()})
    return Phrase(key="said.day", params={"at": f"{value:%Y-%m-%d}"})


def quoted(text: str) -> Phrase:
    """Text that is said as it is in every language: names, titles of rules."""
    return Phrase(key="said.text", params={"text": text})


def recognised(section: str, said: str) -> Phrase:
    """The phrase of the section that reads so in English, with what stood in its gaps; else the text quoted.

    >>> recognised("reason", "the server answered with an error (404)")
    Phrase(key='reason.refused', params={'status': '404'})
    """
    for key, pattern in _patterns(section):
        if found := pattern.fullmatch(said):
            return Phrase(key=key, params=dict(found.groupdict()))
    return quoted(said)


@cache
def _patterns(section: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """English texts of a section without choices by number, as patterns."""
    found = []
    for key, text in english().items():
        if key.startswith(f"{section}.") and isinstance(text, str) and "|" not in text:
            parts = re.split(r"\{(\w+)\}", text)
            made = "".join(f"(?P<{part}>.+)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
            found.append((key, re.compile(made)))
    return tuple(found)
