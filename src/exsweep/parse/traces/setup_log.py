"""Log of Exchange's setup program: when Exchange came onto this computer, and which cumulative update ran from when on.

Servers keep it for ever. Times are UTC, the month first, with the date marks of the computer's language.
Source: github:microsoft/CSS-Exchange Setup/Tests/KnownIssues (read 2026-11-29)
"""

import re
from dataclasses import dataclass

from exsweep.parse.text import to_utf8
from exsweep.parse.times import iso_ms
from exsweep.parse.traces.base import LinesReader, trace

_LINE = re.compile(
    rb"\[(?P<month>\d\d)[./-](?P<day>\d\d)[./-](?P<year>\d{4}) (?P<clock>\d\d:\d\d:\d\d)\.\d+\] \[\d+\] ?(?P<said>.*)"
)
_BEGINS = re.compile(rb"Starting Microsoft Exchange Server .{0,40}Setup")
_VERSION = re.compile(rb"Setup version: (?P<version>[\d.]+?)\.?\s*")
_MODE = re.compile(rb"The installation mode is set to: '(?P<mode>\w+)'")
_PREPARES = re.compile(rb"Command Line Parameter Name='prepare\w+'", re.I)
_ROLE = b"Mailbox role: Mailbox service"
_BEFORE = re.compile(rb"The local server has some Exchange files installed|Exchange Server object found")
_DONE = b"The Exchange Server setup operation completed successfully"
_FRESH = "Install"


@dataclass(slots=True)
class _Run:
    began: str
    line: int
    offset: int
    raw: bytes
    version: str = ""
    mode: str = ""
    role: bool = False
    prepares: bool = False
    before: bool = False
    """Exchange was there before this run."""
    done: str = ""

    @property
    def first(self) -> bool:
        """It puts Exchange onto a computer that had none."""
        return self.mode == _FRESH and self.role and not self.prepares and not self.before


def is_setup_log(head: bytes, _path: str = "") -> bool:
    """Its lines, and the title of a run."""
    text = to_utf8(head[:16_384]).removeprefix(b"\xef\xbb\xbf")
    return _LINE.match(text) is not None and _BEGINS.search(text) is not None


@trace("exchange_setup", is_setup_log)
class SetupReader(LinesReader):
    """One row a run; a run that ended well tells the build from then on."""

    KIND = "exchange_setup"

    def __init__(self, path: str = "") -> None:
        super().__init__(path)
        self._run: _Run | None = None
        self._runs: list[_Run] = []
        self._other = 0

    def line(self, text: bytes, number: int, offset: int) -> None:
        found = _LINE.match(text)
        if found is None:
            self._other += bool(text.strip())
            return
        year, month, day, clock = (found[name].decode() for name in ("year", "month", "day", "clock"))
        when, said = f"{year}-{month}-{day}T{clock}Z", found["said"]
        if _BEGINS.match(said):
            self._close_run()
            self._run = _Run(when, number, offset, text[:400])
            return
        self._other += 1
        if self._run is not None:
            self._note(self._run, said, when)

    def _note(self, run: _Run, said: bytes, when: str) -> None:
        if match := _VERSION.fullmatch(said):
            run.version = match["version"].decode()
        elif match := _MODE.match(said):
            run.mode = match["mode"].decode()
        elif _ROLE in said:
            run.role = True
        elif _PREPARES.match(said):
            run.prepares = True
        elif _BEFORE.match(said):
            run.before = True
        elif said.startswith(_DONE):
            run.done = when

    def _close_run(self) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        self._runs.append(run)
        self.row(
            {
                "TimeStamp": run.began,
                "Mode": "Prepare" if run.prepares else run.mode,
                "Version": run.version,
                "Outcome": "success" if run.done else "not told",
            },
            line=run.line,
            offset=run.offset,
            raw=run.raw,
        )
        moment = iso_ms(run.done.encode()) if run.done and run.role and not run.prepares else None
        if moment is not None:
            self.tally.header_build(run.version, moment, moment, self.KIND)

    def close(self) -> None:
        self._close_run()
        self.tally.facts["lines.other"] = str(self._other)
        servers = [run for run in self._runs if run.role and not run.prepares]
        # The oldest run of the log must be the one that brought Exchange, and it, or one that went on with it, ended well.
        if servers and servers[0].first and any(run.done and run.mode == _FRESH for run in servers):
            self.tally.facts["exchange.installed"] = servers[0].began[:10]
            self.tally.note(f"Setup put Exchange onto this computer on {servers[0].began[:10]}.")
