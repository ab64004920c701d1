"""What programs and Windows leave on a disk: planned tasks, typed commands, quarantines, lists of programs that ran.

A kind of trace is one module here that registers a reader; `reader_of` chooses by content first.
"""

from exsweep.parse.traces import history, task
from exsweep.parse.traces.base import Carved, TraceReader, reader_of

__all__ = ["Carved", "TraceReader", "history", "reader_of", "task"]
