"""Our own results inside the evidence are recognised: they are no evidence."""

import re

_SCHEMA = re.compile(rb'\A\s*\{\s*"schema"\s*:\s*"exsweep\.assessment/')
_REPORT = re.compile(rb'<meta\s+name="?generator"?\s+content="exsweep', re.IGNORECASE)


def written_by_us(path: str, head: bytes) -> str:
    """Why the file is not judged, or nothing.

    Name and beginning must both be ours: a page that a server would run can never hide behind this.
    """
    name = path.rpartition("/")[2].lower()
    if name.endswith(".json") and _SCHEMA.match(head):
        return "an assessment that exsweep wrote; not counted as evidence"
    if name.endswith(".html") and _REPORT.search(head):
        return "a report that exsweep wrote; not counted as evidence"
    return ""
