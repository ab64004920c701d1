"""Where server code can begin: quick looks that cost one search, before anything is decoded or split."""

import re

# Patterns begin with a letter that has no case, so that the search can leap from one to the next.
_OPENING = re.compile(r"<(?:%|!--\s{0,64}#\s{0,64}(?:exec|include)\b|\w{1,32}:script\b)", re.IGNORECASE)
_TELLING = re.compile(
    r"<(?:%\s{0,64}@\s{0,64}\w|%[=:#\s]{0,64}(?:[A-Za-z_]\w{0,64}\s{0,16}[\s.(=\[]|#@~\^)"
    r"|!--\s{0,64}#\s{0,64}(?:exec|include)\b|\w{1,32}:script\b)",
    re.IGNORECASE,
)
_RUNAT = re.compile(r"\brunat\W{0,64}server", re.IGNORECASE)
_MOST = 1000


def any_in(text: str) -> bool:
    """Can this text hold server code? Finds too much rather than too little."""
    return _OPENING.search(text) is not None or bool(runat_places(text))


def count(text: str) -> int:
    """How many openings look like real server code (chance `<%` in binary data does not); at most 1,000 of a kind."""
    found = 0
    for _ in _TELLING.finditer(text):
        found += 1
        if found == _MOST:
            break
    return found + min(_MOST, len(runat_places(text)))


def runat_places(text: str) -> list[int]:
    """Offset of every `runat=server`, however it is written (pattern RunatServerRegex of ASP.NET)."""
    low = text.lower()
    if len(low) != len(text):
        # A few letters grow when they are made small: offsets would be wrong.
        return [match.start() for match in _RUNAT.finditer(text)]
    found = []
    place = low.find("runat")
    while place >= 0:
        if _RUNAT.match(low, place) is not None:
            found.append(place)
        place = low.find("runat", place + 5)
    return found
