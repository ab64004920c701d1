"""Settings pasted as `Name : value` lists, and the bare value of a setting that holds markup."""

import re
from collections.abc import Sequence

_PAIR = re.compile(rb"\s{0,3}(?P<name>[A-Za-z][A-Za-z0-9]{1,60})\s*:(?:\s(?P<value>.*))?")
_CONTINUED = re.compile(rb"\s{6,}\S")
_MARKUP = re.compile(
    rb"\s*\"?(?:(?:(?:Ex|In)ternalUrl|OriginalString|AbsoluteUri)\"?\s*[:=]?\s*\"?)?(?P<value>https?://[^\s<>\"']{0,300}<\s*[A-Za-z%!?].*)",
    re.S | re.I,
)
_CLOSED = re.compile(rb"</\s*script\s*>|%>", re.I)
MAX_LINES = 60
"""A value that goes on for longer than this is not one."""


def pair_block(lines: Sequence[bytes], at: int) -> tuple[int, dict[str, bytes]] | None:
    """The `Name : value` list that begins at line `at`: lines used, and values by name; None when there is none.

    Ends before an empty line, before a line of another form, or before a name that came already. A line that is far
    indented goes on with the value above it (the console wraps there, so nothing is put in between).
    """
    values: dict[str, bytes] = {}
    last = ""
    used = 0
    for line in lines[at : at + 400]:
        pair = _PAIR.fullmatch(line)
        if last and _CONTINUED.match(line):
            values[last] += line.strip()
        elif pair is not None and pair["name"].decode() not in values:
            last = pair["name"].decode()
            values[last] = (pair["value"] or b"").strip()
        else:
            break
        used += 1
    return (
        (used, values) if len(values) > 1 or (values and _MARKUP.match(next(iter(values.values())))) else None
    )


def markup_value(lines: Sequence[bytes], at: int) -> tuple[int, bytes] | None:
    """An address with markup in it, over as many lines as the markup stays open: lines used, and the value."""
    match = _MARKUP.fullmatch(lines[at])
    if match is None:
        return None
    value = match["value"]
    used = 1
    while not _CLOSED.search(value) and at + used < len(lines) and used < MAX_LINES:
        following = lines[at + used]
        if not following.strip() or _MARKUP.match(following):
            break
        value += b"\n" + following
        used += 1
    return used, value.strip()
