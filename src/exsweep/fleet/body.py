"""An assessment as it is kept: compressed, and known by what it says rather than by when it was said."""

import hashlib

import msgspec
import zstandard

from exsweep.errors import StoreError
from exsweep.model import Assessment, Run
from exsweep.model.codec import decode

_MOST = 256 << 20
_encoder = msgspec.json.Encoder(order="deterministic")


class Packed(msgspec.Struct, frozen=True):
    """Bytes for the store. `size` counts before compression."""

    sha256: str
    size: int
    body: bytes


def pack(assessment: Assessment) -> Packed:
    """Compressed JSON, and the SHA-256 over all of it but the part that may differ between two runs.

    Versions of program and knowledge count: judged anew with new rules it is another assessment.
    """
    data = _encoder.encode(assessment)
    same = msgspec.structs.replace(
        assessment, run=Run(version=assessment.run.version, knowledge=assessment.run.knowledge)
    )
    digest = hashlib.sha256(_encoder.encode(same)).hexdigest()
    return Packed(digest, len(data), zstandard.ZstdCompressor(level=1).compress(data))


def unpack(body: bytes) -> Assessment:
    """The inverse of `pack`.

    Raises:
        StoreError: damaged.
    """
    try:
        return decode(zstandard.ZstdDecompressor().decompress(body, max_output_size=_MOST))
    except zstandard.ZstdError as error:
        raise StoreError(f"A kept assessment is damaged: {error}.", tip="Add it again.") from error
