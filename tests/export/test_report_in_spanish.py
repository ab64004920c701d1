"""The report for a reader of Spanish: verdict, first steps and letter; the rest is English and marked so."""

import html
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from exsweep.cli.in_language import report_in
from exsweep.cli.report import report
from exsweep.cli.summary import summary
from exsweep.cli.triage import triage
from exsweep.errors import UsageError
from exsweep.export import EXPORTERS
from exsweep.knowledge import languages
from exsweep.model import Phrase, decode, encode
from tests.judge.test_said import STORIES

SPANISH = languages.languages()["es"]


def words_of(page: bytes) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", page.decode()).split()))


@pytest.mark.parametrize("story", list(STORIES))
def test_verdict_steps_and_letter_are_spanish_and_the_rest_says_that_it_is_not(story: str) -> None:
    made = STORIES[story][1]
    page = report_in(made, "es")
    said = languages.in_language(made.verdict, "es")
    text = words_of(page)
    assert b'<html lang="es">' in page
    assert text.count(said.headline) == 2
    assert made.verdict.headline not in text
    assert "está en inglés" in text
    assert page.count(b' lang="en">') > 5
    letter = words_of(page[page.index(b'<section class="letter"') : page.index(b'<div class="analyst"')])
    assert "Una página para la dirección de su organización" in letter
    assert "Nombre, teléfono y fecha:" in letter
    assert not re.search(r"\b(the|we|your|and|records|IT)\b", letter), letter
    assert "{" not in letter
    assert not SPANISH.never.search(letter)


def quoted(said: Phrase) -> list[Phrase]:
    return [
        one
        for value in said.params.values()
        if isinstance(value, tuple)
        for one in value
        if one.key == "said.text"
    ]


ENGLISH_WORDS = re.compile(
    r"\b(the|we|your|and|was|were|may|of|no sign|possible|seen|checked|proof|more)\b", re.IGNORECASE
)


@pytest.mark.parametrize("story", list(STORIES))
def test_what_may_be_affected_is_spanish_to_the_last_word(story: str) -> None:
    made = STORIES[story][1]
    page = report_in(made, "es")
    start = page.index(b'<section aria-labelledby="affected"')
    section = page[start : page.index(b"</section>", start)]
    assert b'lang="en"' not in section
    text = words_of(re.sub(rb"<code>.*?</code>", b"", section, flags=re.DOTALL))
    # Names of logs stay as they are.
    names = [source.title for source in made.coverage.sources]
    for item in (getattr(made.impact, name) for name in made.impact.__struct_fields__):
        names += [
            str(one.params["text"]) for said in (*item.said, *item.lacking_said) for one in quoted(said)
        ]
    for name in names:
        text = text.replace(name, "")
    assert "Lo que puede estar afectado" in text
    assert not ENGLISH_WORDS.search(text), text
    assert not SPANISH.never.search(text)


def test_every_sentence_on_the_impact_is_said_in_spanish() -> None:
    english = {key for key in languages.english() if key.startswith("impact.")}
    spanish = SPANISH.flat()
    assert english <= set(spanish)
    assert not [
        key for key in english if isinstance(spanish[key], str) and spanish[key] == languages.english()[key]
    ]


def test_english_stays_as_it_was() -> None:
    made = STORIES["written"][1]
    assert report_in(made, "en") == EXPORTERS["html"].export(made)


def test_the_terminal_says_it_in_spanish_and_that_the_rest_is_english() -> None:
    text = summary(STORIES["used today"][1], Path("out"), "es")
    assert text.startswith("Hay intrusos que usan su servidor de correo.")
    assert "Haga esto ahora, en este orden:" in text
    assert "Lo que sigue está en inglés." in text
    assert "report.es.html" in text


def test_report_writes_spanish_html_and_nothing_else(tmp_path: Path) -> None:
    kept = tmp_path / "assessment.json"
    kept.write_bytes(encode(STORIES["written"][1]))
    run = CliRunner().invoke(report, [str(kept), "--format", "html", "--language", "es"])
    assert run.exit_code == 0, run.output
    assert "Alguien entró en su servidor de correo." in run.output
    refused = CliRunner().invoke(report, [str(kept), "--format", "json", "--language", "es"])
    assert isinstance(refused.exception, UsageError)


def test_an_assessment_without_keys_is_refused_with_what_to_do() -> None:
    old = decode(encode(STORIES["written"][1]).replace(b'"said"', b'"not_known_then"'))
    with pytest.raises(UsageError) as caught:
        report_in(old, "es")
    assert "exsweep triage" in str(caught.value.tip)


def test_triage_writes_the_spanish_report_beside_the_english_one(tmp_path: Path) -> None:
    log = tmp_path / "u_ex210303.log"
    log.write_text(
        "#Fields: date time cs-method cs-uri-stem c-ip sc-status\n2021-03-03 04:10:00 GET /owa/ 192.0.2.1 200\n"
    )
    out = tmp_path / "out"
    run = CliRunner().invoke(triage, [str(log), "--out", str(out), "--language", "es"], standalone_mode=False)
    assert run.exception is None, run.output
    assert b'<html lang="en">' in (out / "report.html").read_bytes()
    assert b'<html lang="es">' in (out / "report.es.html").read_bytes()
    assert '"report.es.html"' in (out / "custody.jsonl").read_text()
