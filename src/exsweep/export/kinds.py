"""What an exporter is, and the registry that the command line reads its choices from."""

from collections.abc import Callable

import msgspec

from exsweep.model import Assessment
from exsweep.registry import Registry

Export = Callable[[Assessment], bytes]
"""Pure: the same assessment gives the same bytes; opens no evidence, no socket, reads no clock."""


class Exporter(msgspec.Struct, frozen=True, kw_only=True):
    """One output format."""

    name: str
    """The word on the command line: `html`, `csv` ..."""
    file_name: str
    """Name of the file below `--out`."""
    media_type: str
    title: str
    """What it is for, in a few plain words; shown by `--help` and in the documentation."""
    export: Export


EXPORTERS: Registry[Exporter] = Registry("exporters")


def exporter(
    name: str, *, file_name: str, media_type: str, title: str, priority: int = 0
) -> Callable[[Export], Export]:
    """Decorator: file a function `Assessment -> bytes` as the export format `name`."""

    def register(export: Export) -> Export:
        EXPORTERS.add(name, priority=priority)(
            Exporter(name=name, file_name=file_name, media_type=media_type, title=title, export=export)
        )
        return export

    return register
