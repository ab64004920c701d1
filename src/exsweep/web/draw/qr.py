"""A QR code as one path of dark squares, for the letter; nothing is fetched and nothing is an image."""

from dataclasses import dataclass

import segno

_QUIET = 4
"""Modules of white around it. Source: ISO/IEC 18004, quiet zone."""


@dataclass(frozen=True, slots=True)
class Code:
    size: int
    path: str


def code(text: str) -> Code:
    """The code of a short text; error correction M, so that a fold in the paper does no harm."""
    made = segno.make(text[:300], error="m", micro=False)
    parts = []
    for y, row in enumerate(made.matrix):
        for x, dark in enumerate(row):
            if dark:
                parts.append(f"M{x + _QUIET} {y + _QUIET}h1v1h-1z")
    return Code(size=len(made.matrix) + 2 * _QUIET, path="".join(parts))
