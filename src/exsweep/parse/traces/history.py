r"""What was typed into PowerShell: `ConsoleHost_history.txt`, one command after the other, without times.

Source: https://learn.microsoft.com/en-us/powershell/module/psreadline/about/about_psreadline (read 2026-11-28)
"""

import re

from exsweep.parse.traces.base import LinesReader, trace

_NAME = re.compile(
    r"(?i)(?:^|/)(?:[^/]*_)?(?:ConsoleHost|Visual Studio Code Host|Windows PowerShell ISE Host)_history[^/]*\.txt$"
)
_USER = re.compile(r"(?i)(?:^|/)Users/([^/]+)/")
_MOST = 400
"""Lines of one command that are put together."""


def is_history(_head: bytes, path: str = "") -> bool:
    """Only its name tells it: the text is just commands."""
    return _NAME.search(path) is not None


@trace("powershell_history", is_history, priority=1)
class HistoryReader(LinesReader):
    """One row a command; a command over several lines is one row."""

    KIND = "powershell_history"

    def __init__(self, path: str = "") -> None:
        super().__init__(path)
        user = _USER.search(path.replace("\\", "/"))
        self._user = user[1] if user else ""
        self._open: list[bytes] = []
        self._start = (0, 0)

    def line(self, text: bytes, number: int, offset: int) -> None:
        if not self._open:
            self._start = number, offset
        # PSReadLine ends each line but the last of a command with a backtick.
        if text.endswith(b"`") and len(self._open) < _MOST:
            self._open.append(text[:-1])
            return
        self._open.append(text)
        self._put()

    def close(self) -> None:
        if self._open:
            self._put()
        self.tally.note(
            "The history of PowerShell has no times: its commands come in their order, some months apart."
        )

    def _put(self) -> None:
        command, self._open = b"\n".join(self._open).removeprefix(b"\xef\xbb\xbf").strip(), []
        if command:
            values = {"Command": command, "User": self._user}
            self.row(values, line=self._start[0], offset=self._start[1], raw=command)
