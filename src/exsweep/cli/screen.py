"""Progress on a terminal: a list of what was read, what is being read, and what was found so far. Nothing in a pipe."""

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

from exsweep.cli.live import LiveLines
from exsweep.cli.terminal import term
from exsweep.knowledge.formats import load_formats
from exsweep.model import Hit, SourceReport

if TYPE_CHECKING:
    from rich.console import Group


class Screen(LiveLines):
    """Shows a triage."""

    def __init__(self) -> None:
        super().__init__()
        self._titles = {item.id: item.title for item in load_formats()}
        self._files: Counter[str] = Counter()
        self._events: Counter[str] = Counter()
        self._span: dict[str, tuple[date, date]] = {}
        self._total, self._size, self._done, self._bytes = 0, 0, 0, 0
        self._hits, self._stage = 0, "Starting"

    def planned(self, files: int, size_bytes: int) -> None:
        self._total, self._size = files, size_bytes
        self._draw()

    def resumed(self, files: int) -> None:
        self._done += files
        self._draw()

    def read(self, report: SourceReport) -> None:
        self._done += 1
        self._bytes += report.size
        self._files[report.kind] += 1
        self._events[report.kind] += report.events
        if report.first and report.last:
            first, last = report.first.date(), report.last.date()
            since, until = self._span.get(report.kind, (first, last))
            self._span[report.kind] = (min(since, first), max(until, last))
        self._draw()

    def found(self, hits: tuple[Hit, ...]) -> None:
        self._hits += len(hits)
        self._draw()

    def stage(self, words: str) -> None:
        self._stage = words
        self._draw()

    def _lines(self) -> "Group":
        from rich.console import Group
        from rich.text import Text

        rows = []
        for kind in sorted(self._files):
            title = self._titles.get(kind, "Other files (sealed only)")
            since, until = self._span.get(kind, (None, None))
            days = f", {since} to {until}" if since else ""
            rows.append(
                Text(term(f" [x] {title}: {self._files[kind]:,} files, {self._events[kind]:,} records{days}"))
            )
        share = f"{self._bytes / self._size:.0%}" if self._size else ""
        rows.append(Text(f" [>] {self._stage}: {self._done:,} files, {self._bytes / 1e6:,.0f} MB {share}"))
        rows.append(Text(f"     Records that a rule names so far: {self._hits:,}"))
        return Group(*rows)
