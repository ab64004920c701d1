"""Examples in the documentation of the modules, and the small readers of times and values."""

import doctest

import pytest

from exsweep.parse.winevent import flatten, formats, message, stamps
from exsweep.parse.winevent.flatten import data_of
from exsweep.parse.winevent.formats import choose
from exsweep.parse.winevent.ledger import Ranges
from exsweep.parse.winevent.stamps import normal


@pytest.mark.parametrize("module", [formats, message, stamps, flatten])
def test_examples_in_the_documentation_are_true(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("2021-03-14T06:40:15.3381234Z", "2021-03-14T06:40:15.3381234Z"),
        ("2021-03-14 06:40:15", "2021-03-14T06:40:15Z"),
        ("2021-03-14T08:40:15.5+02:00", "2021-03-14T06:40:15.5Z"),
        ("2021-03-14T01:40:15-0500", "2021-03-14T06:40:15Z"),
        ("1615704015", "2021-03-14T06:40:15.000000Z"),
        ("1615704015338", "2021-03-14T06:40:15.338000Z"),
        ("132601776150000000", "2021-03-14T06:40:15.000000Z"),
        ("3/14/2021 6:40:15 AM", "2021-03-14T06:40:15Z"),
        ("3/14/2021 12:00:00 AM", "2021-03-14T00:00:00Z"),
        ("14/03/2021 06:40:15", "2021-03-14T06:40:15Z"),
        ("14.03.2021 06:40:15", "2021-03-14T06:40:15Z"),
        ("03/14/2021 06:40:15", "2021-03-14T06:40:15Z"),
        ("2021/3/14 6:40:15", "2021-03-14T06:40:15Z"),
        ("2021. 03. 14. 6:40:15", "2021-03-14T06:40:15Z"),
        ("14. 3. 2021 6:40:15", "2021-03-14T06:40:15Z"),
        ("14/03/2021 6.40.15", "2021-03-14T06:40:15Z"),
        ("2021/3/14 \u4e0b\u5348 06:40:15", "2021-03-14T18:40:15Z"),
        ("14/03/2021 06:40:15 p. m.", "2021-03-14T18:40:15Z"),
        ("31/31/2021 06:40:15", "31/31/2021 06:40:15"),
        ("yesterday", "yesterday"),
        ("9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59Z"),
    ],
)
def test_times_as_exports_write_them(said: str, moment: str) -> None:
    assert normal(said)[0] == moment


def test_nested_values_keep_their_innermost_names_and_attributes() -> None:
    event = {
        "System": {},
        "UserData": {
            "CertGetCertificateChain": {
                "#attributes": {"xmlns": "x"},
                "Certificate": {"#attributes": {"subjectName": "Contoso"}},
                "CN": "a",
                "Inner": {"CN": "b", "Flag": {"#attributes": {"value": "2"}, "#text": "NONE"}},
                "CN_1": "c",
            }
        },
    }
    assert data_of(event) == {
        "Certificate_subjectName": "Contoso",
        "CN": "a\nb\nc",
        "Flag_value": "2",
        "Flag": "NONE",
    }


def test_numbers_truth_and_lists_become_text() -> None:
    assert data_of({"EventData": {"a": 1, "b": True, "c": None, "d": ["x", 2], "e": 1.5}}) == {
        "a": "1",
        "b": "true",
        "c": "",
        "d": "x\n2",
        "e": "1.5",
    }


def test_the_most_specific_selector_wins() -> None:
    assert choose("microsoft-windows-sysmon/operational", "1", _formats()).id == "event_process"
    assert choose("Microsoft-Windows-Sysmon/Operational", "4711", _formats()).id == "event_sysmon"
    assert choose("Anything", "x", _formats()).id == "windows_event"


def _formats() -> tuple[formats.LogFormat, ...]:
    from exsweep.knowledge.formats import load_formats

    return load_formats()


def test_ranges_of_numbers_grow_together() -> None:
    ranges = Ranges()
    ranges.add_all([5, 6, 7, 1, 2, 10, 4, 3])
    assert (ranges.span, ranges.gaps()) == ((1, 10), [(8, 9)])
    ranges.add(8, 9)
    assert ranges.gaps() == []


@pytest.mark.parametrize(
    ("said", "script"),
    [
        ("Creating Scriptblock text (1 of 1):\nGet-X\n\nScriptBlock ID: 1\nPath: ", "Get-X"),
        ("Creating Scriptblock text (1 of 2):\nhalf", "half"),
        (
            "Text wird erstellt (1 von 1):\nGet-X\n\nScriptBlock-ID: 1a2b3c4d-1111-2222-3333-444455556666\nPfad: a",
            "Get-X",
        ),
        ("Something (1 of 1):\nGet-X\n", None),
        ("Something (1 of 1):\n" + "\n" * 400_000, None),
    ],
)
def test_a_script_is_taken_out_of_its_event_in_any_language(said: str, script: str | None) -> None:
    assert message.take_apart(said, {}).get("ScriptBlockText") == script
