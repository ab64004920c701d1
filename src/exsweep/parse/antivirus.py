"""What a virus scanner wrote down: detections in Defender's support logs and in `msert.log`, one row per file.

`2021-03-04T01:02:03.123Z DETECTION Backdoor:ASP/Chopper.F!dha file:C:\\inetpub\\wwwroot\\aspnet_client\\x.aspx`
"""

import re
from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pyarrow as pa

from exsweep.knowledge.formats import format_of
from exsweep.knowledge.places import place_of
from exsweep.model import SourceState
from exsweep.parse.batch import NO_TIME, Batch, RejectedLine
from exsweep.parse.lines import LineSplitter
from exsweep.parse.sweep import Sieve
from exsweep.parse.tally import Tally
from exsweep.parse.text import TextDecoder, to_utf8
from exsweep.parse.times import iso_ms
from exsweep.parse.zone import assumed, to_utc

KIND = "antivirus"
_NAME = re.compile(r"(?i)(?:^|/)MP(?:Log|Detection)-[^/]*\.log$")
_STAMPED = re.compile(rb"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_SCANNER = re.compile(
    rb"Microsoft (?:Windows )?(?P<name>Safety Scanner|Malicious Software Removal Tool) v[\d.]+"
)
_DETECTION = re.compile(
    rb"(?P<when>\d{4}-\d\d-\d\dT[\d:.]{8,20}Z?)\s+(?P<event>DETECTION\w{0,24}(?:#\d{1,4})?)\b(?P<rest>.*)"
)
_TOLD = re.compile(rb"(?P<threat>[A-Za-z]{3,30}:[A-Za-z0-9]{1,30}/\S{1,120})\s+(?P<files>[a-z]{3,24}:.+)")
_ACTION = re.compile(rb"MP_THREAT_ACTION_(\w{1,30})")
_FILE = re.compile(rb"(?P<scheme>[a-z]{3,24}):/{0,2}_?(?P<path>[^;]{1,2000})")
_FOUND = re.compile(
    rb"\s*Threat Detected:\s*(?P<threat>[^,\r\n]{3,160})(?:,\s*(?P<action>[^\r\n]{1,80}))?", re.I
)
_LISTED = re.compile(rb"\s*(?P<scheme>[a-z]{3,24}):(?://)?_?(?P<path>.{1,2000}?)\s*")
_SUMMED = re.compile(rb"\s*Found (?P<threat>[A-Za-z]{3,30}:[A-Za-z0-9]{1,30}/\S{1,120})[^\r\n]{0,80}", re.I)
"""The summary at the end; people paste no more than that."""
_MOMENT = re.compile(
    rb"\s*(?:.{0,60}\s)?(?P<what>Started|Finished) On \w{3} (?P<when>\w{3} +\d{1,2} \d\d:\d\d:\d\d \d{4})\s*",
    re.I,
)
_CODE = re.compile(rb"\s*Return code:\s*(?P<code>-?\d{1,10}).*", re.I)
_NOTHING = re.compile(rb"\s*No infection found.*", re.I)
_BATCH = 4096


def recognise_antivirus(head: bytes, path: str = "") -> bool:
    """Detections of Defender, or the log of Microsoft's Safety Scanner; Defender's long logs also by their names."""
    text = to_utf8(head)
    if _SCANNER.search(text[:4_000]) is not None:
        return True
    if b"DETECTION" in text and any(_DETECTION.match(line) for line in text.split(b"\n")):
        return True
    return _NAME.search(path) is not None and _STAMPED.search(text) is not None


