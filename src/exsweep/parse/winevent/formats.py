"""Which format a Windows event is a row of: the most specific selector of all record formats decides."""

from collections.abc import Sequence
from functools import lru_cache

from exsweep.knowledge.formats import EventSelector, LogFormat, load_formats

SYSTEM = (
    "TimeCreated",
    "EventRecordID",
    "Channel",
    "Provider_Name",
    "EventID",
    "Version",
    "Level",
    "Task",
    "Opcode",
    "Keywords",
    "Computer",
    "UserID",
    "ProcessID",
    "ThreadID",
    "ActivityID",
)
"""Columns that every event has, in this order: what Windows itself says of the record (`System` in its XML).

Source: https://learn.microsoft.com/en-us/windows/win32/wes/eventschema-systempropertiestype-complextype
"""
CLASH = "Data_"
"""Prefix of an event's own value whose name (letter case apart) is one of SYSTEM: Sysmon's `ProcessId` is the process
that the event tells of, `ProcessID` the one that wrote the record."""
FALLBACK = "windows_event"

_RESERVED = frozenset(name.lower() for name in SYSTEM)


def column_of(name: str) -> str:
    """The column of a value that the event itself names.

    >>> column_of("ProcessId"), column_of("Image")
    ('Data_ProcessId', 'Image')
    """
    return CLASH + name if name.lower() in _RESERVED else name


@lru_cache(maxsize=8192)
def event_format(channel: str, event_id: str) -> LogFormat:
    """The format of events with this id in this channel, as the record names it (any letter case).

    A selector with the whole channel wins over one with its beginning, a longer beginning over a shorter one; of equal
    ones that with event ids. What nothing else claims is of the format `windows_event`.
    """
    return choose(channel, event_id, load_formats())


def choose(channel: str, event_id: str, formats: Sequence[LogFormat]) -> LogFormat:
    """`event_format` among other formats than the shipped ones. Among equals the first one wins.

    Raises:
        ValueError: no selector fits.
    """
    number = int(event_id) if event_id.isascii() and event_id.isdigit() and len(event_id) < 10 else -1
    low = channel.lower()
    best: tuple[tuple[int, int, int], LogFormat] | None = None
    for one in formats:
        for selector in one.events if one.records else ():
            rank = _rank(selector, low, number)
            if rank is not None and (best is None or rank > best[0]):
                best = rank, one
    if best is None:
        raise ValueError(f"no format takes event {event_id!r} of the channel {channel!r}")
    return best[1]


def _rank(selector: EventSelector, channel: str, number: int) -> tuple[int, int, int] | None:
    """How specific a selector is that takes the event; None when it does not take it."""
    if selector.ids and number not in selector.ids:
        return None
    wanted = selector.channel.lower()
    if wanted.endswith("*"):
        if not channel.startswith(wanted[:-1]):
            return None
        return 0, len(wanted), int(bool(selector.ids))
    return (1, len(wanted), int(bool(selector.ids))) if channel == wanted else None
