"""Logs of web servers and load balancers in other forms than W3C, told as rows of the web log: the own form of IIS, NCSA of
IIS, Apache, nginx; HAProxy; the load balancer of AWS.

Such a log of the server itself counts as its web log. One of a proxy in front shows what passed through it, and nothing that
was sent to the server by another way: its rows are judged, but it covers no day.
"""

import re

from exsweep.knowledge.formats import format_of
from exsweep.parse.access_log import COLUMNS, month_of_name, native, ncsa
from exsweep.parse.front_lines import aws, haproxy
from exsweep.parse.header import Header
from exsweep.parse.text import to_utf8
from exsweep.parse.traces.base import LinesReader, trace
from exsweep.parse.traces.log_rows import LogRows
from exsweep.parse.zone import assumed

_LOOKED_AT = 10
_OF_IIS = re.compile(r"(?:^|[\\/])(?:u_)?nc\d{4}(?:\d{2})?[^\\/]*$|[\\/]w3svc\d+[\\/]", re.I)
"""Names that only IIS gives: `u_nc210301.log`, a folder `W3SVC1`."""


def _form_of(head: bytes) -> str:
    lines = [one.rstrip(b"\r") for one in to_utf8(head).split(b"\n", _LOOKED_AT)[:_LOOKED_AT]]
    lines = [one for one in lines if one.strip() and not one.startswith(b"#")]
    for form, read in (("ncsa", ncsa), ("native", native), ("haproxy", haproxy), ("aws", aws)):
        if lines and sum(read(one) is not None for one in lines) * 2 >= len(lines):
            return form
    return ""


def is_access_log(head: bytes, _path: str = "") -> bool:
    """Half of the first lines at least are requests in one of the forms."""
    return bool(_form_of(head))


@trace("access_log", is_access_log, priority=-10)
class AccessLogReader(LogRows, LinesReader):
    """One row a line."""

    KIND = "iis_w3c"

    def __init__(self, path: str = "") -> None:
        super().__init__(path)
        self._header = Header(format_of(self.KIND), COLUMNS)
        self._month = month_of_name(path)
        self._of_iis = bool(_OF_IIS.search(path))

    def line(self, text: bytes, number: int, offset: int) -> None:
        if not text.strip():
            self.tally.blank_lines += 1
            return
        if text.startswith(b"#"):
            self.tally.header_lines += 1
            return
        row, covers = ncsa(text), self._of_iis
        if row is None and (row := native(text, self._month)) is not None:
            covers = True
            self._note_native()
        elif row is None:
            covers, row = False, aws(text) or self._haproxy(text)
        if row is not None and not covers:
            self.tally.note(
                "Lines as proxies and other web servers write them (Apache, nginx, load balancers): judged like the mail "
                "server's own web log, but they do not stand in for it, because they hold only what passed there."
            )
        if row is None:
            self.reject(number, offset, "columns", text)
            return
        self.add(self._header, row, line=number, offset=offset, raw=text, covers=covers)

    def _haproxy(self, text: bytes) -> tuple[bytes, ...] | None:
        row = haproxy(text)
        if row is not None:
            self._note_local("The load balancer")
        return row

    def _note_native(self) -> None:
        self._note_local("The web server")
        if self._month is None:
            self.tally.note("Its dates were read as month/day/year.")

    def _note_local(self, who: str) -> None:
        zone = assumed()
        self.tally.note(
            f"{who} wrote local time: "
            + (f"read as that of {zone}." if zone else "taken for UTC; name the zone with --assume-tz.")
        )
