"""The sentences that people read, with gaps to fill in; one language file, plain words."""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from exsweep.errors import KnowledgeError
from exsweep.knowledge.data_files import document

_GAP = re.compile(r"\{(\w+)(?:\|([^|{}]*)\|([^{}]*))?\}")

FORBIDDEN = re.compile(r"\b(clean(?:ed)?|safe|secure)\b", re.IGNORECASE)
"""Words that promise what no check can promise."""


def render(key: str, **values: object) -> str:
    """The sentence under `key` (`verdict.in_use.headline`) with every gap filled.

    `{name}` takes the value as it is; `{n|day|days}` gives `day` for 1 and `days` else. Values are not
    escaped: the one who prints must do that.

    Raises:
        KnowledgeError: no such key, a list stands there, or a gap is left open.
    """
    text = _entry(key)
    if not isinstance(text, str):
        raise KnowledgeError(
            f"words: {key!r} is no single sentence.", tip="Use render_list, or a longer key."
        )
    return fill(key, text, values)


def render_list(key: str, **values: object) -> tuple[str, ...]:
    """The sentences under `key`, in order (see `render`)."""
    texts = _entry(key)
    if not isinstance(texts, list):
        raise KnowledgeError(f"words: {key!r} is no list.", tip="Use render.")
    return tuple(fill(key, text, values) for text in texts)


def has(key: str) -> bool:
    """Is there a text or a list under `key`?"""
    return key in sentences()


@cache
def sentences() -> dict[str, str | list[str]]:
    """Every text by its full key, in the order of the file."""
    found: dict[str, str | list[str]] = {}
    collect(document("words/en.yml", dict[str, Any]), "", found)
    return found


@lru_cache(4_096)
def gaps(text: str) -> tuple[str, ...]:
    """Names of the gaps of a text, in order, each once."""
    return tuple(dict.fromkeys(match[1] for match in _GAP.finditer(text)))


def join(parts: tuple[str, ...] | list[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def _entry(key: str) -> str | list[str]:
    try:
        return sentences()[key]
    except KeyError:
        raise KnowledgeError(f"words: there is no text {key!r}.", tip="See data/words/en.yml.") from None


def fill(key: str, text: str, values: Mapping[str, object]) -> str:
    """The text with every gap filled; `key` names it in errors (see `render`)."""
    if not gaps(text):
        return text
    missing = [name for name in gaps(text) if name not in values]
    if missing:
        raise KnowledgeError(f"words: {key!r} needs {', '.join(missing)}.", tip="Give a value for each gap.")

    def one(match: re.Match[str]) -> str:
        value = values[match[1]]
        if match[2] is None:
            return str(value)
        return match[2] if value == 1 else match[3]

    return _GAP.sub(one, text)


def collect(node: object, key: str, found: dict[str, str | list[str]]) -> None:
    """Put every text below the node into `found`, by its full key.

    Raises:
        KnowledgeError: something that is neither a text, a list of texts nor a table of them.
    """
    if isinstance(node, Mapping):
        for name, inner in node.items():
            collect(inner, f"{key}.{name}" if key else str(name), found)
    elif isinstance(node, str) or (isinstance(node, list) and all(isinstance(item, str) for item in node)):
        found[key] = node
    else:
        raise KnowledgeError(
            f"words: {key!r} is neither a text nor a list of texts.", tip="Mend data/words/en.yml."
        )
