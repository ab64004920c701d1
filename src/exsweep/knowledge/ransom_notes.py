"""How a text is told from which an intruder speaks to the owner of encrypted files."""

import re
from collections.abc import Sequence
from functools import cache

import msgspec

from exsweep.knowledge.data_files import document


class Notes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Patterns of `ransom_notes.yml`; a note meets one of each."""

    said: tuple[str, ...]
    """What happened to the reader's own files."""
    asks: tuple[str, ...]
    """What the reader shall do."""
    source: tuple[str, ...]


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    known = document("ransom_notes.yml", Notes)
    return _any(known.said), _any(known.asks)


def _any(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in patterns), re.I)


def note_begins(lines: Sequence[str]) -> int | None:
    """Place of the line that tells the owner that files were encrypted, where the text also asks for something; else None.

    A sentence may go on in the next line.

    >>> note_begins(["Hello!", "Your files have been encrypted.", "Contact us: a@example.test"])
    1
    """
    said, asks = _patterns()
    for place, line in enumerate(lines):
        after = lines[place + 1] if place + 1 < len(lines) else ""
        # The next line is left to itself where it says all of it.
        if said.search(line) or (said.search(f"{line} {after}") and not said.search(after)):
            return place if any(asks.search(each) for each in lines) else None
    return None
