"""What can stop a run. One class per action the reader can take; evidence that cannot be read is a value, not an error."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller (contract; documented in docs/reference/exit-codes.md)."""

    OK = 0
    """Ran; nothing at or above `--fail-on`."""
    FOUND = 1
    """Ran; something at or above `--fail-on`."""
    USAGE = 2
    """The command line cannot be understood."""
    CANNOT_TELL = 3
    """Ran, nothing found, but gaps limit the verdict."""
    COULD_NOT_RUN = 4
    """Could not run: no evidence, disk full, broken installation."""


class ExsweepError(Exception):
    """Base of all errors meant for people: `what` and `where` in one sentence, `tip` = what to do next."""

    exit_code = ExitCode.COULD_NOT_RUN

    def __init__(self, message: str, *, tip: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.tip = tip


class UsageError(ExsweepError):
    """Change the command line."""

    exit_code = ExitCode.USAGE


class EvidenceError(ExsweepError):
    """Give other evidence: nothing in what was named can be read."""


class KnowledgeError(ExsweepError):
    """Mend a rule or knowledge file."""


class ScanRefused(ExsweepError):  # noqa: N818 - the word of the design: a refusal, not a fault
    """Mend the scope file, or ask whoever owns the target: nothing was sent."""


class StoreError(ExsweepError):
    """Free space, or choose another output folder."""


NO_MEMORY = frozenset({"MemoryError", "OutOfMemoryException", "ArrowMemoryError"})
"""Names of the errors by which Python, DuckDB and Arrow say that memory is short."""
