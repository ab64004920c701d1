"""What people read: easy, complete, and promising nothing."""

import pytest

from exsweep.errors import KnowledgeError
from exsweep.knowledge import words
from exsweep.knowledge.check_words import problems_of_words, too_hard
from exsweep.knowledge.reading import grade
from exsweep.model import Level


def test_all_sentences_are_there_easy_to_read_and_promise_nothing() -> None:
    assert [str(problem) for problem in problems_of_words()] == []


@pytest.mark.parametrize("level", list(Level))
def test_every_verdict_tells_at_least_three_things_to_do(level: Level) -> None:
    update = words.render("update.unknown")
    assert len(words.render_list(f"verdict.{level}.do", update=update, wanted="the records")) >= 3


def test_the_first_three_things_when_someone_is_inside_are_unplug_tell_call() -> None:
    do = words.render_list("verdict.in_use.do")
    assert "Unplug" in do[0]
    assert "Do not turn the server off" in do[0]
    assert "not e-mail" in do[1]
    assert do[2].startswith("Call for help")


def test_a_gap_is_filled_and_counts_pick_the_word() -> None:
    assert words.render("reason.refused", status=404) == "the server answered with an error (404)"
    one = words.render("sure.sure", n=1)
    many = words.render("sure.sure", n=2)
    assert "1 separate kind of record shows" in one
    assert "2 separate kinds of record show" in many


def test_an_open_gap_is_an_error_that_names_it() -> None:
    with pytest.raises(KnowledgeError, match="status"):
        words.render("reason.refused")


def test_an_unknown_text_is_an_error() -> None:
    with pytest.raises(KnowledgeError, match="no\\.such"):
        words.render("no.such")


def test_braces_in_a_value_are_not_filled_again() -> None:
    assert words.render("reason.refused", status="{x}").endswith("({x})")


def test_a_look_from_outside_never_uses_the_words_of_the_verdicts() -> None:
    headlines = {words.render(f"verdict.{level}.headline") for level in Level}
    for state in ("open", "up_to_date", "unknown"):
        text = words.render(f"from_outside.{state}")
        assert not any(headline in text for headline in headlines)
        assert "From outside" in text


def test_the_reading_grade_tells_easy_from_hard() -> None:
    assert grade("The cat sat on the mat.") < 2
    assert grade("Organisational remediation necessitates comprehensive infrastructure evaluation.") > 15
    assert not too_hard("back door (web shell)")


def test_lists_are_joined_as_people_do() -> None:
    assert words.join(["a"]) == "a"
    assert words.join(["a", "b"]) == "a and b"
    assert words.join(["a", "b", "c"]) == "a, b and c"
