"""Common events of two logs, packed: what kind, which one, when. The key is made alike whoever saw the event."""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import numpy.typing as npt

ANCHOR = np.dtype([("kind", "<u4"), ("key", "<u8"), ("ms", "<i8")])
"""`kind`: CRC-32 of the kind's id; `ms`: Unix milliseconds."""

Anchored = npt.NDArray[np.void]

_SHARE = re.compile(r"^(?:\\\\[?.]\\|\\\\[^\\]+\\(?=[a-z]\$))", re.I)
_DRIVE = re.compile(r"^(?:[a-z][:$]|\\\\[^\\]+\\[^\\]+)\\", re.I)


def kind_code(kind: str) -> int:
    return zlib.crc32(kind.encode())


def key_of(parts: Iterable[str]) -> int:
    """64 bits. Those whose first part is sampled first (see `sampled`) are the smallest."""
    values = list(parts)
    byte = zlib.crc32(values[0].encode("utf-8", "surrogatepass")) & 0xFF
    digest = hashlib.blake2b("\x1f".join(values).encode("utf-8", "surrogatepass"), digest_size=7).digest()
    return (byte & 0xF) << 60 | (byte >> 4) << 56 | int.from_bytes(digest, "big")


def key_of_guid(text: str) -> int | None:
    """The first 16 hex digits: such ids are random already."""
    digits = text.replace("-", "").strip("{}")
    try:
        return int(digits[:16], 16) if len(digits) == 32 else None
    except ValueError:
        return None


def sampled(first: str, digits: int) -> bool:
    """Whether a value belongs to one in 16 (1 digit) or one in 256 (2 digits)."""
    return not zlib.crc32(first.encode("utf-8", "surrogatepass")) & (0xFF if digits > 1 else 0xF)


def pack(found: Mapping[str, Mapping[int, Iterable[int]]]) -> bytes:
    """Kind -> key -> moments."""
    rows = [
        (kind_code(kind), key, ms)
        for kind, keys in found.items()
        for key, times in keys.items()
        for ms in times
    ]
    return np.array(sorted(rows), ANCHOR).tobytes() if rows else b""


def unpack(data: bytes) -> Anchored:
    return np.frombuffer(data[: len(data) // ANCHOR.itemsize * ANCHOR.itemsize], ANCHOR)


def plain_path(path: str) -> str:
    r"""A Windows path however it is written: no drive, no share, lower case.

    >>> plain_path(r"\\127.0.0.1\c$\inetpub\x.aspx") == plain_path("C:/inetpub/x.aspx")
    True
    """
    whole = _SHARE.sub("", path.strip().replace("/", "\\"))
    return _DRIVE.sub("", whole).lstrip("\\").lower()


def _user(value: str) -> str:
    name = value.rpartition("\\")[2].partition("@")[0].strip().lower()
    return (
        "" if name.endswith("$") or name.startswith(("healthmailbox", "anonymous")) or name == "-" else name
    )


def _number(value: str) -> str:
    try:
        return str(int(value, 0))
    except ValueError:
        return ""


def _address(value: str) -> str:
    text = value.strip().lower().removeprefix("::ffff:")
    return "" if text in ("-", "127.0.0.1", "::1", "0.0.0.0") else text  # noqa: S104 - compared, not bound


def _tail(value: str) -> str:
    return "\\".join(value.replace("/", "\\").lower().split("\\")[-2:])


NORMS: Mapping[str, Callable[[str], str]] = {
    "plain": lambda value: value.strip().lower(),
    "name": lambda value: value.replace("/", "\\").rpartition("\\")[2].lower(),
    "number": _number,
    "path": plain_path,
    "tail": _tail,
    "user": _user,
    "address": _address,
    "agent": lambda value: re.sub(r"[+\s,]+", " ", value).strip().lower(),
    "url": lambda value: value.lower(),
    "boot": lambda value: "boot",
}
"""How values of one meaning are written alike in every log; an empty text: no common event."""
