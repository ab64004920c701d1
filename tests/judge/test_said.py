"""The verdict's sentences by key: English is made of them, and Spanish can be."""

import pytest

from exsweep.knowledge import languages
from exsweep.model import Assessment, Level, decode, encode
from tests.judge.build import hit, judged, log

OPEN = ("15.1.2106.2", "01-01 00:00:00", "03-02 23:00:00")
ALL = [
    log("iis_w3c", "01-01 00:00:00", "03-09 10:00:00", builds=[OPEN]),
    log("httpproxy", "01-01 00:00:00", "03-09 10:00:00"),
]
SHELL = "/aspnet_client/x.aspx"
STORIES = {
    "used today": (Level.IN_USE, judged([hit("USE", "03-08 10:00:00", path=SHELL)], ALL)),
    "commands, page unknown": (Level.IN_USE, judged([hit("USE", "03-08 10:00:00", ip=None)], ALL)),
    "commands long ago": (Level.BROKEN_INTO, judged([hit("USE", "02-20 10:00:00", ip=None)], ALL)),
    "used long ago": (Level.BROKEN_INTO, judged([hit("USE", "02-20 10:00:00", path=SHELL)], ALL)),
    "written": (Level.BROKEN_INTO, judged([hit("WRITE", "02-28 04:11:00")], ALL)),
    "visited": (Level.BROKEN_INTO, judged([hit("VISIT", "02-08 10:00:00", path=SHELL)], ALL)),
    "open, no proof": (Level.SUSPICIOUS, judged([hit("ANCHOR", "02-28 10:00:00", status="200")], ALL)),
    "refused": (Level.ATTACKED, judged([hit("AUTODISCOVER", "02-27 10:00:00", status="200")], ALL)),
    "a known test": (Level.ATTACKED, judged([hit("NMAP", "03-06 10:00:00", status="200")], ALL)),
    "one log only": (Level.CANNOT_TELL, judged([], [log("iis_w3c", "03-08 00:00:00", "03-09 10:00:00")])),
    "nothing at all": (Level.CANNOT_TELL, judged([])),
}


@pytest.mark.parametrize("story", list(STORIES))
def test_the_english_sentences_are_those_of_the_keys_also_after_a_journey_through_json(story: str) -> None:
    level, made = STORIES[story]
    verdict = decode(encode(made)).verdict
    assert verdict.level is level
    assert verdict.said is not None
    assert languages.say(verdict.said.headline) == verdict.headline
    assert tuple(languages.say(one) for one in verdict.said.text) == verdict.text
    assert verdict.said.do_now is not None
    assert languages.say_list(verdict.said.do_now) == verdict.do_now


@pytest.mark.parametrize("story", list(STORIES))
def test_every_sentence_has_its_spanish_one(story: str) -> None:
    english = STORIES[story][1].verdict
    spanish = languages.in_language(english, "es")
    assert spanish.headline != english.headline
    assert len(spanish.text) == len(english.text)
    assert not set(spanish.text) & set(english.text)
    assert not set(spanish.do_now) & set(english.do_now)
    said = " ".join((spanish.headline, *spanish.text, *spanish.do_now))
    assert "{" not in said
    assert not languages.languages()["es"].never.search(said)


@pytest.mark.parametrize("story", ["commands, page unknown", "commands long ago"])
def test_commands_without_a_page_are_not_called_a_back_door(story: str) -> None:
    assert "web shell" not in " ".join(STORIES[story][1].verdict.text)


def test_a_verdict_without_keys_stays_as_it_is() -> None:
    made: Assessment = STORIES["written"][1]
    old = decode(encode(made).replace(b'"said"', b'"not_known_then"')).verdict
    assert old.said is None
    assert languages.in_language(old, "es") == old
