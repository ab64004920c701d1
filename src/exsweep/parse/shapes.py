"""What the values of a column look like: proof that a line is read into the right columns."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from exsweep.knowledge.formats import LogFormat

_SHAPES = {
    "date": re.compile(rb"\d{4}-\d\d-\d\d"),
    "time": re.compile(rb"\d\d:\d\d:\d\d(\.\d+)?"),
    "iso": re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:?\d\d)?"),
    "ip": re.compile(rb"-|[0-9A-Fa-f:.]{2,45}(%[0-9A-Za-z]+)?|\d{1,3}(\.\d{1,3}){3}:\d+|\[[^\]]*\][0-9A-Za-z.:\[\]-]*"),
    "method": re.compile(rb"-|[A-Za-z][A-Za-z_-]{1,31}"),
    "path": re.compile(rb"-|\*|/.*|https?://.*", re.S | re.I),
    "status": re.compile(rb"-|\d{3}"),
    "number": re.compile(rb"-|\d{1,20}"),
    "reference": re.compile(rb"-|[A-Za-z][A-Za-z0-9+.-]*:.*", re.S),
}
_EMPTY_ALLOWED = frozenset({"status", "number", "ip", "method"})


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
        if any(name in kind.shapes for name in header) and proves(kind, header, fields):
            return header
    return None


@lru_cache(maxsize=256)
def _by_size(format_id: str, headers: Iterable[tuple[str, ...]]) -> dict[int, tuple[tuple[str, ...], ...]]:
    sizes: dict[int, list[tuple[str, ...]]] = {}
    for header in headers:
        sizes.setdefault(len(header), []).append(header)
    return {size: tuple(found) for size, found in sizes.items()}
