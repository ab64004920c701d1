"""The sentence: open the evidence, read it, look for every trace of the intruder, judge."""

import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

import exsweep
from exsweep.assess import pivot
from exsweep.assess.correlate import correlated
from exsweep.assess.custody import CustodyLog
from exsweep.assess.gather import Gathered, OwnLines, gather
from exsweep.assess.journal import Journal
from exsweep.assess.manifest import read_manifest, write_manifest
from exsweep.assess.overlap import copies
from exsweep.assess.progress import Progress, Silent
from exsweep.assess.reading import read_all
from exsweep.assess.rereading import looked_for
from exsweep.assess.restored import context as stored_context
from exsweep.assess.restored import restored
from exsweep.assess.settings import Settings
from exsweep.assess.shares import Part, shares
from exsweep.assess.tools import Tools, tools
from exsweep.errors import EvidenceError
from exsweep.evidence import Opened, Unit, open_evidence
from exsweep.judge import intruders, judge, kept, masked
from exsweep.knowledge import version
from exsweep.model import Assessment, Hit, Observations, Run, SourceReport, SourceState


class Judged(msgspec.Struct, frozen=True):
    """One server's assessment and the folder that its reports go to."""

    assessment: Assessment
    folder: Path | None


def triage(settings: Settings, progress: Progress | None = None) -> Assessment:
    """Judge all evidence as that of one server. Raises as `triage_each` does."""
    (one,) = triage_each(msgspec.structs.replace(settings, several=False), progress)
    return one.assessment


def triage_each(settings: Settings, progress: Progress | None = None) -> tuple[Judged, ...]:
    """Read the evidence once and judge each server in it: one assessment, or one per server in order of their names.

    What is of several servers goes to folders below `settings.out`, named as `folder_of` says.

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
        results = read_all(settings, opened, made, None, shown)
        parts = shares(settings, opened, made, results)
        return tuple(
            Judged(_part(settings, opened, made, part, parts, started, shown)[0], None) for part in parts
        )
    journal = Journal(settings.out)
    with journal.held():
        log = CustodyLog(settings.out)
        log.opened(opened.described, settings.command)
        results = read_all(settings, opened, made, journal, shown, log)
        parts = shares(settings, opened, made, results)
        found = []
        for part in parts:
            assessment, gathered = _part(settings, opened, made, part, parts, started, shown)
            found.append(Judged(assessment, part.folder))
            own = log if part.name is None else _own_log(settings, part)
            if not settings.quick and part.folder is not None:
                write_manifest(part.folder / "events", gathered)
                own.stored(part.folder)
            own.sealed(opened.units)
            own.judged(assessment)
        if parts[0].name is not None:
            log.sealed(opened.units)
            log.shared([part.folder.name for part in parts if part.folder is not None])
        journal.forget()
        return tuple(found)


def _own_log(settings: Settings, part: Part) -> CustodyLog:
    """A custody log for a server's own folder, so that the folder stands by itself."""
    if part.folder is None:
        raise TypeError("a share without a folder")
    part.folder.mkdir(parents=True, exist_ok=True)
    log = CustodyLog(part.folder)
    log.opened(part.described, settings.command)
    for result in part.results:
        log.read(result.sources)
    return log


def _part(
    settings: Settings,
    opened: Opened,
    made: Tools,
    part: Part,
    parts: Sequence[Part],
    started: float,
    shown: Progress,
) -> tuple[Assessment, Gathered]:
    reports = [report for result in part.results for report in result.sources]
    gathered = gather(
        part.results,
        part.described,
        lambda joined: correlated(joined, made),
        copies=copies(settings, opened.units, reports),
        nobodys=part.nobodys,
    )
    others = {
        report.path
        for each in parts
        if each is not part
        for result in each.results
        for report in result.sources
    }
    units = [unit for unit in opened.units if unit.path not in others] if others else opened.units
    context, gathered = _context(settings, part.folder, units, gathered, made, shown)
    if part.name is not None:
        settings = msgspec.structs.replace(
            settings, server=msgspec.structs.replace(settings.server, name=part.name)
        )
    return _judge(settings, gathered, made, context, gathered.described, started, shown), gathered


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
    assessment = judge(
        Observations(
            sources=gathered.sources,
            hits=gathered.hits,
            context=tuple(context),
            files=gathered.files,
            nobodys=gathered.nobodys,
        ),
        made.by_id,
        made.formats,
        now=settings.now,
        server=settings.server,
        rule_counts=made.counts,
        shipped=made.baseline if gathered.files else None,
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
    return kept(assessment) if settings.keep_secrets else masked(assessment, settings.secrets_key)


def _context(
    settings: Settings,
    folder: Path | None,
    units: Sequence[Unit],
    gathered: Gathered,
    made: Tools,
    shown: Progress,
) -> tuple[list[Hit], Gathered]:
    """All lines of the intruders found so far; files in which they could not be looked for become gaps."""
    seen = Observations(sources=gathered.sources, hits=gathered.hits, files=gathered.files)
    traces = intruders(seen, made.by_id, made.formats, now=settings.now)
    if not traces:
        return [], gathered
    shown.stage("Looking for every trace of the intruder")
    if folder is not None and not settings.quick:
        return stored_context(folder / "events", gathered, made, traces), gathered
    found, lost = looked_for(settings, units, traces)
    gathered = msgspec.structs.replace(
        gathered, sources=tuple(_with_loss(report, lost) for report in gathered.sources)
    )
    wanted = {item.origin.path for item in found}
    seals = {
        report.path: report.sha256
        for report in gathered.sources
        if report.path in wanted and report.duplicate_of is None
    }
    own = {report.path: OwnLines(report) for report in gathered.sources if report.repeats}
    sealed = [
        msgspec.structs.replace(
            item, origin=msgspec.structs.replace(item.origin, sha256=seals[item.origin.path])
        )
        for item in found
        if item.origin.path in seals
        and (item.origin.path not in own or own[item.origin.path].counted(item) is not None)
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


def rejudge_each(settings: Settings, progress: Progress | None = None) -> tuple[Judged, ...]:
    """Judge the saved events again: of one server, or of each that `settings.evidence` has a folder of.

    Raises:
        EvidenceError: there is no event store.
    """
    top = settings.evidence[0] if len(settings.evidence) == 1 else Path()
    if (top / "events").is_dir() or len(settings.evidence) != 1 or not top.is_dir():
        return (Judged(rejudge(settings, progress), settings.out),)
    folders = sorted(each for each in top.iterdir() if (each / "events").is_dir() and not each.is_symlink())
    if not folders:
        return (Judged(rejudge(settings, progress), settings.out),)
    found = []
    for each in folders:
        out = settings.out / each.name if settings.out is not None else None
        own = msgspec.structs.replace(settings, evidence=(each,), out=out)
        found.append(Judged(rejudge(own, progress), out))
    return tuple(found)


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
