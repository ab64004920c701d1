"""All evidence read once: planned into tasks, worked through by processes, resumed where an earlier run stopped."""

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

import exsweep
from exsweep.assess import work
from exsweep.assess.custody import CustodyLog
from exsweep.assess.jail import Jail
from exsweep.assess.journal import Journal
from exsweep.assess.pool import Done, Failure, Pool
from exsweep.assess.progress import Progress
from exsweep.assess.results import TaskResult
from exsweep.assess.settings import Settings
from exsweep.assess.tools import Tools
from exsweep.assess.volumes import beside_of, logs_in, tables_in
from exsweep.assess.warming import warm
from exsweep.assess.worker import FORKS
from exsweep.evidence import Opened, Unit, all_parts
from exsweep.knowledge import version
from exsweep.model import SourceReport, SourceState

_TASK_BYTES = 32 << 20
"""Small files are read together up to this size, so that the exact evaluation has many rows at once."""
_TASK_FILES = 200
_PASTED_BYTES = 24 << 20
"""Where starting a worker takes seconds, pasted text below this is read in this process: no binary parser sees it."""
JAILED = True
"""Tests that look into the reading itself turn it off."""
_BASE_S, _MIB_S = 180, 5
"""Wall clock for one task: thirty times what reading takes on one slow core."""
_STATES = {Failure.MEMORY: SourceState.LIMIT, Failure.TIME: SourceState.TIMEOUT}


def read_all(
    settings: Settings,
    opened: Opened,
    made: Tools,
    journal: Journal | None,
    shown: Progress,
    log: CustodyLog | None = None,
) -> list[TaskResult]:
    """Read every unit once; what an earlier run finished is taken from its notes. Results in order of the evidence.

    Raises:
        ExsweepError: the run cannot go on (disk full, broken installation). Bad evidence raises nothing.
    """
    shown.planned(len(opened.units), sum(unit.size for unit in opened.units))
    shown.stage("Reading")
    events = settings.out / "events" if settings.out and not settings.quick else None
    if events is not None:
        events.mkdir(parents=True, exist_ok=True)
    reading = _Reading(settings, plan(opened.units, settings, made, events), journal, shown, log)
    reading.resume(events)
    jail = jail_for(settings, opened.units, events)
    if FORKS and jail is not None:
        warm(opened.units, made)
    reading.read(jail)
    results = reading.results()
    if events is not None:
        _tidy(events, {table.file for result in results for table in result.tables})
    return results


def jail_for(settings: Settings, units: Sequence[Unit], events: Path | None = None) -> Jail | None:
    """Where evidence is read: None for pasted text where a worker would cost seconds, else a jail with just this evidence."""
    pasted = all(unit.kind == "memory" for unit in units)
    if not JAILED or (not FORKS and pasted and sum(unit.size for unit in units) < _PASTED_BYTES):
        return None
    return Jail(
        readable=tuple(os.path.realpath(path) for given in settings.evidence for path in all_parts(given)),
        writable=(os.path.realpath(events),) if events else (),
    )


def seconds_for(units: Sequence[Unit]) -> float:
    """Wall clock that reading these may take."""
    return _BASE_S + _MIB_S * sum(unit.size for unit in units) / (1 << 20)


class _Reading:
    """Tasks and what became of them."""

    def __init__(
        self,
        settings: Settings,
        tasks: "Plan",
        journal: Journal | None,
        shown: Progress,
        log: CustodyLog | None,
    ) -> None:
        self._arguments = (settings.rules, settings.indicators, settings.yara, settings.baselines)
        self._jobs = settings.jobs
        self._tasks, self._journal, self._shown, self._log = tasks, journal, shown, log
        self._done: dict[str, TaskResult] = {}
        self._alone: dict[str, list[work.Task]] = {}

    def resume(self, events: Path | None) -> None:
        """Take over what an earlier run finished, if its stored events are still there."""
        if self._journal is None:
            return
        for name in self._tasks.ids:
            result = self._journal.result(name)
            if result is not None and (
                events is None or all((events / table.file).is_file() for table in result.tables)
            ):
                self._done[name] = result.slim()
        if self._done:
            self._shown.resumed(sum(len(result.sources) for result in self._done.values()))

    def read(self, jail: Jail | None) -> None:
        pool: Pool[work.Task, TaskResult] = Pool(
            work.start,
            self._arguments,
            TaskResult,
            self._jobs,
            jail=jail,
            seconds=lambda task: seconds_for((*task.units, *task.beside)),
            said=self._jailed,
        )
        failed: list[work.Task] = []
        for finished in pool.run(self._tasks.but(frozenset(self._done))):
            if finished.result is not None:
                self._keep(finished.task, finished.result)
            elif finished.error is not None:
                raise finished.error
            elif len(finished.task.units) == 1 and finished.why is not Failure.DIED:
                self._keep(finished.task, _given_up(finished))
            else:
                failed.append(finished.task)
        # One file must not take its neighbours along: each file of a failed task is tried alone, once.
        self._alone = {task.id: [_single(task, place) for place in range(len(task.units))] for task in failed}
        for finished in pool.run([single for parts in self._alone.values() for single in parts]):
            self._keep(finished.task, finished.result or _given_up(finished))

    def _jailed(self, active: tuple[str, ...]) -> None:
        if self._log is not None:
            self._log.add("jailed", detail="; ".join(active) or "this system has no jail for workers")

    def results(self) -> list[TaskResult]:
        """In the order of the plan."""
        found = []
        for name in self._tasks.ids:
            alone = self._alone.get(name)
            found += [self._done[name]] if alone is None else [self._done[part.id] for part in alone]
        return found

    def _keep(self, task: work.Task, result: TaskResult) -> None:
        if self._journal is not None:
            self._journal.keep(task.id, result)
        self._done[task.id] = result = result.slim()
        if self._log is not None:
            self._log.read(result.sources)
        for report in result.sources:
            self._shown.read(report)
        self._shown.found(result.hits)


