"""Sigma correlation rules over the matches of the rules they refer to: counts, values and sequences in a time span.

The window of an event reaches back `timespan` from it, both ends inside; windows that satisfy the condition and touch
are one correlation. Source: Sigma correlation rules specification 2.1.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from exsweep.detect.runs import runs, too_few
from exsweep.detect.stacks import Ints, Ordered, Stack
from exsweep.detect.windows import Event, field_of
from exsweep.knowledge.rules import Correlation, Rule

FIELD = "field "
"""Before the name of a field (as the rules write it) in the columns of a table of events."""

_TEXT = pa.dictionary(pa.int32(), pa.string())


def schema(fields: Iterable[str]) -> pa.Schema:
    """Columns of a table of events: rule id, Unix milliseconds, number of the match, and the fields as text."""
    fixed = [("rule", _TEXT), ("time_ms", pa.int64()), ("origin", pa.int64())]
    return pa.schema(fixed + [(FIELD + name, _TEXT) for name in fields])


def column(codes: Ints, texts: Sequence[str | None]) -> pa.DictionaryArray:
    """A text column of that table: each row's number in `texts`, or -1 for none.

    A null holds 0: where dictionaries are unified, Arrow looks up the numbers of nulls too (apache/arrow issue 44827).
    """
    numbers = pa.array(np.maximum(codes, 0).astype(np.int32), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(numbers, pa.array(texts, pa.string()))


class Correlated(NamedTuple):
    """One correlation rule that came true for one group."""

    rule: Rule
    group: dict[str, str | None]
    """Value of each `group-by` field; None where the events lack it."""
    first_ms: int
    last_ms: int
    """Unix milliseconds of the first and last event."""
    value: float
    """The greatest (for `<` and `<=` the least) count, sum ... that a window had."""
    origins: tuple[int, ...]
    """Origins of the events, in order of time."""


def needed_fields(rules: Iterable[Rule]) -> dict[str, set[str]]:
    """Rule id -> fields of its events that some correlation groups by or counts."""
    found: dict[str, set[str]] = defaultdict(set)
    for rule in rules:
        if rule.correlation is not None:
            for base in rule.correlation.rules:
                found[base] |= set()  # a correlation without fields still counts its events
                for name in (*rule.correlation.group_by, *rule.correlation.fields):
                    found[base].add(field_of(rule.correlation, base, name))
    return dict(found)


def silent(rules: Iterable[Rule]) -> frozenset[str]:
    """Ids of rules that only serve correlations: their matches are no findings (Sigma `generate: false`).

    A correlation of the user's takes no finding of ours away.
    """
    chosen = list(rules)
    own = {rule.id for rule in chosen if rule.own}
    served = {
        base
        for rule in chosen
        if rule.correlation is not None
        for base in rule.correlation.rules
        if rule.own or base not in own
    }
    loud = {
        base
        for rule in chosen
        if rule.correlation is not None and rule.correlation.generate
        for base in rule.correlation.rules
    }
    return frozenset(served - loud)


def correlate(rules: Sequence[Rule], events: pa.Table) -> list[Correlated]:
    """Evaluate all correlation rules over events (columns as `schema` says); order of the rows does not matter.

    Correlations that refer to correlations see them as one event at the time of their last event.
    """
    by_rule = _stacks(events)
    found: list[Correlated] = []
    for rule, correlation in _in_order(rules):
        results = _evaluate(rule, correlation, by_rule)
        found.extend(results)
        if results:
            by_rule[rule.id] = Stack.of_events(
                [Event(one.last_ms, one.origins[-1], rule.id, one.group, one.origins) for one in results]
            )
    return sorted(
        found, key=lambda one: (one.first_ms, one.rule.id, sorted(one.group.items(), key=str), one.origins)
    )


def _in_order(rules: Sequence[Rule]) -> Iterator[tuple[Rule, Correlation]]:
    """Correlation rules, every one after those it refers to."""
    waiting = {
        rule.id: (rule, rule.correlation)
        for rule in sorted(rules, key=lambda one: one.id)
        if rule.correlation is not None
    }
    while waiting:
        ready = [
            name for name, (_, correlation) in waiting.items() if not set(correlation.rules) & waiting.keys()
        ]
        if not ready:  # a loop; loading refuses them
            return
        for name in ready:
            yield waiting.pop(name)


def _stacks(events: pa.Table) -> dict[str, Stack]:
    """Events of each rule, still in columns."""
    whole = events.unify_dictionaries().combine_chunks()
    rules, names = _codes(whole, "rule")
    times, origins = np.asarray(whole["time_ms"], np.int64), np.asarray(whole["origin"], np.int64)
    fields = {
        name.removeprefix(FIELD): _codes(whole, name) for name in whole.column_names if name.startswith(FIELD)
    }
    found = {}
    for number, rule in enumerate(names):
        rows = np.flatnonzero(rules == number)
        if rule is not None and len(rows):
            own = {name: (codes[rows], texts) for name, (codes, texts) in fields.items()}
            found[rule] = Stack(rule, times[rows], origins[rows], own)
    return found


def _codes(table: pa.Table, name: str) -> tuple[Ints, list[str | None]]:
    chunks = table[name].chunks
    if not chunks:
        return np.zeros(0, np.int64), []
    return np.asarray(chunks[0].indices.fill_null(-1), np.int64), chunks[0].dictionary.to_pylist()


def _evaluate(rule: Rule, correlation: Correlation, by_rule: Mapping[str, Stack]) -> list[Correlated]:
    stacks = [by_rule[base] for base in dict.fromkeys(correlation.rules) if base in by_rule]
    if not stacks:
        return []
    numbers: dict[tuple[str | None, ...], int] = {}
    parts = []
    for stack in stacks:
        codes, keys = stack.keys(correlation)
        parts.append(np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)[codes])
    group = np.concatenate(parts)
    which = np.repeat(np.arange(len(stacks)), [len(stack) for stack in stacks])
    row = np.concatenate([np.arange(len(stack)) for stack in stacks])
    times = np.concatenate([stack.times for stack in stacks])
    origins = np.concatenate([stack.origins for stack in stacks])
    by_name = np.argsort(np.argsort(np.array([stack.rule for stack in stacks])))
    order = np.lexsort((by_name[which], origins, times, group))
    stops = np.cumsum(np.bincount(group, minlength=len(numbers))).tolist()
    found: list[Correlated] = []
    for key, begin, stop in zip(numbers, [0, *stops], stops, strict=False):
        if too_few(correlation, stop - begin):
            continue
        mine = order[begin:stop]
        events = Ordered(stacks, which[mine], row[mine])
        for run in runs(times[mine], events, correlation):
            chosen = dict(zip(correlation.group_by, key, strict=True))
            first, last = int(times[mine[run.first]]), int(times[mine[run.last]])
            all_of_them = events.origins(run.first, run.last)
            found.append(Correlated(rule, chosen, first, last, run.value, all_of_them))
    return found
