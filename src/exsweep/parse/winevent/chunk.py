"""One chunk of an `.evtx` file to the JSON of its records; whatever is damaged in it, the other records are read."""

import struct
import zlib
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from typing import Any, cast

import evtx
import msgspec

from exsweep.parse.winevent.layout import (
    FILE_HEADER,
    FILE_MARK,
    Layout,
    Place,
    blanked,
    lay_out,
    mended,
    without_tables,
)

MAX_TRIES = 24
"""Readings of one chunk; each of them after the first leaves out a record that stopped the reader."""
BROKEN = "broken-record"
UNREADABLE = "unreadable-record"
STOPPED = "reader-stopped"


class Read(msgspec.Struct, frozen=True, gc=False):
    """What one record gave: its JSON, or the reason why there is none."""

    place: Place
    json: str | None
    reason: str = ""


def read_chunk(chunk: bytes) -> tuple[Layout, list[Read]]:
    """All records of a chunk (CHUNK bytes) in their order.

    The bytes alone decide: the header's counts are used where its checksum fits, the marks of the records where not.
    """
    layout = lay_out(chunk)
    if not layout.places:
        return layout, []
    if layout.sound:
        found = _straight(chunk, layout.places)
        if found is not None:
            return layout, found
    return layout, _patiently(chunk, layout.places)


def _straight(chunk: bytes, places: tuple[Place, ...]) -> list[Read] | None:
    """The usual case: every record can be read. None when anything at all is odd."""
    try:
        records = list(_iterate(chunk))
    except RuntimeError:
        return None
    except BaseException as stop:
        if not _is_panic(stop):
            raise
        return None
    if len(records) != len(places):
        return None
    return [Read(place, record["data"]) for place, record in zip(places, records, strict=True)]


def _patiently(chunk: bytes, places: tuple[Place, ...]) -> list[Read]:
    """Record by record, beginning again without the one that stopped the reader."""
    data, order = mended(chunk, places)
    results: dict[int, Read] = {}
    for attempt in range(MAX_TRIES):
        before = len(results)
        stopped_at = _once(data, order, places, results)
        if stopped_at is None:
            break
        if stopped_at == 0 and len(results) == before and attempt == 0:
            data = without_tables(data)  # the reader stops before any record: the tables are damaged
            continue
        number = order[stopped_at] if stopped_at < len(order) else None
        if number is None:
            break
        results[number] = Read(places[number], None, STOPPED)
        data = blanked(data, places[number])
    return [
        results.get(number) or Read(place, None, BROKEN if place.number is None else UNREADABLE)
        for number, place in enumerate(places)
    ]


def _once(
    data: bytes, order: list[int | None], places: tuple[Place, ...], results: dict[int, Read]
) -> int | None:
    """One reading from the start; gives the place in `order` that stopped it, None when it came to the end."""
    at = 0
    try:
        records = _iterate(data)
        while at < len(order):
            number = order[at]
            try:
                record = next(records, None)
            except RuntimeError:
                record = {}
            if record is None:
                return at
            if number is not None and number not in results:
                whole = record.get("event_record_id") == places[number].number
                if record and not whole:
                    return at
                results[number] = Read(
                    places[number], record["data"] if whole else None, "" if whole else UNREADABLE
                )
            at += 1
    except RuntimeError:
        return at
    except BaseException as stop:
        if not _is_panic(stop):
            raise
        return at
    return None


def _iterate(chunk: bytes) -> Iterator[dict[str, Any]]:
    """`event_record_id` (int), `timestamp`, `data` (JSON text) of each record, as the Rust reader gives them."""
    parser = evtx.PyEvtxParser(BytesIO(_file_header() + chunk), 1, indent=False)
    return cast("Iterator[dict[str, Any]]", parser.records_json())


def _is_panic(stop: BaseException) -> bool:
    """The reader gave up on the evidence in a way that its binding raises past `Exception`; the binding gives the class
    no name that can be imported."""
    return type(stop).__name__ == "PanicException"


@cache
def _file_header() -> bytes:
    """Header of a file with one chunk."""
    made = bytearray(FILE_HEADER)
    struct.pack_into("<8sQQQIHHHH", made, 0, FILE_MARK, 0, 0, 1, 128, 1, 3, FILE_HEADER, 1)
    struct.pack_into("<I", made, 124, zlib.crc32(bytes(made[:120])))
    return bytes(made)
