"""The text that Windows shows of an event, taken apart by its labels, for exports that kept nothing else.

`\\tProcess Command Line:\\tcmd /c whoami` below `Process Information:` is the event's `CommandLine`. Labels are known in
English; in other languages of Windows an event has the same values in the same order. Sysmon's text has the names themselves.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from exsweep.knowledge.event_exports import EventText
from exsweep.parse.winevent.record import Data

MAX_LINES = 400
_SCRIPT = re.compile(
    r"(?P<english>Creating Scriptblock text )?\S?[^\n]{0,120}?\(\d+\D{1,12}\d+\D{0,8}\)\s?[:\uff1a]", re.I
)
"""First line of a script's event in any language: `Creating Scriptblock text (1 of 1):`."""
_SCRIPT_ID = re.compile(
    r"[^:\uff1a]{2,40}[:\uff1a]\s{0,9}(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b.*)?", re.I
)
_GUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-", re.I)
_BEHIND = 6
"""Lines from the end within which the script's id stands, with its path below."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,60}", re.ASCII)
_VALUE = re.compile(r"(?P<margin>\s*)[^\s:\uff1a<][^:\uff1a<]{0,80}[:\uff1a](?P<gap>[\s\xa0]*)(?P<value>.*)")


def take_apart(message: str, labels: Mapping[str, str], plain: Sequence[str] = ()) -> Data:
    """Values by name; empty when the text has no labels that we know. The first value of a name counts.

    A text that names one of `plain` writes all its values under their own names.

    >>> take_apart("A process.\\r\\nUtcTime: -\\r\\nImage: C:\\\\a.exe\\r\\n", {}, ["UtcTime"])
    {'UtcTime': '-', 'Image': 'C:\\\\a.exe'}
    >>> take_apart("A new process.  Creator:  New Name: b.exe  Command Line: b c", {"New Name": "N", "Creator/Command Line": "C"})
    {'N': 'b.exe', 'C': 'b c'}
    >>> take_apart("Creating Scriptblock text (1 of 1):\\nwhoami\\n\\nScriptBlock ID: 1", {})
    {'ScriptBlockText': 'whoami'}
    """
    if (script := _script(message)) is not None:
        return {"ScriptBlockText": script}
    if "\n" not in message:
        message = _broken(message, labels)
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


def _broken(message: str, labels: Mapping[str, str]) -> str:
    """Line by line again: relays put blanks where the text had line breaks."""
    return _headings(tuple(labels)).sub(lambda found: ("\n" if found["head"] else "\n\t") + found[0], message)


@lru_cache(maxsize=8)
def _headings(labels: tuple[str, ...]) -> re.Pattern[str]:
    heads = {label.split("/")[0] for label in labels if "/" in label}
    leaves = {label.split("/")[-1] for label in labels}
    either = "|".join(map(re.escape, sorted(leaves, key=len, reverse=True)))
    head = "|".join(map(re.escape, sorted(heads, key=len, reverse=True)))
    return re.compile(rf"(?<=\s)(?:(?P<head>{head})(?=:\s*[A-Z])|(?:{either})(?=:\s))")


def _script(message: str) -> str | None:
    """What stands between the first line and the one with the script's id; in English also without an id."""
    first, _, rest = message.lstrip().partition("\n")
    begins = _SCRIPT.fullmatch(first.strip()[:200])
    if begins is None:
        return None
    lines = rest.rstrip().rsplit("\n", _BEHIND)
    for place in range(1, len(lines)):
        line = lines[place].strip()[:400]
        if line.startswith("ScriptBlock ID:") or (_GUID.search(line) and _SCRIPT_ID.fullmatch(line)):
            return "\n".join(lines[:place]).strip()
    return rest.strip() if begins["english"] else None


def in_order(message: str, texts: Sequence[EventText]) -> tuple[EventText, Data] | None:
    """The first of `texts` that has as many values as this message in any language, and them by name; None: none has.

    >>> one = EventText(id="7045", channel="System", provider="", values=["ServiceName", "ImagePath"])
    >>> in_order("Ein Dienst wurde installiert.\\n\\nDienstname:  a\\nDateiname:  C:\\\\a.exe", [one])[1]
    {'ServiceName': 'a', 'ImagePath': 'C:\\\\a.exe'}
    """
    values = []
    for line in message.splitlines()[1:MAX_LINES]:
        match = _VALUE.fullmatch(line)
        # Values stand under a margin, or far from their label; the sentences that explain the event do not.
        if match and (
            match["margin"] or (("\t" in match["gap"] or len(match["gap"]) > 1) and match["value"])
        ):
            values.append(match["value"].strip())
    for text in texts:
        if text.values and len(text.values) == len(values):
            return text, {name: value for name, value in zip(text.values, values, strict=True) if name != "-"}
    return None


def repeats(message: str, data: Data) -> bool:
    """The text only says again what the values say."""
    return any(len(value) > 3 and value in message for value in data.values())
