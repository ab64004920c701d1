"""Stories: what was found on a server, and what exsweep must say of it. Each folder is one; see CONTRIBUTING.md."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from exsweep.assess import Settings, triage
from exsweep.model import Level, Stage
from tests.cases.events import saved

HERE = Path(__file__).parent
STORIES = sorted(HERE.glob("*/story.yml"))


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.parent.name)
def test_story(story: Path, tmp_path: Path):
    told: dict[str, Any] = yaml.safe_load(story.read_text(encoding="utf-8"))
    folder = story.parent / "evidence"
    if not folder.is_dir():
        folder = tmp_path / "evidence"
        written = dict(told.get("evidence", {}))
        if "events" in told:
            written["events.jsonl"] = saved(told["events"])
        for name, text in written.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    now = datetime.fromisoformat(str(told.get("now", "2026-11-20"))).replace(tzinfo=UTC)
    assessment = triage(Settings(evidence=(folder,), now=now))
    expect = told["expect"]
    said = f"{told['story'].strip()} But: {assessment.verdict.level}, " + ", ".join(
        f"{item.rule.id} ({item.stage}, {item.strength})" for item in assessment.findings
    )
    assert assessment.verdict.level is Level(expect["level"]), said
    for stage in expect.get("proven", ()):
        assert any(
            step.stage is Stage(stage) and step.proven for chain in assessment.chains for step in chain.steps
        ), f"{stage} is not proven. {said}"
    places = {(origin.path, origin.line) for item in assessment.findings for origin in item.origins}
    for place in expect.get("lines", ()):
        path, _, line = place.rpartition(":")
        assert (path, int(line)) in places, f"no finding at {place}. {said}"
    for place in expect.get("quiet", ()):
        path, _, line = place.rpartition(":")
        assert (path, int(line)) not in places, f"a finding at {place}. {said}"
    for what, state in expect.get("impact", {}).items():
        assert getattr(assessment.impact, what).state == state, f"{what}. {said}"
    steps = {item.id.rpartition(".")[2] for item in assessment.remediation}
    assert set(expect.get("steps", ())) <= steps, f"{sorted(steps)}. {said}"
    if "since" in expect:
        assert str(assessment.verdict.since).startswith(str(expect["since"])), (
            f"{assessment.verdict.since}. {said}"
        )
    if "ways" in expect:
        told = [chain.campaign for chain in assessment.chains if chain.level is assessment.verdict.level]
        assert told == expect["ways"], f"{told}. {said}"
    leading = [chain for chain in assessment.chains if chain.level is assessment.verdict.level]
    if "addresses" in expect:
        assert [*leading[0].actor.addresses] == expect["addresses"], f"{leading[0].actor}. {said}"
    if "shells" in expect:
        assert [*leading[0].actor.shells] == expect["shells"], f"{leading[0].actor}. {said}"
    for place in expect.get("timeline", ()):
        path, _, line = place.rpartition(":")
        assert (path, int(line)) in {(row.origin.path, row.origin.line) for row in assessment.timeline}, place
    for what, names in expect.get("touched", {}).items():
        assert [*getattr(assessment.impact, what).items] == names, f"{what}. {said}"
    if "chains" in expect:
        assert (
            len([chain for chain in assessment.chains if chain.level.rank >= Level.SUSPICIOUS.rank])
            == expect["chains"]
        ), said
    for text in expect.get("says", ()):
        everything = " ".join(
            [
                *assessment.verdict.text,
                *(step.why_missing for chain in assessment.chains for step in chain.steps),
            ]
        )
        assert text in everything, f"{text!r} is not said in: {everything}"
