"""What the pages say around verdicts and evidence, from `data/web/words.yml`."""

import datetime as dt
from functools import cache
from typing import Any

import msgspec

from exsweep.knowledge.data_files import document
from exsweep.knowledge.words import collect


class WebWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See the comments in the file."""

    version: int
    source: tuple[str, ...]
    date: dt.date
    texts: dict[str, Any]


@cache
def web_words() -> dict[str, str | list[str]]:
    """Every text by its key: `home.title`."""
    found: dict[str, str | list[str]] = {}
    collect(document("web/words.yml", WebWords).texts, "", found)
    return found
