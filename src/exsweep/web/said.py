"""What templates say in the language of the page: words by key, and sentences of a judgement that are known by their text."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup, escape

from exsweep.export import words
from exsweep.export.text import plain, prose, show
from exsweep.export.times import when
from exsweep.knowledge.languages import ENGLISH, languages, recognised, say, text, texts
from exsweep.knowledge.words import fill
from exsweep.model import Level, Phrase, Stage, Step, Strength
from exsweep.web.draw.hours import Bar

_WEB = "web."
_SHORT = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ABBREVIATED = 3
_LONGEST = 600
_LONGEST_TOLD = 2_000


class Number(int):
    """A number that is printed with its thousands apart."""

    def __str__(self) -> str:
        return f"{int(self):,}"


def _language(context: Mapping[str, Any]) -> str:
    return str(context.get("lang", ENGLISH))


def filled(key: str, language: str, values: Mapping[str, object]) -> Markup:
    """Our words, escaped, with every gap filled: by markup as it is, by anything else as text."""
    ready = {name: _value(value) for name, value in values.items()}
    return Markup(fill(key, str(escape(text(key, language))), ready))  # noqa: S704 - both parts are escaped


def _value(value: object) -> object:
    if isinstance(value, Markup):
        return value
    if isinstance(value, int):
        return Number(value)
    return escape(plain(prose(str(value))))


@jinja2.pass_context
def translated(context: Mapping[str, Any], key: str, **values: object) -> Markup:
    """`{{ t("home.title") }}`: the text `web.home.title` in the language of the page."""
    return filled(_WEB + key, _language(context), values)


def in_language(language: str, key: str) -> Markup:
    """The text in a language that is not that of the page."""
    return filled(_WEB + key, language, {})


@jinja2.pass_context
def words_of(context: Mapping[str, Any], section: str) -> dict[str, str]:
    """All words of a section, for the scripts of the page; gaps are theirs to fill."""
    start = f"{_WEB}{section}."
    found = texts(_language(context))
    return {
        key.removeprefix(start): said
        for key, said in found.items()
        if key.startswith(start) and isinstance(said, str)
    }


@jinja2.pass_context
def stage_words(context: Mapping[str, Any], stage: Stage) -> tuple[str, str]:
    """Plain name and technical word of a stage."""
    language = _language(context)
    return text(f"stage.{stage.value}.name", language), text(f"stage.{stage.value}.tech", language)


@jinja2.pass_context
def strength_words(context: Mapping[str, Any], strength: Strength) -> str:
    """What a finding proves."""
    return text(f"strength.{strength.value}", _language(context))


@jinja2.pass_context
def step_words(context: Mapping[str, Any], step: Step) -> Markup:
    """How sure a seen step is."""
    key = "worked" if step.proven else "seen" if step.stage == Stage.PROBE else "not_proven"
    return filled(f"{_WEB}step.{key}", _language(context), {})


@jinja2.pass_context
def contact_words(context: Mapping[str, Any], state: str) -> str:
    """How far telling the owner is."""
    key = f"{_WEB}contact.{state}"
    return text(key, _language(context)) if key in texts(ENGLISH) else state.replace("_", " ")


@jinja2.pass_context
def word(context: Mapping[str, Any], key: str) -> Markup:
    """Any text of the knowledge without gaps: `band.in_use`."""
    return filled(key, _language(context), {})


@jinja2.pass_context
def level_words(context: Mapping[str, Any], name: str) -> words.LevelWords:
    """Tag, shape and heading of a level."""
    return words.level(Level(name), _language(context))


@jinja2.pass_context
def bar_words(context: Mapping[str, Any], bar: Bar) -> Markup:
    """What a bar of the timeline counts."""
    language = _language(context)
    at = in_months(when(bar.start), language)
    if bar.kind == "blind":
        return filled(f"{_WEB}tl.blind", language, {"at": at})
    return filled(
        f"{_WEB}tl.bar",
        language,
        {"at": at, "worked": bar.worked, "tried": bar.tried, "other": bar.other},
    )


@jinja2.pass_context
def localised(context: Mapping[str, Any], said: str, *sections: str) -> Markup:
    """A sentence of a judgement: in the language of the page where its text is one of ours, else as it is and marked so."""
    language = _language(context)
    if language == ENGLISH:
        return show(prose(said), _LONGEST)
    for section in sections:
        for name in (section, _WEB + section):
            phrase = recognised(name, said)
            if phrase.key != "said.text":
                return show(prose(in_months(say(phrase, language), language)), _LONGEST)
    return Markup('<span lang="en">{}</span>').format(show(prose(said), _LONGEST))


@jinja2.pass_context
def told(context: Mapping[str, Any], phrases: tuple[Phrase, ...]) -> Markup:
    """Sentences of a judgement that come with their keys."""
    language = _language(context)
    words = prose(" ".join(say(phrase, language) for phrase in phrases))
    return show(in_months(words, language), _LONGEST_TOLD)


@jinja2.pass_context
def dates(context: Mapping[str, Any], said: object) -> object:
    """A moment in words, its month in the language of the page."""
    language = _language(context)
    return said if language == ENGLISH else in_months(str(said), language)


def in_months(said: str, language: str) -> str:
    """`8 Mar 2021` as `8 mar 2021`, and `8 March 2021` as the language spells a day."""
    if language == ENGLISH:
        return said
    whole, pattern, known = _months(language)
    day = text("calendar.day", language)

    def spelt(match: re.Match[str]) -> str:
        return fill("calendar.day", day, {"day": match[1], "month": known[match[2]], "year": match[3]})

    return pattern.sub(lambda match: f"{match[1]} {known[match[2]]}", whole.sub(spelt, said))


@cache
def _months(language: str) -> tuple[re.Pattern[str], re.Pattern[str], dict[str, str]]:
    """How a day reads in English with its month whole, and with it cut short; English month -> the one of the language."""
    whole, theirs = texts(ENGLISH)["calendar.months"], texts(language)["calendar.months"]
    known = {short: name[:_ABBREVIATED] for short, name in zip(_SHORT, theirs, strict=True)}
    known |= dict(zip(whole, theirs, strict=True))
    names = "|".join(sorted(known, key=len, reverse=True))
    return (
        re.compile(rf"\b(\d{{1,2}}) ({'|'.join(whole)}) (\d{{4}})\b"),
        re.compile(rf"\b(\d{{1,2}}) ({names})\b"),
        known,
    )


def tongues() -> tuple[tuple[str, str], ...]:
    """(code, name) of every language of the pages."""
    return ((ENGLISH, "English"), *((code, each.name.capitalize()) for code, each in languages().items()))


GLOBALS = {
    "t": translated, "t_in": in_language, "words_of": words_of, "bar_words": bar_words, "stage_words": stage_words,
    "strength_words": strength_words, "step_words": step_words, "contact_words": contact_words, "word": word,
    "level_words": level_words,
    "tongues": tongues(),
}  # fmt: skip
"""Names that templates call."""
