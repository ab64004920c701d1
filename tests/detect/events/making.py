"""Batches of Windows events from dictionaries, of the format that triage would choose."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from exsweep.detect import Engine
from exsweep.knowledge.data_files import ROOT
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import Rule, RuleSet, load_rules
from exsweep.parse.batch import NO_TIME, Batch
from exsweep.parse.winevent import column_of, event_format
from exsweep.parse.winevent.formats import SYSTEM

SYSMON = "Microsoft-Windows-Sysmon/Operational"
Event = Mapping[str, str]


def event(channel: str, number: int, **data: str) -> Event:
    """One event; `data` are its own values."""
    own = {name if name in SYSTEM else column_of(name): value for name, value in data.items()}
    return {"Channel": channel, "EventID": str(number), **own}


def batch_of(events: Sequence[Event]) -> Batch:
    """Events of one format."""
    form = event_format(events[0]["Channel"], events[0]["EventID"])
    assert {event_format(one["Channel"], one["EventID"]).id for one in events} == {form.id}
    names = [*form.columns, *sorted({name for one in events for name in one} - set(form.columns))]
    arrays = {}
    for name in names:
        values = [one[name].encode() if name in one else None for one in events]
        column = pa.array(values, pa.binary())
        arrays[name] = column if name in form.unique else column.dictionary_encode()
    count = np.arange(len(events), dtype=np.int64)
    return Batch(form, pa.table(arrays), count + 1, count * 100, np.full(len(events), NO_TIME))


def own_rules() -> RuleSet:
    return load_rules(ROOT / "rules", formats=load_formats())


def ids(rules: Sequence[Rule], *events: Event) -> set[str]:
    """Rules that match one of the events, which are of one format."""
    engine = Engine(rules, load_formats())
    found = {match.rule.id for match in engine.match([batch_of(events)])}
    assert not engine.failures
    return found
