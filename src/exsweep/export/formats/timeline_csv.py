"""`timeline.csv`: the lines of the case for a spreadsheet, with no cell that a spreadsheet would run.

Source: RFC 4180; OWASP "CSV Injection" (beginnings `= + - @` TAB CR LF and their full-width forms).
"""

import csv
import io
import re

from exsweep.export.kinds import exporter
from exsweep.export.rows import Row, rows
from exsweep.export.text import visible
from exsweep.export.times import stamp
from exsweep.model import Assessment

NOTE = (
    "Note: a ' was put before each text that begins with = + - or @, so that no spreadsheet runs it; "
    "odd characters are shown as escapes. The exact text is in assessment.json."
)
"""Title of the last, empty column: a note that stays with the file and breaks no reader."""

_FORMULA = re.compile("[\\s\"']*[=+\\-@\uff1d\uff0b\uff0d\uff20]")
# Where the list separator is a semicolon, a spreadsheet starts a new cell inside our quoted one. IIS writes a
# blank as `+`, so `;+` alone is an ordinary user agent; what calls (`|`, `!`, `name(`) is not.
_INNER = re.compile("(;[\\s\"']*)(?=[=@\uff1d\uff20]|[+\\-\uff0b\uff0d][^;]*?(?:[|!]|[A-Za-z0-9.][(]))")

COLUMNS = (
    "time_utc", "stage", "strength", "severity", "confidence", "rule", "rule_id", "campaign", "cves",
    "attack", "chain", "finding", "log", "text", "path", "line", "record", "byte_offset", "sha256",
)  # fmt: skip


def cell(text: str) -> str:
    """Text that stays text in a spreadsheet.

    >>> cell("=1+1"), cell("GET /"), cell("a;@b")
    ("'=1+1", 'GET /', "a;'@b")
    """
    shown = _INNER.sub(r"\1'", visible(text))
    return f"'{shown}" if _FORMULA.match(shown) else shown


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _cells(row: Row) -> list[str]:
    finding, origin = row.finding, row.origin
    about = (
        [
            finding.strength,
            finding.severity,
            finding.confidence,
            finding.rule.title,
            finding.rule.id,
            finding.campaign or "",
            " ".join(finding.cves),
            " ".join(finding.attack),
        ]
        if finding
        else [""] * 8
    )
    name = finding.id if finding else ""
    texts = [row.stage or "", *about, row.chain or "", name, row.kind, row.text, origin.path]
    numbers = [_number(origin.line), _number(origin.record), _number(origin.offset)]
    return [stamp(row.time), *(cell(text) for text in texts), *numbers, cell(origin.sha256 or ""), ""]


@exporter(
    "csv",
    file_name="timeline.csv",
    media_type="text/csv; charset=utf-8",
    title="the timeline for a spreadsheet; formulas are disarmed",
    priority=60,
)
def export(assessment: Assessment) -> bytes:
    """UTF-8 with byte order mark (spreadsheets ask for it), CRLF, all cells quoted, one header line."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow((*COLUMNS, NOTE))
    writer.writerows(_cells(row) for row in rows(assessment))
    return out.getvalue().encode("utf-8-sig")
