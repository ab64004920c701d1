"""`assessment.json` in and out. `decode(encode(x)) == x`; the same value gives the same bytes."""

import msgspec

from exsweep.errors import EvidenceError
from exsweep.model.assessment import SCHEMA, Assessment

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Assessment)


def encode(assessment: Assessment) -> bytes:
    """UTF-8 JSON, two-space indent, ends with a newline."""
    return msgspec.json.format(_encoder.encode(assessment), indent=2) + b"\n"


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
