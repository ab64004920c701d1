"""Exports: each turns one Assessment into the bytes of one file, and reads nothing else.

`EXPORTERS["html"].export(assessment)`; the command line's choices are the names in this registry. A new
format is one new file in `formats/`.
"""

import pkgutil
from importlib import import_module

from exsweep.export import formats
from exsweep.export.kinds import EXPORTERS, Exporter, exporter

for _module in sorted(module.name for module in pkgutil.iter_modules(formats.__path__)):
    import_module(f"{formats.__name__}.{_module}")

__all__ = ["EXPORTERS", "Exporter", "exporter"]
