"""What a run tells while it works; the command line shows it, a web page may."""

from typing import Protocol

from exsweep.model import Hit, SourceReport


class Progress(Protocol):
    """Called from one thread, in the order in which things become known."""

    def planned(self, files: int, size_bytes: int) -> None:
        """So much is to be read."""

    def resumed(self, files: int) -> None:
        """So many files were read by an earlier run."""

    def read(self, report: SourceReport) -> None:
        """One file is read and sealed."""

    def found(self, hits: tuple[Hit, ...]) -> None:
        """Some rules matched."""

    def stage(self, words: str) -> None:
        """What is being done now."""


class Silent:
    """Shows nothing."""

    def planned(self, files: int, size_bytes: int) -> None:
        pass

    def resumed(self, files: int) -> None:
        pass

    def read(self, report: SourceReport) -> None:
        pass

    def found(self, hits: tuple[Hit, ...]) -> None:
        pass

    def stage(self, words: str) -> None:
        pass
