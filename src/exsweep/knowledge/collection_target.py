"""The collector as a KAPE target: one entry for each pattern of each folder of the plan, where it usually stands."""

import uuid
from collections.abc import Iterator

from exsweep.knowledge.collection import Plan

_NAMESPACE = uuid.UUID("6c1d4f0e-63a4-5d0c-9a55-3d4a5f0b7c11")
"""KAPE wants an id that stays: it is made from the plan's text in this namespace (a random number of ours)."""


def kape(plan: Plan, *, program: str) -> str:
    """The target (.tkape, YAML). KAPE cannot ask the registry nor count days: whoever has another drive changes the paths."""
    entries = list(_entries(plan))
    body = "\n".join(
        line
        for name, path, mask, deep in entries
        for line in (
            "    -",
            f"        Name: {_quoted(name)}",
            "        Category: Exchange",
            f"        Path: {_quoted(path)}",
            f"        FileMask: {_quoted(mask)}",
            f"        Recursive: {str(deep).lower()}",
        )
    )
    digest = uuid.uuid5(_NAMESPACE, body)
    return "\n".join(
        (
            "Description: 'exsweep: what tells whether an Exchange server was broken into'",
            "Author: exsweep",
            f"Version: {plan.version}.0",
            f"Id: {digest}",
            "RecreateDirectories: true",
            "Targets:",
            body,
            f"# Made by exsweep {program} from the plan of its own collector; takes all days and all sizes.",
            "",
        )
    )


def _entries(plan: Plan) -> Iterator[tuple[str, str, str, bool]]:
    """Name, folder, mask, with the folders in it."""
    for each in plan.files:
        for root in plan.root(each.root).usual:
            folder = "\\".join(part for part in (root, each.folder) if part) + "\\"
            for mask in each.patterns:
                yield f"{each.id} ({mask})", folder, mask, True
    (windows,) = plan.root("windows").usual
    for channel in plan.channels:
        yield channel, f"{windows}\\System32\\winevt\\Logs\\", channel.replace("/", "%4") + ".evtx", False


def _quoted(text: str) -> str:
    """YAML's single quotes know one escape: a quote is written twice."""
    return "'" + text.replace("'", "''") + "'"
