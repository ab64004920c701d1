"""What a row must hold for some rule to match, as SQL that any engine can run over Parquet: never too little.

The same needs as in triage (`detect.prefilter`). What SQL lets through is evaluated exactly by the engine of triage; so
every SQL engine gives the same hits, and a hunt and a triage never differ.
"""

import re
from collections.abc import Iterable, Mapping

from exsweep.detect import Engine
from exsweep.detect.patterns import FOLDED, HIDDEN
from exsweep.detect.prefilter import ANYWHERE
from exsweep.detect.sql import joined, quoted

MOST_TERMS = 300
"""Texts to look for in one statement; from more on the matcher of triage is faster than any SQL engine."""
Wants = list[list[tuple[str, tuple[bytes, ...]]]]


def may_match(engine: Engine, kind: str, natives: Mapping[str, str]) -> str | None:
    """SQL over the columns `natives` (native name in lower case -> column): true for each row that some rule may match.

    None: too many texts for SQL. `false`: no row can match.
    """
    rules = engine.wants(kind)
    if sum(len(spelled) for wants in rules for each in wants for _, spelled in each) > MOST_TERMS:
        return None
    return joined("or", (_rule(wants, natives) for wants in rules))


def _rule(wants: Wants, natives: Mapping[str, str]) -> str:
    return joined("and", (joined("or", _probes(each, natives)) for each in wants))


def _probes(each: Iterable[tuple[str, tuple[bytes, ...]]], natives: Mapping[str, str]) -> Iterable[str]:
    for column, spelled in each:
        names = natives.values() if column == ANYWHERE else [natives[column]] if column in natives else []
        for name in names:
            yield from _holds(name, spelled)


def _holds(name: str, spelled: tuple[bytes, ...]) -> Iterable[str]:
    raw = '"' + name.replace('"', '""') + '"'
    low = f"lower({raw})"
    if spelled == HIDDEN:
        yield f"(contains({raw}, '%') and regexp_matches({low}, {quoted(_ESCAPES)}))"
        return
    for one in spelled:
        try:
            text = one.decode()
        except UnicodeDecodeError:  # the first bytes of a letter: SQL cannot ask for half of one
            yield f"{raw} is not null"
            continue
        # Engines differ in which letters beyond ASCII have a lower case: both are looked at, so none is missed.
        yield f"contains({low}, {quoted(text)})"
        if not text.isascii():
            yield f"contains({raw}, {quoted(text)})"
            if spelled != FOLDED:
                yield f"contains({low}, {quoted(text.lower())})"


_ESCAPES = "%(" + "|".join(sorted(re.escape(one[1:].decode()) for one in HIDDEN)) + ")"
