"""`assessment.json` in and out. `decode(encode(x)) == x`; the same value gives the same bytes."""

from collections.abc import Iterator

import msgspec

from exsweep.errors import EvidenceError
from exsweep.model.assessment import SCHEMA, Assessment

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Assessment)
_NO_CUSTODY = b'\n  "custody": []'
_ITEMS = 10_000


def encode(assessment: Assessment) -> bytes:
    """UTF-8 JSON, two-space indent, ends with a newline."""
    return b"".join(encoded(assessment))


def encoded(assessment: Assessment) -> Iterator[bytes]:
    """The same in pieces: the list of custody has an entry for every file of the evidence, and there may be a million."""
    short = msgspec.structs.replace(assessment, custody=())
    text = msgspec.json.format(_encoder.encode(short), indent=2)
    if not assessment.custody:
        yield text + b"\n"
        return
    before, _, after = text.partition(_NO_CUSTODY)
    yield before + _NO_CUSTODY[:-1]
    for start in range(0, len(assessment.custody), _ITEMS):
        items = assessment.custody[start : start + _ITEMS]
        block = msgspec.json.format(_encoder.encode(items), indent=2)
        # Without the brackets around it; one level deeper.
        yield (b",\n" if start else b"\n") + b"  " + block[2:-2].replace(b"\n", b"\n  ")
    yield b"\n  ]" + after + b"\n"


def decode(data: bytes) -> Assessment:
    """Read an assessment.

    Raises:
        EvidenceError: not an assessment, or of a schema that this version does not know.
    """
    try:
        assessment = _decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise EvidenceError(
            f"This is not an assessment of exsweep: {error}.",
            tip="Give the assessment.json that `exsweep triage --out` wrote.",
        ) from error
    if assessment.schema != SCHEMA:
        raise EvidenceError(
            f"Assessment schema {assessment.schema!r} is not {SCHEMA!r}.", tip="Update exsweep."
        )
    return assessment
