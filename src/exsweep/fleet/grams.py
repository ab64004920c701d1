"""An index of the texts of one Parquet file: which short pieces stand somewhere in it, so that a hunt need not open it.

A Bloom filter (Bloom 1970, Commun. ACM 13) of pieces of texts, n-grams in lower case. It says "not in this file" or "may
be": never is a file passed over that holds the text. Indexed are all values of all columns, as written, percent-decoded
once and twice: the ways in which conditions are compared with them (`detect.columns`).

Three kinds of pieces, so that what differs in every row does not fill the filter: four letters of a word; seven of an
address (digits and `.:`); sixteen hexadecimal digits of a hash. Pieces of numbers and of ids like
0f8fad5b-d9cb-469f-a165-70867728950e are not indexed, and so not asked for.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from exsweep.detect.columns import unescaped

Hashes = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8]
VERSION = b"exsweep.grams/1"
_WORD, _ADDRESS, _HASH = 4, 7, 16
_LARGEST, _SMALLEST = 22, 10
"""log2 of the bits of a filter: 512 KiB at most."""
_FULL = 0.22
"""Share of bits that are set: two bits for each piece, so one piece in twenty is found that is not there."""
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_FOLDS = ((b"\xc5\xbf", b"s"), (b"\xe2\x84\xaa", b"k"))
"""Long s and the Kelvin sign, which patterns that ignore case take for `s` and `k`."""
_BLOCK = 1 << 20
"""Bytes that are looked at together: bounds the memory."""
_BREAK = 0
_PLAIN, _HEX, _MARK, _DASH = 1, 2, 3, 4
"""Letters that no number has; hexadecimal digits; `.:`; `-`. All others end a piece: conditions are cut there too."""


def _kinds() -> Bytes:
    found = np.zeros(256, np.uint8)
    found[0x21:0x7F] = _PLAIN
    found[np.frombuffer(b"0123456789abcdef", np.uint8)] = _HEX
    found[np.frombuffer(b".:", np.uint8)] = _MARK
    found[ord("-")] = _DASH
    found[np.frombuffer(b',"?+', np.uint8)] = (
        _BREAK  # what columns are joined by, and what is made a blank of
    )
    return found


_KINDS = _kinds()
_LOWER = np.frombuffer(bytes(range(256)).lower(), np.uint8)


def pieces(text: bytes) -> Hashes:
    """Hashes of the pieces of a text; of a text within a text the pieces are among the longer one's."""
    data = _LOWER[np.frombuffer(text, np.uint8)]
    kinds = _KINDS[data]
    mark, digit = kinds == _MARK, kinds == _HEX
    found = (
        _windows(data, _WORD, kinds == _PLAIN, kinds != _BREAK),
        _windows(data, _ADDRESS, mark, mark | digit),
        _windows(data, _HASH, digit, digit),
    )
    return np.concatenate(found)


def _windows(data: Bytes, size: int, one: npt.NDArray[np.bool_], all_: npt.NDArray[np.bool_]) -> Hashes:
    """Hashes of all stretches of `size` bytes that have some byte of `one`, and only bytes of `all_`."""
    count = len(data) - size + 1
    if count <= 0:
        return np.zeros(0, np.uint64)
    some = one[:count].copy()
    every = all_[:count].copy()
    for at in range(1, size):
        some |= one[at : at + count]
        every &= all_[at : at + count]
    starts = np.flatnonzero(some & every)
    value = np.full(len(starts), size, np.uint64)
    for at in range(size):
        value = (value ^ data[starts + at]) * _MIX[0]
        value ^= value >> np.uint64(29)
    return value


def beside(parquet: Path) -> Path:
    """Where the index of a file is kept."""
    return parquet.with_name(f"{parquet.name}.grams")


class Grams:
    """The filter of one file."""

    def __init__(self, bits: npt.NDArray[np.bool_]) -> None:
        self._bits = bits
        self._shift = np.uint64(64 - len(bits).bit_length() + 1)

    def have(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """For each piece: false where it is not in the file."""
        first, second = hashes >> self._shift, (hashes * _MIX[1]) >> self._shift
        found: npt.NDArray[np.bool_] = self._bits[first] & self._bits[second]
        return found


def write(parquet: Path, sha256: str) -> Path:
    """Index a Parquet file of the store, beside it. `sha256`: of the file, which the index is bound to.

    Raises:
        OSError: it cannot be read or written.
    """
    # Half of the file's own bytes at most; folded where fewer do.
    log = min(_LARGEST, max(_SMALLEST, (4 * parquet.stat().st_size).bit_length()))
    bits = np.zeros(1 << log, bool)
    shift = np.uint64(64 - log)
    for hashes in _of_file(parquet):
        bits[hashes >> shift] = True
        bits[(hashes * _MIX[1]) >> shift] = True
    while len(bits) > 1 << _SMALLEST:
        folded = bits[0::2] | bits[1::2]
        if np.count_nonzero(folded) > _FULL * len(folded):
            break
        bits = folded
    body = np.packbits(bits).tobytes()
    path = beside(parquet)
    path.write_bytes(
        b"\n".join(
            (VERSION, sha256.encode(), hashlib.blake2b(body, digest_size=16).hexdigest().encode(), body)
        )
    )
    return path


def read(parquet: Path, sha256: str) -> Grams | None:
    """The index of a file; None: there is none, of another program or file, or it is damaged. Then the file is opened."""
    try:
        data = beside(parquet).read_bytes()
    except OSError:
        return None
    version, _, rest = data.partition(b"\n")
    of, _, rest = rest.partition(b"\n")
    seal, _, body = rest.partition(b"\n")
    sound = seal == hashlib.blake2b(body, digest_size=16).hexdigest().encode()
    if version != VERSION or of != sha256.encode() or not sound or len(body).bit_count() != 1:
        return None
    return Grams(np.unpackbits(np.frombuffer(body, np.uint8)).view(bool))


def _of_file(path: Path) -> Iterator[Hashes]:
    try:
        schema = pq.read_schema(path)
        names = [field.name for field in schema if field.metadata and b"native" in field.metadata]
        source = pq.ParquetFile(path, read_dictionary=names)
        for group in range(source.num_row_groups):
            for column in source.read_row_group(group, columns=names).columns:
                yield from _of_column(column)
    except pa.ArrowException as error:
        raise OSError(str(error)) from error


def _of_column(column: pa.ChunkedArray) -> Iterator[Hashes]:
    for chunk in column.chunks:
        view: pa.Array | None = (chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk).cast(
            pa.binary()
        )
        for _ in range(3):  # as written, decoded, decoded twice
            if view is None:
                break
            yield from _of_values(view)
            view = unescaped(view)


def _of_values(values: pa.Array) -> Iterator[Hashes]:
    whole = b"\n".join(one for one in values.to_pylist() if one)
    folded = whole
    for odd, plain in _FOLDS:
        folded = folded.replace(odd, plain)
    for text in (whole,) if folded == whole else (whole, folded):
        for at in range(
            0, len(text), _BLOCK
        ):  # each block with the beginning of the next: no piece is cut in two
            yield pieces(text[at : at + _BLOCK + _HASH])


def cut(text: str) -> Sequence[bytes]:
    """Stretches of a condition's text that stand, in all ways to read it, inside of one value and look alike."""
    data = _LOWER[np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)]
    whole = np.where(_KINDS[data] == _BREAK, 32, data).astype(np.uint8).tobytes()
    return whole.split()
