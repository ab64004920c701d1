"""The linter of known files finds nothing wrong in what is shipped, and something in what is broken."""

import pytest

from exsweep.knowledge import check_files
from exsweep.knowledge.check_files import problems_of_baselines, problems_of_places, problems_of_yara
from exsweep.knowledge.rule_texts import RuleText


def test_what_is_shipped_is_well() -> None:
    assert [*problems_of_baselines(), *problems_of_places(), *problems_of_yara()] == []


def test_a_rule_without_a_source_or_with_a_slow_pattern_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        'rule bad\n{\n  meta:\n    family = "x"\n  strings:\n    $a = /(a|aa)+b/\n  condition:\n    $a\n}\n'
    )
    monkeypatch.setattr(check_files, "own_rule_files", lambda: (RuleText(name="bad.yar", text=text),))
    found = [str(problem) for problem in problems_of_yara()]
    assert any("bad.yar:6" in each for each in found)
    assert sum("bad has no" in each for each in found) == 3
