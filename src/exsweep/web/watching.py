"""A run that is watched: what it reads is written to its job as a list, and what it found is judged early."""

import time
from collections import defaultdict
from datetime import UTC, datetime

import exsweep
from exsweep.assess import Settings
from exsweep.assess.attribution import Attribution, attribute
from exsweep.assess.tools import Tools, tools
from exsweep.fleet.body import pack
from exsweep.fleet.dialect import Database
from exsweep.judge import judge
from exsweep.knowledge import version
from exsweep.knowledge.formats import load_formats
from exsweep.model import Assessment, Hit, Observations, Run, Server, SourceReport, SourceState
from exsweep.web import jobs
from exsweep.web.early import unfinished

_EVERY_S = 1.0
_EARLY_S = 15.0
_EARLY_SHARE = 10
"""Judging early takes at most a tenth of the time."""
_MOST_HITS = 50_000


class Watching:
    """The `Progress` of a job. A job that is to stop, or was given to others, is interrupted at the next file."""

    def __init__(self, database: Database, one: jobs.Claimed, worker: str, settings: Settings) -> None:
        self._database, self._job, self._worker, self._settings = database, one.number, worker, settings
        self._titles = {each.id: each.title for each in load_formats()}
        self._kinds: defaultdict[str, list[SourceReport]] = defaultdict(list)
        self._hits: list[Hit] = []
        self._found, self._planned, self._bytes, self._seen_bytes = 0, 0, 0, 0
        self._words = "Starting"
        self._cases: tuple[jobs.Case, ...] = ()
        self._watched: tuple[jobs.Match, ...] = ()
        self._told, self._judged, self._cost, self._judged_hits = 0.0, time.monotonic(), 0.0, 0

    def planned(self, files: int, size_bytes: int) -> None:
        self._planned, self._bytes = files, size_bytes
        self._tell()

    def resumed(self, files: int) -> None:
        self._words = f"Going on: {files:,} files were read before"
        self._tell()

    def read(self, report: SourceReport) -> None:
        self._kinds[report.kind].append(report)
        self._seen_bytes += report.size
        self._tell()

    def found(self, hits: tuple[Hit, ...]) -> None:
        self._found += len(hits)
        self._hits += hits[: _MOST_HITS - len(self._hits)]
        self._judge_early()
        self._tell()

    def stage(self, words: str) -> None:
        self._words = words
        self._tell(at_once=True)

    def kept(self, cases: tuple[jobs.Case, ...]) -> None:
        """The store has a case of each server."""
        self._cases = cases
        self._tell(at_once=True)

    def matched(self, watched: tuple[jobs.Match, ...]) -> None:
        """Hunts that watch were asked."""
        self._watched = watched
        self._tell(at_once=True)

    def _tell(self, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if now - self._told < _EVERY_S and not at_once:
            return
        self._told = now
        if jobs.beat(self._database, self._job, self._worker, int(time.time())) != "running":
            raise KeyboardInterrupt
        jobs.tell(self._database, self._job, self._worker, self._words, self._progress())

    def _progress(self) -> jobs.Progress:
        steps = [self._step(kind) for kind in sorted(self._kinds)]
        steps.append(jobs.Step(state="now", title=self._words))
        share = min(1.0, self._seen_bytes / self._bytes) if self._bytes else None
        return jobs.Progress(
            steps=tuple(steps),
            share=share,
            files=sum(len(each) for each in self._kinds.values()),
            planned=self._planned,
            found=self._found,
            cases=self._cases,
            watched=self._watched,
        )

    def _step(self, kind: str) -> jobs.Step:
        reports = self._kinds[kind]
        firsts = [each.first for each in reports if each.first]
        lasts = [each.last for each in reports if each.last]
        lost = any(each.state in (SourceState.UNREADABLE, SourceState.PARTIAL) for each in reports)
        return jobs.Step(
            state="gap" if lost else "done",
            title=self._titles.get(kind, "Other files (sealed only)"),
            files=len(reports),
            records=sum(each.events for each in reports),
            first=f"{min(firsts):%Y-%m-%d}" if firsts else None,
            last=f"{max(lasts):%Y-%m-%d}" if lasts else None,
        )

    def _judge_early(self) -> None:
        since = time.monotonic() - self._judged
        if since < max(_EARLY_S, self._cost * _EARLY_SHARE) or len(self._hits) == self._judged_hits:
            return
        began = time.monotonic()
        made = tools(
            self._settings.rules, self._settings.indicators, self._settings.yara, self._settings.baselines
        )
        reports = tuple(each for some in self._kinds.values() for each in some)
        early, servers = self._worst(made, reports)
        left = max(0, self._planned - len(reports))
        body = pack(unfinished(early, left=left, planned=self._planned, servers=servers)).body
        jobs.show_early(self._database, self._job, self._worker, body)
        self._judged = time.monotonic()
        self._cost, self._judged_hits = self._judged - began, len(self._hits)

    def _worst(self, made: Tools, reports: tuple[SourceReport, ...]) -> tuple[Assessment, int]:
        """What was read so far, judged; of several servers each by itself, and the one that looks worst is given."""
        whose = attribute(reports, made.formats) if self._settings.several else Attribution()
        if not whose.servers:
            return self._judge(made, reports, tuple(self._hits), self._settings.server), 1
        found = []
        for name in whose.servers:
            own = tuple(each for each in reports if whose.owner.get(each.path) == name)
            hits = tuple(each for each in self._hits if whose.owner.get(each.origin.path) == name)
            found.append(self._judge(made, own, hits, Server(name=name)))
        return max(found, key=lambda each: each.verdict.level.rank), len(found)

    def _judge(
        self, made: Tools, reports: tuple[SourceReport, ...], hits: tuple[Hit, ...], server: Server | None
    ) -> Assessment:
        return judge(
            Observations(sources=reports, hits=hits),
            made.by_id,
            made.formats,
            now=self._settings.now,
            server=server,
            rule_counts=made.counts,
            shipped=made.baseline,
            run=Run(version=exsweep.__version__, knowledge=version(), started=datetime.now(UTC)),
        )
