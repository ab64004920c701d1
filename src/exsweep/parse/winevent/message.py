"""The text that Windows shows of an event, taken apart by its labels, for exports that kept nothing else.

`\\tProcess Command Line:\\tcmd /c whoami` below `Process Information:` is the event's `CommandLine`. Only English labels
are known. Sysmon's text has the names themselves.
"""

import re
from collections.abc import Mapping, Sequence

from exsweep.parse.winevent.record import Data

MAX_LINES = 400
_SCRIPT = re.compile(
    r"\s*Creating Scriptblock text \(\d+ of \d+\):\s*\n(?P<text>.*?)(?:\n\s*ScriptBlock ID:.*)?", re.S | re.I
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,60}", re.ASCII)


def take_apart(message: str, labels: Mapping[str, str], plain: Sequence[str] = ()) -> Data:
    """Values by name; empty when the text has no labels that we know. The first value of a name counts.

    A text that names one of `plain` writes all its values under their own names.

    >>> take_apart("A process.\\r\\nUtcTime: -\\r\\nImage: C:\\\\a.exe\\r\\n", {}, ["UtcTime"])
    {'UtcTime': '-', 'Image': 'C:\\\\a.exe'}
    >>> take_apart("Creating Scriptblock text (1 of 1):\\nwhoami\\n\\nScriptBlock ID: 1", {})
    {'ScriptBlockText': 'whoami'}
    """
    if script := _SCRIPT.fullmatch(message):
        return {"ScriptBlockText": script["text"].strip()}
    plainly = any(f"\n{name}:" in message for name in plain)
    found: Data = {}
    section = ""
    for line in message.splitlines()[1:MAX_LINES]:
        label, colon, value = line.partition(":")
        label, value = label.strip(), value.strip()
        if not colon or not label:
            continue
        if not value and not line[:1].isspace():
            section = label
            continue
        name = labels.get(f"{section}/{label}") or labels.get(label)
        if name is None and plainly and _NAME.fullmatch(label):
            name = label
        if name is not None:
            found.setdefault(name, value)
    return found


def repeats(message: str, data: Data) -> bool:
    """The text only says again what the values say."""
    return any(len(value) > 3 and value in message for value in data.values())
