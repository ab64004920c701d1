"""An event that stands as text in one field of another system's record: Splunk's `_raw`, the payload of a SIEM.

The text is the event's XML, a JSON object, or `name=value` line by line (Splunk) or tab by tab (QRadar); the record that
stands in it is then mapped as if it stood alone.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from exsweep.knowledge.event_exports import event_exports
from exsweep.parse.winevent.texts import RECORD_CAP, decoded
from exsweep.parse.winevent.xml import RefusedXmlError, read_xml

_PAIR = re.compile(r"(?:^|[\n\t])(?P<name>[A-Za-z]{2,40})=(?P<value>[^\n\t]*)")
_LAST = re.compile(r"(?:^|[\n\t])Message=(?P<value>.*)", re.S)
"""The text of the event stands last and may hold anything."""
_SPLUNK_TIME = re.compile(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d(?:\.\d{1,6})? [AP]M(?=\r?\n)")
TIME = "#time"
"""Name of the moment that stands before the first value."""
_FEWEST = 4


def carried(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """The record in the first field that holds one; None: none does.

    >>> carried({"host": "EX01", "_raw": "<Event><System><EventID>1</EventID></System></Event>"})
    {'System': {'EventID': '1'}}
    """
    for inner in (record, *(record[name] for name in _inside() if isinstance(record.get(name), dict))):
        for name in _fields():
            value = inner.get(name)
            if isinstance(value, str) and (found := _read(value)) is not None:
                return found
    return None


def _read(text: str) -> dict[str, Any] | None:
    text = text.strip()
    if len(text) > RECORD_CAP:
        return None
    if text.startswith(("<Event", "<?xml")):
        try:
            value = read_xml(text.encode("utf-8", "replace")).get("Event")
        except RefusedXmlError:
            return None
        return value if isinstance(value, dict) else None
    if text.startswith("{"):
        return decoded(text.encode("utf-8", "replace"))
    return named(text)


def named(text: str) -> dict[str, Any] | None:
    """`name=value` by lines or by tabs, the event's text last; None: fewer than four.

    >>> found = named("03/03/2021 04:12:00 AM\\nLogName=Security\\nEventCode=4688\\nType=x\\nMessage=A new process.\\nImage: a=b")
    >>> found["#time"], found["EventCode"], found["Message"]
    ('03/03/2021 04:12:00 AM', '4688', 'A new process.\\nImage: a=b')
    """
    last = _LAST.search(text)
    if last is None:
        return None
    made: dict[str, Any] = {}
    for found in _PAIR.finditer(text, 0, last.start() + 1):
        made.setdefault(found["name"], found["value"].rstrip("\r"))
    if len(made) < _FEWEST - 1:
        return None
    moment = _SPLUNK_TIME.match(text)
    if moment is not None:
        made[TIME] = moment[0]
    return made | {"Message": last["value"]}


@cache
def _fields() -> tuple[str, ...]:
    return event_exports().carriers


@cache
def _inside() -> tuple[str, ...]:
    return event_exports().carriers_inside
