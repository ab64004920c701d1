"""What reading one file gave, counted as it goes by: lines, events, days, builds, names of the server."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import numpy as np
import pyarrow as pa

from exsweep.knowledge.formats import INNER_SITE, InnerSite
from exsweep.model import Origin, Rejected, SeenBuild, SourceReport, SourceState
from exsweep.parse.batch import NO_TIME, RejectedLine
from exsweep.parse.header import Header, build_of
from exsweep.parse.lines import Index
from exsweep.parse.times import DAY_MS, HOUR_MS

SAMPLES = 5
EXCERPT = 400
MAX_SERVERS = 64
MAX_BUILDS = 256
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = date(1970, 1, 1)


def moment(ms: int) -> datetime | None:
    """Unix milliseconds as an aware time; None for NO_TIME and for moments that no `datetime` can hold.

    >>> moment(1500)
    datetime.datetime(1970, 1, 1, 0, 0, 1, 500000, tzinfo=datetime.timezone.utc)
    """
    try:
        return None if ms == NO_TIME else _EPOCH + timedelta(milliseconds=ms)
    except OverflowError:
        return None


def shown(raw: bytes, limit: int = EXCERPT) -> str:
    """Bytes as text: unreadable ones and control characters as `\\xNN`, at most `limit` characters."""
    text = raw[: limit * 4].decode("utf-8", "backslashreplace")
    text = "".join(
        one if one.isprintable() or one == "\t" else one.encode("unicode_escape").decode() for one in text
    )
    return text[:limit]


_CLOCK_BACK_MS = 3_600_000
"""Proxies write requests when they end: minutes out of order are ordinary."""


class Tally:
    """Counts of one file. `lines == events + rejected + unread` at any time."""

    def __init__(self) -> None:
        self.lines = 0
        """Data lines: neither blank nor part of a header."""
        self.events = 0
        self.unread = 0
        """Data lines that a sieve left out (sweep): counted, with their day, but not parsed."""
        self.reasons: Counter[str] = Counter()
        self.samples: list[RejectedLine] = []
        self.header_lines = 0
        self.fact_lines = 0
        """Lines that state something of the server as a whole (pasted reports); see `facts`."""
        self.blank_lines = 0
        self.continued_lines = 0
        """Lines in which a quoted value of the line before goes on."""
        self.no_time = 0
        """Events whose stamp cannot be read."""
        self.first_ms: int | None = None
        self.last_ms: int | None = None
        self.kinds: Counter[str] = Counter()
        """Events per format: more than one where files were joined."""
        self.notes: dict[str, None] = {}
        self._latest: int | None = None
        self._back, self._furthest = 0, 0
        self.facts: dict[str, str] = {}
        self._days: Counter[int] = Counter()
        self._hours: Counter[int] = Counter()
        self._row_builds: dict[str, tuple[int, int, str]] = {}
        self._header_builds: dict[str, tuple[int, int, str]] = {}
        self._servers: dict[str, None] = {}
        self._sites: set[bool] = set()
        """Whether rows of the inner site were seen, and others."""

    @property
    def rejected(self) -> int:
        """Data lines that are no event."""
        return sum(self.reasons.values())

    @property
    def days(self) -> dict[date, int]:
        """Events (in a sweep: data lines) per UTC day, in order."""
        found = {}
        for number in sorted(self._days):
            try:
                found[_FIRST_DAY + timedelta(days=number)] = self._days[number]
            except OverflowError:
                continue
        return found

    @property
    def hours(self) -> dict[date, bytes]:
        """Events per hour of each day of which all events have their hour; see `SourceReport.hours`."""
        found: dict[int, list[int]] = {}
        for number, count in self._hours.items():
            found.setdefault(number // 24, [0] * 24)[number % 24] += count
        told = {}
        for number in sorted(found):
            try:
                day = _FIRST_DAY + timedelta(days=number)
            except OverflowError:
                continue
            if sum(found[number]) == self._days[number]:
                told[day] = np.array(found[number], "<u4").tobytes()
        return told

    @property
    def servers(self) -> tuple[str, ...]:
        """Names under which the server speaks of itself, in order."""
        return tuple(sorted(self._servers))

    def note(self, text: str) -> None:
        """A remark in words, kept once."""
        self.notes[text] = None

    def _clock(self, known: Index) -> None:
        """Times in the order of the file: where they fall by hours, the server's clock was set."""
        back = known[:-1] - known[1:]
        if self._latest is not None:
            back = np.append(back, self._latest - known[0])
        self._latest = int(known[-1])
        furthest = int(back.max(initial=0))
        if furthest > _CLOCK_BACK_MS:
            self._back += int((back > _CLOCK_BACK_MS).sum())
            self._furthest = max(self._furthest, furthest)

    @property
    def clock_note(self) -> str:
        """In words, where the clock went back now and then; a log written newest first goes back all the time."""
        if not self._back or self._back > max(3, self.events // 1_000):
            return ""
        return (
            f"the times go back by up to {self._furthest / 3_600_000:,.1f} hours within the file "
            f"({self._back} x): the clock was set, or records were added"
        )

    def reject(self, lines: Sequence[RejectedLine]) -> None:
        """Lines that are no event."""
        self.lines += len(lines)
        self.reasons.update(line.reason for line in lines)
        few = [
            RejectedLine(one.line, one.offset, one.reason, one.raw[: EXCERPT * 4])
            for one in sorted(lines, key=lambda one: one.line)[:SAMPLES]
        ]
        self.samples = sorted([*self.samples, *few], key=lambda one: one.line)[:SAMPLES]

    def skip(self, count: int) -> None:
        """Data lines that a sieve left out."""
        self.lines += count
        self.unread += count

    def events_of(
        self, table: pa.Table, times: Index, header: Header, *, with_days: bool = True, whole: bool = True
    ) -> None:
        """Rows that became events. `whole`: all of them, so that they tell of the log as a whole."""
        self.lines += len(times)
        self.events += len(times)
        self.kinds[header.format.id] += len(times)
        known = times[times != NO_TIME] if len(times) and (times == NO_TIME).any() else times
        self.no_time += len(times) - len(known)
        if not whole:
            return
        if len(known) and not header.format.states:
            first, last = int(known.min()), int(known.max())
            self.span(first, last)
            self._clock(known)
            if with_days and first // HOUR_MS == last // HOUR_MS:  # an hourly log
                self._days[first // DAY_MS] += len(known)
                self._hours[first // HOUR_MS] += len(known)
            elif with_days:
                self.count_hours(known // HOUR_MS)
        self._note_builds(table, times, header)
        self._note_pattern(table, times, header)
        self._note_servers(table, header)
        inner = header.format.inner_site
        if inner is not None and inner.column in table.column_names and len(times):
            self._note_site(_distinct(table[inner.column]), inner)

    def span(self, first: int, last: int) -> None:
        """A moment range that the file covers."""
        self.first_ms = first if self.first_ms is None else min(self.first_ms, first)
        self.last_ms = last if self.last_ms is None else max(self.last_ms, last)

    def count_days(self, numbers: Index) -> None:
        """Day numbers since 1970, one a row."""
        changes = np.flatnonzero(np.diff(numbers)) + 1
        begins = np.concatenate((np.zeros(1, np.int64), changes))
        lengths = np.diff(np.append(begins, len(numbers)))
        for number, length in zip(numbers[begins].tolist(), lengths.tolist(), strict=True):
            self._days[number] += length

    def count_hours(self, numbers: Index) -> None:
        """Hour numbers since 1970, one a row."""
        changes = np.flatnonzero(np.diff(numbers)) + 1
        begins = np.concatenate((np.zeros(1, np.int64), changes))
        lengths = np.diff(np.append(begins, len(numbers)))
        for number, length in zip(numbers[begins].tolist(), lengths.tolist(), strict=True):
            self._days[number // 24] += length
            self._hours[number] += length

    def count_day(self, number: int, rows: int, hour: int | None = None) -> None:
        """So many rows of the day with this number since 1970, and of this hour of it where that is known."""
        self._days[number] += rows
        if hour is not None and hour < 24:
            self._hours[number * 24 + hour] += rows

    def header_build(self, text: str, first: int | None, last: int | None, kind: str) -> None:
        """A `#Version:` line: the build that wrote what follows, seen from its `#Date:` to the last row below it."""
        build = build_of(text)
        moments = [one for one in (first, last) if one is not None]
        if build is not None and moments:
            _see(self._header_builds, build, min(moments), max(moments), kind)

    def builds(self) -> tuple[SeenBuild, ...]:
        """Builds with the span in which they were named. Rows win over a header of the same first three parts."""
        seen = dict(self._row_builds)
        families = {build.rsplit(".", 1)[0] for build in seen}
        for build, span in self._header_builds.items():
            if build.rsplit(".", 1)[0] not in families:
                _see(seen, build, *span)
        found = []
        for build, (first, last, kind) in seen.items():
            begin, end = moment(first), moment(last)
            if begin is not None and end is not None:
                found.append(SeenBuild(build=build, first=begin, last=end, source=kind))
        return tuple(sorted(found, key=lambda one: (one.first, one.build)))

    def report(
        self,
        *,
        path: str,
        kind: str,
        size: int,
        sha256: str,
        state: SourceState = SourceState.READ,
        reason: str = "",
        notes: Sequence[str] = (),
    ) -> SourceReport:
        """The record of the file; `state` READ becomes PARTIAL when lines were rejected."""
        if state is SourceState.READ and self.rejected:
            state = SourceState.PARTIAL
            told = ", ".join(f"{count} {name}" for name, count in sorted(self.reasons.items()))
            reason = reason or f"{self.rejected} of {self.lines} lines could not be read ({told})."
        samples = tuple(
            Rejected(
                origin=Origin(path=path, sha256=sha256, line=one.line, offset=one.offset),
                reason=one.reason,
                excerpt=shown(one.raw),
            )
            for one in self.samples
        )
        return SourceReport(
            path=path,
            kind=kind,
            size=size,
            sha256=sha256,
            state=state,
            reason=reason,
            lines=self.lines,
            events=self.lines - self.rejected,
            rejected=self.rejected,
            rejected_reasons=dict(sorted(self.reasons.items())),
            rejected_samples=samples,
            days=self.days,
            hours=self.hours,
            first=None if self.first_ms is None else moment(self.first_ms),
            last=None if self.last_ms is None else moment(self.last_ms),
            builds=self.builds(),
            servers=self.servers,
            facts=dict(
                sorted((self.facts | ({INNER_SITE: "only"} if self._sites == {True} else {})).items())
            ),
            notes=(*notes, *self.notes, *filter(None, [self.clock_note])),
        )

    def _note_builds(self, table: pa.Table, times: Index, header: Header) -> None:
        columns = [name for name in header.format.build_columns if name in table.column_names]
        if not columns or len(columns) != len(header.format.build_columns) or not len(times):
            return
        arrays = [_one_array(table[name]) for name in columns]
        code = np.zeros(len(times), np.int64)
        for array in arrays:
            if not isinstance(array, pa.DictionaryArray):
                return
            if len(array.dictionary) > 1:
                code = code * (len(array.dictionary) + 1) + np.asarray(array.indices)
        if not code.any():  # one build in all rows, as nearly always
            build = _build_of_values(tuple(one[0].as_py() for one in arrays))
            known = times[times != NO_TIME]
            if build is not None and len(known):
                _see(self._row_builds, build, int(known.min()), int(known.max()), header.format.id)
            return
        for value in np.unique(code)[:MAX_BUILDS].tolist():
            rows = np.flatnonzero(code == value)
            build = _build_of_values(tuple(one[int(rows[0])].as_py() for one in arrays))
            known = times[rows][times[rows] != NO_TIME]
            if build is not None and len(known):
                _see(self._row_builds, build, int(known.min()), int(known.max()), header.format.id)

    def _note_pattern(self, table: pa.Table, times: Index, header: Header) -> None:
        """Builds inside a text column: of the first and the last row, for a build holds from one to the other."""
        pattern = header.format.build_pattern
        known = np.flatnonzero(times != NO_TIME)
        if pattern is None or pattern.column not in table.column_names or not len(known):
            return
        for row in {int(known[0]), int(known[-1])}:
            self._note_value(table[pattern.column][row].as_py(), int(times[row]), header)

    def _note_value(self, value: bytes, when: int, header: Header) -> None:
        """The build inside one value of the format's column for it."""
        pattern = header.format.build_pattern
        match = re.search(pattern.regex, value.decode("utf-8", "replace")) if pattern is not None else None
        build = build_of(match[1]) if match else None
        if build is not None:
            _see(self._row_builds, build, when, when, header.format.id)

    def _note_servers(self, table: pa.Table, header: Header) -> None:
        for name in header.format.server_columns:
            if name in table.column_names:
                self._name_servers(_distinct(table[name]), header)

    def row(self, fields: Sequence[bytes], when: int | None, header: Header) -> None:
        """What one row of all columns tells of the server as a whole: its names, and its build at that moment."""
        builds = header.format.build_columns
        if when is not None and builds and all(name in header.place for name in builds):
            build = _build_of_values(tuple(fields[header.place[name]] for name in builds))
            if build is not None:
                _see(self._row_builds, build, when, when, header.format.id)
        pattern = header.format.build_pattern
        if when is not None and pattern is not None and pattern.column in header.place:
            self._note_value(fields[header.place[pattern.column]], when, header)
        for name in header.format.server_columns:
            if name in header.place:
                self._name_servers([fields[header.place[name]]], header)
        inner = header.format.inner_site
        if inner is not None and inner.column in header.place:
            self._note_site([fields[header.place[inner.column]]], inner)

    def _note_site(self, values: Sequence[bytes | None], inner: InnerSite) -> None:
        self._sites |= {value.decode("ascii", "replace") in inner.values for value in values if value}

    def _name_servers(self, values: Sequence[bytes | None], header: Header) -> None:
        if len(self._servers) >= MAX_SERVERS:
            return
        for value in values:
            if value and value.decode("utf-8", "replace") not in header.format.empty:
                self._servers[shown(value, 200)] = None


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    whole = column.combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole


def _distinct(column: pa.ChunkedArray) -> Sequence[bytes | None]:
    """Values of a column, in the order in which they first come."""
    if column.num_chunks == 1 and isinstance(column.chunk(0), pa.DictionaryArray):
        only = column.chunk(0)
        if len(only.dictionary) == 1 and not only.null_count:
            return [only.dictionary[0].as_py()] if len(only) else []
    found: list[bytes | None] = column.unique().to_pylist()
    return found


@lru_cache(maxsize=256)
def _build_of_values(values: tuple[bytes, ...]) -> str | None:
    """The build that the build columns of a row name."""
    return build_of(".".join(value.decode("ascii", "replace") for value in values))


def _see(seen: dict[str, tuple[int, int, str]], build: str, first: int, last: int, kind: str) -> None:
    if build in seen:
        first, last = min(first, seen[build][0]), max(last, seen[build][1])
    if build in seen or len(seen) < MAX_BUILDS:
        seen[build] = (first, last, kind)
