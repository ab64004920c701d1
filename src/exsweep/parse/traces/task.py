r"""A planned task as it lies below `Windows\System32\Tasks`: what it starts, as whom, and when.

Source: https://learn.microsoft.com/en-us/windows/win32/taskschd/task-scheduler-schema (read 2026-11-28)
"""

import re
from collections.abc import Iterator
from typing import Any

from exsweep.parse.text import to_utf8
from exsweep.parse.traces.base import WholeReader, trace
from exsweep.parse.winevent.xml import RefusedXmlError, read_xml

_SCHEMA = b"schemas.microsoft.com/windows/2004/02/mit/task"
_DECLARED = re.compile(rb"\A\s*<\?xml[^>]{0,200}\?>\s*")
_FOLDER = re.compile(r"(?i)(?:^|/)(?:System32|SysWOW64)/Tasks/(.+)$|(?:^|/)Tasks(?:_Migrated)?/(.+)$")


def is_task(head: bytes, _path: str = "") -> bool:
    """The XML of a task, in UTF-16 as Windows writes it or in UTF-8."""
    text = to_utf8(head[:4_096]).removeprefix(b"\xef\xbb\xbf")
    return _SCHEMA in text and b"<Task" in text and text.lstrip()[:1] == b"<"


@trace("scheduled_task", is_task)
class TaskReader(WholeReader):
    """One row for each thing that the task starts."""

    KIND = "scheduled_task"
    LIMIT = 1 << 20

    def read(self, data: bytes) -> None:
        text = _DECLARED.sub(b"", to_utf8(data).removeprefix(b"\xef\xbb\xbf")).strip(b"\0 \r\n\t")
        try:
            task = read_xml(text).get("Task")
        except RefusedXmlError as error:
            self.damaged(f"The task is no XML that can be read: {error}.")
            self.reject(1, 0, "no-xml", text)
            return
        if not isinstance(task, dict):
            self.reject(1, 0, "no-task", text)
            return
        about, shared = _dict(task.get("RegistrationInfo")), self._shared(task)
        for number, action in enumerate(_actions(task), 1):
            self.row({**shared, **action}, line=number)
        if not self._formats:
            self.row(shared, line=1)
        self.tally.note(
            "The date of a task is written by who made it, by the server's clock; its zone is not told."
        )
        if not _text(about.get("Date")):
            self.tally.note(
                "This task does not say when it was made. The journal of the disk, or event 4698, may."
            )

    def _shared(self, task: dict[str, Any]) -> dict[str, str]:
        about, settings = _dict(task.get("RegistrationInfo")), _dict(task.get("Settings"))
        who = next(iter(_each(_dict(task.get("Principals")).get("Principal"))), {})
        named = _FOLDER.search(self.path.replace("\\", "/"))
        place = (named[1] or named[2]) if named else self.path.rpartition("/")[2]
        triggers = _dict(task.get("Triggers"))
        return {
            "TaskName": "\\" + place.replace("/", "\\"),
            "URI": _text(about.get("URI")),
            "Author": _text(about.get("Author")),
            "Registered": _text(about.get("Date"))[:19],
            "Description": _text(about.get("Description")),
            "UserId": _text(who.get("UserId")) or _text(who.get("GroupId")),
            "LogonType": _text(who.get("LogonType")),
            "RunLevel": _text(who.get("RunLevel")),
            "Hidden": _text(settings.get("Hidden")).lower(),
            "Enabled": _text(settings.get("Enabled")).lower() or "true",
            "Triggers": "|".join(name for name in triggers if not name.startswith("#")),
        }


def _actions(task: dict[str, Any]) -> Iterator[dict[str, str]]:
    actions = _dict(task.get("Actions"))
    for each in _each(actions.get("Exec")):
        command, arguments = _text(each.get("Command")), _text(each.get("Arguments"))
        yield {
            "Command": command,
            "Arguments": arguments,
            "WorkingDirectory": _text(each.get("WorkingDirectory")),
            "CommandLine": f"{command} {arguments}".strip(),
        }
    for each in _each(actions.get("ComHandler")):
        yield {"ComClassId": _text(each.get("ClassId")), "Arguments": _text(each.get("Data"))}


def _each(value: object) -> Iterator[dict[str, Any]]:
    yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict))


def _dict(value: object) -> dict[str, Any]:
    return next(_each(value), {})


def _text(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("#text", "")
    return value.strip() if isinstance(value, str) else ""
