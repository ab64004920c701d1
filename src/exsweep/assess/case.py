"""The run: plan the reading, read (or go on reading), join, judge, pivot, judge again."""

import hashlib
import platform
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

import exsweep
from exsweep.assess import pivot, work
from exsweep.assess.correlate import correlated
from exsweep.assess.gather import Gathered, gather
from exsweep.assess.journal import Journal
from exsweep.assess.manifest import read_manifest, write_manifest
from exsweep.assess.pool import run
from exsweep.assess.progress import Progress, Silent
from exsweep.assess.restored import context as stored_context
from exsweep.assess.restored import restored
from exsweep.assess.results import TaskResult
from exsweep.assess.settings import Settings
from exsweep.assess.tools import Tools, tools
from exsweep.errors import EvidenceError, ExsweepError
from exsweep.evidence import Opened, Unit, open_evidence
from exsweep.judge import intruders, judge
from exsweep.knowledge import version
from exsweep.model import Assessment, Hit, Observations, Run, SourceReport, SourceState

_TASK_BYTES = 32 << 20
"""Small files are read together up to this size, so that the exact evaluation has many rows at once."""
_TASK_FILES = 200
_IN_PROCESS_BYTES = 24 << 20
"""Less than this is read in this process: starting workers would cost more."""


def triage(settings: Settings, progress: Progress | None = None) -> Assessment:
    """Read the evidence and judge it.

    Raises:
        EvidenceError: nothing readable was named.
        StoreError: the output folder is full, not writable or in use.
        KeyboardInterrupt: stopped; with an output folder the next run goes on from here.
    """
    shown = progress or Silent()
    started = time.monotonic()
    opened = open_evidence(settings.evidence, stdin=settings.stdin)
    if settings.out is None:
        gathered, made = _read(settings, opened, None, shown)
        context = _context(settings, opened.units, gathered, made, shown)
    else:
        journal = Journal(settings.out)
        with journal.held():
            gathered, made = _read(settings, opened, journal, shown)
            context = _context(settings, opened.units, gathered, made, shown)
            if not settings.quick:
                write_manifest(settings.out / "events", gathered)
            journal.forget()
    return _judge(settings, gathered, made, context, gathered.described, started, shown)


def _judge(
    settings: Settings,
    gathered: Gathered,
    made: Tools,
    context: Sequence[Hit],
    described: Sequence[str],
    started: float,
    shown: Progress,
) -> Assessment:
    shown.stage("Judging")
    return judge(
        Observations(sources=gathered.sources, hits=gathered.hits, context=tuple(context)),
        made.by_id,
        made.formats,
        now=settings.now,
        server=settings.server,
        rule_counts=made.counts,
        rules_unused=made.unused,
        rule_problems=[
            *(str(problem) for problem in made.rules.problems),
            *(f"{made.by_id[rule].file}: {why}" for rule, why in gathered.failures.items()),
        ],
        run=Run(
            version=exsweep.__version__,
            knowledge=version(),
            command=settings.command,
            started=settings.now,
            duration_s=round(time.monotonic() - started, 3),
            host=platform.node(),
            evidence=tuple(described),
        ),
    )


