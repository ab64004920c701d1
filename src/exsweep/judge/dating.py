"""When it began, when it ended, and where the update stands between: all on one axis, with the doubt that missing days leave."""

from collections.abc import Sequence
from datetime import UTC, datetime, time

from exsweep.judge.coverage import Seen
from exsweep.judge.patches import BuildHistory, open_on
from exsweep.judge.saying import day
from exsweep.knowledge.campaigns import campaigns
from exsweep.knowledge.words import render
from exsweep.model import Chain, Dating, Level, Stage

_HOSTILE = frozenset({Level.SUSPICIOUS, Level.BROKEN_INTO, Level.IN_USE})


def dating(
    level: Level,
    leading: Sequence[Chain],
    since: datetime | None,
    last: datetime | None,
    seen: Seen,
    builds: BuildHistory,
) -> Dating | None:
    """None where nothing hostile is dated. `leading`: the chains that make the level."""
    if level not in _HOSTILE or since is None:
        return None
    # Of signs that nobody has settled yet it is not said that they may be years old.
    earliest = None if level is Level.SUSPICIOUS else _earliest(leading, since, seen)
    patched = _patched(leading, builds)
    dwell = None if last is None or last < since else round((last - since).total_seconds() / 86_400, 1)
    said = []
    if earliest:
        said.append(render("dating.earliest", earliest=day(earliest)))
    if dwell and last is not None:
        said.append(_passed(dwell, round((last - since).total_seconds() / 3600)))
    if patched:
        said.append(render("dating.before" if since < patched else "dating.after", patched=day(patched)))
    return Dating(
        first=since, earliest=earliest, last=last, dwell_days=dwell, patched=patched, text=tuple(said)
    )


def _passed(days: float, hours: int) -> str:
    if days < 1:
        return render("dating.dwell_hours", n=hours)
    return render("dating.dwell_day") if days == 1 else render("dating.dwell", days=f"{days:g}")


def _earliest(leading: Sequence[Chain], since: datetime, seen: Seen) -> datetime | None:
    """First day that could hide an earlier act; None where the way in itself was seen, or all such days were read."""
    if any(
        step.stage is Stage.EXPLOITATION and step.proven and step.time and step.time <= since
        for chain in leading
        for step in chain.steps
    ):
        return None
    named = {chain.campaign for chain in leading if chain.campaign}
    days = [
        window.first
        for window in seen.blind
        if window.first < since.date() and (not named or window.campaign.title in named)
    ]
    return datetime.combine(min(days), time(), UTC) if days else None


def _patched(leading: Sequence[Chain], builds: BuildHistory) -> datetime | None:
    """First moment at which a build was seen that closes the way in; None where that is not known."""
    named = {chain.campaign for chain in leading if chain.campaign}
    cves = [cve for entry in campaigns() if entry.title in named for cve in entry.cves]
    if not cves:
        return None
    closed = [item.first for item in builds.seen if open_on(cves, item.build) is False]
    opened = [item.first for item in builds.seen if open_on(cves, item.build)]
    return min((moment for moment in closed if opened and moment > min(opened)), default=None)
