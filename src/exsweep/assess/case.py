"""The sentence: open the evidence, read it, look for every trace of the intruder, judge."""

import platform
import time
from collections.abc import Mapping, Sequence

import msgspec

import exsweep
from exsweep.assess import pivot
from exsweep.assess.custody import CustodyLog
from exsweep.assess.gather import Gathered
from exsweep.assess.journal import Journal
from exsweep.assess.manifest import read_manifest, write_manifest
from exsweep.assess.progress import Progress, Silent
from exsweep.assess.reading import read_all
from exsweep.assess.rereading import looked_for
from exsweep.assess.restored import context as stored_context
from exsweep.assess.restored import restored
from exsweep.assess.settings import Settings
from exsweep.assess.tools import Tools, tools
from exsweep.errors import EvidenceError
from exsweep.evidence import Unit, open_evidence
from exsweep.judge import intruders, judge
from exsweep.knowledge import version
from exsweep.model import Assessment, Hit, Observations, Run, SourceReport, SourceState


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
    made = tools(settings.rules, settings.indicators, settings.yara, settings.baselines)
    if settings.out is None:
        gathered = read_all(settings, opened, made, None, shown)
        context, gathered = _context(settings, opened.units, gathered, made, shown)
    else:
        journal = Journal(settings.out)
        with journal.held():
            log = CustodyLog(settings.out)
            log.opened(opened.described, settings.command)
            gathered = read_all(settings, opened, made, journal, shown, log)
            context, gathered = _context(settings, opened.units, gathered, made, shown)
            if not settings.quick:
                write_manifest(settings.out / "events", gathered)
                log.stored(settings.out)
            log.sealed(opened.units)
            journal.forget()
            assessment = _judge(settings, gathered, made, context, gathered.described, started, shown)
            log.judged(assessment)
            return assessment
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
        Observations(
            sources=gathered.sources,
            hits=gathered.hits,
            context=tuple(context),
            files=gathered.files,
        ),
        made.by_id,
        made.formats,
        now=settings.now,
        server=settings.server,
        rule_counts=made.counts,
        shipped=made.baseline,
        rules_unused=made.unused,
        rule_problems=[
            *(str(problem) for problem in made.rules.problems),
            *made.yara_problems,
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


def _context(
    settings: Settings, units: Sequence[Unit], gathered: Gathered, made: Tools, shown: Progress
) -> tuple[list[Hit], Gathered]:
    """All lines of the intruders found so far; files in which they could not be looked for become gaps."""
    seen = Observations(sources=gathered.sources, hits=gathered.hits, files=gathered.files)
    traces = intruders(seen, made.by_id, made.formats, now=settings.now)
    if not traces:
        return [], gathered
    shown.stage("Looking for every trace of the intruder")
    if settings.out is not None and not settings.quick:
        return stored_context(settings.out / "events", gathered, made, traces), gathered
    found, lost = looked_for(settings, units, traces)
    gathered = msgspec.structs.replace(
        gathered, sources=tuple(_with_loss(report, lost) for report in gathered.sources)
    )
    seals = {report.path: report.sha256 for report in gathered.sources if report.duplicate_of is None}
    sealed = [
        msgspec.structs.replace(
            item, origin=msgspec.structs.replace(item.origin, sha256=seals[item.origin.path])
        )
        for item in found
        if item.origin.path in seals
    ]
    return pivot.grouped_by_time(sealed), gathered


def _with_loss(report: SourceReport, lost: Mapping[str, str]) -> SourceReport:
    """`lost` names files and, with a slash at the end, archives."""
    if report.state is not SourceState.READ or not lost:
        return report
    for path, failure in lost.items():
        if report.path == path or ((path.endswith("/") or not path) and report.path.startswith(path)):
            reason = f"further traces of the intruder were not looked for in it: {failure}"
            return msgspec.structs.replace(report, state=SourceState.PARTIAL, reason=reason)
    return report


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
    made = tools(settings.rules, settings.indicators, settings.yara, settings.baselines)
    saved = read_manifest(folder)
    shown.planned(len(saved.gathered.sources), sum(report.size for report in saved.gathered.sources))
    shown.stage("Reading saved events")
    gathered = restored(folder, saved, made, shown)
    seen = Observations(sources=gathered.sources, hits=gathered.hits, files=gathered.files)
    traces = intruders(seen, made.by_id, made.formats, now=settings.now)
    context = stored_context(folder, gathered, made, traces) if traces else []
    assessment = _judge(settings, gathered, made, context, gathered.described, started, shown)
    if settings.out is not None:
        with Journal(settings.out).held():
            CustodyLog(settings.out).judged(assessment, again=True)
    return assessment
