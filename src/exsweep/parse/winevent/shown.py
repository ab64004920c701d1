"""Events as people see them: the text of `wevtutil /f:text`, "Copy details as text" of the Event Viewer, `Get-WinEvent | fl`.

A text of labels and values down to the description, which goes on until the next event begins.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from exsweep.knowledge.event_exports import event_exports
from exsweep.parse.lines import LineSplitter
from exsweep.parse.winevent.texts import RECORD_CAP, Record

CHANNEL, MOMENT, NUMBER, DESCRIPTION = "Log Name", "Date", "Event ID", "Description"
_BEGINS = re.compile(r"\s*Event\[\d{1,9}\]:?\s*")
_LABEL = re.compile(r"\s{0,8}(?P<label>[^\s:][^:]{1,40}?)\s*:(?:\s(?P<value>.*))?", re.S)
_PROSE = 10
"""Lines that may stand in front: what people write above what they paste."""
_HEADING = 20
_RECORD = re.compile(rb"\d{4}-\d\d-\d\d|[\\~]|https?://")


@cache
def _labels() -> Mapping[str, str]:
    """Label in small letters, of any language -> its English name."""
    return {label.lower(): name for name, labels in event_exports().shown_labels.items() for label in labels}


def labelled(line: str) -> tuple[str, str] | None:
    """`Ereignis-ID: 4688` as the English name of the label and its value; None: no label of an event."""
    found = _LABEL.fullmatch(line)
    name = _labels().get(found["label"].lower()) if found else None
    return (name, (found["value"] or "").strip()) if found and name else None


def starts(line: str) -> bool:
    """An event with its labels begins here, whatever stood before."""
    if _BEGINS.fullmatch(line):
        return True
    found = labelled(line)
    return found is not None and found[0] == CHANNEL


def looks_shown(text: bytes) -> bool:
    """The text (UTF-8) begins with such an event; some lines of prose may stand above it."""
    lines = text[:8192].split(b"\n")
    for place, raw in enumerate(lines[: 2 * _PROSE]):
        line = raw.decode("utf-8", "replace").rstrip("\r")
        found = labelled(line)
        if starts(line) or (found is not None and found[0] == MOMENT):
            below = [
                labelled(one.decode("utf-8", "replace").rstrip("\r"))
                for one in lines[place : place + _HEADING]
            ]
            names = {one[0] for one in below if one is not None}
            return NUMBER in names and bool(names & {CHANNEL, MOMENT}) and DESCRIPTION in names
        if line.strip() and (_RECORD.search(raw) or place >= _PROSE):
            return False
    return False


@dataclass(slots=True)
class _Open:
    line: int
    offset: int
    raw: list[bytes] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    said: list[str] | None = None
    size: int = 0


class ShownRecords:
    """One record an event, with the English labels as names."""

    def __init__(self) -> None:
        self._splitter = LineSplitter()
        self._open: _Open | None = None

    def feed(self, chunk: bytes, *, last: bool) -> Iterator[Record]:
        """See `Records`."""
        for block in self._splitter.feed(chunk, last=last):
            for index in range(len(block)):
                yield from self._line(
                    block.line(index), block.first_line + index, block.offset + int(block.starts[index])
                )
        if last:
            yield from self._close()

    def _line(self, raw: bytes, number: int, offset: int) -> Iterator[Record]:
        line = raw.decode("utf-8", "backslashreplace")
        found = labelled(line)
        if self._begins(line, found):
            yield from self._close()
            self._open = _Open(number, offset)
        now = self._open
        if now is None:
            if line.strip():
                yield Record(number, offset, raw, None, "no-event")
            return
        now.size += len(raw)
        if now.size > RECORD_CAP:
            return
        now.raw.append(raw)
        if now.said is not None:
            now.said.append(line)
        elif found is not None:
            name, value = found
            now.values.setdefault(name, value)
            if name == DESCRIPTION:
                now.said = [value] if value else []

    def _begins(self, line: str, found: tuple[str, str] | None) -> bool:
        """A list of `Get-WinEvent` begins each event with its time; in the other forms the name of the log comes first."""
        if _BEGINS.fullmatch(line):
            return True
        now = self._open
        if found is None or found[0] not in (CHANNEL, MOMENT):
            return False
        if now is None:
            return True
        if found[0] == CHANNEL:
            return CHANNEL in now.values
        return now.said is not None and CHANNEL not in now.values and not line[:1].isspace()

    def _close(self) -> Iterator[Record]:
        now, self._open = self._open, None
        if now is None:
            return
        raw = b"\n".join(now.raw)
        if now.size > RECORD_CAP:
            yield Record(now.line, now.offset, raw[:RECORD_CAP], None, "too-long")
            return
        if NUMBER not in now.values:
            yield Record(now.line, now.offset, raw, None, "no-event")
            return
        values = now.values | {DESCRIPTION: _dedented(now.said or [])}
        yield Record(now.line, now.offset, raw, values)


def _dedented(lines: list[str]) -> str:
    """`Get-WinEvent` sets all lines but the first under the first one: without that margin."""
    rest = [line for line in lines[1:] if line.strip()]
    margin = min((len(line) - len(line.lstrip(" ")) for line in rest), default=0)
    kept = [line[margin:] if line[:margin].isspace() else line for line in lines[1:]] if margin else lines[1:]
    return "\n".join([*lines[:1], *kept]).rstrip()
