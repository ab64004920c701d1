"""What the values of a column look like: proof that a line is read into the right columns."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from exsweep.knowledge.formats import LogFormat

_SHAPES = {
    "date": re.compile(rb"\d{4}-\d\d-\d\d"),
    "time": re.compile(rb"\d\d:\d\d:\d\d(\.\d+)?"),
    "iso": re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:?\d\d)?"),
    # People who paste lines black out addresses: x.x.x.x, [REDACTED], <client>.
    "ip": re.compile(
        rb"-|[0-9A-Fa-f:.]{2,45}(%[0-9A-Za-z]+)?|[0-9xX*]{1,3}(\.[0-9xX*]{1,3}){3}(:\d+)?"
        rb"|\[[^\]]*\](:\d+)?|<[^>]*>|\*+|(?i:redacted|removed|x{3,})"
    ),
    "method": re.compile(rb"-|[A-Za-z][A-Za-z_-]{1,31}"),
    "path": re.compile(rb"-|\*|/.*|https?://.*", re.S | re.I),
    "status": re.compile(rb"-|\d{3}"),
    "number": re.compile(rb"-|\d{1,20}"),
    "reference": re.compile(rb"-|[A-Za-z][A-Za-z0-9+.-]*:.*", re.S),
    "guid": re.compile(rb"\{?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?"),
    "token": re.compile(rb"[A-Za-z][A-Za-z0-9_.-]{0,63}"),
    "pairs": re.compile(rb"'?[A-Za-z0-9]{1,8}:[^=]{1,200}=.*", re.S),
}
_EMPTY_ALLOWED = frozenset({"status", "number", "ip", "method", "guid", "token"})
ENOUGH = 2
"""A line without header must show the shape of at least this many columns."""
CUT_ENOUGH = 4
"""The same for a line that is cut or longer than any known header."""


def fits(shape: str | None, value: bytes) -> bool:
    """The value may stand in a column of this shape; a column without a shape takes anything."""
    if shape is None:
        return True
    if not value:
        return shape in _EMPTY_ALLOWED
    return _SHAPES[shape].fullmatch(value) is not None


def proves(kind: LogFormat, names: Sequence[str], fields: Sequence[bytes]) -> bool:
    """All values have the shape of their columns."""
    return all(fits(kind.shapes.get(name), value) for name, value in zip(names, fields, strict=True))


def infer(kind: LogFormat, fields: Sequence[bytes]) -> tuple[str, ...] | None:
    """The known header that a line without header fits by number and shape of its fields; the first one of several."""
    for header in _by_size(kind.id, kind.headers()).get(len(fields), ()):
        shown = sum(
            1
            for name, value in zip(header, fields, strict=True)
            if value not in (b"", b"-") and name in kind.shapes
        )
        if shown >= ENOUGH and proves(kind, header, fields):
            return header
    return None


def infer_cut(kind: LogFormat, fields: Sequence[bytes]) -> tuple[tuple[str, ...], int] | None:
    """The known header of a line that was cut at its end, or that has columns of its own after the known ones.

    Gives the header (unknown columns are called `_16`, ...) and how many columns prove it; the last field of a cut
    line may be half a value and proves nothing.
    """
    best: tuple[int, int, int, tuple[str, ...]] | None = None
    for header in kind.headers():
        common = min(len(header), len(fields))
        sure = common - 1 if len(fields) < len(header) else common
        if sure < CUT_ENOUGH or not proves(kind, header[:sure], fields[:sure]):
            continue
        shown = sum(
            1
            for name, value in zip(header[:sure], fields, strict=False)
            if value not in (b"", b"-") and name in kind.shapes
        )
        names = header + tuple(f"_{place}" for place in range(len(header) + 1, len(fields) + 1))
        # every request got an answer: `-` in that column says that the line has other columns
        unanswered = sum(
            1
            for name, value in zip(header[:sure], fields, strict=False)
            if kind.shapes.get(name) == "status" and value == b"-"
        )
        score = (shown, -unanswered, -abs(len(header) - len(fields)), names)
        if shown >= CUT_ENOUGH and (best is None or score[:3] > best[:3]):
            best = score
    return (best[3], best[0]) if best else None


@lru_cache(maxsize=256)
def _by_size(format_id: str, headers: Iterable[tuple[str, ...]]) -> dict[int, tuple[tuple[str, ...], ...]]:
    sizes: dict[int, list[tuple[str, ...]]] = {}
    for header in headers:
        sizes.setdefault(len(header), []).append(header)
    return {size: tuple(found) for size, found in sizes.items()}