class AntivirusReader:
    """Reads one log. Lines that tell of no detection are counted in the fact `lines.other`."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.kind = KIND
        self._format = format_of(KIND)
        self._decoder, self._splitter = TextDecoder(), LineSplitter()
        self._rows: list[dict[str, bytes]] = []
        self._places: list[tuple[int, int]] = []
        self._texts: list[bytes] = []
        self._product = b"Microsoft Defender"
        self._started = self._finished = b""
        self._threat: tuple[bytes, bytes] | None = None
        self._unplaced: tuple[bytes, bytes, int, int] | None = None
        """A threat of which no file was told yet: its name, the line, number and offset."""
        self._threats = self._runs = self._other = 0

    def feed(
        self,
        chunk: bytes,
        *,
        last: bool = False,
        sieve: Sieve | None = None,
    ) -> Iterator[Batch]:
        """Batches of detections; few lines of these logs tell of one. `sieve` has no effect."""
        for block in self._splitter.feed(self._decoder.feed(chunk, last=last), last=last):
            for index in range(len(block)):
                line = block.line(index)
                if line.strip():
                    self._line(line, block.first_line + index, block.offset + int(block.starts[index]))
            if len(self._rows) >= _BATCH:
                yield self._batch()
        if last:
            self._close()
            if self._rows:
                yield self._batch()

    def state(self) -> tuple[SourceState, str]:
        """A text is read to its end."""
        return SourceState.READ, ""

    def _line(self, line: bytes, number: int, offset: int) -> None:
        if b"DETECTION" in line and (found := _DETECTION.match(line)):
            self._detection(found, line, number, offset)
        elif self._threat is not None and (listed := _LISTED.fullmatch(line)):
            threat, action = self._threat
            self._unplaced = None
            self._row(
                (self._started, b"detected", threat, listed["path"], listed["scheme"], action),
                line,
                number,
                offset,
            )
        else:
            self._other += 1
            self._scanner(line, number, offset)

    def _detection(self, found: re.Match[bytes], line: bytes, number: int, offset: int) -> None:
        told = _TOLD.search(found["rest"])
        files = list(_FILE.finditer(told["files"])) if told else []
        if told is None or not files:
            self.tally.reject([RejectedLine(number, offset, "no-threat", line)])
            return
        action = _ACTION.search(found["rest"])
        event = found["event"].split(b"#")[0].lower()
        for one in files:
            path = one["path"].split(b"|")[0].strip()
            self._row(
                (
                    found["when"],
                    event,
                    told["threat"],
                    path,
                    one["scheme"],
                    action[1].lower() if action else b"",
                ),
                line,
                number,
                offset,
            )

    def _row(self, values: tuple[bytes, ...], line: bytes, number: int, offset: int) -> None:
        when, event, threat, path, scheme, action = values
        place = place_of(path.decode("utf-8", "replace")).kind
        names = ("TimeStamp", "Product", "Event", "Threat", "Path", "Scheme", "Action", "Place")
        said = (when, self._product, event, threat.strip(), path, scheme, action.strip(), place.encode())
        self._rows.append(dict(zip(names, said, strict=True)))
        self._places.append((number, offset))
        self._texts.append(line[:4_000])

    def _place_none(self) -> None:
        """A threat whose file is not told is a row all the same."""
        if self._unplaced is not None:
            threat, line, number, offset = self._unplaced
            self._unplaced = None
            self._row((self._started, b"detected", threat, b"", b"", b""), line, number, offset)

    def _scanner(self, line: bytes, number: int, offset: int) -> None:
        """What Microsoft's scanner says of its own run."""
        if found := _SCANNER.search(line):
            self._product, self._threat = b"Microsoft " + found["name"], None
            self._runs += 1
            self.tally.facts["scanner.found"] = "not told"
        elif found := _FOUND.fullmatch(line.rstrip()):
            self._place_none()
            self._threat = (found["threat"], found["action"] or b"")
            self._unplaced = found["threat"], line, number, offset
            self._threats += 1
        elif (found := _SUMMED.fullmatch(line)) and not self._threats:
            self._unplaced = found["threat"], line, number, offset
            self._threats += 1
        elif found := _MOMENT.fullmatch(line):
            moment = _written(found["when"])
            self.tally.facts[f"scanner.{found['what'].decode().lower()}"] = moment.decode()
            if found["what"].lower() == b"started":
                self._started, self._finished, self._threat = moment, b"", None
            else:
                self._finished = moment
        elif found := _CODE.fullmatch(line):
            self.tally.facts["scanner.return_code"] = found["code"].decode()
        elif _NOTHING.fullmatch(line):
            self.tally.facts["scanner.found"] = "nothing"

    def _close(self) -> None:
        self._place_none()
        facts = self.tally.facts
        facts["lines.other"] = str(self._other)
        if not self._runs:
            return
        if self._threats:
            facts["scanner.found"] = f"{self._threats} threats"
        name = self._product.decode()
        zone = f"taken for the zone {assumed()}, as --assume-tz says" if assumed() else "its zone is not told"
        began = self._started.decode() or "an unknown time"
        self.tally.note(f"{name}: times are those of the server's clock, {zone}.")
        if not self._finished:
            self.tally.note(f"{name} began at {began} and says nothing of its end: it may have been stopped.")
        elif facts["scanner.found"] == "nothing":
            self.tally.note(
                f"{name} ran at {began} and found nothing. It knows published back doors; a new one, or one that was "
                "removed before, it does not see."
            )
        else:
            self.tally.note(f"{name} ran at {began} and found: {facts['scanner.found']}.")

    def _batch(self) -> Batch:
        rows, places, texts = self._rows, self._places, tuple(self._texts)
        self._rows, self._places, self._texts = [], [], []
        table = pa.table(
            {name: pa.array([row[name] for row in rows], pa.binary()) for name in self._format.columns}
        )
        stamps = [iso_ms(row["TimeStamp"]) for row in rows]
        times = np.array([NO_TIME if one is None else one for one in stamps], np.int64)
        # Detections are rare: days without one are no hole, so these logs cover no days.
        self.tally.lines += len(rows)
        self.tally.events += len(rows)
        self.tally.kinds[KIND] += len(rows)
        line, offset = np.array(places, np.int64).T
        return Batch(self._format, table, line, offset, times, lines=texts)


def _written(when: bytes) -> bytes:
    """`Thu Feb 22 13:33:34 2024` without its weekday, as an ISO time; empty for a day that no calendar has."""
    months = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
    month, day, clock, year = when.decode("ascii", "replace").split()
    try:
        number = months.index(month.lower()) + 1
        moment, _ = to_utc(datetime.fromisoformat(f"{year}-{number:02}-{int(day):02} {clock}"))
        return moment.replace(tzinfo=None).isoformat(" ").encode()
    except ValueError:
        return b""
