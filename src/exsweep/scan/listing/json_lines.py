"""One JSON object a line: the whole result, and whose it is."""

from collections.abc import Iterable, Iterator

import msgspec

from exsweep.scan.listing.kinds import Entry, list_format
from exsweep.scan.owner import Owner
from exsweep.scan.reach import Way
from exsweep.scan.results import ScanResult


class _Line(msgspec.Struct, frozen=True):
    result: ScanResult
    owner: Owner
    ways: tuple[Way, ...]


@list_format("jsonl", title="everything, one JSON object a line")
def write(entries: Iterable[Entry]) -> Iterator[bytes]:
    """`{"result": ..., "owner": ..., "ways": [...]}`; keys in a fixed order."""
    encode = msgspec.json.Encoder(order="deterministic").encode
    for each in entries:
        yield encode(_Line(each.result, each.owner, each.ways)) + b"\n"
