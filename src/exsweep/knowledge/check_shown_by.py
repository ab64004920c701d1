"""The linter's part about what each record can show: no rule may read a record of which nobody is told that it is missing."""

from collections.abc import Iterable, Iterator, Sequence

from exsweep.knowledge.campaigns import campaigns
from exsweep.knowledge.formats import LogFormat, load_formats
from exsweep.knowledge.judging import judging
from exsweep.knowledge.problem import Problem
from exsweep.knowledge.rules import Rule
from exsweep.knowledge.shown_by import EVENTS, shown_by
from exsweep.model import Strength


def problems_of_shown_by(rules: Sequence[Rule]) -> Iterator[Problem]:
    """Rules whose records the table does not name for their stage, or for what they say was touched."""
    table, formats = shown_by(), load_formats()
    known = {each.id for each in formats}
    headings = [(name, each.kinds) for name, each in table.impact.items()]
    for name, kinds in [*((str(stage), told) for stage, told in table.steps.items()), *headings]:
        for wrong in sorted({kind.partition("/")[0] for kind in kinds} - known):
            yield Problem("shown_by.yml", f"{name}: {wrong!r} is no log format", "Use the id of a format.")
    for rule in rules:
        if rule.strength is Strength.ASSESSMENT:
            continue
        for name, kinds in _lists(rule):
            for kind in dict.fromkeys(_read(rule, formats)):
                if kind not in table.results_of_checks and not any(one in kinds for one in table.alike(kind)):
                    yield Problem(
                        "shown_by.yml", f"{name}: {rule.id} reads {kind!r}", "Name that kind there."
                    )


def _lists(rule: Rule) -> Iterator[tuple[str, tuple[str, ...]]]:
    table = shown_by()
    own = next((each.shows for each in campaigns() if each.id == rule.campaign), {})
    yield str(rule.stage), (*table.steps.get(rule.stage, ()), *own.get(rule.stage, ()))
    for what, techniques in judging().impact.items():
        if set(rule.attack) & set(techniques):
            yield f"impact {what}", table.impact[what].kinds


def _read(rule: Rule, formats: Iterable[LogFormat]) -> Iterator[str]:
    """Kinds that the rule reads, Windows events with their channel."""
    for each in formats:
        if each.id not in rule.formats:
            continue
        if not each.events:
            yield each.id
        for one in each.events:
            yield EVENTS if one.channel == "*" else f"{EVENTS}/{one.channel}"