def _read(
    settings: Settings, opened: Opened, journal: Journal | None, shown: Progress
) -> tuple[Gathered, Tools]:
    """Read every unit once; what an earlier run finished is taken from its notes."""
    made = tools(settings.rules, settings.indicators)
    units = opened.units
    size = sum(unit.size for unit in units)
    shown.planned(len(units), size)
    shown.stage("Reading")
    events = settings.out / "events" if settings.out and not settings.quick else None
    if events is not None:
        events.mkdir(parents=True, exist_ok=True)
    tasks = plan(units, settings, made, events)
    done: dict[str, TaskResult] = {}
    if journal is not None:
        done = {
            task.id: result
            for task in tasks
            if (result := journal.result(task.id)) is not None and _stored(events, result)
        }
        if done:
            shown.resumed(sum(len(result.sources) for result in done.values()))
    left = [task for task in tasks if task.id not in done]
    jobs = 1 if size < _IN_PROCESS_BYTES else settings.jobs

    def kept(task: work.Task, result: TaskResult) -> None:
        if journal is not None:
            journal.keep(task.id, result)
        done[task.id] = result
        for report in result.sources:
            shown.read(report)
        shown.found(result.hits)

    failed: list[work.Task] = []
    deadly = False
    for finished in run(left, work.start, (settings.rules, settings.indicators), jobs):
        if finished.result is not None:
            kept(finished.task, finished.result)
        elif isinstance(finished.error, ExsweepError):
            raise finished.error
        else:
            failed.append(finished.task)
            deadly = deadly or finished.error is None
    # One file must not take its neighbours along: each file of a failed task is tried alone.
    alone = {task.id: [_single(task, place) for place in range(len(task.units))] for task in failed}
    singles = [single for parts in alone.values() for single in parts]
    for finished in run(
        singles, work.start, (settings.rules, settings.indicators), max(jobs, 2) if deadly else 1
    ):
        kept(finished.task, finished.result or _given_up(finished.task, finished.failure))
    order = [part.id for task in tasks for part in alone.get(task.id, [task])]
    gathered = gather(
        [done[task] for task in order], opened.described, lambda joined: correlated(joined, made)
    )
    return gathered, made


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


def _stored(events: Path | None, result: TaskResult) -> bool:
    return events is None or all((events / table.file).is_file() for table in result.tables)


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


def _context(
    settings: Settings, units: Sequence[Unit], gathered: Gathered, made: Tools, shown: Progress
) -> list[Hit]:
    """All lines of the intruders found so far."""
    seen = Observations(sources=gathered.sources, hits=gathered.hits)
    traces = intruders(seen, made.by_id, made.formats, now=settings.now)
    if not traces:
        return []
    shown.stage("Looking for every trace of the intruder")
    if settings.out is not None and not settings.quick:
        return stored_context(settings.out / "events", gathered, made, traces)
    size = sum(unit.size for unit in units)
    tasks = [pivot.PivotTask(tuple(group), traces) for group in grouped(units)]
    found: list[Hit] = []
    for finished in run(tasks, pivot.start, (), 1 if size < _IN_PROCESS_BYTES else settings.jobs):
        found += finished.result or ()
    seals = {report.path: report.sha256 for report in gathered.sources if report.duplicate_of is None}
    sealed = [
        msgspec.structs.replace(
            item, origin=msgspec.structs.replace(item.origin, sha256=seals[item.origin.path])
        )
        for item in found
        if item.origin.path in seals
    ]
    return pivot.grouped_by_time(sealed)


def rejudge(settings: Settings, progress: Progress | None = None) -> Assessment:
    """Judge the saved events of an earlier run with today's knowledge; the evidence itself is not needed.

    `settings.evidence` names that run's output folder.

    Raises:
        EvidenceError: there is no event store.
    """
    shown = progress or Silent()
    started = time.monotonic()
    if len(settings.evidence) != 1 or not (settings.evidence[0] / "events").is_dir():
        raise EvidenceError(
            f"{settings.evidence[0]} holds no event store.",
            tip="Name the folder that an earlier `exsweep triage ... --out FOLDER` wrote (without --quick).",
        )
    folder = settings.evidence[0] / "events"
    made = tools(settings.rules, settings.indicators)
    saved = read_manifest(folder)
    shown.planned(len(saved.gathered.sources), sum(report.size for report in saved.gathered.sources))
    shown.stage("Reading saved events")
    gathered = restored(folder, saved, made, shown)
    seen = Observations(sources=gathered.sources, hits=gathered.hits)
    traces = intruders(seen, made.by_id, made.formats, now=settings.now)
    context = stored_context(folder, gathered, made, traces) if traces else []
    return _judge(settings, gathered, made, context, gathered.described, started, shown)
