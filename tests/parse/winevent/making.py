"""Small event logs made by hand: chunks of records in binary XML without templates, as the format's description has it."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

CHUNK = 65_536
HEADER = 4096
_FILETIME_OF_1970 = 11_644_473_600


@dataclass(frozen=True)
class Made:
    """One record to be written."""

    number: int
    channel: str = "Security"
    event_id: int = 4624
    provider: str = "Microsoft-Windows-Security-Auditing"
    computer: str = "MAIL01.example.org"
    seconds: int = 1_614_600_000
    """Since 1970."""
    data: Sequence[tuple[str | None, str]] = ()
    """Name (None: unnamed) and value."""
    user_data: Sequence[tuple[str, str]] = ()
    record_id: int | None = None
    """EventRecordID inside, where it differs from the number."""


@dataclass
class _Writer:
    """Binary XML at a place in a chunk: names are written where they are first used."""

    at: int
    out: bytearray = field(default_factory=bytearray)

    def name(self, text: str) -> None:
        place = self.at + len(self.out) + 4
        raw = text.encode("utf-16-le")
        self.out += struct.pack("<IIHH", place, 0, 0, len(text)) + raw + b"\0\0"

    def value(self, text: str) -> None:
        raw = text.encode("utf-16-le")
        self.out += struct.pack("<BBH", 0x05, 0x01, len(raw) // 2) + raw

    def element(self, name: str, attributes: Sequence[tuple[str, str]] = (), text: str | None = None) -> int:
        """Begin an element; `end` must follow."""
        self.out += struct.pack("<BI", 0x41 if attributes else 0x01, 0)
        self.name(name)
        if attributes:
            size_at = len(self.out)
            self.out += struct.pack("<I", 0)
            for number, (key, said) in enumerate(attributes):
                self.out.append(0x46 if number < len(attributes) - 1 else 0x06)
                self.name(key)
                self.value(said)
            struct.pack_into("<I", self.out, size_at, len(self.out) - size_at - 4)
        self.out.append(0x02)
        if text is not None:
            self.value(text)
        return len(self.out)

    def end(self) -> None:
        self.out.append(0x04)

    def leaf(self, name: str, text: str | None = None, *attributes: tuple[str, str]) -> None:
        self.element(name, attributes, text)
        self.end()


def record(made: Made, at: int) -> bytes:
    """The bytes of a record at this offset of its chunk."""
    writer = _Writer(at + 24)
    writer.out += b"\x0f\x01\x01\x00"
    writer.element("Event")
    writer.element("System")
    writer.leaf("Provider", None, ("Name", made.provider))
    writer.leaf("EventID", str(made.event_id))
    writer.leaf("TimeCreated", None, ("SystemTime", _iso(made.seconds)))
    writer.leaf("EventRecordID", str(made.number if made.record_id is None else made.record_id))
    writer.leaf("Channel", made.channel)
    writer.leaf("Computer", made.computer)
    writer.end()
    if made.user_data:
        writer.element("UserData")
        writer.element("LogFileCleared")
        for name, said in made.user_data:
            writer.leaf(name, said)
        writer.end()
        writer.end()
    else:
        writer.element("EventData")
        for label, said in made.data:
            writer.leaf("Data", said, *((("Name", label),) if label else ()))
        writer.end()
    writer.end()
    writer.out.append(0x00)
    size = (24 + len(writer.out) + 4 + 7) // 8 * 8
    written = (made.seconds + _FILETIME_OF_1970) * 10_000_000
    head = struct.pack("<4sIQQ", b"**\0\0", size, made.number, written)
    body = bytes(writer.out).ljust(size - 28, b"\0")
    return head + body + struct.pack("<I", size)


def chunk(records: Sequence[Made]) -> bytes:
    """A chunk whose header and checksums fit."""
    made = bytearray(CHUNK)
    at = last = 512
    for one in records:
        raw = record(one, at)
        made[at : at + len(raw)] = raw
        last, at = at, at + len(raw)
    numbers = [one.number for one in records] or [0]
    struct.pack_into(
        "<8sQQQQIIII",
        made,
        0,
        b"ElfChnk\0",
        numbers[0],
        numbers[-1],
        numbers[0],
        numbers[-1],
        128,
        last,
        at,
        0,
    )
    return sealed(made)


def sealed(made: bytes | bytearray) -> bytes:
    """The chunk with checksums that fit what it holds."""
    made = bytearray(made)
    free = struct.unpack_from("<I", made, 48)[0]
    struct.pack_into("<I", made, 52, zlib.crc32(bytes(made[512:free])))
    struct.pack_into("<I", made, 124, zlib.crc32(bytes(made[128:512]), zlib.crc32(bytes(made[:120]))))
    return bytes(made)


def log(*chunks: bytes, flags: int = 0, next_record: int = 0) -> bytes:
    """A file of these chunks."""
    header = bytearray(HEADER)
    count = len(chunks)
    struct.pack_into(
        "<8sQQQIHHHH", header, 0, b"ElfFile\0", 0, max(count - 1, 0), next_record, 128, 1, 3, HEADER, count
    )
    struct.pack_into("<II", header, 120, flags, zlib.crc32(bytes(header[:120])))
    return bytes(header) + b"".join(chunks)


def many(first: int, count: int, **more: object) -> list[Made]:
    """Records with numbers from `first`, a second apart."""
    return [
        Made(number, seconds=1_614_600_000 + number, data=(("TargetUserName", f"user{number}"),), **more)  # type: ignore[arg-type]
        for number in range(first, first + count)
    ]


def _iso(seconds: int) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.000000Z"