def _tidy(events: Path, wanted: set[str]) -> None:
    """Remove what earlier runs with other evidence or rules left in the event store."""
    for file in events.glob("*.parquet"):
        if file.name not in wanted:
            file.unlink(missing_ok=True)


def grouped(units: Iterable[Unit]) -> Iterator[list[Unit]]:
    """Units in order, small ones together."""
    group: list[Unit] = []
    size = 0
    for unit in units:
        if group and (size + unit.size > _TASK_BYTES or len(group) >= _TASK_FILES):
            yield group
            group, size = [], 0
        group.append(unit)
        size += unit.size
    if group:
        yield group


class _Planned(NamedTuple):
    """A task that is made when it is needed."""

    id: str
    first: int
    """Its units in the evidence: from here ..."""
    behind: int
    beside: tuple[Unit, ...]


class Plan:
    """All tasks in order. Only their names and places are kept: a million files are many units."""

    def __init__(
        self, units: Sequence[Unit], settings: Settings, events: Path | None, planned: Sequence[_Planned]
    ) -> None:
        self._units, self._settings, self._events, self._planned = units, settings, events, planned

    @property
    def ids(self) -> list[str]:
        return [one.id for one in self._planned]

    def but(self, done: Collection[str]) -> Iterator[work.Task]:
        """The tasks that are left, each made when it is asked for."""
        for one in self._planned:
            if one.id not in done:
                yield work.Task(
                    id=one.id,
                    units=tuple(self._units[one.first : one.behind]),
                    quick=self._settings.quick,
                    events=str(self._events) if self._events else None,
                    passwords=self._settings.passwords,
                    zone=self._settings.zone,
                    beside=one.beside,
                )


def plan(units: Sequence[Unit], settings: Settings, made: Tools, events: Path | None) -> Plan:
    """Group the units in order; the id of a task names its input, the rules and the way of reading."""
    # How many passwords, never which: ids are written down.
    base = [exsweep.__version__, version(), made.digest, str(settings.quick), str(len(settings.passwords))]
    base += [settings.zone] if settings.zone else []
    planned: list[_Planned] = []
    tables, logs = tables_in(units), logs_in(units)
    first = 0
    for group in grouped(units):
        beside = beside_of(group, tables, logs)
        stamp = "\x1f".join([*base, *(f"{unit.path}\x1e{unit.stamp}" for unit in (*group, *beside))])
        name = hashlib.sha256(stamp.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        planned.append(_Planned(name, first, first + len(group), beside))
        first += len(group)
    return Plan(units, settings, events, planned)


def _single(task: work.Task, place: int) -> work.Task:
    # A name of its own from its first letter on: stored events are named after how it begins.
    name = hashlib.sha256(f"{task.id}-{place}".encode()).hexdigest()[:32]
    return msgspec.structs.replace(task, id=name, units=(task.units[place],))


def _given_up(finished: Done[work.Task, TaskResult]) -> TaskResult:
    """A task that could not be done is a gap for each of its files, never a lost run."""
    twice = ", twice" if finished.why is Failure.DIED else ""
    return TaskResult(
        sources=tuple(
            SourceReport(
                path=unit.path,
                kind="unknown",
                size=unit.size,
                sha256="",
                state=_STATES.get(finished.why, SourceState.UNREADABLE),
                reason=finished.failure + twice,
            )
            for unit in finished.task.units
        ),
        hits=(),
    )
