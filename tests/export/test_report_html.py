"""The report as a document: what it holds, what it must never hold."""

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

import exsweep.export.report
from exsweep.export import EXPORTERS, words
from exsweep.export.report.room import PAGE_BYTES
from exsweep.model import Assessment, Level, Origin, Stage
from tests.export.samples import SAMPLES, finding

every_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=list(SAMPLES))
TEMPLATES = sorted(Path(exsweep.export.report.__file__).parent.glob("*.j2"))
VOID = {"meta", "br", "img", "path", "rect", "circle"}


class Document(HTMLParser):
    """Elements with attributes, text by enclosing id, and whether all tags are closed in order."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        self.open: list[tuple[str, str | None]] = []
        self.raw = data.decode("utf-8")
        self.feed(self.raw)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append((tag, dict(attrs).get("id")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1][0] == tag, f"</{tag}> closes <{self.open[-1][0]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for _, name in self.open:
            if name:
                self.text[name] = self.text.get(name, "") + data

    @property
    def ids(self) -> list[str]:
        return [attrs["id"] or "" for _, attrs in self.elements if "id" in attrs]


def report(assessment: Assessment) -> Document:
    return Document(EXPORTERS["html"].export(assessment))


@pytest.fixture(scope="module")
def school() -> Document:
    return report(SAMPLES["school_in_use"]())


# What it must never hold


@every_sample
def test_all_tags_are_closed_and_all_ids_are_unique(sample: Any) -> None:
    page = report(sample())
    assert page.open == []
    assert [name for name, number in Counter(page.ids).items() if number > 1] == []


@every_sample
def test_there_is_no_script_no_handler_no_style_attribute_and_nothing_to_load(sample: Any) -> None:
    for tag, attrs in report(sample()).elements:
        assert tag not in {
            "script",
            "iframe",
            "object",
            "embed",
            "base",
            "link",
            "form",
            "img",
            "audio",
            "video",
        }
        assert not [
            name for name in attrs if name.startswith("on") or name in {"style", "src", "srcset", "action"}
        ]


@every_sample
def test_every_link_leads_to_a_place_on_the_page(sample: Any) -> None:
    page = report(sample())
    links = {attrs["href"] for tag, attrs in page.elements if tag == "a"}
    assert {link for link in links if not link or link[1:] not in page.ids} == set()


@every_sample
def test_the_policy_allows_exactly_the_one_style_sheet(sample: Any) -> None:
    page = report(sample())
    policy = next(a["content"] for t, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    style = re.findall(r"<style>(.*?)</style>", page.raw, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert len(style) == 1
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


@every_sample
def test_no_control_or_direction_character_and_no_live_address_stands_in_the_page(sample: Any) -> None:
    page = report(sample()).raw
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]", page)
    assert not re.search(r'(?:href|src)\s*=\s*"?\s*(?:https?|javascript|data|file):', page, re.IGNORECASE)
    assert "http://evil" not in page


def test_markup_and_template_code_in_evidence_are_text() -> None:
    page = report(SAMPLES["hostile"]())
    assert "<img" not in page.raw
    assert "<script" not in page.raw
    assert "{{ 7*7 }}" in page.raw
    assert "onerror=&#34;document.title=&#39;HIT&#39;&#34;" in page.raw


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_switches_no_escaping_off_and_quotes_every_attribute(template: Path) -> None:
    source = template.read_text("utf-8")
    assert "|safe" not in source.replace(" ", "")
    assert "autoescape" not in source
    assert not re.search(r"\son[a-z]+\s*=|\sstyle\s*=|javascript:", source)
    assert not re.search(r"=\s*\{\{", re.sub(r"\{%.*?%\}", "", source)), "an attribute without quotes"


def test_a_finding_whose_id_is_hostile_can_still_be_reached() -> None:
    nasty = finding('main" onclick="x', explanation="here")
    school = SAMPLES["school_in_use"]()
    verdict = msgspec.structs.replace(school.verdict, reasons=(nasty.id,))
    page = report(msgspec.structs.replace(school, findings=(nasty,), verdict=verdict))
    assert any(re.fullmatch(r"F-[0-9a-f]{16}", name) for name in page.ids)


# What it must hold


@every_sample
def test_it_has_a_language_a_title_landmarks_and_a_way_past_the_head(sample: Any) -> None:
    page = report(sample())
    tags = Counter(tag for tag, _ in page.elements)
    assert next(attrs for tag, attrs in page.elements if tag == "html")["lang"] == "en"
    assert (tags["main"], tags["h1"], tags["header"], tags["footer"]) == (1, 1, 1, 1)
    assert next(attrs for tag, attrs in page.elements if tag == "a")["href"] == "#main"


@every_sample
def test_every_table_has_a_caption_and_headers_with_a_scope(sample: Any) -> None:
    page = report(sample())
    tags = Counter(tag for tag, _ in page.elements)
    assert tags["table"] == tags["caption"]
    assert all(attrs.get("scope") for tag, attrs in page.elements if tag == "th")


def test_the_answer_and_the_three_things_to_do_come_before_anything_else(school: Document) -> None:
    order = [
        school.raw.index(text)
        for text in ("<h1", "Unplug the server", "Tell your", "Call for help", '<h2 id="why"')
    ]
    assert order == sorted(order)


def test_from_the_verdict_one_link_leads_to_the_raw_line(school: Document) -> None:
    head = school.raw[: school.raw.index('<h2 id="why"')]
    target = re.findall(r'href="#(F-[^"]+)"', head)[0]
    assert "POST /aspnet_client/kvqzhtwp.aspx" in school.text[target]
    assert "u_ex210228.log, line 2,044, byte 311,870" in school.text[target]
    raw = school.raw[school.raw.index(f'id="{target}"') :]
    assert raw.index("<pre") < raw.index("<details"), "the line must not be folded away"


def test_every_finding_shows_its_line_place_seal_rule_and_what_would_disprove_it(school: Document) -> None:
    text = school.text["F-2c91a0b4"]
    for part in (
        "SHA-256",
        "0a0a0a",
        "WS-USE-POST",
        "91b0aa4e2d10",
        "your own staff",
        "w3wp.exe",
        "T1505.003",
    ):
        assert part in text


def test_a_step_that_was_not_seen_says_why(school: Document) -> None:
    assert "Windows event records were not in the evidence." in school.raw


def test_a_gap_is_never_printed_as_nothing_found() -> None:
    page = report(SAMPLES["clinic_cannot_tell"]())
    first_screen = page.raw[: page.raw.index("</section>\n\n")]
    assert "26 Feb 2021 to 9 Mar 2021" in first_screen
    assert words.level(Level.CANNOT_TELL).tag in first_screen


@pytest.mark.parametrize("level", Level)
def test_each_level_has_words_and_a_shape_of_its_own(level: Level) -> None:
    assert len({words.level(item).icon for item in Level}) == len(Level)
    school = SAMPLES["school_in_use"]()
    verdict = msgspec.structs.replace(school.verdict, level=level)
    assert words.level(level).tag in report(msgspec.structs.replace(school, verdict=verdict)).raw


def test_the_chart_has_its_figures_in_a_table_too(school: Document) -> None:
    assert 'role="img"' in school.raw
    assert f"{words.stage(Stage.WEBSHELL_USE)[0]}: 1" in school.raw


def test_the_calendar_says_each_state_in_words(school: Document) -> None:
    for state in ("read, 9,000 events", "partly read", "no records"):
        assert f'<span class="vh">{state}' in school.raw


def test_the_letter_speaks_to_the_head_of_this_kind_of_house() -> None:
    assert "A page for your superintendent" in report(SAMPLES["school_in_use"]()).raw
    assert "A page for your mayor" in report(SAMPLES["town_no_signs"]()).raw
    assert "A page for the head of your organisation" in report(SAMPLES["clinic_cannot_tell"]()).raw


# Huge cases


def test_a_huge_case_fits_and_its_totals_are_exact() -> None:
    nasty = "<\x00\u202e&>" * 700
    origins = tuple(Origin(path="a/b.log", line=n, offset=n, sha256="a" * 64) for n in range(12))
    many = tuple(
        finding(f"F-{n:06x}", excerpt=nasty, excerpts=(nasty,) * 11, origins=origins, count=1_000)
        for n in range(6_000)
    )
    school = SAMPLES["school_in_use"]()
    verdict = msgspec.structs.replace(school.verdict, reasons=("F-00176f",))
    data = EXPORTERS["html"].export(
        msgspec.structs.replace(
            school,
            findings=many,
            verdict=verdict,
            timeline=school.timeline * 200,
            custody=school.custody * 100,
        )
    )
    text = data.decode()
    assert len(data) < PAGE_BYTES
    assert "of 6,000 findings" in text
    assert f"of {len(school.timeline) * 200:,} lines" in text
    assert f"of {len(school.custody) * 100:,} files" in text
    assert 'id="F-00176f"' in text, "what carries the verdict is always on the page"


# Words


FORBIDDEN = re.compile(
    r"\b(clean|safe|secure|secured|IOC|TTPs?|threat actor|exfiltrat\w*|lateral)\b", re.IGNORECASE
)


def label_sentences() -> list[str]:
    found = [part for item in Level for part in (words.level(item).tag, words.level(item).do_title)]
    for table in (words.CONFIDENCE, words.SURE_OF_NOTHING_SEEN):
        found += [part for pair in table.values() for part in pair]
    found += [words.stage(item)[0] for item in Stage]
    return found + [part for parts in words.DECISIONS.values() for part in parts]


def test_no_label_promises_or_uses_the_trades_jargon() -> None:
    assert [text for text in label_sentences() if FORBIDDEN.search(text)] == []


def grade(text: str) -> float:
    """Flesch-Kincaid, with vowel groups as syllables."""
    sentences = max(1, len(re.findall(r"[.!?]+", text)))
    found = re.findall(r"[A-Za-z]+", text)
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", word.lower()))) for word in found)
    return 0.39 * len(found) / sentences + 11.8 * syllables / len(found) - 15.59


def test_the_letter_reads_at_grade_seven_or_below() -> None:
    for sentences in words.DECISIONS.values():
        assert grade(" ".join(sentences)) <= 7


def test_what_the_verdict_puts_first_is_what_to_do_now() -> None:
    school = SAMPLES["school_in_use"]()
    verdict = msgspec.structs.replace(
        school.verdict,
        do_now=(
            "Keep it on. Do not delete anything.",
            "Ask for help before you remove a thing: your national or state team.",
        ),
    )
    page = report(msgspec.structs.replace(school, verdict=verdict)).raw
    assert "<b>Keep it on.</b> Do not delete anything." in page
    assert "<b>Ask for help before you remove a thing:</b> your national or state team." in page


def test_two_findings_on_one_line_both_stand_in_the_chart() -> None:
    twice = (finding("F-1"), finding("F-2", stage=Stage.DROP))
    page = report(msgspec.structs.replace(SAMPLES["school_in_use"](), findings=twice, timeline=()))
    assert page.raw.count('<text class="lane"') == 2
