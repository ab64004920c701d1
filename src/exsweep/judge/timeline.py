"""The case in order of time: events of findings, and lines that a pivot brought in."""

from collections.abc import Mapping, Sequence

from exsweep.judge import facts
from exsweep.knowledge.judging import judging
from exsweep.model import Finding, Hit, TimelineRow


def timeline(
    findings: Sequence[Finding], events: Mapping[str, Sequence[Hit]], context: Sequence[Hit]
) -> tuple[TimelineRow, ...]:
    """Rows of findings first when space runs out, then context; sorted by time and place."""
    keep = judging().timeline_rows
    taken: set[tuple[str, int | None]] = set()
    rows: list[TimelineRow] = []
    for item in sorted(
        findings, key=lambda finding: (-finding.strength.rank, -finding.severity.rank, finding.id)
    ):
        for hit in events.get(item.id, ()):
            place = (hit.origin.path, hit.origin.offset)
            if hit.time is None or place in taken or len(rows) >= keep:
                continue
            taken.add(place)
            rows.append(
                TimelineRow(
                    time=hit.time,
                    kind=hit.kind,
                    text=text_of(hit),
                    origin=hit.origin,
                    finding=item.id,
                    chain=item.chain,
                    stage=item.stage,
                )
            )
    for hit in context:
        place = (hit.origin.path, hit.origin.offset)
        if hit.time is not None and place not in taken and len(rows) < keep:
            taken.add(place)
            rows.append(TimelineRow(time=hit.time, kind=hit.kind, text=text_of(hit), origin=hit.origin))
    return tuple(sorted(rows, key=lambda row: (row.time, row.origin.path, row.origin.offset or 0)))


def text_of(hit: Hit) -> str:
    """`POST /owa/auth/x.aspx?a=1 200 from 203.0.113.9`, or the start of the raw line where there is no request."""
    get = hit.fields.get
    if path := get("url.path"):
        query = get("url.query")
        request = f"{get('http.request.method', '')} {path}{'?' + query.lstrip('?') if query else ''}".strip()
        parts = [
            request,
            get("http.response.status_code", ""),
            _sender(hit),
        ]
        if anchor := get("AnchorMailbox"):
            parts.append(f"[{anchor}]")
        return " ".join(part for part in parts if part)[:600]
    if cmdlet := get("Cmdlet"):
        return f"{cmdlet} {get('Parameters', '')} {get('ExecutionResult', '')}".strip()[:600]
    if code := get("event.code"):
        return f"{get('winlog.channel', '')} {code}: {_event(hit)}".strip()[:600]
    return (
        " ".join(f"{name}={value}" for name, value in sorted(hit.fields.items()))[:600] or hit.excerpt[:600]
    )


def _sender(hit: Hit) -> str:
    near, far = hit.fields.get("source.ip"), facts.address(hit)
    if not near:
        return ""
    return f"from {far} through {near}" if far and far != near.lower() else f"from {near}"


def _event(hit: Hit) -> str:
    """The values that say most: program, command line, file, account; else all of the record's own."""
    told = [f"{name}={value}" for name in judging().event_columns if (value := hit.fields.get(name))]
    return " ".join(told or [f"{name}={value}" for name, value in sorted(hit.fields.items())])
