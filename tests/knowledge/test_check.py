"""The shipped knowledge holds together, and the linter notices when it does not."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from exsweep.cli.knowledge import matches
from exsweep.knowledge import data_files, version
from exsweep.knowledge.check import Example, check, problems_of_rules


def test_all_shipped_knowledge_is_in_order_and_every_example_holds() -> None:
    assert [str(problem) for problem in check(matches)] == []


def test_an_example_that_does_not_hold_is_named_with_its_rule() -> None:
    def never(examples: Sequence[Example]) -> list[bool]:
        return [False] * len(examples)

    found = [str(problem) for problem in problems_of_rules(never)]
    assert any("PL-SSRF-ANCHOR does not match its match example 1" in line for line in found)
    assert not any("no_match" in line for line in found)


RULE = """title: Something
id: 00000000-0000-0000-0000-000000000001
logsource: {product: windows, service: iis}
detection:
  selection: {cs-method: POST}
  condition: selection
tags: [cve.1999-0001]
exsweep: {id: X-1, campaign: Nowhere, explanation: "The server is clean.", source: [own]}
---
title: Somethings
correlation: {type: event_count, rules: [00000000-0000-0000-0000-000000000001], timespan: 1h, condition: {gte: 9}}
exsweep: {id: X-2, source: [own]}
"""


def test_a_careless_rule_is_told_everything_that_is_wrong_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "other.yml").write_text(RULE)
    monkeypatch.setattr("exsweep.knowledge.check.ROOT", tmp_path)
    found = "\n".join(str(problem) for problem in problems_of_rules(lambda examples: [True] * len(examples)))
    for said in (
        "not named after",
        "Nowhere",
        "CVE-1999-0001",
        "promises",
        "no example",
        "ATT&CK",
        "false positives",
        "mutes X-1",
    ):
        assert said in found


def test_the_version_changes_with_any_file_of_the_knowledge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_files, "ROOT", tmp_path)
    first, second = tmp_path / "a.yml", tmp_path / "b.yml"
    first.write_text("x")
    one = data_files.digest([first])
    first.rename(second)
    two = data_files.digest([second])
    second.write_text("y")
    assert len({one, two, data_files.digest([second])}) == 3


def test_the_version_names_day_and_content() -> None:
    day, _, content = version().partition("+")
    assert len(day.split(".")) == 3
    assert len(content) == 12
