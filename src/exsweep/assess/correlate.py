"""Sigma correlations over all files: columns of matches from the workers, counted once at the end, become hits."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from exsweep.assess.gather import Gathered
from exsweep.assess.results import Counted
from exsweep.assess.rows import moment
from exsweep.assess.tools import Tools
from exsweep.detect.correlation import FIELD, column, correlate, schema
from exsweep.model import Hit, Origin
from exsweep.parse.batch import NO_TIME, Ints


def correlated(joined: Gathered, made: Tools) -> Sequence[Hit]:
    """One hit per correlation that came true; its origin is the first event, its count the number of events."""
    if not joined.counted:
        return ()
    rules = sorted({one.rule for one in joined.counted})
    rows = np.concatenate([one.columns() for one in joined.counted])
    part = np.repeat(np.arange(len(joined.counted)), [len(one.columns()) for one in joined.counted])
    rule = np.array([rules.index(one.rule) for one in joined.counted], np.int64)[part]
    order = np.lexsort((rule, rows["offset"], rows["source"]))
    order = order[(rows["source"][order] >= 0) & (rows["time_ms"][order] != NO_TIME)]
    names = sorted({name for wanted in made.counted_fields.values() for name in wanted})
    columns = {
        "rule": column(rule[order], rules),
        "time_ms": pa.array(rows["time_ms"][order]),
        "origin": pa.array(np.arange(len(order))),
    }
    for name in names:
        codes, texts = _values(joined.counted, made, name)
        columns[FIELD + name] = column(codes[order], texts)
    found = correlate(made.running, pa.table(columns, schema=schema(names)))
    lines = _Lines(joined.counted)
    hits = []
    for one in found:
        origins = order[np.array(one.origins, np.int64)]
        first, excerpt = lines.first(origins)
        report = joined.sources[int(rows["source"][first])]
        group = {
            made.ecs_name(report.kind, name): value for name, value in one.group.items() if value is not None
        }
        hits.append(
            Hit(
                rule=one.rule.id,
                kind=report.kind,
                origin=Origin(
                    path=report.path,
                    sha256=report.sha256,
                    line=int(rows["line"][first]),
                    offset=int(rows["offset"][first]),
                ),
                time=moment(one.first_ms),
                last_time=moment(one.last_ms),
                fields=group | {"events": str(len(one.origins))},
                excerpt=excerpt,
                count=len(one.origins),
            )
        )
    return hits


def _values(counted: Sequence[Counted], made: Tools, name: str) -> tuple[Ints, list[str]]:
    """A field's value in each row: its number in the texts, or -1."""
    numbers: dict[str, int] = {}
    codes = []
    for one in counted:
        fields = made.counted_fields[one.rule]
        groups = one.columns()["group"]
        if name not in fields:
            codes.append(np.full(len(groups), -1, np.int64))
            continue
        values = [group[fields.index(name)] for group in one.groups]
        known = [-1 if value is None else numbers.setdefault(value, len(numbers)) for value in values]
        codes.append(np.array(known, np.int64)[groups])
    return np.concatenate(codes), list(numbers)


class _Lines:
    """The raw lines that were kept."""

    def __init__(self, counted: Sequence[Counted]) -> None:
        self._counted = counted
        self._begins = np.cumsum([0, *(len(one.columns()) for one in counted)])
        self._rows = np.concatenate(
            [
                np.frombuffer(one.quoted, "<i4") + begin
                for one, begin in zip(counted, self._begins[:-1], strict=True)
            ]
        )

    def first(self, rows: Ints) -> tuple[int, str]:
        """The first of these rows of which there is a line, and the line; without any the first row."""
        kept = np.isin(rows, self._rows)
        if not kept.any():
            return int(rows[0]), ""
        row = int(rows[int(np.argmax(kept))])
        part = int(np.searchsorted(self._begins, row, side="right")) - 1
        place = np.searchsorted(np.frombuffer(self._counted[part].quoted, "<i4"), row - self._begins[part])
        return row, self._counted[part].line_of(int(place))
