"""The bundle is valid STIX 2.1, is the same each time, and no value of an attacker leaves its quotes."""

import json
import re
from collections import Counter
from typing import Any

import msgspec
import pytest
import stix2
from hypothesis import given
from hypothesis import strategies as st
from stix2patterns.v21.pattern import Pattern

from exsweep.export import EXPORTERS
from exsweep.export.stix.patterns import address, for_address, for_shell, literal
from exsweep.model import Assessment, Level
from tests.export.samples import SAMPLES, finding

every_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=list(SAMPLES))


def bundle(assessment: Assessment) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(EXPORTERS["stix"].export(assessment))
    return found


def of_type(found: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [item for item in found["objects"] if item["type"] == kind]


@every_sample
def test_the_reference_library_reads_the_bundle_without_custom_content(sample: Any) -> None:
    parsed = stix2.parse(EXPORTERS["stix"].export(sample()).decode(), allow_custom=False, version="2.1")
    assert parsed["type"] == "bundle"


@every_sample
def test_every_reference_leads_to_an_object_of_the_bundle_and_ids_are_unique(sample: Any) -> None:
    found = bundle(sample())
    ids = Counter(item["id"] for item in found["objects"])
    assert set(ids.values()) == {1}
    for item in found["objects"]:
        for name, value in item.items():
            refs = value if name.endswith("_refs") else [value] if name.endswith("_ref") else []
            assert set(refs) <= set(ids), (item["id"], name)


@every_sample
def test_all_times_come_from_the_assessment(sample: Any) -> None:
    text = EXPORTERS["stix"].export(sample()).decode()
    assert {stamp[:4] for stamp in re.findall(r'"(\d{4}-\d\d-\d\dT[^"]*Z)"', text)} <= {"2017", "2021"}


def test_ids_are_of_version_five_and_differ_between_cases() -> None:
    school, hostile = bundle(SAMPLES["school_in_use"]()), bundle(SAMPLES["hostile"]())
    made = [item for item in school["objects"] if item["type"] != "marking-definition"]
    assert {item["id"].split("--")[1][14] for item in made} == {"5"}
    assert of_type(school, "report")[0]["id"] != of_type(hostile, "report")[0]["id"]


def test_a_cve_and_a_technique_are_the_same_object_in_every_bundle() -> None:
    one = SAMPLES["school_in_use"]()
    two = msgspec.structs.replace(one, server=msgspec.structs.replace(one.server, name="OTHER"))
    for kind in ("vulnerability", "attack-pattern"):
        assert of_type(bundle(one), kind) == of_type(bundle(two), kind) != []


def test_the_bundle_tells_the_story_of_the_school() -> None:
    found = bundle(SAMPLES["school_in_use"]())
    kinds = Counter(item["type"] for item in found["objects"])
    assert kinds["report"] == 1
    assert kinds["campaign"] == 1, "the scan is no campaign"
    assert kinds["observed-data"] == 6
    assert {item["pattern"] for item in of_type(found, "indicator")} == {
        "[ipv4-addr:value = '203.0.113.9']",
        "[ipv4-addr:value = '198.51.100.77']",
        "[network-traffic:extensions.'http-request-ext'.request_value = '/aspnet_client/kvqzhtwp.aspx']",
    }
    links = {item["relationship_type"] for item in of_type(found, "relationship")}
    assert links == {"targets", "uses", "indicates", "based-on"}
    assert of_type(found, "report")[0]["name"] == "Intruders are using your mail server."


def test_an_attempt_alone_makes_no_indicator() -> None:
    school = SAMPLES["school_in_use"]()
    calm = tuple(msgspec.structs.replace(chain, level=Level.ATTACKED) for chain in school.chains)
    assert not of_type(bundle(msgspec.structs.replace(school, chains=calm)), "indicator")


def test_every_object_that_names_the_victim_is_marked_amber() -> None:
    found = bundle(SAMPLES["school_in_use"]())
    for kind in ("identity", "campaign", "indicator", "report", "observed-data"):
        for item in of_type(found, kind):
            assert item["name" if "name" in item else "id"] == "exsweep" or item["object_marking_refs"]


def test_a_value_that_tries_to_leave_its_quotes_stays_a_value() -> None:
    value = "x' OR file:name = 'y"
    assert Pattern(for_shell(value)).inspect().comparisons == {
        "network-traffic": [(["extensions", "http-request-ext", "request_value"], "=", literal(value))]
    }


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=80))
def test_any_value_is_one_comparison_with_itself(value: str) -> None:
    compared = Pattern(for_shell(value)).inspect().comparisons
    values = [text for checks in compared.values() for _, _, text in checks]
    assert re.sub(r"\\(.)", r"\1", values[0][1:-1], flags=re.DOTALL) in (
        value,
        value.replace("/", "\\").rpartition("\\")[2],
    )
    assert len(values) == (2 if "file" in compared else 1)


def test_a_path_on_disk_is_a_file_with_its_folder() -> None:
    assert for_shell("C:\\inetpub\\wwwroot\\x.aspx") == (
        "[file:name = 'x.aspx' AND file:parent_directory_ref.path = 'C:\\\\inetpub\\\\wwwroot']"
    )


@pytest.mark.parametrize("text", ["", "203.0.113.9:443", "fe80::1%eth0", "x' OR 1", "١٢٣.0.0.1", "1.2.3"])
def test_only_a_whole_address_is_an_address(text: str) -> None:
    assert address(text) is None


def test_both_kinds_of_address_have_their_pattern() -> None:
    v4, v6 = address("203.0.113.9"), address("2001:DB8::1")
    assert v4 is not None
    assert v6 is not None
    assert for_address(v4) == "[ipv4-addr:value = '203.0.113.9']"
    assert for_address(v6) == "[ipv6-addr:value = '2001:db8::1']"


def test_findings_without_a_time_are_counted_in_the_report() -> None:
    timeless = finding("F-1", first_seen=None, last_seen=None)
    found = bundle(msgspec.structs.replace(SAMPLES["town_no_signs"](), findings=(timeless,)))
    assert "1 findings are in assessment.json only." in of_type(found, "report")[0]["description"]
