"""Rules from a few lines of Sigma, and what they match."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from exsweep.detect import Engine
from exsweep.knowledge.formats import LogFormat
from exsweep.knowledge.rules import RuleSet, load_rules
from tests.detect.build import FORMATS, W3C, Row, make_batch

HEAD = """
title: {title}
status: test
logsource: {{category: webserver}}
"""


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., RuleSet]:
    """Load Sigma text as a user's rule file; `title` and `logsource` may be left out."""

    def loaded(text: str, *, own: bool = False, **more: object) -> RuleSet:
        folder = tmp_path / f"rules{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        if text.lstrip().startswith("detection:"):
            text = HEAD.format(title="a test") + text
        (folder / "rule.yml").write_text(text, encoding="utf-8")
        return load_rules(folder if own else None, () if own else (folder,), formats=FORMATS, **more)  # type: ignore[arg-type]

    return loaded


@pytest.fixture
def matched(load: Callable[..., RuleSet]) -> Callable[..., list[int]]:
    """Rows that one rule matches: detection text and rows in, row numbers out."""

    def found(
        detection: str, rows: Sequence[Row], form: LogFormat = W3C, *, own: bool = False, **more: object
    ) -> list[int]:
        rules = load(detection, own=own)
        assert not rules.problems, rules.problems
        batch = make_batch(form, rows, **more)  # type: ignore[arg-type]
        engine = Engine(rules.running, FORMATS)
        hits = [match.row for match in engine.match([batch])]
        assert not engine.failures
        assert set(hits) <= set(engine.candidates(batch).tolist())
        return hits

    return found
