r"""Orders that Windows keeps for events (`System32\wbem\Repository\OBJECTS.DATA`): which event starts which command or script.

The repository is not taken apart: the texts of consumers, filters and what binds them are looked for, with what stands behind.
Source: https://github.com/davidpany/WMI_Forensics (order of the texts; analyst knowledge, 2026-11-28)
"""

import re
from collections.abc import Iterator

from exsweep.parse.traces.base import WholeReader, trace

_NAME = re.compile(r"(?i)(?:^|/)objects\.data$")
_CLASSES = (
    b"__FilterToConsumerBinding",
    b"CommandLineEventConsumer",
    b"ActiveScriptEventConsumer",
    b"__EventFilter",
)
_COMMAND = re.compile(
    rb"CommandLineEventConsumer\x00\x00(?P<command>[^\x00]{2,4000})\x00(?P<rest>.{0,1200})", re.S
)
_SCRIPT = re.compile(
    rb"ActiveScriptEventConsumer\x00\x00(?P<first>[^\x00]{1,20000})\x00(?P<rest>.{0,20000})", re.S
)
_BOUND = re.compile(rb"(?P<kind>\w{4,60}EventConsumer)\.Name=\"(?P<consumer>[^\"\x00]{1,300})\"")
_FILTER = re.compile(rb"__EventFilter\.Name=\"(?P<filter>[^\"\x00]{1,300})\"")
_QUERY = re.compile(rb"(?i)\x00(?P<query>select\s[^\x00]{5,2000})\x00")
_WORD = re.compile(rb"[\x20-\x7e\t\r\n]{3,20000}")
_PROPERTIES = frozenset(
    (
        b"CommandLineTemplate",
        b"ExecutablePath",
        b"string",
        b"boolean",
        b"uint32",
        b"Description",
        b"read",
        b"Name",
    )
)
_NEAR = 600
_MOST = 2_000


def is_repository(head: bytes, path: str = "") -> bool:
    """By name: it has no mark of its own."""
    return _NAME.search(path) is not None and len(head) >= 512


@trace("wmi_repository", is_repository)
class RepositoryReader(WholeReader):
    """One row for each consumer that starts a command or script, and one for each binding."""

    KIND = "autostart"
    LIMIT = 400 << 20

    def read(self, data: bytes) -> None:
        if not any(one in data for one in _CLASSES):
            self.damaged("The repository of orders for events holds none of the texts that every one has.")
            self.reject(1, 0, "no-texts", data[:64])
            return
        seen: set[tuple[str, str, str]] = set()
        for at, kind, name, command, detail in (*_consumers(data), *_bindings(data)):
            key = (kind, name, command)
            if key in seen or len(seen) >= _MOST:
                continue
            seen.add(key)
            values = {"Kind": kind, "Name": name, "Command": command, "Detail": detail, "Key": "OBJECTS.DATA"}
            self.row(values, line=len(seen), offset=at)
        self.tally.note("Orders for events have no times. Removed ones may still be listed.")


def _consumers(data: bytes) -> Iterator[tuple[int, str, str, str, str]]:
    for found in _COMMAND.finditer(data):
        words = [found["command"], *_WORD.findall(found["rest"])]
        if words[0] in _PROPERTIES or words[0].startswith(b"Win32") or not _likely(words[0]):
            continue
        name = next((one for one in words[1:4] if one != words[0]), b"")
        yield found.start(), "wmi command", _text(name), _text(words[0]), ""
    for found in _SCRIPT.finditer(data):
        words = [found["first"], *_WORD.findall(found["rest"])[:4]]
        script = max(words, key=len)
        if len(script) > 20 and words[0] not in _PROPERTIES:
            name = next(
                (one for one in words if one != script and one.lower() not in (b"vbscript", b"jscript")), b""
            )
            yield found.start(), "wmi script", _text(name), _text(script), ""


def _likely(command: bytes) -> bool:
    """A command and no name of a property of the class."""
    return bool(re.search(rb"[\\ ./:]", command)) and _WORD.fullmatch(command) is not None


def _bindings(data: bytes) -> Iterator[tuple[int, str, str, str, str]]:
    for found in _BOUND.finditer(data):
        near = data[max(found.start() - _NEAR, 0) : found.end() + _NEAR]
        bound = _FILTER.search(near)
        wanted = bound["filter"] if bound else b""
        at = data.find(wanted + b"\0\0") if wanted else -1
        query = _QUERY.search(data[at : at + 3_000]) if at >= 0 else None
        detail = f"filter {_text(wanted)}" + (f": {_text(query['query'])}" if query else "")
        yield found.start(), "wmi binding", _text(found["consumer"]), _text(found["kind"]), detail


def _text(raw: bytes) -> str:
    return raw.decode("latin-1").strip()
