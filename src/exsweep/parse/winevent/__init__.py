"""Windows event logs, whole and broken, and what they are exported as: recognise them, read them as batches."""

from exsweep.parse.winevent.evtx_file import is_evtx
from exsweep.parse.winevent.exports import Export, recognise_export
from exsweep.parse.winevent.formats import SYSTEM, column_of, event_format
from exsweep.parse.winevent.reader import KIND, EventReader, event_reader, named_evtx

__all__ = [
    "KIND",
    "SYSTEM",
    "EventReader",
    "Export",
    "column_of",
    "event_format",
    "event_reader",
    "is_evtx",
    "named_evtx",
    "recognise_export",
]
