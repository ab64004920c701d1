"""The collector as a PowerShell script: the shipped template with the plan in it as data."""

import json
from typing import Any

import msgspec

from exsweep.knowledge.collection import FOLDER, Plan, served
from exsweep.knowledge.data_files import read_text, version

TEMPLATE = "collection/collect.ps1.txt"
_PROGRAMS = ("*.dll", "*.exe", "*.js")
"""Hashed in the listing beside pages: what else a server loads or gives out."""


def powershell(plan: Plan, *, days: int, program: str) -> str:
    """The script: ASCII, lines end in CRLF. `program`: version of exsweep.

    The plan stands in a here-string that knows no variables; JSON keeps every quote and line break out of it.
    """
    data = {
        "folder": FOLDER,
        "limits": msgspec.to_builtins(plan.limits),
        "roots": [_row(root) for root in plan.roots],
        "files": [_row(each, names=each.patterns) for each in plan.files],
        "channels": plan.channels,
        "listing": _row(plan.listing),
        "directory": _row(plan.directory),
        "hashed": [*served(), *_PROGRAMS],
    }
    text = read_text(TEMPLATE)
    for name, value in (
        ("VERSION", program),
        ("KNOWLEDGE", version()),
        ("DAYS", str(days)),
        ("PLAN", _ascii_json(data)),
    ):
        text = text.replace(f"@@{name}@@", value)
    return "\r\n".join(text.splitlines()) + "\r\n"


def _row(record: msgspec.Struct, **changed: Any) -> dict[str, Any]:
    """All fields, also those that say nothing: strict PowerShell refuses to ask for a name that is not there."""
    return {**msgspec.to_builtins(record), **changed}


def _ascii_json(data: dict[str, Any]) -> str:
    # A quote of PowerShell at the beginning of a line would end the here-string; JSON may write it otherwise.
    return json.dumps(data, indent=1).replace("'", "\\u0027")
