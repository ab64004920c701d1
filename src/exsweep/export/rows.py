"""The timeline as flat rows, shared by the exports that know only rows."""

from dataclasses import dataclass
from datetime import datetime

from exsweep.export.times import utc
from exsweep.model import Assessment, Finding, Origin, Stage


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the case. `finding` is None for lines that a pivot brought in."""

    time: datetime | None
    kind: str
    text: str
    origin: Origin
    stage: Stage | None
    chain: str | None
    finding: Finding | None
    first: bool = False
    """The line at the finding's first origin, to which `finding.fields` belong."""


def _order(row: Row) -> tuple[float, str, int, int, str]:
    return (
        row.time.timestamp() if row.time else float("inf"),
        row.origin.path,
        row.origin.line or row.origin.record or 0,
        row.origin.offset or 0,
        row.finding.id if row.finding else "",
    )


def _of_finding(finding: Finding) -> Row:
    return Row(
        time=utc(finding.first_seen) if finding.first_seen else None,
        kind=finding.kind,
        text=finding.excerpt,
        origin=finding.origins[0] if finding.origins else Origin(path=""),
        stage=finding.stage,
        chain=finding.chain,
        finding=finding,
        first=True,
    )


def rows(assessment: Assessment) -> list[Row]:
    """All lines in order of (time, path, line); a finding without a line in the timeline gets its first one.

    Rows without a time (a list without times, for example) come last; none is left out.
    """
    findings = {finding.id: finding for finding in assessment.findings}
    found: list[Row] = []
    for row in assessment.timeline:
        finding = findings.get(row.finding or "")
        found.append(
            Row(
                time=utc(row.time),
                kind=row.kind,
                text=row.text,
                origin=row.origin,
                stage=row.stage or (finding.stage if finding else None),
                chain=row.chain or (finding.chain if finding else None),
                finding=finding,
                first=bool(finding and finding.origins and finding.origins[0] == row.origin),
            )
        )
    told = {row.finding.id for row in found if row.finding}
    found.extend(_of_finding(finding) for finding in assessment.findings if finding.id not in told)
    return sorted(found, key=_order)
