"""What programs and Windows leave on a disk: planned tasks, typed commands, quarantines, lists of programs that ran.

A kind of trace is one module here that registers a reader; `reader_of` chooses by content first.
"""

from importlib import import_module
from pkgutil import iter_modules

from exsweep.parse.carved import Carved
from exsweep.parse.traces.base import TraceReader, reader_of

for _found in iter_modules(__path__):
    import_module(f"{__name__}.{_found.name}")

__all__ = ["Carved", "TraceReader", "reader_of"]
