"""Every log format: its knowledge file, a sample, and what the sample is read as."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exsweep.errors import KnowledgeError
from exsweep.knowledge.formats import format_of, read_format, text_formats
from exsweep.parse import recognise
from exsweep.parse.tally import shown
from tests.parse.reading import read

SAMPLES = Path(__file__).with_name("samples")
FORMATS = [one.id for one in text_formats()]


@pytest.fixture(params=FORMATS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def sample(kind: str) -> bytes:
    return (SAMPLES / f"{kind}.log").read_bytes()


def test_each_format_has_a_sample_and_each_sample_a_format():
    assert sorted(path.stem for path in SAMPLES.glob("*.log")) == sorted(FORMATS)


def test_a_sample_is_recognised_by_its_content_alone(kind: str):
    found = recognise(sample(kind), "somewhere/file.txt")
    assert found is not None
    assert found.id == kind


def test_a_sample_is_read_as_the_golden_file_says(kind: str, golden: Callable[[str, bytes], None]):
    result = read(sample(kind), kind)
    tally = result.tally
    assert tally.lines == tally.events + tally.rejected
    golden(f"{kind}.json", (json.dumps(as_json(result), indent=1, ensure_ascii=True) + "\n").encode())


def as_json(result: Any) -> dict[str, Any]:
    tally = result.tally
    return {
        "counts": {
            "lines": tally.lines,
            "events": tally.events,
            "rejected": dict(tally.reasons),
            "header_lines": tally.header_lines,
            "blank_lines": tally.blank_lines,
            "continued_lines": tally.continued_lines,
            "without_time": tally.no_time,
        },
        "days": {str(day): count for day, count in tally.days.items()},
        "builds": [f"{one.build} {one.first.isoformat()} {one.last.isoformat()}" for one in tally.builds()],
        "servers": list(tally.servers),
        "notes": list(tally.notes),
        "events": [
            {"line": line, "offset": offset, "time_ms": time}
            | {name: shown(value) for name, value in row.items() if value}
            for line, offset, time, row in result.events()
        ],
        "rejected": [f"{one.line} {one.offset} {one.reason} {shown(one.raw, 80)}" for one in result.rejected],
    }


def test_the_columns_that_rules_and_people_need_are_in_the_sample(kind: str):
    form = format_of(kind)
    have = {name for batch in read(sample(kind), kind).batches for name in batch.table.column_names}
    assert have & set(form.ecs.values())


def test_ecs_names_are_written_like_ecs_names(kind: str):
    for name in format_of(kind).ecs:
        assert name == name.lower()
        assert " " not in name


def test_each_format_serves_rules_under_its_own_name(kind: str):
    assert ("exchange", kind) in {(one.product, one.service) for one in format_of(kind).sigma}


def test_public_web_rules_run_on_iis_and_httpproxy():
    for category in ("webserver",):
        serving = {one.id for one in text_formats() for source in one.sigma if source.category == category}
        assert {"iis_w3c", "httpproxy"} <= serving


def test_the_path_of_a_public_rule_is_looked_for_where_w3c_puts_it():
    assert format_of("iis_w3c").sigma_fields["cs-uri-query"] == ("cs-uri-query", "cs-uri-stem")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"id: x\n", "missing required field"),
        (b"- 1\n", "Expected `object`"),
        (b"id: [", "formats/x.yml"),
    ],
)
def test_a_broken_format_file_is_named_with_its_reason(text: bytes, said: str):
    with pytest.raises(KnowledgeError) as caught:
        read_format("x.yml", text)
    assert "formats/x.yml" in caught.value.message
    assert said in caught.value.message


def test_a_format_that_contradicts_itself_is_refused():
    text = b"""
id: x
title: X
separator: ","
quoting: true
columns: [DateTime, A]
time: {columns: [When], style: iso}
drop: [B]
path_hint: "["
source: []
"""
    with pytest.raises(KnowledgeError) as caught:
        read_format("x.yml", text)
    for said in ("'When'", "'B'", "source is missing", "is no regex"):
        assert said in caught.value.message


def test_an_unknown_format_is_an_error_that_says_so():
    with pytest.raises(KnowledgeError, match="nothing_like_it"):
        format_of("nothing_like_it")
