"""`timeline.timesketch.jsonl`: the lines of the case for Timesketch, one JSON object a line.

Source: Timesketch user guide, "Import from JSON or CSV": `message`, `datetime` (ISO 8601) and
`timestamp_desc` are required; `timestamp` is in microseconds; `tag` is a list. A line without a time follows
plaso: the epoch and `Not a time`.
"""

import re
from typing import Any

import msgspec

from exsweep.export.kinds import exporter
from exsweep.export.rows import Row, rows
from exsweep.export.text import clip, visible
from exsweep.export.times import iso
from exsweep.model import Assessment

_MOST_FIELDS = 60
"""Columns of one event; OpenSearch refuses an index of more than 1,000 fields."""
_LUCENE_TERM = 32_000
"""Bytes of one term; OpenSearch refuses more than 32,766."""
_NAME = re.compile(r"[^a-z0-9]+")
_EPOCH = "1970-01-01T00:00:00.000000+00:00"


def _text(value: str) -> str:
    shown = visible(value)
    while len(shown.encode()) > _LUCENE_TERM:
        shown = clip(shown, len(shown) // 2)
    return shown


def _fields(row: Row) -> dict[str, str]:
    """The event's own columns as `source_ip`, `url_path` ...: one flat level, as Timesketch shows them."""
    if not row.finding or not row.first:
        return {}
    named = {
        _NAME.sub("_", name.lower()).strip("_")[:60]: _text(value)
        for name, value in sorted(row.finding.fields.items())[:_MOST_FIELDS]
    }
    return {name: value for name, value in named.items() if name}


def _event(row: Row, host: str) -> dict[str, Any]:
    finding, origin = row.finding, row.origin
    head = f"[{row.stage.value}] " if row.stage else ""
    head += f"{finding.rule.title}: " if finding else ""
    event: dict[str, Any] = {
        "message": _text(head + row.text),
        "datetime": iso(row.time) if row.time else _EPOCH,
        "timestamp": round(row.time.timestamp() * 1_000_000) if row.time else 0,
        "timestamp_desc": "Event Logged" if row.time else "Not a time",
        "data_type": _text(f"exsweep:{row.kind}"),
        "source_short": "LOG",
        "hostname": host,
        "filename": _text(origin.path),
        "tag": ["exsweep", *([row.stage.value] if row.stage else [])],
    }
    numbers = {"line": origin.line, "record": origin.record, "byte_offset": origin.offset}
    event |= {name: value for name, value in numbers.items() if value is not None}
    texts = {"sha256_file": origin.sha256, "chain": row.chain}
    if row.stage:
        texts["stage"] = row.stage.value
    if finding:
        event["tag"].append(finding.strength.value)
        texts |= {
            "finding": finding.id,
            "rule_id": finding.rule.id,
            "rule_title": finding.rule.title,
            "rule_version": finding.rule.version,
            "strength": finding.strength.value,
            "severity": finding.severity.value,
            "confidence": finding.confidence.value,
            "campaign": finding.campaign,
            "cves": " ".join(finding.cves),
            "attack": " ".join(finding.attack),
            "explanation": finding.explanation,
        }
    event |= {name: _text(value) for name, value in texts.items() if value}
    return {**_fields(row), **event}


@exporter(
    "timesketch",
    file_name="timeline.timesketch.jsonl",
    media_type="application/x-ndjson",
    title="the timeline for Timesketch (JSONL)",
    priority=50,
)
def export(assessment: Assessment) -> bytes:
    """UTF-8 JSON lines in order of time, each with its own line end; no event gives no bytes."""
    encoder = msgspec.json.Encoder(order="sorted")
    host = _text(assessment.server.name or "")
    return encoder.encode_lines(_event(row, host) for row in rows(assessment))
