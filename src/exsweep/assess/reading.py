"""All evidence read once: planned into tasks, worked through by processes, resumed where an earlier run stopped."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

import exsweep
from exsweep.assess import work
from exsweep.assess.correlate import correlated
from exsweep.assess.gather import Gathered, gather
from exsweep.assess.journal import Journal
from exsweep.assess.pool import run
from exsweep.assess.progress import Progress
from exsweep.assess.results import TaskResult
from exsweep.assess.settings import Settings
from exsweep.assess.tools import Tools
from exsweep.errors import ExsweepError
from exsweep.evidence import Opened, Unit
from exsweep.knowledge import version
from exsweep.model import SourceReport, SourceState

_TASK_BYTES = 32 << 20
"""Small files are read together up to this size, so that the exact evaluation has many rows at once."""
_TASK_FILES = 200
IN_PROCESS_BYTES = 24 << 20
"""Less than this is read in this process: starting workers would cost more."""


def read_all(
    settings: Settings, opened: Opened, made: Tools, journal: Journal | None, shown: Progress
) -> Gathered:
    """Read every unit once; what an earlier run finished is taken from its notes.

    Raises:
        ExsweepError: the run cannot go on (disk full, broken installation). Bad evidence raises nothing.
    """
    shown.planned(len(opened.units), sum(unit.size for unit in opened.units))
    shown.stage("Reading")
    events = settings.out / "events" if settings.out and not settings.quick else None
    if events is not None:
        events.mkdir(parents=True, exist_ok=True)
    reading = _Reading(settings, plan(opened.units, settings, made, events), journal, shown)
    reading.resume(events)
    reading.read(jobs_for(opened.units, settings.jobs))
    described = (*opened.described, *opened.notes)
    gathered = gather(reading.results(), described, lambda joined: correlated(joined, made))
    if events is not None:
        _tidy(events, {table.file for table in gathered.tables})
    return gathered


def jobs_for(units: Sequence[Unit], jobs: int) -> int:
    return 1 if sum(unit.size for unit in units) < IN_PROCESS_BYTES else jobs


class _Reading:
    """Tasks and what became of them."""

    def __init__(
        self, settings: Settings, tasks: Sequence[work.Task], journal: Journal | None, shown: Progress
    ) -> None:
        self._arguments = (settings.rules, settings.indicators, settings.yara, settings.baselines)
        self._tasks, self._journal, self._shown = tasks, journal, shown
        self._done: dict[str, TaskResult] = {}
        self._alone: dict[str, list[work.Task]] = {}

    def resume(self, events: Path | None) -> None:
        """Take over what an earlier run finished, if its stored events are still there."""
        if self._journal is None:
            return
        for task in self._tasks:
            result = self._journal.result(task.id)
            if result is not None and (
                events is None or all((events / table.file).is_file() for table in result.tables)
            ):
                self._done[task.id] = result
        if self._done:
            self._shown.resumed(sum(len(result.sources) for result in self._done.values()))

    def read(self, jobs: int) -> None:
        left = [task for task in self._tasks if task.id not in self._done]
        failed: list[work.Task] = []
        deadly = False
        for finished in run(left, work.start, self._arguments, jobs):
            if finished.result is not None:
                self._keep(finished.task, finished.result)
            elif isinstance(finished.error, ExsweepError):
                raise finished.error
            else:
                failed.append(finished.task)
                deadly = deadly or finished.error is None
        # One file must not take its neighbours along: each file of a failed task is tried alone.
        self._alone = {task.id: [_single(task, place) for place in range(len(task.units))] for task in failed}
        singles = [single for parts in self._alone.values() for single in parts]
        for finished in run(singles, work.start, self._arguments, max(jobs, 2) if deadly else 1):
            self._keep(finished.task, finished.result or _given_up(finished.task, finished.failure))

    def results(self) -> list[TaskResult]:
        """In the order of the plan."""
        return [self._done[part.id] for task in self._tasks for part in self._alone.get(task.id, [task])]

    def _keep(self, task: work.Task, result: TaskResult) -> None:
        if self._journal is not None:
            self._journal.keep(task.id, result)
        self._done[task.id] = result
        for report in result.sources:
            self._shown.read(report)
        self._shown.found(result.hits)


def _tidy(events: Path, wanted: set[str]) -> None:
    """Remove what earlier runs with other evidence or rules left in the event store."""
    for file in events.glob("*.parquet"):
        if file.name not in wanted:
            file.unlink(missing_ok=True)


def grouped(units: Iterable[Unit]) -> list[list[Unit]]:
    """Units in order, small ones together."""
    groups: list[list[Unit]] = []
    size = 0
    for unit in units:
        if not groups or size + unit.size > _TASK_BYTES or len(groups[-1]) >= _TASK_FILES:
            groups.append([])
            size = 0
        groups[-1].append(unit)
        size += unit.size
    return groups


def plan(units: Iterable[Unit], settings: Settings, made: Tools, events: Path | None) -> list[work.Task]:
    """Group the units in order; the id of a task names its input, the rules and the way of reading."""
    base = [exsweep.__version__, version(), made.digest, str(settings.quick)]
    tasks = []
    for group in grouped(units):
        stamp = "\x1f".join([*base, *(f"{unit.path}\x1e{unit.stamp}" for unit in group)])
        name = hashlib.sha256(stamp.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        tasks.append(
            work.Task(
                id=name, units=tuple(group), quick=settings.quick, events=str(events) if events else None
            )
        )
    return tasks


def _single(task: work.Task, place: int) -> work.Task:
    return msgspec.structs.replace(task, id=f"{task.id}-{place}", units=(task.units[place],))


def _given_up(task: work.Task, failure: str) -> TaskResult:
    """A task that could not be done is a gap for each of its files, never a lost run."""
    return TaskResult(
        sources=tuple(
            SourceReport(
                path=unit.path,
                kind="unknown",
                size=unit.size,
                sha256="",
                state=SourceState.UNREADABLE,
                reason=failure,
            )
            for unit in task.units
        ),
        hits=(),
    )
