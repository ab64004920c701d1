"""What a hunt would take, before it is begun."""

from collections.abc import Sequence

from exsweep.detect import Engine
from exsweep.fleet import grams
from exsweep.fleet.hunt.looking import FEW
from exsweep.fleet.hunt.question import INDICATOR, rules_of
from exsweep.fleet.hunt.records import Cost, Missed, Question, Scope
from exsweep.fleet.hunt.skipping import Skipper
from exsweep.fleet.hunt.where import may_match
from exsweep.fleet.hunt.where_to import YARA, May, targets
from exsweep.fleet.lake import EventFile, Lake
from exsweep.fleet.store import Fleet
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import Rule

_START_S, _INDEX_S, _OPEN_S, _ROW_S, _TERM_S, _ALL_S = 1.0, 0.0005, 0.001, 1e-7, 5e-8, 4e-6
"""Processor seconds, measured on 1,000 servers with 10 million rows (bench/hunt.md): to begin; an index; an opened file; a
row; a text that is looked for in one column of a row; a row that all columns and thousands of texts are compared in."""


def plan(
    fleet: Fleet, question: Question, scope: Scope, *, may: May = None, lake: Lake | None = None
) -> Cost:
    """What the hunt would take, and who cannot be checked. Opens no file of events.

    Args:
        lake: its indexes are asked which files need to be opened; else all count.

    Raises:
        UsageError: nothing is asked, or a server or cluster of the scope is not there.
    """
    rules, problems = rules_of(question)
    found = targets(fleet, rules, scope, may=may)
    if question.yara and not rules:
        for one in found:
            one.why, one.files = YARA, []
    files = [pair for one in found for pair in one.files]
    skipper = Skipper(rules)
    opened = [
        file
        for each, file in files
        if lake is None
        or not skipper.asks(file.kind)
        or skipper.may_hold(file.kind, grams.read(lake.events(each.folder) / file.name, file.sha256))
    ]
    return Cost(
        servers=sum(bool(one.files) for one in found),
        files=len(files),
        opened=len(opened),
        events=sum(file.events for _, file in files),
        size=sum(file.size for _, file in files),
        seconds=round(_START_S + _INDEX_S * len(files) + _reading(rules, opened), 1),
        could_not_check=tuple(
            Missed(server=one.public, name=one.name, why=one.why) for one in found if not one.files
        ),
        problems=problems,
    )


def _reading(rules: Sequence[Rule], files: Sequence[EventFile]) -> float:
    """By the kind of question: a text in one column costs a fraction of a text anywhere in the row."""
    together = sum(rule.file == INDICATOR for rule in rules) > FEW
    engine = Engine(rules, load_formats())
    known: dict[tuple[str, tuple[str, ...]], float] = {}
    total = 0.0
    for file in files:
        key = file.kind, tuple(file.natives)
        if key not in known:
            where = None if together else may_match(engine, file.kind, file.natives)
            known[key] = _ALL_S if where is None else _ROW_S + _TERM_S * where.count("contains(")
        total += _OPEN_S + file.events * known[key]
    return total
