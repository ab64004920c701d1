"""A few lines on a terminal that are drawn again as a run goes on; in a pipe nothing."""

import os
import sys
from abc import ABC, abstractmethod
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

_FORCED = {"FORCE_COLOR", "TTY_COMPATIBLE"}
"""Ways to say that a pipe is a terminal (see rich)."""


class LiveLines(ABC):
    """Lines that show a run; used as a context manager."""

    def __init__(self) -> None:
        self._live = _live()

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def _draw(self) -> None:
        if self._live:
            self._live.update(self._lines())

    @abstractmethod
    def _lines(self) -> "Group":
        """What is shown now."""


def _live() -> "Live | None":
    """What draws, on a terminal: loaded for that alone."""
    if not sys.stderr.isatty() and not _FORCED & os.environ.keys():
        return None
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, highlight=False, markup=False)
    return Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal else None
