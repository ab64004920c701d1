"""An event that somebody copied into a text: the General tab of the Event Viewer, or the whole of it, between other lines.

It begins with the sentence by which Windows tells this event, or with its labels, and ends before the first line that
cannot be a part of it: what stands below may be a record of another kind.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from exsweep.knowledge.event_exports import Container, ShownSentence, event_exports
from exsweep.parse.winevent.mapping import Mapper
from exsweep.parse.winevent.record import Event
from exsweep.parse.winevent.shown import CHANNEL, DESCRIPTION, MOMENT, NUMBER, labelled, starts

MAX_LINES = 200
_LONGEST = 1 << 16
_CARRIED = "Message="
"""Before the text of an event that Splunk holds."""
_OWN_NAME = re.compile(r"\s{0,8}[A-Z][A-Za-z0-9]{1,40}\s*:(?:\s.*)?", re.S)
"""How Sysmon writes its values: `ParentImage: C:\\Windows\\explorer.exe`."""
_LABEL = re.compile(r"\s{0,8}(?P<label>[A-Z][^:]{1,50}?)\s*:(?:\s.*)?", re.S)


_ANY_LABEL = re.compile(
    r"\s{1,8}[^\W\d][^:\uff1a<]{1,60}[:\uff1a].*|[^\W\d][^:\uff1a<]{1,60}[:\uff1a](?:\s*|(?:\t|\xa0| {2})\s*\S.*)",
    re.S,
)
"""In any language: under a margin, or far from its value, or the heading of a section."""


def may_begin(line: bytes) -> bool:
    """Quick look: most lines of a text begin no event."""
    return any(mark in line for mark in _marks())


def event_at(lines: Sequence[bytes], at: int) -> tuple[int, dict[str, str]] | None:
    """The event that begins at line `at`: lines used, and its values by the labels of the Event Viewer; None: none does."""
    first = _text(lines[at])
    known = _sentence(first)
    if known is not None:
        values = {CHANNEL: known.channel, NUMBER: known.id, "Source": known.provider, "Level": known.level}
        used, said = _description(lines, at, known)
        return used, {name: value for name, value in values.items() if value} | {DESCRIPTION: said}
    return _labelled_event(lines, at) if starts(first) else None


def to_event(values: Mapping[str, str], line: int, offset: int, raw: bytes) -> Event | None:
    """The event with the columns of its kind."""
    mapper = _mapper()
    inner = mapper.unwrap(dict(values))
    return Event(*mapper.event(inner), line, offset, raw) if inner is not None else None


def _labelled_event(lines: Sequence[bytes], at: int) -> tuple[int, dict[str, str]] | None:
    values: dict[str, str] = {}
    for place in range(at, min(at + MAX_LINES, len(lines))):
        found = labelled(_text(lines[place]))
        if found is None:
            if lines[place].strip() and place > at:
                return None
            continue
        name, value = found
        if name == DESCRIPTION:
            values.pop(DESCRIPTION, None)
            begin = place if value else place + 1
            if NUMBER not in values or not values.keys() & {CHANNEL, MOMENT} or begin >= len(lines):
                return None
            used, said = _description(lines, begin, _sentence(value or _text(lines[begin])))
            said = value + said[len(_text(lines[place]).rstrip()) :] if value else said
            return begin + used - at, values | {DESCRIPTION: said}
        values.setdefault(name, value)
    return None


def _description(lines: Sequence[bytes], at: int, known: ShownSentence | None) -> tuple[int, str]:
    """The sentence and the labels below it: lines used, and the text."""
    said = [_text(lines[at]).strip()]
    used = 1
    plain = known is not None and known.plain
    if known is not None and known.until:
        return _up_to(lines, at, known.until)
    for place in range(at + 1, min(at + MAX_LINES, len(lines))):
        line = _text(lines[place])
        if not line.strip():
            continue
        if _sentence(line) is not None or starts(line) or not _goes_on(line, plain):
            break
        said.append(line.rstrip())
        used = place + 1 - at
    return used, "\n".join(said)


def _up_to(lines: Sequence[bytes], at: int, until: str) -> tuple[int, str]:
    """Lines of any form down to the one that begins with `until`, or to the first empty one where none does."""
    texts = [_text(line) for line in lines[at : at + MAX_LINES]]
    places = [place for place, text in enumerate(texts) if text.strip().startswith(until)]
    end = (
        places[0] + 1 if places else next((n for n, text in enumerate(texts) if not text.strip()), len(texts))
    )
    return end, "\n".join([texts[0].strip(), *(text.rstrip() for text in texts[1:end])])


def _goes_on(line: str, plain: bool) -> bool:
    if plain:
        return _OWN_NAME.fullmatch(line) is not None
    found = _LABEL.fullmatch(line)
    return (found is not None and found["label"] in _labels()) or _ANY_LABEL.fullmatch(line) is not None


def _sentence(line: str) -> ShownSentence | None:
    text = line.strip().removeprefix(_CARRIED)
    return next((one for one in event_exports().shown_sentences if text.startswith(one.text)), None)


def _text(line: bytes) -> str:
    return line[:_LONGEST].decode("utf-8", "backslashreplace")


@cache
def _labels() -> frozenset[str]:
    """Labels and the headings of their sections."""
    return frozenset(part for name in event_exports().labels for part in name.split("/"))


@cache
def _marks() -> tuple[bytes, ...]:
    known = event_exports()
    names = {label for name in (CHANNEL, NUMBER) for label in known.shown_labels[name]}
    return tuple(
        sorted(
            {one.text.encode() for one in known.shown_sentences}
            | {one.encode() for one in names if len(one) > 2}
        )
    )


@cache
def _mapper() -> Mapper:
    known = event_exports()
    kind = next(one for one in known.exports if one.container is Container.SHOWN)
    return Mapper(kind, known)
