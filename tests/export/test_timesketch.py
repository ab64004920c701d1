"""What Timesketch asks of a JSONL file."""

import json
from datetime import datetime
from typing import Any

import msgspec
import pytest

from exsweep.export import EXPORTERS
from exsweep.model import Assessment
from tests.export.samples import SAMPLES, finding

every_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=list(SAMPLES))


def events(assessment: Assessment) -> list[dict[str, Any]]:
    data = EXPORTERS["timesketch"].export(assessment)
    assert data == b"" or data.endswith(b"\n")
    return [json.loads(line) for line in data.split(b"\n")[:-1]]


@every_sample
def test_every_line_has_the_three_fields_that_an_import_asks_for(sample: Any) -> None:
    for event in events(sample()):
        assert event["message"]
        assert event["timestamp_desc"]
        moment = datetime.fromisoformat(event["datetime"])
        assert moment.utcoffset() is not None
        assert event["timestamp"] == round(moment.timestamp() * 1_000_000)


@every_sample
def test_the_timeline_has_one_line_per_row_whatever_stands_in_it(sample: Any) -> None:
    assert len(events(sample())) >= len(sample().timeline)


@every_sample
def test_values_are_flat_text_numbers_or_the_tag_list(sample: Any) -> None:
    for event in events(sample()):
        for name, value in event.items():
            assert name.replace("_", "").isalnum()
            assert isinstance(value, str | int) or name == "tag"


def test_the_columns_of_the_event_stand_beside_the_message() -> None:
    found = next(e for e in events(SAMPLES["school_in_use"]()) if e.get("finding") == "F-2c91a0b4")
    assert found["source_ip"] == "198.51.100.77"
    assert found["url_path"] == "/aspnet_client/kvqzhtwp.aspx"
    assert found["tag"] == ["exsweep", "webshell_use", "success"]


def test_a_column_of_the_evidence_cannot_overwrite_the_message() -> None:
    forged = finding("F-1", fields={"message": "nothing to see", "datetime": "1999-01-01", "Tag": "x"})
    event = events(msgspec.structs.replace(SAMPLES["town_no_signs"](), findings=(forged,)))[0]
    assert event["message"].startswith("[exploitation]")
    assert event["datetime"].startswith("2021-02-28")
    assert event["tag"][0] == "exsweep"


def test_a_line_without_a_time_says_so() -> None:
    timeless = finding("F-1", first_seen=None, last_seen=None)
    event = events(msgspec.structs.replace(SAMPLES["town_no_signs"](), findings=(timeless,)))[0]
    assert (event["timestamp"], event["timestamp_desc"]) == (0, "Not a time")


def test_no_term_is_longer_than_opensearch_takes() -> None:
    long = finding("F-1", excerpt="\u202e" * 40_000)
    event = events(msgspec.structs.replace(SAMPLES["town_no_signs"](), findings=(long,)))[0]
    assert len(event["message"].encode()) < 32_766
