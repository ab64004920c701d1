"""What a log says of itself: numbers left out, clearings, no record at all, a name of another day than its rows."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from exsweep.knowledge.judging import judging
from exsweep.knowledge.words import render
from exsweep.model import Gap, SourceReport, SourceState

EVENTS = "windows_event"
SEVERAL = f"{EVENTS}/several channels"
"""Row of a file whose records are of many channels."""
_CHANNEL = re.compile(r"channel\.(.+)\.records")
_MAIN_SHARE = 0.9
_NOTHING = {
    "empty": "gap.bytes",
    "no_event_log": "gap.no_log",
    "no_records": "gap.unwritten",
    "emptied": "gap.emptied",
}
"""What an event log without a record was -> its words."""


def row_of(report: SourceReport) -> str:
    """Kind of log; Windows events by the channel that most of the file's records name: `windows_event/Security`."""
    if report.kind != EVENTS:
        return report.kind
    records = channels_of(report)
    main = max(records, key=lambda name: (records[name], name), default=None)
    if main is None:
        return report.kind
    return f"{EVENTS}/{main}" if records[main] >= _MAIN_SHARE * sum(records.values()) else SEVERAL


def channels_of(report: SourceReport) -> dict[str, int]:
    """Channel -> records of it in the file."""
    return {
        found[1]: int(value)
        for name, value in report.facts.items()
        if (found := _CHANNEL.fullmatch(name)) and int(value)
    }


def record_gaps(sources: Sequence[SourceReport]) -> list[Gap]:
    """Event logs number their records, and say when one was cleared: what is missing was there once."""
    gaps = []
    for report in sources:
        if report.state is SourceState.DUPLICATE:
            continue
        gaps += [*_nothing(report), *_another_day(report)]
        missing = report.facts.get("records.missing", "0")
        if missing.isdigit() and int(missing):
            gaps.append(
                Gap(
                    kind=row_of(report),
                    first=report.first,
                    last=report.last,
                    path=report.path,
                    reason=render("gap.records.reason", n=int(missing)),
                    effect=render("gap.records.effect"),
                )
            )
        if offset := report.facts.get("clock_offset_s"):
            gaps.append(
                Gap(
                    kind=row_of(report),
                    first=report.first,
                    last=report.last,
                    path=report.path,
                    reason=render("gap.clock.reason", hours=f"{abs(int(offset)) / 3600:g}"),
                    effect=render("gap.clock.effect"),
                )
            )
        for name, when in report.facts.items():
            if name.startswith("cleared."):
                log = name.removeprefix("cleared.")
                gaps.append(
                    Gap(
                        kind=f"{EVENTS}/{log}",
                        path=report.path,
                        reason=render("gap.cleared.reason", log=log, when=when),
                        effect=render("gap.cleared.effect"),
                    )
                )
    return gaps


def computer_gaps(sources: Sequence[SourceReport], server: str | None) -> list[Gap]:
    """Event logs that name other computers and not the server: somebody gave them along, or put them there.

    `server`: as it calls itself, without its domain.
    """
    others: dict[str, list[SourceReport]] = defaultdict(list)
    for report in sources if server is not None else ():
        names = {name.split(".")[0].upper() for name in report.servers}
        if (
            report.kind == EVENTS
            and report.state is not SourceState.DUPLICATE
            and names
            and server not in names
        ):
            others[report.servers[0]].append(report)
    return [
        Gap(
            kind=EVENTS,
            path=reports[0].path if len(reports) == 1 else None,
            reason=render("gap.other_computer.reason", n=len(reports), computer=computer, server=str(server)),
            effect=render("gap.other_computer.effect", n=len(reports), computer=computer, server=str(server)),
        )
        for computer, reports in sorted(others.items())
    ]


def _nothing(report: SourceReport) -> Iterator[Gap]:
    """An event log without a record: never written to, emptied, or not copied. None of it is "nothing happened"."""
    state = report.facts.get("evtx.state", "")
    if state == "no_records" and report.facts.get("evtx.emptied"):
        state = "emptied"
    if words := _NOTHING.get(state):
        yield Gap(
            kind=EVENTS,
            path=report.path,
            reason=render(f"{words}.reason"),
            effect=render(f"{words}.effect"),
        )


@cache
def _dated() -> dict[str, re.Pattern[str]]:
    return {kind: re.compile(pattern) for kind, pattern in judging().dated_names.items()}


def _another_day(report: SourceReport) -> Iterator[Gap]:
    """A log whose name tells a day that its rows are not of. A day more or less: names may be in local time."""
    found = _dated()[report.kind].search(report.path) if report.kind in _dated() else None
    if found is None or report.first is None or report.last is None:
        return
    try:
        named = datetime.strptime(found[1][-6:], "%y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return
    if named - timedelta(days=1) <= report.first and report.last < named + timedelta(days=2):
        return
    yield Gap(
        kind=report.kind,
        first=report.first,
        last=report.last,
        path=report.path,
        reason=render(
            "gap.name.reason",
            named=f"{named:%Y-%m-%d}",
            first=f"{report.first:%Y-%m-%d}",
            last=f"{report.last:%Y-%m-%d}",
        ),
        effect=render("gap.name.effect"),
    )
