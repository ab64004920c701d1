"""Accounts whose secrets were in the memory of the server, as its security logs tell (see `parse.winevent.sessions`)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from exsweep.model import SourceReport, SourceState, Touched

_PREFIX = "session."
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Session(msgspec.Struct, frozen=True):
    """One account."""

    account: str
    """`DOMAIN\\user`: hostile text."""
    logons: Touched


def sessions(sources: Sequence[SourceReport]) -> tuple[Session, ...]:
    """Of all logs together, the account with most logons first; a log that was given twice counts once."""
    found: dict[str, Touched] = {}
    for report in sources:
        if report.state is SourceState.DUPLICATE:
            continue
        for name, said in report.facts.items():
            if name.startswith(_PREFIX) and (told := _touched(said)) is not None:
                account = name.removeprefix(_PREFIX)
                found[account] = _both(found[account], told) if account in found else told
    return tuple(
        Session(name, found[name]) for name in sorted(found, key=lambda name: (-found[name].count, name))
    )


def _touched(said: str) -> Touched | None:
    parts = said.split(" ")
    try:
        count, first, last = (int(part) for part in parts[:3])
        return Touched(
            count=count,
            first=_EPOCH + timedelta(milliseconds=first),
            last=_EPOCH + timedelta(milliseconds=last),
        )
    except (ValueError, OverflowError):
        return None


def _both(one: Touched, other: Touched) -> Touched:
    return Touched(
        count=one.count + other.count,
        first=min(moment for moment in (one.first, other.first) if moment),
        last=max(moment for moment in (one.last, other.last) if moment),
    )
