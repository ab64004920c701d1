"""Windows error reports (`Report.wer`): which program crashed, and for the web server which of its pools."""

import re

import numpy as np
import pyarrow as pa

from exsweep.knowledge.formats import format_of
from exsweep.parse.batch import NO_TIME, Batch
from exsweep.parse.tally import Tally
from exsweep.parse.text import to_utf8

_START = re.compile(rb"\A(?:\xef\xbb\xbf)?\s{0,16}Version=\d+\s+EventType=[\w.]+\s", re.I)
_PAIR = re.compile(rb"(?m)^([\w.\[\]]{1,64})=([^\r\n]{0,2000})")
_POOL = re.compile(rb"(?i)w3wp(?:\.exe)?[#_]+([\w.-]{1,80})|-ap\s+\"([\w. -]{1,80})\"")
_TICKS_1970 = 116_444_736_000_000_000
_MOST = 200


def recognise_report(head: bytes) -> bool:
    """Does the file begin as an error report does? (They are UTF-16.)"""
    return _START.match(to_utf8(head[:2_000])) is not None


def read_report(data: bytes) -> tuple[Batch, Tally]:
    """The report as one row. The time is that of the crash, UTC."""
    kind, tally = format_of("error_report"), Tally()
    text = to_utf8(data)
    pairs = {found[1].lower(): found[2].strip() for found in _PAIR.finditer(text)}
    signatures = [value for name, value in list(pairs.items())[:_MOST] if name.endswith(b".value")]
    pool = _POOL.search(text)
    time_ms = _moment(pairs.get(b"eventtime", b""))
    values = {
        "EventTime": str(np.datetime64(time_ms, "ms")).encode() if time_ms != NO_TIME else b"",
        "EventType": pairs.get(b"eventtype", b""),
        "AppName": pairs.get(b"appname", b""),
        "AppPath": pairs.get(b"apppath", b""),
        "Pool": (pool[1] or pool[2] or b"") if pool else b"",
        "Signatures": b"|".join(signatures),
    }
    table = pa.table({name: pa.array([values[name]], pa.binary()) for name in kind.columns})
    one = np.ones(1, np.int64)
    shown = b"; ".join(name.encode() + b"=" + value for name, value in values.items() if value)
    tally.lines = tally.events = 1
    tally.kinds[kind.id] = 1
    if time_ms != NO_TIME:
        tally.span(time_ms, time_ms)
        tally.count_days(np.array([time_ms // 86_400_000], np.int64))
    return Batch(kind, table, one, one * 0, one * time_ms, lines=(shown,)), tally


def _moment(ticks: bytes) -> int:
    """Unix milliseconds of a Windows file time in decimal digits."""
    if not ticks.isdigit() or len(ticks) > 18:
        return int(NO_TIME)
    moment = (int(ticks) - _TICKS_1970) // 10_000
    return moment if 0 < moment < 4_102_444_800_000 else int(NO_TIME)
