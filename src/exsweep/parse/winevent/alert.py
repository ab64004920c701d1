"""What a watching program (EDR) says of a process and the one that started it, pasted: told as the start of that process.

Three forms: labels and values (`Command line: ...`, `Parent: ...`), an arrow from one program to the next (`a.exe -> b.exe`),
and a sentence (`a.exe (4312) spawned b.exe`), which counts only with numbers of processes, paths or a command line below it:
advice names programs alone.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import islice

from exsweep.knowledge.event_exports import event_exports
from exsweep.parse.winevent.shown import CHANNEL, DESCRIPTION, NUMBER

MAX_LINES = 16
_LONGEST = 1 << 14
_LABEL = re.compile(
    r"[\s*|\-\u2022]{0,8}\"?(?P<label>[A-Za-z][A-Za-z _.]{2,40}?)\"?(?:\s*[:=|]|\t)\s*(?P<value>\S.*)"
)
_ARROW = re.compile(r"\s*(?:[-=]{1,2}>|[>\u2192\u00bb])\s*")
_PROGRAM = re.compile(
    r"\s*\"?(?P<path>(?:(?:[A-Za-z]:|\\Device\\\w+)\\[^\"<>|*?]{0,200}\\)?[\w.$-]{1,60}\.exe)\"?(?=[\s,;(]|$)(?P<rest>.*)",
    re.I | re.S,
)
_NAME = r"(?:(?:[A-Za-z]:|\\Device\\\w+)\\[^\"<>|*?:]{0,200}\\)?[\w.$-]{1,60}\.exe"
_PROGRAMS = re.compile(_NAME, re.I)
_VERB = re.compile(r"\b(?:spawned|launched|started|created|executed|ran|invoked)\b(?P<by> by)?", re.I)
_NEAR, _VERBS = 160, 4
"""Characters before and behind a verb in which its programs stand, and verbs of a line that are looked at."""
_SHOWN = re.compile(r"\\|\(\s*(?:PID|process id|id)?[\s:#=]*\d{2,10}\s*\)|\bPID\b[\s:#=]*\d", re.I)
"""What a record of a process has, and a sentence about processes in general has not."""
_BARE = re.compile(r"\"?(?P<path>[A-Za-z][\w-]{1,40})\"?(?=\s|$)(?P<rest>.*)", re.S)
"""A command as it was typed: `powershell -nop`."""


def may_tell(line: bytes) -> bool:
    """Quick look: most lines of a text tell of no program."""
    return b".exe" in line.lower() or b"ommand" in line or b"rocess" in line


def alert_at(lines: Sequence[bytes], at: int) -> tuple[int, dict[str, str]] | None:
    """The alert that begins at line `at`: lines used, and its values by the labels of the Event Viewer; None: none does."""
    text = lines[at][:_LONGEST].decode("utf-8", "backslashreplace")
    if (chain := _chain(text)) is not None:
        return 1, _event(chain)
    if (told := _sentence_at(lines, at, text)) is not None:
        return told[0], _event(told[1])
    begins = _labelled(text) is not None or _squeezed(text) in _names()
    return _labels_at(lines, at) if begins else None


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


def _sentence_at(lines: Sequence[bytes], at: int, text: str) -> tuple[int, dict[str, str]] | None:
    """`a.exe (4312) spawned b.exe (99)`, `b.exe was started by C:\\x\\a.exe`; with the labels below it, if there are any."""
    if text.rstrip().endswith("?"):
        return None
    for verb in islice(_VERB.finditer(text), _VERBS):
        before = [*_PROGRAMS.finditer(text[max(verb.start() - _NEAR, 0) : verb.start()])]
        behind = _PROGRAMS.search(text[verb.end() : verb.end() + _NEAR])
        if before and behind:
            break
    else:
        return None
    first, second = before[-1][0], behind[0]
    parent, child = (second, first) if verb["by"] else (first, second)
    found, used = _labels(lines, at + 1) if at + 1 < len(lines) else ({}, 0)
    if "CommandLine" not in found and not _SHOWN.search(text):
        return None
    told = {"ParentImage": _rooted(parent), "Image": _rooted(child), "CommandLine": child}
    if "CommandLine" not in found:
        return 1, told
    return used + 1, told | {
        name: found[name] for name in ("CommandLine", "ParentCommandLine") if name in found
    }


def _labels_at(lines: Sequence[bytes], at: int) -> tuple[int, dict[str, str]] | None:
    found, used = _labels(lines, at)
    parent = _program(found, "ParentImage", "ParentCommandLine")
    child = _program(found, "Image", "CommandLine")
    return (used, _event(found | parent | child)) if parent and child else None


def _labels(lines: Sequence[bytes], at: int) -> tuple[dict[str, str], int]:
    """Known labels from line `at` on with their values, each once; and the lines down to the last of them."""
    found: dict[str, str] = {}
    used = 0
    for place in range(at, min(at + MAX_LINES, len(lines))):
        text = lines[place][:_LONGEST].decode("utf-8", "backslashreplace")
        pair = _labelled(text)
        alone = _names().get(_squeezed(text)) if pair is None else None
        if alone is not None and place + 1 < len(lines) and alone not in found:
            # Copied out of a page: the value stands below its label.
            following = lines[place + 1][:_LONGEST].decode("utf-8", "backslashreplace").strip()
            pair = (alone, following) if following else None
        if pair is not None and pair[0] in found:
            break
        if pair is not None:
            found[pair[0]] = pair[1]
            used = place + (1 if alone is None else 2) - at
        elif any(text.strip() == value for value in found.values()):
            continue
        elif text.strip() and _LABEL.match(text) is None:
            break
    return found, used


def _program(found: Mapping[str, str], image: str, command: str) -> dict[str, str]:
    """Path and command line of one program, each from the other where only one is told; empty: neither names a program."""
    said = found.get(image) or found.get(command) or ""
    match = _PROGRAM.fullmatch(said) or (_BARE.fullmatch(said) if said == found.get(command) else None)
    if match is None:
        return {}
    path = match["path"]
    told = {image: _rooted(path if path.lower().endswith(".exe") else f"{path}.exe")}
    return told if command in found else told | {command: said}


def _rooted(path: str) -> str:
    """Rules ask for `\\\\cmd.exe` at the end of a path; an alert often has the name alone."""
    return path if "\\" in path else "\\" + path


def _labelled(text: str) -> tuple[str, str] | None:
    match = _LABEL.fullmatch(text)
    name = _names().get(_squeezed(match["label"])) if match else None
    return (name, match["value"].strip(' \t|"')) if match and name else None


def _squeezed(label: str) -> str:
    return re.sub(r"[\s_.]", "", label[:80]).lower()


@cache
def _names() -> Mapping[str, str]:
    return {label: name for name, labels in event_exports().alert_labels.items() for label in labels}


def _event(values: Mapping[str, str]) -> dict[str, str]:
    known = next(one for one in event_exports().shown_sentences if one.text.startswith("Process Create"))
    said = [known.text, "UtcTime: -", *(f"{name}: {value}" for name, value in sorted(values.items()))]
    return {CHANNEL: known.channel, NUMBER: known.id, "Source": known.provider, DESCRIPTION: "\n".join(said)}
