"""Logs that came through something else: each line behind a relay's own beginning (syslog, nxlog) or a search's (`file:17:`).

Small texts of this kind are read with what else victims have at hand; a relay's file may be of any size. It holds what was sent
on, so it covers no day.
"""

import re

from exsweep.knowledge.formats import format_of, text_formats
from exsweep.parse.columns import read_line
from exsweep.parse.header import Header, fields_header
from exsweep.parse.loose import LONGEST, behind, read_loose, unquoted, whole_line
from exsweep.parse.shapes import proves
from exsweep.parse.text import to_utf8
from exsweep.parse.traces.base import LinesReader, trace
from exsweep.parse.traces.log_rows import LogRows

_LOOKED_AT = 40
_ENOUGH = 20
"""Lines that must be there: fewer are a paste."""
_FIELDS = re.compile(rb"(?<=[\s:>\]])#Fields: ?(.+)")
_HEADER_WITHIN = 4000
_AROUND = b" \t\r\"'`|"


def is_relayed(head: bytes, _path: str = "") -> bool:
    """Half of the first lines at least are lines of a log, each behind something that is not of it."""
    lines = [one.strip() for one in to_utf8(head).split(b"\n", _LOOKED_AT)[:_LOOKED_AT]]
    lines = [one for one in lines if one]
    if len(lines) < _ENOUGH or any(one.startswith((b"#", b"{")) for one in lines):
        return False
    fitting = 0
    for place, line in enumerate(lines):
        fitting += len(line) <= LONGEST and _is_sent_on(line)
        if fitting + len(lines) - place - 1 < len(lines) / 2:
            return False
    return True


def _is_sent_on(line: bytes) -> bool:
    """Behind its beginning stands a line of a log, and the whole is none."""
    known = text_formats()
    return any(whole_line(_bare(own), known) for own in behind(line)) and whole_line(line, known) is None


def _bare(line: bytes) -> bytes:
    return line.rstrip(_AROUND)


@trace("relayed", is_relayed, priority=-20)
class RelayedReader(LogRows, LinesReader):
    """One row a line; lines of several logs may stand in one file."""

    KIND = "iis_w3c"

    def __init__(self, path: str = "") -> None:
        super().__init__(path)
        self._header: Header | None = None

    def line(self, text: bytes, number: int, offset: int) -> None:
        if not text.strip():
            self.tally.blank_lines += 1
            return
        named = _FIELDS.search(text[:_HEADER_WITHIN])
        if named is not None:
            self._header = fields_header(named[1].strip(_AROUND), text_formats(), format_of(self.KIND), "")
            self.tally.header_lines += 1
            return
        found = self._read(text) if len(text) <= LONGEST else None
        if found is None:
            self.reject(number, offset, "no-log-line", text)
            return
        header, fields = found
        if not self.tally.events and not self._rows:
            self.kind = header.format.id
            self.tally.note(
                "Each line stands behind the beginning of a relay or a search: judged like the log itself, but it does not stand "
                "in for it, because it holds only what was sent on."
            )
        self.add(header, fields, line=number, offset=offset, raw=text, covers=False)

    def _read(self, text: bytes) -> tuple[Header, list[bytes]] | None:
        header = self._header
        if header is not None:
            for own in behind(text):
                fields = read_line(_bare(own), header)
                if not isinstance(fields, str) and proves(header.format, header.names, fields):
                    return header, fields
        known = text_formats()
        whole = (whole_line(_bare(own), known) for own in behind(text))
        found = next(filter(None, whole), None) or read_loose([unquoted(text)], 0, known)
        if found is None:
            return None
        if not found.missing:
            self._header = found.header
        return found.header, found.fields
