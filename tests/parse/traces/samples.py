"""One sound file of each kind of trace, made by code: for the fuzzer and for laws that hold for all of them."""

from tests.parse.traces.test_history import TYPED
from tests.parse.traces.test_task import TASK


def trace_samples() -> dict[str, bytes]:
    """Path as a collector keeps it -> the bytes."""
    return {
        "C/Windows/System32/Tasks/Winnet": ("\ufeff" + TASK).encode("utf-16-le"),
        "C/Users/a/ConsoleHost_history.txt": TYPED,
    }
