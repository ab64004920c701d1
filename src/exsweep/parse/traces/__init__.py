"""What programs and Windows leave on a disk: planned tasks, typed commands, quarantines, lists of programs that ran.

A kind of trace is one module here that registers a reader; `reader_of` chooses by content first.
"""

from exsweep.parse.carved import Carved
from exsweep.parse.traces import detection, history, quarantine, registry, task
from exsweep.parse.traces.base import TraceReader, reader_of

__all__ = ["Carved", "TraceReader", "detection", "history", "quarantine", "reader_of", "registry", "task"]
