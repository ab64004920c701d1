"""What victims have at hand: script output, its CSV files, settings, log lines without header, mixed in one text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from exsweep.knowledge.formats import LogFormat, text_formats
from exsweep.knowledge.ransom_notes import note_begins
from exsweep.parse.access_log import COLUMNS
from exsweep.parse.ages import age_facts, is_age_heading
from exsweep.parse.batch import Batch, RejectedLine
from exsweep.parse.blocks import markup_value, pair_block
from exsweep.parse.columns import read_line, to_table
from exsweep.parse.console import Row, hash_row, read_console
from exsweep.parse.fields import open_quote, split_csv
from exsweep.parse.front_lines import read_access
from exsweep.parse.header import (
    Header,
    directive,
    fields_header,
    known_names,
    make_header,
    normal_names,
    plain_row,
    read_names,
)
from exsweep.parse.loose import TextLine, read_loose, text_lines
from exsweep.parse.shapes import proves
from exsweep.parse.tally import Tally
from exsweep.parse.text import TextDecoder
from exsweep.parse.times import Clock, iso_ms
from exsweep.parse.told import listed_folder, read_told
from exsweep.parse.winevent.alert import alert_at, may_tell
from exsweep.parse.winevent.inside import event_at, may_begin, to_event
from exsweep.parse.winevent.record import Event
from exsweep.parse.winevent.rows import Gatherer

MAX_RECORD = 60
"""Lines over which a quoted value may go on."""
HEAD = 64 << 10
_NOTE_AROUND = 100
"""Lines before and after the first one of an intruder's note that are read as a part of it."""
_NOTE_BYTES = 4_000
_STAMPED = re.compile(
    rb"\s*\"?(?P<stamp>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?)\"?[\s,|]+\"?(?P<rest>\S.*?)\"?\s*"
)
_ANCHOR = re.compile(rb"[A-Za-z]{2,40}~\S")


@dataclass(slots=True)
class Pasted:
    """What a pasted text holds. `tally`: lines = events + rejected; headings and facts are counted beside them."""

    batches: list[Batch] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)

    @property
    def facts(self) -> dict[str, str]:
        """Statements about the server: `server`, `log_age_days.<log>` (days with a decimal point, empty = none found),
        `other_suspicious_files`, `nothing_suspicious`, `events_found.<test>`, `report.<file>`, `command`."""
        return self.tally.facts

    @property
    def kind(self) -> str:
        """Id of the format with most events, else `pasted`."""
        return max(self.tally.kinds, key=lambda one: (self.tally.kinds[one], one), default="pasted")


def looks_pasted(head: bytes, formats: Sequence[LogFormat] | None = None) -> bool:
    """The text begins with something that `read_pasted` understands."""
    found = read_pasted(head[:HEAD], formats)
    return bool(found.batches and found.tally.events) or bool(found.facts)


def read_pasted(data: bytes, formats: Sequence[LogFormat] | None = None) -> Pasted:
    """Read a whole pasted text, line by line (some ten thousand lines a second: for texts of a few MiB).

    Every line is an event, a fact, a heading, empty, the continuation of a value, or rejected with a reason. Batches
    hold the events of one format and one set of columns, in the order of their lines; batches overlap in line numbers.
    """
    return _Reading(text_formats() if formats is None else tuple(formats)).read(data)


