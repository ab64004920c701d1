"""What a watching program (EDR) says of a process and the one that started it, pasted: told as the start of that process.

Two forms: labels and values (`Command line: ...`, `Parent: ...`), and an arrow from one program to the next (`a.exe -> b.exe`).
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from exsweep.knowledge.event_exports import event_exports
from exsweep.parse.winevent.shown import CHANNEL, DESCRIPTION, NUMBER

MAX_LINES = 16
_LONGEST = 1 << 14
_LABEL = re.compile(r"[\s*\-\u2022]{0,8}\"?(?P<label>[A-Za-z][A-Za-z _]{2,40}?)\"?\s*[:=]\s*(?P<value>\S.*)")
_ARROW = re.compile(r"\s*(?:[-=]{1,2}>|[>\u2192\u00bb])\s*")
_PROGRAM = re.compile(
    r"\s*\"?(?P<path>(?:[A-Za-z]:\\[^\"<>|*?]{0,200}\\)?[\w.$-]{1,60}\.exe)\"?(?=[\s,;]|$)(?P<rest>.*)",
    re.I | re.S,
)


def may_tell(line: bytes) -> bool:
    """Quick look: most lines of a text tell of no program."""
    return b".exe" in line.lower() or b"ommand" in line


def alert_at(lines: Sequence[bytes], at: int) -> tuple[int, dict[str, str]] | None:
    """The alert that begins at line `at`: lines used, and its values by the labels of the Event Viewer; None: none does."""
    text = lines[at][:_LONGEST].decode("utf-8", "backslashreplace")
    if (chain := _chain(text)) is not None:
        return 1, _event(chain)
    return _labels_at(lines, at) if _labelled(text) is not None else None


def _chain(text: str) -> dict[str, str] | None:
    """The first two programs of `a.exe -> b.exe -> c.exe`; words may stand before the first."""
    head, *others = _ARROW.split(text)
    if not others:
        return None
    first = re.search(r"(?:[A-Za-z]:\\[^\"<>|*?:]{0,200}\\)?[\w.$-]{1,60}\.exe\"?$", head.strip(), re.I)
    second = _PROGRAM.fullmatch(others[0])
    if first is None or second is None:
        return None
    return {
        "ParentImage": _rooted(first[0].strip('"')),
        "Image": _rooted(second["path"]),
        "CommandLine": others[0].strip(),
    }


def _labels_at(lines: Sequence[bytes], at: int) -> tuple[int, dict[str, str]] | None:
    found: dict[str, str] = {}
    used = 0
    for place in range(at, min(at + MAX_LINES, len(lines))):
        text = lines[place][:_LONGEST].decode("utf-8", "backslashreplace")
        pair = _labelled(text)
        if pair is not None and pair[0] in found:
            break
        if pair is not None:
            found[pair[0]] = pair[1]
            used = place + 1 - at
        elif text.strip() and _LABEL.match(text) is None:
            break
    parent = _program(found, "ParentImage", "ParentCommandLine")
    child = _program(found, "Image", "CommandLine")
    return (used, _event(found | parent | child)) if parent and child else None


def _program(found: Mapping[str, str], image: str, command: str) -> dict[str, str]:
    """Path and command line of one program, each from the other where only one is told; empty: neither names a program."""
    said = found.get(image) or found.get(command) or ""
    match = _PROGRAM.fullmatch(said)
    if match is None:
        return {}
    told = {image: _rooted(match["path"])}
    return told if command in found else told | {command: said}


def _rooted(path: str) -> str:
    """Rules ask for `\\\\cmd.exe` at the end of a path; an alert often has the name alone."""
    return path if "\\" in path else "\\" + path


def _labelled(text: str) -> tuple[str, str] | None:
    match = _LABEL.fullmatch(text)
    name = _names().get(re.sub(r"[\s_]", "", match["label"]).lower()) if match else None
    return (name, match["value"].strip()) if match and name else None


@cache
def _names() -> Mapping[str, str]:
    return {label: name for name, labels in event_exports().alert_labels.items() for label in labels}


def _event(values: Mapping[str, str]) -> dict[str, str]:
    known = next(one for one in event_exports().shown_sentences if one.text.startswith("Process Create"))
    said = [known.text, "UtcTime: -", *(f"{name}: {value}" for name, value in sorted(values.items()))]
    return {CHANNEL: known.channel, NUMBER: known.id, "Source": known.provider, DESCRIPTION: "\n".join(said)}
