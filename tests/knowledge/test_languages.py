"""Other languages than English: complete where they say so, same gaps, easy, promising nothing."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from exsweep.errors import KnowledgeError
from exsweep.knowledge import languages
from exsweep.knowledge.check_languages import problems_of, problems_of_languages, too_hard
from exsweep.knowledge.reading import ease_in_spanish
from exsweep.knowledge.words import fill, gaps
from exsweep.model import Level, Phrase

SPANISH = languages.languages()["es"]


def changed(**texts: object) -> languages.Language:
    """Spanish with one section in the place of its own."""
    return msgspec.structs.replace(SPANISH, texts=SPANISH.texts | texts)


def test_nothing_is_wrong_with_the_translations_we_ship() -> None:
    assert [str(problem) for problem in problems_of_languages()] == []


@pytest.mark.parametrize(
    ("update", "said"),
    [
        ({}, "is missing"),
        ({"install": "Instale {otra}.", "done": "Listo.", "unknown": "Busque."}, "fills"),
        ({"install": "Su servidor está limpio ({update}).", "done": "Ya.", "unknown": "Ya."}, "promises"),
        ({"install": "Está a salvo ({update}).", "done": "Ya.", "unknown": "Ya."}, "promises"),
        ({"install": "El servidor es seguro ({update}).", "done": "Ya.", "unknown": "Ya."}, "promises"),
        ({"install": "A {update}.", "done": "Ya.", "unknown": "Ya.", "more": "Ya."}, "not in the English"),
        ({"install": ["A {update}.", "B."], "done": "Ya.", "unknown": "Ya."}, "2 texts"),
        (
            {
                "install": "{update}.",
                "done": "Ya.",
                "unknown": "La implementación organizacional de procedimientos administrativos necesita evaluaciones.",
            },
            "hard to read",
        ),
    ],
)
def test_a_flaw_in_a_translation_is_a_problem_that_names_it(update: dict[str, object], said: str) -> None:
    problems = [str(problem) for problem in problems_of(changed(update=update), languages.english())]
    assert any(said in problem and "update" in problem for problem in problems), problems


def test_an_insurer_is_no_promise() -> None:
    assert not SPANISH.never.search("Llame a su aseguradora.")


@pytest.mark.parametrize("key", sorted(SPANISH.flat()))
def test_every_spanish_text_is_filled_whole(key: str) -> None:
    entry = languages.texts("es")[key]
    for text in entry if isinstance(entry, list) else [entry]:
        for number in (1, 2):
            filled = fill(key, text, dict.fromkeys(gaps(text), number))
            assert "{" not in filled and "}" not in filled and "|" not in filled


@pytest.mark.parametrize("level", list(Level))
def test_every_verdict_has_its_headline_and_its_first_steps_in_spanish(level: Level) -> None:
    headline = Phrase(key=f"verdict.{level}.headline")
    assert languages.say(headline, "es") != languages.say(headline)
    steps = Phrase(
        key=f"verdict.{level}.do",
        params={
            "update": (Phrase(key="update.unknown"),),
            "wanted": (Phrase(key="wanted.all"), Phrase(key="wanted.evtx")),
        },
    )
    mine, theirs = languages.say_list(steps, "es"), languages.say_list(steps)
    assert len(mine) == len(theirs)
    assert not set(mine) & set(theirs)


def test_days_are_said_as_the_language_says_them() -> None:
    moment = languages.day(datetime(2021, 3, 3, 4, 10, tzinfo=UTC), clock=True)
    assert languages.say(moment) == "3 March 2021, 04:10 UTC"
    assert languages.say(moment, "es") == "3 de marzo de 2021, 04:10 UTC"
    assert languages.say(languages.day(date(2021, 3, 3)), "es") == "3 de marzo de 2021"
    assert languages.say(languages.day(None), "es") == "un día que los registros no nombran"


def test_what_a_language_does_not_have_is_said_in_english() -> None:
    assert languages.text("term.ssrf", "es") == languages.text("term.ssrf", "en")


def test_braces_quoted_from_evidence_are_not_filled() -> None:
    phrase = Phrase(
        key="verdict.suspicious.meaning_short", params={"reason": (languages.quoted("{last} {x|a|b}"),)}
    )
    assert "{last} {x|a|b}" in languages.say(phrase, "es")


@pytest.mark.parametrize(
    "phrase",
    [
        Phrase(key="no.such"),
        Phrase(key="said.day", params={"at": "soon"}),
        Phrase(key="verdict.in_use.shell"),
        Phrase(key="verdict.in_use.do"),
    ],
)
def test_a_phrase_that_cannot_be_said_is_an_error_of_ours(phrase: Phrase) -> None:
    with pytest.raises(KnowledgeError):
        languages.say(phrase, "es")


def test_a_language_that_nobody_wrote_is_an_error_that_names_the_others() -> None:
    with pytest.raises(KnowledgeError) as caught:
        languages.text("hurry.title", "xx")
    assert "en, es" in str(caught.value.tip)


def test_easy_spanish_is_told_from_hard() -> None:
    assert ease_in_spanish("El gato come pan. La casa es azul.") > 80
    assert ease_in_spanish("La implementación organizacional necesita evaluaciones administrativas.") < 30
    assert not too_hard("puerta trasera (web shell)")


def test_a_reason_written_in_english_is_known_again_with_what_stood_in_it() -> None:
    refused = languages.recognised("reason", "the server answered with an error (404)")
    assert languages.say(refused, "es") == "el servidor respondió con un error (404)"
    assert languages.say(languages.recognised("reason", "of another kind"), "es") == "of another kind"


def test_phrases_nested_without_end_are_refused() -> None:
    deep = Phrase(key="phrase.no_kinds")
    for _ in range(200):
        deep = Phrase(key="verdict.suspicious.meaning_short", params={"reason": (deep,)})
    with pytest.raises(KnowledgeError, match="deep"):
        languages.say(deep)
