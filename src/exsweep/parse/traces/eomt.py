"""What Microsoft's mitigation tool (EOMT, 2021) wrote down: `EOMT.log` and `EOMTSummary.txt`.

A server with these was protected by somebody, not attacked; and it was open until then.
Source: github:microsoft/CSS-Exchange Security/src/EOMT.ps1 (what it writes; read 2026-11-28)
"""

import re

from exsweep.parse.text import to_utf8
from exsweep.parse.traces.base import LinesReader, trace

_LINE = re.compile(rb"(?P<when>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?P<level>Info|Notice|Error): (?P<message>.*)")
_TOOL = re.compile(rb"EOMT|Exchange On-premises Mitigation|X-AnonResource|msert", re.I)
_SUMMARY = b"CVE-2021-26855 mitigation summary"
_APPLIED = re.compile(
    rb"(?i)mitigation complete|applied (the )?.{0,60}(rule|mitigation)|Mitigations? (was|were) applied"
)
_OPEN = re.compile(rb"(?i)\bis vulnerable: applying mitigation")
_CLOSED = re.compile(rb"(?i)\bis not vulnerable: mitigation not needed")
_BACK = re.compile(rb"(?i)rollback.{0,60}(complete|success|remov)|-RollbackMitigation")


def is_eomt(head: bytes, _path: str = "") -> bool:
    """Its lines, or the title of its summary."""
    text = to_utf8(head[:8_192]).removeprefix(b"\xef\xbb\xbf")
    if _SUMMARY in text[:400]:
        return True
    lines = text.split(b"\n")[:20]
    return any(_LINE.match(line) for line in lines[:3]) and _TOOL.search(text) is not None


@trace("eomt", is_eomt)
class EomtReader(LinesReader):
    """One row a message; other lines belong to the message above."""

    KIND = "mitigation_tool"

    def __init__(self, path: str = "") -> None:
        super().__init__(path)
        self._summary = False
        self._state = ""
        self._open_until = ""
        self._other = 0

    def line(self, text: bytes, number: int, offset: int) -> None:
        if number == 1 and _SUMMARY in text:
            self._summary = True
        found = _LINE.match(text)
        if found is None:
            self._other += bool(text.strip())
            if self._summary and number == 1:
                self._state = "applied"
                self.row({"Tool": "EOMT", "Level": "Summary", "Message": text}, line=1, raw=text)
            if self._summary and b"This attempt was unsuccessful" in text:
                self._state = "failed"
            return
        message, when = found["message"], found["when"].decode()
        self.row(
            {"TimeStamp": when, "Tool": "EOMT", "Level": found["level"], "Message": message},
            line=number,
            offset=offset,
            raw=text,
        )
        if _OPEN.search(message):
            self._open_until, self._state = when, "applied"
        elif _CLOSED.search(message):
            self._state = "not needed"
        elif _BACK.search(message):
            self._state = "rolled back"
        elif _APPLIED.search(message):
            self._state = "applied"
        elif found["level"] == b"Error":
            self._state = "failed"

    def close(self) -> None:
        facts = self.tally.facts
        facts["lines.other"] = str(self._other)
        if self._state:
            facts["eomt.state"] = self._state
        if self._state == "applied":
            facts["mitigation.eomt-proxylogon"] = self._open_until or "yes"
            self.tally.note(
                "Microsoft's mitigation tool was used: it stops the first step only, and is no update."
            )
        if self._open_until:
            facts["eomt.open_until"] = self._open_until
            self.tally.note(
                f"Microsoft's mitigation tool found the server open on {self._open_until} (the server's clock)."
            )
