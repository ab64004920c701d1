"""Logs of web servers in other forms than W3C, told as rows of the web log: the own form of IIS, NCSA of IIS, Apache, nginx.

Such a log of the server itself counts as its web log. One of a proxy in front shows what passed through it, and nothing that
was sent to the server by another way: its rows are judged, but it covers no day.
"""

import re
from collections.abc import Iterator

import numpy as np

from exsweep.knowledge.formats import format_of
from exsweep.parse.access_log import COLUMNS, month_of_name, native, ncsa
from exsweep.parse.batch import Batch
from exsweep.parse.columns import to_table
from exsweep.parse.header import Header
from exsweep.parse.sweep import Sieve
from exsweep.parse.text import to_utf8
from exsweep.parse.times import Clock
from exsweep.parse.traces.base import LinesReader, trace
from exsweep.parse.zone import assumed

_LOOKED_AT = 10
_MOST = 8192
"""Rows of one batch."""
_OF_IIS = re.compile(r"(?:^|[\\/])(?:u_)?nc\d{4}(?:\d{2})?[^\\/]*$|[\\/]w3svc\d+[\\/]", re.I)
"""Names that only IIS gives: `u_nc210301.log`, a folder `W3SVC1`."""


def _form_of(head: bytes) -> str:
    lines = [one.rstrip(b"\r") for one in to_utf8(head).split(b"\n", _LOOKED_AT)[:_LOOKED_AT]]
    lines = [one for one in lines if one.strip() and not one.startswith(b"#")]
    for form, read in (("ncsa", ncsa), ("native", native)):
        if lines and sum(read(one) is not None for one in lines) * 2 >= len(lines):
            return form
    return ""


def is_access_log(head: bytes, _path: str = "") -> bool:
    """Half of the first lines at least are requests in one of the forms."""
    return bool(_form_of(head))


@trace("access_log", is_access_log, priority=-10)
class AccessLogReader(LinesReader):
    """One row a line."""

    KIND = "iis_w3c"

    def __init__(self, path: str = "") -> None:
        super().__init__(path)
        self._header = Header(format_of(self.KIND), COLUMNS)
        self._clock = Clock()
        self._month = month_of_name(path)
        self._own = bool(_OF_IIS.search(path))
        self._rows: list[tuple[bytes, ...]] = []
        self._places: list[tuple[int, int]] = []
        self._raws: list[bytes] = []

    def feed(self, chunk: bytes, *, last: bool = False, sieve: Sieve | None = None) -> Iterator[Batch]:
        """Rows of the lines that are whole. `sieve` has no effect: the lines are not in the form that it looks through."""
        self.take(chunk, last=last)
        while len(self._rows) >= _MOST or (last and self._rows):
            yield self._batch()

    def line(self, text: bytes, number: int, offset: int) -> None:
        if not text.strip():
            self.tally.blank_lines += 1
            return
        if text.startswith(b"#"):
            self.tally.header_lines += 1
            return
        row = ncsa(text)
        if row is None:
            row = native(text, self._month)
            if row is not None:
                self._note_native()
        elif not self._own:
            self.tally.note(
                "Lines as proxies and other web servers write them (Apache, nginx): judged like the mail server's own web "
                "log, but they do not stand in for it, because they hold only what passed there."
            )
        if row is None:
            self.reject(number, offset, "columns", text)
            return
        self._rows.append(row)
        self._places.append((number, offset))
        self._raws.append(text[:4_000])

    def _note_native(self) -> None:
        self._own = True
        zone = assumed()
        self.tally.note(
            "The web server wrote local time: "
            + (f"read as that of {zone}." if zone else "taken for UTC; name the zone with --assume-tz.")
        )
        if self._month is None:
            self.tally.note("Its dates were read as month/day/year.")

    def _batch(self) -> Batch:
        rows, self._rows = self._rows[:_MOST], self._rows[_MOST:]
        places, self._places = self._places[:_MOST], self._places[_MOST:]
        raws, self._raws = self._raws[:_MOST], self._raws[_MOST:]
        table = to_table(rows, self._header)
        times = self._clock.times(table, self._header)
        self.tally.events_of(table, times, self._header, with_days=self._own)
        line, offset = np.array(places, np.int64).reshape(-1, 2).T
        return Batch(self._header.format, table, line, offset, times, lines=tuple(raws))
