"""One sound file of each kind of trace, made by code: for the fuzzer and for laws that hold for all of them."""

from tests.parse.traces.making import locked_file
from tests.parse.traces.test_defender import FOUND, LIST, LOCKED, TEXT, entry, history
from tests.parse.traces.test_history import TYPED
from tests.parse.traces.test_task import TASK


def trace_samples() -> dict[str, bytes]:
    """Path as a collector keeps it -> the bytes."""
    return {
        "C/Windows/System32/Tasks/Winnet": ("\ufeff" + TASK).encode("utf-16-le"),
        "C/Users/a/ConsoleHost_history.txt": TYPED,
        LIST: entry(),
        LOCKED: locked_file(TEXT),
        FOUND: history(),
    }
