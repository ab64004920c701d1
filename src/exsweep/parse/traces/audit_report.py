"""What Exchange mails of its administrator audit log: `SearchResult.xml`, one element an order.

Source: https://learn.microsoft.com/en-us/exchange/policy-and-compliance/admin-audit-logging/log-structure
(from memory, 2026-11-29)
"""

import re
from collections.abc import Mapping
from typing import Any

from exsweep.parse.text import TextDecoder, to_utf8
from exsweep.parse.traces.base import TraceReader, trace
from exsweep.parse.winevent.texts import XmlRecords

_LOOKS = re.compile(rb"<SearchResults>.{0,4000}?<Event [^>]{0,600}\bCmdlet=", re.S)
_COLUMNS = {
    "RunDate": "RunDate",
    "Caller": "Caller",
    "Cmdlet": "CmdletName",
    "ObjectModified": "ObjectModified",
    "Succeeded": "Succeeded",
    "Error": "Error",
    "OriginatingServer": "OriginatingServer",
    "ExternalAccess": "ExternalAccess",
}
"""Attribute -> column of the same log as a table."""


def is_report(head: bytes, _path: str = "") -> bool:
    """Its root element and the first order."""
    return b"<SearchResults" in head[:2_000] and _LOOKS.search(to_utf8(head)) is not None


@trace("admin_audit_report", is_report)
class AuditReportReader(TraceReader):
    """One row an order."""

    KIND = "admin_audit"

    def __init__(self, path: str = "") -> None:
        super().__init__(path)
        self._decoder, self._records = TextDecoder(), XmlRecords()

    def take(self, chunk: bytes, *, last: bool) -> None:
        for record in self._records.feed(self._decoder.feed(chunk, last=last), last=last):
            said = (record.value or {}).get("#attributes")
            if not isinstance(said, dict) or "Cmdlet" not in said:
                self.reject(record.line, record.offset, record.reason or "no-order", record.raw)
                continue
            row = {column: str(said[name]) for name, column in _COLUMNS.items() if said.get(name)}
            # As PowerShell's table writes it.
            row["Succeeded"] = row.get("Succeeded", "").capitalize()
            row["CmdletParameters"] = _parameters((record.value or {}).get("CmdletParameters"))
            row["ModifiedProperties"] = ""
            self.row(row, line=record.line, offset=record.offset, raw=record.raw)


def _parameters(section: object) -> str:
    """`-Mailbox "a" -FilePath "b"`, as the other logs of orders write them."""
    listed = section.get("Parameter") if isinstance(section, Mapping) else None
    found: list[Any] = listed if isinstance(listed, list) else [listed]
    pairs = [
        one["#attributes"]
        for one in found
        if isinstance(one, Mapping) and isinstance(one.get("#attributes"), Mapping)
    ]
    return " ".join(f'-{pair.get("Name", "")} "{pair.get("Value", "")}"' for pair in pairs)
