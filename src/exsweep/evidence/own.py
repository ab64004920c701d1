"""What exsweep or a collecting program wrote about its own work, inside the evidence, is recognised: it is no evidence."""

import re

from exsweep.knowledge.collection import FOLDER, MANIFEST, SCHEMA
from exsweep.knowledge.collectors import writer_of

_SCHEMA = re.compile(rb'\A\s*\{\s*"schema"\s*:\s*"exsweep\.assessment/')
_REPORT = re.compile(rb'<meta\s+name="?generator"?\s+content="exsweep', re.IGNORECASE)
_ACCOUNT = re.compile(rb'"schema"\s*:\s*"' + re.escape(SCHEMA.encode()))
_COULD_RUN = re.compile(rb"<\0?%|<\0?s\0?c\0?r|runat|\+ADw-", re.IGNORECASE)
"""A list of names never holds these; whatever does is looked at."""
_LOG = re.compile(rb"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ")


def written_by_us(path: str, head: bytes) -> str:
    """Why the file is not judged, or nothing.

    Name and beginning must both be ours: a page that a server would run can never hide behind this.
    """
    folder, _, name = path.lower().rpartition("/")
    if name.endswith(".json") and _SCHEMA.match(head):
        return "an assessment that exsweep wrote; not counted as evidence"
    if name.endswith(".html") and _REPORT.search(head):
        return "a report that exsweep wrote; not counted as evidence"
    if folder.rpartition("/")[2] == FOLDER and _of_the_collector(name, head):
        return "what the collector of exsweep says of its work; not counted as evidence"
    if name.endswith((".log", ".csv", ".txt", ".json")) and (writer := writer_of(path)):
        return "" if _COULD_RUN.search(head) else f"what {writer} says of its work; not counted as evidence"
    return ""


def _of_the_collector(name: str, head: bytes) -> bool:
    head = head.removeprefix(b"\xef\xbb\xbf")
    return (
        (name == "manifest.csv" and head.startswith(MANIFEST.encode()))
        or (name == "collection.json" and _ACCOUNT.search(head) is not None)
        or (name == "collector.log" and _LOG.match(head) is not None)
    )
