"""What the disk's own records cannot tell: a journal reaches back hours or days, and may stand without the names of folders."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from exsweep.judge import facts
from exsweep.knowledge.filesystem import filesystem
from exsweep.knowledge.judging import judging
from exsweep.knowledge.words import render
from exsweep.model import Gap, Hit, SourceReport, SourceState

_NAMED = 3
"""Files that are named; of more their number is told."""


def _not_read(sources: Sequence[SourceReport]) -> Iterator[Gap]:
    found: dict[str, list[str]] = defaultdict(list)
    for report in sources:
        if (kind := report.facts.get("not_read")) and report.state is not SourceState.DUPLICATE:
            found[kind].append(report.path)
    told = {one.id: one for one in filesystem().not_read}
    for kind in sorted(set(found) & set(told)):
        yield Gap(
            kind="file",
            path=min(found[kind]),
            reason=render("gap.not_read.reason", what=told[kind].what, names=_names(found[kind])),
            effect=render("gap.not_read.effect", instead=told[kind].instead),
        )


def _unknown(sources: Sequence[SourceReport]) -> Iterator[Gap]:
    """Said only where nothing could be read: a server has thousands of files that tell nothing."""
    if any(report.state not in (SourceState.NOT_A_LOG, SourceState.DUPLICATE) for report in sources):
        return
    # An event log without a record has a gap of its own.
    paths = sorted(
        report.path
        for report in sources
        if not report.facts.get("not_read") and not report.facts.get("evtx.state")
    )
    if paths:
        yield Gap(
            kind="file",
            path=paths[0],
            reason=render("gap.unknown.reason", names=_names(paths)),
            effect=render("gap.unknown.effect"),
        )


def _names(paths: Sequence[str]) -> str:
    names = ", ".join(path.rsplit("/", 1)[-1] for path in sorted(paths)[:_NAMED])
    return f"{names} and {len(paths) - _NAMED} more" if len(paths) > _NAMED else names


def disk_gaps(sources: Sequence[SourceReport]) -> list[Gap]:
    """One gap for the days before each journal, one for each journal whose folders are numbers, one for each kind of
    trace that is sealed but not read."""
    gaps = [*_not_read(sources), *_unknown(sources)]
    for report in sources:
        if report.state is SourceState.DUPLICATE or report.kind != "usn_journal":
            continue
        if report.first:
            gaps.append(
                Gap(
                    kind=report.kind,
                    last=report.first,
                    path=report.path,
                    reason=render("gap.journal.reason", first=f"{report.first:%Y-%m-%d %H:%M} UTC"),
                    effect=render("gap.journal.effect"),
                )
            )
        if report.facts.get("usn.folders") == "not given" and report.events:
            gaps.append(
                Gap(
                    kind=report.kind,
                    first=report.first,
                    last=report.last,
                    path=report.path,
                    reason=render("gap.folders.reason"),
                    effect=render("gap.folders.effect"),
                )
            )
    return gaps


def credible(hit: Hit, now: datetime) -> Hit:
    """The hit without its time where a disk dates a file before there was Exchange, or after today: whoever plants a file
    chooses its times, and the verdict's dates must not rest on them. The columns keep what the disk says."""
    if hit.time is None or not (facts.told_by_disk(hit) or facts.lone_file(hit)):
        return hit
    if f"{hit.time:%Y-%m-%d}" >= judging().disk_times_from and hit.time <= now + timedelta(days=1):
        return hit
    return msgspec.structs.replace(hit, time=None, last_time=None)
