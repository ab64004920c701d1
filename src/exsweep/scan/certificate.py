"""Names, dates and issuer of a TLS certificate, read from its bytes without trusting any of them.

Source: ITU-T X.690 (DER) and RFC 5280; only what a scan needs. Lengths are bounded, nothing recurses.
"""

import re
from datetime import UTC, datetime

import msgspec

from exsweep.knowledge.scanning import Limits

_SEQUENCE, _SET, _CONTEXT_0, _CONTEXT_3 = 0x30, 0x31, 0xA0, 0xA3
_OID, _OCTETS, _DNS_NAME = 0x06, 0x04, 0x82
_UTC_TIME, _GENERALIZED_TIME, _BMP_STRING = 0x17, 0x18, 0x1E
_COMMON_NAME, _ORGANISATION = b"\x55\x04\x03", b"\x55\x04\x0a"
_ALT_NAME = b"\x55\x1d\x11"
_TIMES = {_UTC_TIME: re.compile(rb"\d{12}Z"), _GENERALIZED_TIME: re.compile(rb"\d{14}Z")}
_MOST_PARTS = 2_000


class Certificate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Hostile text throughout: anyone can write anything into a certificate."""

    common_name: str | None = None
    organisation: str | None = None
    names: tuple[str, ...] = ()
    """DNS names; at most the configured number."""
    issuer: str | None = None
    """Common name of the issuer."""
    self_signed: bool = False
    """Subject and issuer are the same bytes; the signature is not checked."""
    not_before: datetime | None = None
    not_after: datetime | None = None


class DerError(ValueError):
    """Not the DER of a certificate."""


def read_certificate(data: bytes, limits: Limits) -> Certificate | None:
    """What the certificate says; None where it cannot be read."""
    try:
        return _read(data, limits)
    except DerError:
        return None


def _read(data: bytes, limits: Limits) -> Certificate:
    outer = _only(data, _SEQUENCE)
    parts = _parts(_only(outer, _SEQUENCE))
    at = 1 if parts and parts[0][0] == _CONTEXT_0 else 0  # the version may be left out
    if len(parts) < at + 6:
        raise DerError("too short")
    issuer, validity, subject = parts[at + 2][1], parts[at + 3][1], parts[at + 4][1]
    times = [_time(tag, value) for tag, value in _parts(validity)[:2]]
    extensions = next((value for tag, value in parts[at + 6 :] if tag == _CONTEXT_3), b"")
    cap = limits.value_chars
    return Certificate(
        common_name=_attribute(subject, _COMMON_NAME, cap),
        organisation=_attribute(subject, _ORGANISATION, cap),
        names=tuple(_alt_names(extensions, limits)),
        issuer=_attribute(issuer, _COMMON_NAME, cap),
        self_signed=issuer == subject,
        not_before=times[0] if times else None,
        not_after=times[1] if len(times) > 1 else None,
    )


def _alt_names(extensions: bytes, limits: Limits) -> list[str]:
    if not extensions:
        return []
    for _, extension in _parts(_only(extensions, _SEQUENCE)):
        fields = _parts(extension)
        if fields and fields[0] == (_OID, _ALT_NAME) and fields[-1][0] == _OCTETS:
            names = (value for tag, value in _parts(_only(fields[-1][1], _SEQUENCE)) if tag == _DNS_NAME)
            return [
                _plain(value, limits.value_chars)
                for value, _ in zip(names, range(limits.names_kept), strict=False)
            ]
    return []


def _attribute(name: bytes, oid: bytes, cap: int) -> str | None:
    for _, group in _parts(name):
        for _, pair in _parts(group):
            fields = _parts(pair)
            if len(fields) == 2 and fields[0] == (_OID, oid):
                tag, value = fields[1]
                if tag == _BMP_STRING:
                    return value[: 2 * cap].decode("utf-16-be", errors="replace")
                return _plain(value, cap)
    return None


def _plain(value: bytes, cap: int) -> str:
    return value[:cap].decode("utf-8", errors="replace")


def _time(tag: int, value: bytes) -> datetime | None:
    shape = _TIMES.get(tag)
    if shape is None or not shape.fullmatch(value):
        return None
    digits = value[:-1].decode()
    if tag == _UTC_TIME:
        digits = ("19" if digits[:2] >= "50" else "20") + digits
    try:
        month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(4, 14, 2))
        return datetime(int(digits[:4]), month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def _only(data: bytes, tag: int) -> bytes:
    parts = _parts(data, most=1)
    if not parts or parts[0][0] != tag:
        raise DerError("another tag")
    return parts[0][1]


def _parts(data: bytes, most: int = _MOST_PARTS) -> list[tuple[int, bytes]]:
    """(tag, value) of each element side by side; at most `most`."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data) and len(found) < most:
        if len(data) - at < 2 or data[at] & 0x1F == 0x1F:
            raise DerError("no element")
        tag, size, at = data[at], data[at + 1], at + 2
        if size & 0x80:
            count = size & 0x7F
            if not 1 <= count <= 4 or at + count > len(data):
                raise DerError("bad length")
            size, at = int.from_bytes(data[at : at + count], "big"), at + count
        if at + size > len(data):
            raise DerError("longer than its frame")
        found.append((tag, data[at : at + size]))
        at += size
    return found
