"""The linter of translations: the gaps of the English text, none missing where complete, easy, and no promise."""

from collections.abc import Iterator

from exsweep.knowledge.check_words import NAME
from exsweep.knowledge.languages import Language, Texts, english, languages
from exsweep.knowledge.problem import Problem
from exsweep.knowledge.reading import ease_in_spanish
from exsweep.knowledge.words import gaps

HARDEST = 55.0
"""The INFLESZ scale calls 55 and more `normal`: what most adults read without trouble."""


def problems_of_languages() -> Iterator[Problem]:
    """What is wrong with the translations in `data/words`."""
    for code, language in languages().items():
        if language.language != code:
            yield Problem(
                f"words/{code}.yml", f"says that it is {language.language!r}", "Name the file after it."
            )
        yield from problems_of(language, english())


def problems_of(language: Language, english: Texts) -> Iterator[Problem]:
    """What is wrong with one translation, held against the English texts."""
    where = f"words/{language.language}.yml"
    found = language.flat()
    for section in language.complete:
        keys = [key for key in english if key.startswith(f"{section}.")]
        if not keys:
            yield Problem(where, f"{section} is called complete and is no section", "Take it out.")
        for key in keys:
            if key not in found:
                yield Problem(where, f"{key} is missing", "Translate it.")
    for key, entry in found.items():
        if key not in english:
            yield Problem(where, f"{key} is not in the English texts", "Compare with words/en.yml.")
            continue
        ours, theirs = _lines(entry), _lines(english[key])
        if isinstance(entry, str) != isinstance(english[key], str) or len(ours) != len(theirs):
            yield Problem(where, f"{key} has {len(ours)} texts, in English {len(theirs)}", "Compare them.")
            continue
        for mine, original in zip(ours, theirs, strict=True):
            if set(gaps(mine)) != set(gaps(original)):
                yield Problem(
                    where, f"{key} fills {sorted(gaps(mine))}, not {sorted(gaps(original))}", "Same gaps."
                )
            if said := language.never.search(mine):
                yield Problem(where, f"{key} promises too much: {said[0]!r}", "Say it otherwise.")
            if language.language == "es" and not key.startswith("letter.technical") and too_hard(mine):
                yield Problem(where, f"{key} is hard to read", "Use short words and sentences.")


def too_hard(text: str) -> bool:
    """Is a Spanish text hard to read? Names and gaps do not count; labels and texts of under 5 words pass."""
    plain = NAME.sub("eso", text)
    return text.rstrip().endswith(".") and len(plain.split()) >= 5 and ease_in_spanish(plain) < HARDEST


def _lines(entry: str | list[str]) -> list[str]:
    return [entry] if isinstance(entry, str) else entry
