"""One event as all readers hand it on, whatever it was written in."""

from typing import TypeAlias

import msgspec

from exsweep.parse.batch import RejectedLine

System: TypeAlias = tuple[str | int | None, ...]
"""Values of `formats.SYSTEM`, in that order; None where the record has none. Whole numbers may still be numbers: they are
made text a column at a time."""
Data: TypeAlias = dict[str, str]
"""The event's own values under the names that it gives them, in its order."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """One event. `raw` is what is quoted: for an `.evtx` record its JSON, for an export the bytes as written.

    Millions of them pass by and none is part of a cycle: `gc=False` spares a third of the time.
    """

    system: System
    data: Data
    line: int
    """Place of the record in its file, from 1; in a text export the line that it begins in."""
    offset: int
    """Byte where the record begins; unique in the file."""
    raw: bytes


Found: TypeAlias = Event | RejectedLine
