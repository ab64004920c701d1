"""What the plan takes from a tree of files, told in Python: as the script does it, without Windows."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from exsweep.knowledge.collection import Files, Plan

DRIVE = "C/"


def taken(plan: Plan, paths: list[str]) -> Iterator[tuple[str, str]]:
    """Entry of the plan and path for each file (`C/inetpub/...`) that is taken; age and size left aside."""
    for path in paths:
        found = next((each.id for each in plan.files if _fits(plan, each, path)), None)
        channel = PurePosixPath(path).name.removesuffix(".evtx").replace("%4", "/")
        if found is None and path.endswith(".evtx") and channel in plan.channels:
            found = "events"
        if found is not None:
            yield found, path


def _fits(plan: Plan, each: Files, path: str) -> bool:
    parts = path.lower().split("/")
    for root in plan.root(each.root).usual:
        folder = (root.replace("C:", "C") + "\\" + each.folder).strip("\\").lower().split("\\")
        inside = len(parts) > len(folder) and all(map(fnmatchcase, parts, folder))
        if inside and any(fnmatchcase(parts[-1], name.lower()) for name in each.patterns):
            return True
    return False
