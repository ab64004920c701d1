"""Arrow columns as bytes and texts: distinct values, offsets, and the views of a value that rules compare with."""

import codecs
import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import unquote_to_bytes

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Rows = npt.NDArray[np.int64]


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("exsweep-latin-1", _as_latin_1)


def text_of(value: bytes) -> str:
    """UTF-8; bytes that are none read as Latin-1 one by one: attacks are where odd bytes occur, so none is dropped."""
    return value.decode("utf-8", "exsweep-latin-1")


def plain(column: pa.ChunkedArray) -> pa.Array:
    """One array of type `binary`, dictionaries resolved."""
    chunks = [
        chunk.dictionary_decode() if pa.types.is_dictionary(chunk.type) else chunk for chunk in column.chunks
    ]
    chunks = [chunk if chunk.type == pa.binary() else chunk.cast(pa.binary()) for chunk in chunks]
    if len(chunks) == 1:
        return chunks[0]
    return pa.concat_arrays(chunks) if chunks else pa.array([], pa.binary())


def offsets_and_data(values: pa.Array) -> tuple[npt.NDArray[np.int32], memoryview]:
    """Of an array of type `binary`: value i is `data[offsets[i]:offsets[i + 1]]`; nulls are empty."""
    _, ends, data = values.buffers()
    if ends is None or len(values) == 0:
        return np.zeros(len(values) + 1, np.int32), memoryview(b"")
    offsets = np.frombuffer(ends, np.int32)[values.offset : values.offset + len(values) + 1]
    return offsets, memoryview(data) if data is not None else memoryview(b"")


def texts(values: pa.Array) -> pa.Array:
    """`binary` -> `string` by `text_of`; without a copy where everything is ASCII."""
    offsets, data = offsets_and_data(values)
    used = data[offsets[0] : offsets[-1]].tobytes()
    if used.isascii():
        return values.cast(pa.string())
    return pa.array([None if one is None else text_of(one) for one in values.to_pylist()], pa.string())


def lowered(values: pa.Array) -> pa.Array:
    """ASCII letters lower case; every other byte as it is."""
    if len(values) == 0:
        return values
    if values.offset:
        values = pa.concat_arrays([values.slice(0, len(values))])
    valid, ends, data = values.buffers()
    low = pa.py_buffer(data.to_pybytes().lower()) if data is not None else None
    return pa.Array.from_buffers(pa.binary(), len(values), [valid, ends, low], offset=values.offset)


def unescaped(values: pa.Array) -> pa.Array | None:
    """Percent-decoded once; null where that changes nothing, None if it changes nothing anywhere."""
    offsets, data = offsets_and_data(values)
    if b"%" not in data[offsets[0] : offsets[-1]].tobytes():
        return None
    found = [unquote_to_bytes(one) if one is not None and b"%" in one else None for one in values.to_pylist()]
    return pa.array(found, pa.binary())


_BLANKS = re.compile(rb"[ +,]+")


def spaced(values: pa.Array) -> pa.Array:
    """Every run of blanks, `+` and commas is one blank."""
    return pa.array(
        [None if one is None else _BLANKS.sub(b" ", one) for one in values.to_pylist()], pa.binary()
    )


def spaced_text(text: str) -> str:
    """What `spaced` makes of a value, for the text of a rule."""
    return re.sub(r"[ +,]+", " ", text)


def extensions(values: pa.Array) -> pa.Array:
    """What follows the last dot of the last part of each path; empty without a dot."""
    found = []
    for one in values.to_pylist():
        last = b"" if one is None else one.rsplit(b"/", 1)[-1]
        found.append(None if one is None else last.rsplit(b".", 1)[1] if b"." in last else b"")
    return pa.array(found, pa.binary())


def addresses(values: pa.Array) -> pa.Array:
    """`address_key` of each value."""
    return pa.array([None if one is None else address_key(one) for one in values.to_pylist()], pa.string())


def address_key(value: bytes | str) -> str | None:
    """`address_digits` of the address in a column; None: there is none.

    Port, brackets, zone and what follows a comma are left out; `::ffff:192.0.2.1` is 192.0.2.1.
    """
    text = text_of(value) if isinstance(value, bytes) else value
    text = re.split(r"[,;\s]", text.strip(' "'), maxsplit=1)[0]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    text = text.partition("%")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if address.version == 6 and address.ipv4_mapped is not None and "." in text:
        address = address.ipv4_mapped
    return address_digits(address)


def address_digits(address: IPv4Address | IPv6Address) -> str:
    """Text that orders like the address: `4` and 8, or `6` and 32 hexadecimal digits."""
    return f"4{int(address):08x}" if address.version == 4 else f"6{int(address):032x}"
