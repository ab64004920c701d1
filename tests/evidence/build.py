"""Builders of evidence, sound and hostile, from fixed seeds; nothing here is a working shell or exploit."""

import gzip
import io
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import zstandard

from exsweep.evidence import DEFAULTS, Budgets, EvidenceReadError, Unit, open_evidence, sources
from exsweep.model import SourceState

INERT = b"EXSWEEP-INERT-FIXTURE"


@dataclass(frozen=True)
class Read:
    """What came of one source."""

    data: bytes
    state: SourceState
    reason: str
    notes: tuple[str, ...]
    offset: int | None = None

    @property
    def whole(self) -> bool:
        return self.state is SourceState.READ


def read_units(
    units: Iterable[Unit], *, chunk: int = 1 << 20, budgets: Budgets = DEFAULTS
) -> dict[str, list[Read]]:
    """Everything in the units, by logical path, in order."""
    out: dict[str, list[Read]] = {}
    for unit in units:
        for source in sources(unit, budgets):
            parts, state, reason, offset = [], source.state, source.reason, None
            try:
                parts.extend(source.chunks(chunk))
            except EvidenceReadError as error:
                state, reason, offset = error.state, error.reason, error.at_offset
                assert offset == sum(map(len, parts))
            out.setdefault(source.path, []).append(Read(b"".join(parts), state, reason, source.notes, offset))
    return out


def read_all(*paths: Path, chunk: int = 1 << 20, budgets: Budgets = DEFAULTS) -> dict[str, list[Read]]:
    """Everything that the openers give for these paths."""
    return read_units(open_evidence(paths, budgets=budgets).units, chunk=chunk, budgets=budgets)


def read_bytes(folder: Path, name: str, data: bytes, budgets: Budgets = DEFAULTS) -> dict[str, list[Read]]:
    """Write `data` as a file and read it as the only evidence."""
    path = folder / name
    path.write_bytes(data)
    return read_all(path, budgets=budgets)


def only(found: dict[str, list[Read]], path: str) -> Read:
    """The one thing at `path`."""
    assert path in found, sorted(found)
    assert len(found[path]) == 1, found[path]
    return found[path][0]


