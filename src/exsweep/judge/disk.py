"""What the disk's own records cannot tell: a journal reaches back hours or days, and may stand without the names of folders."""

from collections.abc import Sequence

from exsweep.knowledge.words import render
from exsweep.model import Gap, SourceReport, SourceState


def disk_gaps(sources: Sequence[SourceReport]) -> list[Gap]:
    """One gap for the days before each journal, one for each journal whose folders are numbers."""
    gaps = []
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
