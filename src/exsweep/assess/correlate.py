"""Sigma correlations over all files: compact rows from the workers, counted once at the end, become hits."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from exsweep.assess.gather import Gathered
from exsweep.assess.rows import moment
from exsweep.assess.tools import Tools
from exsweep.detect.correlation import FIELD, correlate, schema
from exsweep.model import Hit, Origin
from exsweep.parse.batch import NO_TIME


def correlated(joined: Gathered, made: Tools) -> Sequence[Hit]:
    """One hit per correlation that came true; its origin is the first event, its count the number of events."""
    rows = [row for row in joined.correlation if row.time_ms != NO_TIME]
    if not rows:
        return ()
    names = sorted({name for wanted in made.counted_fields.values() for name in wanted})
    columns: dict[str, list[object]] = {
        name: [] for name in ("rule", "time_ms", "origin", *(FIELD + name for name in names))
    }
    for place, row in enumerate(rows):
        values: Mapping[str, str | None] = dict(zip(made.counted_fields[row.rule], row.group, strict=True))
        columns["rule"].append(row.rule)
        columns["time_ms"].append(row.time_ms)
        columns["origin"].append(place)
        for name in names:
            columns[FIELD + name].append(values.get(name))
    found = correlate(made.running, pa.table(columns, schema=schema(names)))
    hits = []
    for one in found:
        first = next((rows[at] for at in one.origins if rows[at].excerpt), rows[one.origins[0]])
        report = joined.sources[first.source]
        group = {
            made.ecs_name(report.kind, name): value for name, value in one.group.items() if value is not None
        }
        hits.append(
            Hit(
                rule=one.rule.id,
                kind=report.kind,
                origin=Origin(path=report.path, sha256=report.sha256, line=first.line, offset=first.offset),
                time=moment(one.first_ms),
                last_time=moment(one.last_ms),
                fields=group | {"events": str(len(one.origins))},
                excerpt=first.excerpt,
                count=len(one.origins),
            )
        )
    return hits