def zip_of(entries: Iterable[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in entries:
            # ZipInfo keeps the name as it is given; `writestr` alone would turn separators and cut at NUL.
            info = zipfile.ZipInfo("x", (2021, 3, 3, 4, 10, 22))
            info.filename = name
            info.compress_type = compression
            archive.writestr(info, data)
    return out.getvalue()


def deflated(entries: Iterable[tuple[str, bytes]]) -> bytes:
    return zip_of(entries, zipfile.ZIP_DEFLATED)


def central(raw: bytes | bytearray, nth: int = 0) -> int:
    """Offset of the nth record of the central directory."""
    place = raw.find(b"PK\1\2")
    for _ in range(nth):
        place = raw.find(b"PK\1\2", place + 4)
    return place


def zip_streamed(entries: Iterable[tuple[str, bytes]]) -> bytes:
    """As programs write it that cannot seek: sizes and checksum after the data."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.out = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]  # the buffer protocol's own signature
            self.out += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return bytes(pipe.out)


def zip_symlink(target: str) -> bytes:
    out = io.BytesIO()
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, target)
    return out.getvalue()


def zip_method(method: int) -> bytes:
    raw = bytearray(zip_of([("f.log", b"A" * 100)]))
    place = central(raw)
    raw[8:10] = raw[place + 10 : place + 12] = struct.pack("<H", method)
    return bytes(raw)


def zip_with(method: int, data: bytes, stored: bytes, crc32: int) -> bytes:
    """A zip of one member whose compressed bytes are given."""
    raw = bytearray(zip_of([("f.log", stored)]))
    place = central(raw)
    for at in (8, place + 10):
        raw[at : at + 2] = struct.pack("<H", method)
    for at in (14, place + 16):
        raw[at : at + 4] = struct.pack("<L", crc32)
    for at in (22, place + 24):
        raw[at : at + 4] = struct.pack("<L", len(data))
    return bytes(raw)


def zip_nested(depth: int, data: bytes = b"line\n") -> bytes:
    """`depth` archives in each other; the innermost holds x.log."""
    raw, name = data, "x.log"
    for level in range(depth):
        raw, name = deflated([(name, raw)]), f"z{level}.zip"
    return raw


def tar_of(entries: Iterable[tuple[str, bytes]], form: int = tarfile.GNU_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def tar_hostile() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind, link in (
            ("soft", tarfile.SYMTYPE, "/etc/passwd"),
            ("hard", tarfile.LNKTYPE, "../../x"),
            ("device", tarfile.CHRTYPE, ""),
            ("fifo", tarfile.FIFOTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            archive.addfile(info)
        for name in ("../up.txt", "setuid"):
            info = tarfile.TarInfo(name)
            info.size, info.mode = 1, 0o4755
            archive.addfile(info, io.BytesIO(b"x"))
    return out.getvalue()


def compressed(kind: str, data: bytes) -> bytes:
    import bz2
    import lzma

    match kind:
        case "gz":
            return gzip.compress(data, mtime=0)
        case "bz2":
            return bz2.compress(data)
        case "xz":
            return lzma.compress(data)
        case _:
            return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def log_lines(count: int, seed: int = 1) -> bytes:
    """Lines that look like a web server's and do not compress to nothing."""
    rng = random.Random(seed)
    return b"".join(
        b"2021-03-03 04:%02d:%02d GET /owa/%d %d\n"
        % (n // 60 % 60, n % 60, rng.randrange(10**9), rng.randrange(999))
        for n in range(count)
    )


def write_tree(root: Path) -> Path:
    """A small server's tree: many kinds of names and sizes, compressed logs among them."""
    files = {
        "inetpub/logs/LogFiles/W3SVC1/u_ex210302.log": log_lines(3000, 1),
        "inetpub/logs/LogFiles/W3SVC1/u_ex210303.log": log_lines(8_000, 2),
        "inetpub/logs/LogFiles/W3SVC2/u_ex210303.log": b"",
        "Logging/HttpProxy/Owa/HttpProxy_2021030304-1.LOG": log_lines(100, 3),
        "Logging/ältere Logs/\u5831\u544a.log": log_lines(10, 4),
        "Logging/" + "long" * 60 + "/x.log": b"one line without end",
        "old/u_ex210301.log.gz": compressed("gz", log_lines(2000, 5)),
    }
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def pack(root: Path, kind: str, target: Path, top: str = "") -> Path:
    """The tree as `zip`, `tar`, `tar.gz` ...; members below `top`."""
    files = [(f"{top}{path.relative_to(root).as_posix()}", path) for path in sorted(root.rglob("*"))]
    if kind == "zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, path in files:
                archive.write(path, name)
        return target
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, path in files:
            tar.add(path, name, recursive=False)
    data = out.getvalue()
    target.write_bytes(data if kind == "tar" else compressed(kind.removeprefix("tar."), data))
    return target


def damage(data: bytes, count: int, seed: int = 1, start: int = 0) -> bytes:
    rng, out = random.Random(seed), bytearray(data)
    for _ in range(count):
        out[rng.randrange(start, len(out))] = rng.randrange(256)
    return bytes(out)


def seven_zip(packed: bytes, table: bytes) -> bytes:
    """A 7z archive of these packed data and this open table of contents, with checksums that fit."""
    start = struct.pack("<2QL", len(packed), len(table), zlib.crc32(table))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<L", zlib.crc32(start)) + start + packed + table


def seven_zip_table(files: Iterable[tuple[str, bytes]]) -> bytes:
    """The table of contents of small files (each below 128 bytes, all together too) that are stored one behind the other."""
    listed = list(files)
    sizes = [len(data) for _, data in listed]
    sums = b"".join(struct.pack("<L", zlib.crc32(data)) for _, data in listed)
    names = b"\0" + b"".join(name.encode("utf-16-le") + b"\0\0" for name, _ in listed)
    pack = b"\6\0\1\x09" + bytes([sum(sizes)]) + b"\0"
    coder = b"\7\x0b\1\0" + b"\1\1\0" + b"\x0c" + bytes([sum(sizes)]) + b"\0"
    streams = b"\x08\x0d" + bytes([len(listed)]) + (b"\x09" + bytes(sizes[:-1]) if len(sizes) > 1 else b"")
    streams += b"\x0a\1" + sums + b"\0"
    return (
        b"\1\4"
        + pack
        + coder
        + streams
        + b"\0"
        + b"\5"
        + bytes([len(listed), 17, len(names)])
        + names
        + b"\0\0"
    )
