"""A small sum that can be explained: points for capabilities, for pairs of them, for how and where the page lies."""

from functools import cache
from typing import Final

import msgspec

from exsweep.detect.webshell.capabilities import VISITOR, Weighed, inputs, note, title, weigh
from exsweep.detect.webshell.shown import Shown
from exsweep.knowledge.webshells import sign, webshell_knowledge, webshell_weights
from exsweep.model import Confidence
from exsweep.model.files import Capability, Evidence, FileVerdict, Reason

_MOST_EVIDENCE: Final = 5


class Line(msgspec.Struct, frozen=True):
    """Where a place stands in the file, for people."""

    line: int
    excerpt: str


class Score(msgspec.Struct, frozen=True):
    """Sum and terms."""

    total: float
    reasons: tuple[Reason, ...]
    capabilities: tuple[Capability, ...]

    @property
    def verdict(self) -> FileVerdict:
        weights = webshell_weights()
        if self.total >= weights.malicious:
            return FileVerdict.MALICIOUS
        return FileVerdict.SUSPICIOUS if self.total >= weights.suspicious else FileVerdict.UNREMARKABLE

    @property
    def confidence(self) -> Confidence:
        """Of the verdict."""
        weights = webshell_weights()
        if self.total >= weights.sure:
            return Confidence.SURE
        return Confidence.VERY_LIKELY if self.total >= weights.malicious else Confidence.POSSIBLE

    def joined(self, reasons: tuple[Reason, ...], capabilities: tuple[Capability, ...]) -> "Score":
        """With what was found in another way."""
        every = sorted((*self.reasons, *reasons), key=lambda each: (-each.points, each.code))
        total = round(self.total + sum(each.points for each in reasons), 2)
        return Score(total, tuple(every), (*capabilities, *self.capabilities))


def best(shown: tuple[Shown, ...]) -> dict[str, list[Weighed]]:
    """Places of each capability, heaviest first, in order of the knowledge file."""
    found: dict[str, list[Weighed]] = {}
    said: dict[int, frozenset[str]] = {}
    for each in shown:
        found.setdefault(each.capability, []).append(weigh(each, said))
    for places in found.values():
        places.sort(key=lambda each: (-each.points, each.shown.unit, each.shown.at))
    return {id_: found[id_] for id_ in _attack() if id_ in found} if found else found


def score(
    places: dict[str, list[Weighed]], signs: tuple[Reason, ...], locate: dict[tuple[int, int], Line]
) -> Score:
    """Everything together; signs count only as they are given."""
    reasons: list[Reason] = []
    capabilities: list[Capability] = []
    for id_, weighed in places.items():
        first = weighed[0]
        words = title(id_, first)
        if first.points:
            reasons.append(Reason(code=id_, text=words, points=first.points))
        capabilities.append(_capability(id_, words, weighed, locate, _attack().get(id_, ())))
    reasons += pairs(places)
    reasons += signs
    reasons.sort(key=lambda each: (-each.points, each.code))
    order = {each.code: number for number, each in enumerate(reasons)}
    capabilities.sort(key=lambda each: order.get(each.id, len(order)))
    return Score(round(sum(each.points for each in reasons), 2), tuple(reasons), tuple(capabilities))


def pairs(places: dict[str, list[Weighed]]) -> list[Reason]:
    """Abilities that mean more together than each by itself."""
    return [
        Reason(code=pair.code, text=sentence(pair.text), points=pair.points)
        for pair in (webshell_weights().pairs if places else ())
        if all(id_ in places and places[id_][0].points >= pair.each for id_ in pair.all)
    ]


@cache
def _attack() -> dict[str, tuple[str, ...]]:
    """Capability, in order of the knowledge file -> techniques."""
    return {each.id: each.attack for each in webshell_knowledge().capabilities}


def _capability(
    id_: str, words: str, weighed: list[Weighed], locate: dict[tuple[int, int], Line], attack: tuple[str, ...]
) -> Capability:
    strong = [each for each in weighed if each.points >= weighed[0].points / 2][:_MOST_EVIDENCE]
    names: dict[str, None] = {}
    for each in weighed[:50]:
        for origin in inputs(each.shown):
            if origin.name:
                names[origin.name] = None
    evidence = []
    for each in strong:
        line = locate.get((each.shown.unit, each.shown.at))
        if line is not None:
            evidence.append(Evidence(line=line.line, excerpt=line.excerpt, note=note(each.shown)))
    return Capability(
        id=id_,
        title=words,
        from_request=any(
            not (VISITOR.isdisjoint(each.data) and VISITOR.isdisjoint(each.target)) for each in weighed
        ),
        inputs=tuple(names)[:20],
        evidence=tuple(dict.fromkeys(evidence)),
        attack=attack,
    )


def reason(code: str, text: str = "", points: float | None = None) -> Reason:
    """A sign of the knowledge as a reason."""
    known = sign(code)
    return Reason(
        code=code, text=sentence(text or known.text), points=known.points if points is None else points
    )


def sentence(text: str) -> str:
    """With a capital at the start."""
    return text[:1].upper() + text[1:]
