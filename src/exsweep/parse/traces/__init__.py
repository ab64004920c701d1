"""What programs and Windows leave on a disk: planned tasks, typed commands, quarantines, lists of programs that ran.

A kind of trace is one module here that registers a reader; `reader_of` chooses by content first.
"""

from exsweep.parse.carved import Carved
from exsweep.parse.traces import detection, history, prefetch, quarantine, recycle, registry, task
from exsweep.parse.traces.base import TraceReader, reader_of

__all__ = [
    "Carved",
    "TraceReader",
    "detection",
    "history",
    "prefetch",
    "quarantine",
    "reader_of",
    "recycle",
    "registry",
    "task",
]