class _Reading:
    def __init__(self, formats: tuple[LogFormat, ...]) -> None:
        self._formats = formats
        self._by_id = {one.id: one for one in formats}
        self._names = known_names(formats)
        self._out = Pasted()
        self._rows: dict[tuple[str, tuple[str, ...]], list[tuple[TextLine, list[bytes]]]] = {}
        self._rejected: list[RejectedLine] = []
        self._header: Header | None = None
        self._table: tuple[str, ...] = ()
        self._ages: list[str] = []
        self._test = ""
        self._log_type = ""
        self._folder = b""
        self._headings: list[tuple[TextLine, Row, str]] = []
        self._shown: set[str] = set()
        self._events: list[Event] = []
        self._note_at = -1
        self._note = range(0)

    def read(self, data: bytes) -> Pasted:
        decoder = TextDecoder()
        lines = list(text_lines(decoder.feed(data, last=True)))
        texts = [line.text for line in lines]
        place = note_begins([text.decode("utf-8", "replace") for text in texts])
        if place is not None:
            self._note_at, self._note = place, range(place - _NOTE_AROUND, place + _NOTE_AROUND)
        at = 0
        while at < len(lines):
            at += self._read(lines, texts, at)
        if decoder.encoding is not None:
            self._out.tally.note(
                f"The text is {decoder.encoding.upper()}: byte offsets count in its UTF-8 form."
            )
        self._finish()
        return self._out

    def _read(self, lines: list[TextLine], texts: list[bytes], at: int) -> int:
        """Read what begins at a line; the number of lines it took."""
        line = lines[at]
        tally = self._out.tally
        if not line.text.strip():
            tally.blank_lines += 1
            return 1
        if at == self._note_at:
            return self._demand(line, texts)
        if used := self._event(lines, texts, at):
            return used
        if self._heading(line.text) or self._age_row(line.text) or self._listing_of(line.text):
            return 1
        used = self._under_header(lines, at) or self._stamped(line) or self._block(lines, texts, at)
        if used:
            return used
        spoken = read_console(line.text, self._test)
        if spoken is not None:
            tally.facts.update(spoken.facts)
            self._test = self._test if spoken.test is None else spoken.test
            if spoken.test and spoken.row is not None and "Count" not in spoken.row[1]:
                self._headings.append((line, spoken.row, spoken.test))
            elif spoken.row is not None:
                self._add_row(line, spoken.row)
            elif spoken.facts:
                tally.fact_lines += 1
            else:
                tally.header_lines += 1
            return 1
        return self._loose(lines, texts, at)

    def _demand(self, line: TextLine, texts: list[bytes]) -> int:
        """The line with which an intruder tells the owner that files are encrypted; the record is the text from there on."""
        message = b"\n".join(texts[self._note_at : self._note.stop])[:_NOTE_BYTES]
        row = {"TimeCreated": b"", "MachineName": b"", "Message": message}
        self._add_row(line, ("event_export", row))
        return 1

    def _event(self, lines: list[TextLine], texts: list[bytes], at: int) -> int:
        found = event_at(texts, at) if may_begin(texts[at]) else None
        if found is None and may_tell(texts[at]):
            found = alert_at(texts, at)
        if found is None:
            return 0
        used, values = found
        raw = b"\n".join(texts[at : at + used])
        event = to_event(values, lines[at].number, lines[at].offset, raw)
        if event is None:
            return 0
        self._events.append(event)
        self._out.tally.continued_lines += used - 1
        return used

    def _heading(self, text: bytes) -> bool:
        text = text.strip(b" \t")
        found = directive(text)
        if found is not None:
            name, value = found
            if name == "fields":
                prefer = self._header.format if self._header else self._by_id["iis_w3c"]
                self._header, self._table = fields_header(value, self._formats, prefer, self._log_type), ()
            elif name == "log-type":
                self._log_type = value[:200].decode("ascii", "replace")
            elif name == "version":
                self._out.tally.facts.setdefault("log_version", value[:60].decode("ascii", "replace"))
            self._out.tally.header_lines += 1
            return True
        if self._table_heading(text):
            return True
        header = plain_row(text, self._names, self._formats, None)
        names = read_names(text[:2000]) if b"," in text else []
        if header is None and is_age_heading(names):
            self._ages, self._header = names, None
            self._out.tally.header_lines += 1
            return True
        if header is None:
            return False
        self._header, self._table = header, ()
        self._out.tally.header_lines += 1
        return True

    def _table_heading(self, text: bytes) -> bool:
        """`DateTime      AnchorMailbox`: the heading of a table as the console prints it."""
        names = text.split() if len(text) < 500 and b"," not in text else []
        if len(names) < 2 or any(name.lower() not in self._names for name in names):
            return False
        header = make_header([name.decode("ascii", "replace") for name in names], self._formats, None)
        if header is None or header.format.separator != ",":
            return False
        self._table, self._header = header.names, None
        self._out.tally.header_lines += 1
        return True

    def _listing_of(self, text: bytes) -> bool:
        folder = listed_folder(text)
        if folder is None:
            return False
        self._folder = folder
        self._out.tally.header_lines += 1
        return True

    def _age_row(self, text: bytes) -> bool:
        values = split_csv(text) if self._ages else []
        if len(values) != len(self._ages) or not values:
            return False
        self._out.facts.update(age_facts(self._ages, values))
        self._out.tally.fact_lines += 1
        self._ages = []
        return True

    def _under_header(self, lines: list[TextLine], at: int) -> int:
        header = self._header
        if header is None:
            return 0
        text = lines[at].text.lstrip(b" \t")
        used = 1
        if header.format.multiline:
            while open_quote(text) and used < MAX_RECORD and at + used < len(lines):
                text += b"\n" + lines[at + used].text
                used += 1
            if open_quote(text):
                return 0
        fields = read_line(text, header)
        if isinstance(fields, str) or not proves(header.format, header.names, fields):
            return 0
        self._add(lines[at], header, fields)
        self._out.tally.continued_lines += used - 1
        return used

    def _stamped(self, line: TextLine) -> int:
        """`2021-03-03T07:10:58.123Z ServerInfo~...`: a row of the table that Test-ProxyLogon prints, or of its CSV."""
        match = _STAMPED.fullmatch(line.text)
        if match is None or iso_ms(match["stamp"]) is None:
            return 0
        if not _ANCHOR.match(match["rest"]) and self._table[:2] != ("DateTime", "AnchorMailbox"):
            return 0
        values = {"DateTime": match["stamp"], "AnchorMailbox": match["rest"]}
        if self._test:
            values = {"Test": self._test.encode()} | values
        self._add_row(line, ("test_proxylogon", values))
        return 1

    def _block(self, lines: list[TextLine], texts: list[bytes], at: int) -> int:
        found = pair_block(texts, at)
        if found is not None:
            used, values = found
            header = make_header(list(values), self._formats, None)
            if header is not None:
                self._add(lines[at], header, list(values.values()))
                self._out.tally.continued_lines += used - 1
                return used
        markup = markup_value(texts, at)
        if markup is None:
            return 0
        self._add_row(lines[at], ("oab_vdir", {"ExternalUrl": markup[1]}))
        self._out.tally.continued_lines += markup[0] - 1
        return markup[0]

    def _loose(self, lines: list[TextLine], texts: list[bytes], at: int) -> int:
        """A line that stands alone: told by its shape, also with a prefix, wrapped, or cut at its end."""
        line = lines[at]
        row = hash_row(split_csv(line.text)) if b"," in line.text else None
        if row is not None:
            self._add_row(line, row)
            return 1
        access = read_access(line.text)
        if access is not None:
            self._add(line, Header(self._by_id["iis_w3c"], COLUMNS, inferred=True), list(access))
            return 1
        found = read_loose(texts, at, self._formats)
        told = read_told(line.text, self._folder) if found is None else None
        if told is not None:
            self._add_row(line, told)
            return 1
        if found is None and at in self._note:
            self._out.tally.continued_lines += 1
            return 1
        if found is None:
            self._rejected.append(RejectedLine(line.number, line.offset, "not-recognised", line.raw))
            return 1
        self._add(line, found.header, found.fields)
        self._out.tally.continued_lines += found.used - 1
        if found.missing:
            self._out.tally.note("Some lines were cut before their end: what is missing is read as empty.")
        return found.used

    def _add_row(self, line: TextLine, row: Row) -> None:
        kind = self._by_id[row[0]]
        if kind.id == "file_listing":
            values = {name: row[1].get(name, b"") for name in kind.columns}
        else:
            values = row[1]
        self._add(line, Header(kind, normal_names(kind, tuple(values))), list(values.values()))

    def _add(self, line: TextLine, header: Header, fields: list[bytes]) -> None:
        if header.format.id != "file_listing" and "Message" not in header.names:
            self._shown.add(self._test)
        self._rows.setdefault((header.format.id, header.names), []).append((line, fields))

    def _finish(self) -> None:
        tally = self._out.tally
        self._place_headings()
        for (kind_id, names), rows in self._rows.items():
            rows.sort(key=lambda row: row[0].number)
            header = Header(self._by_id[kind_id], names)
            table = to_table([fields for _, fields in rows], header)
            times = Clock().times(table, header)
            tally.events_of(table, times, header)
            numbers = np.array([line.number for line, _ in rows], np.int64)
            offsets = np.array([line.offset for line, _ in rows], np.int64)
            raw = tuple(line.raw for line, _ in rows)
            self._out.batches.append(Batch(header.format, table, numbers, offsets, times, lines=raw))
        gatherer = Gatherer()
        for batch in [*gatherer.add(self._events), *gatherer.rest()]:
            header = Header(batch.format, tuple(batch.table.column_names))
            tally.events_of(batch.table, batch.time_ms, header)
            self._out.batches.append(batch)
        tally.reject(self._rejected)
        if self._rejected:
            kind = self._by_id["test_proxylogon"]
            empty = np.empty(0, np.int64)
            table = Header(kind, ("DateTime", "AnchorMailbox")).schema.empty_table()
            self._out.batches.append(Batch(kind, table, empty, empty, empty, self._rejected))

    def _place_headings(self) -> None:
        """`[CVE-2021-26855] Suspicious activity found`: said of the rows below it; an event only where none are shown."""
        shown = frozenset(self._shown)
        self._test = ""
        for line, row, test in self._headings:
            if test in shown:
                self._out.tally.header_lines += 1
            else:
                self._add_row(line, row)
