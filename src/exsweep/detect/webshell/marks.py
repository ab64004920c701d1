"""Where server code can begin: quick looks that cost one search, before anything is decoded or split."""

import re
from collections.abc import Iterator
from itertools import islice

# Patterns begin with a letter that has no case, so that the search can leap from one to the next.
_OPENING = re.compile(r"<(?:%|!--\s{0,64}#\s{0,64}(?:exec|include)\b|\w{1,32}:script\b)", re.IGNORECASE)
_TELLING = re.compile(
    r"<(?:%\s{0,64}@\s{0,64}\w|%[=:#\s]{0,64}(?:[A-Za-z_]\w{0,64}\s{0,16}[\s.(=\[]|#@~\^)"
    r"|!--\s{0,64}#\s{0,64}(?:exec|include)\b|\w{1,32}:script\b)",
    re.IGNORECASE,
)
_RUNAT = re.compile(r"\brunat\W{0,64}server", re.IGNORECASE)
_MOST = 1000
MOST_RUNAT = 100_000


def any_in(text: str) -> bool:
    """Can this text hold server code? Finds too much rather than too little."""
    return _OPENING.search(text) is not None or next(_runat(text), None) is not None


def first(text: str) -> int:
    """Offset of the first opening of server code; 0 where there is none."""
    match = _OPENING.search(text)
    return match.start() if match else next(_runat(text), 0)


def count(text: str) -> int:
    """How many openings look like real server code (chance `<%` in binary data does not); at most 1,000 of a kind."""
    found = 0
    for _ in _TELLING.finditer(text):
        found += 1
        if found == _MOST:
            break
    return found + sum(1 for _ in islice(_runat(text), _MOST))


def runat_places(text: str) -> list[int]:
    """Offset of every `runat=server`, however it is written (pattern RunatServerRegex of ASP.NET); at most 100,000."""
    return list(islice(_runat(text), MOST_RUNAT))


def _runat(text: str) -> Iterator[int]:
    low = text.lower()
    if len(low) != len(text):
        # A few letters grow when they are made small: offsets would be wrong.
        yield from (match.start() for match in _RUNAT.finditer(text))
        return
    place = low.find("runat")
    while place >= 0:
        if _RUNAT.match(low, place) is not None:
            yield place
        place = low.find("runat", place + 5)
