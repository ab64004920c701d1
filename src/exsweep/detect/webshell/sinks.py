"""The knowledge of capabilities, ready for looking up by name."""

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from exsweep.detect.webshell import folding
from exsweep.detect.webshell.names import Patterns
from exsweep.knowledge.rules.need import need, weight
from exsweep.knowledge.rules.tree import Regex
from exsweep.knowledge.webshells import Use, webshell_knowledge

_NEVER = Use().unless


class Sink(NamedTuple):
    """One use of one capability."""

    capability: str
    number: int
    """Place of the use in the capability."""
    use: Use
    unless: re.Pattern[str] | None
    """A call with a constant that is all this is something else; None: there is no such."""


class Telling:
    """A text that only tools need."""

    def __init__(self, pattern: str, sink: Sink) -> None:
        self.sink = sink
        self._pattern = re.compile(pattern, re.MULTILINE)
        # Python takes more for `\s` than the rules' own dialect, for which the needs are made.
        plain = [
            each
            for each in need(Regex(None, pattern))
            if not any(blank in one.text for one in each for blank in "\t\n\f\r")
        ]
        best = sorted((one.text for one in max(plain, key=weight, default=())), key=len)
        self._needed = tuple(
            text for place, text in enumerate(best) if not any(each in text for each in best[:place])
        )

    def search(self, texts: str) -> re.Match[str] | None:
        """The first one in texts in lower case; hardly any page has even a word of one."""
        for each in self._needed or ("",):
            if each in texts:
                return self._pattern.search(texts)
        return None


class Lookup:
    """All patterns of `capabilities.yml`."""

    def __init__(self) -> None:
        known = webshell_knowledge()
        sinks = [
            Sink(kind.id, number, use, None if use.unless == _NEVER else re.compile(use.unless))
            for kind in known.capabilities
            for number, use in enumerate(kind.uses)
        ]
        self.calls = Patterns((name, sink) for sink in sinks for name in sink.use.call)
        self.sets = Patterns((name, sink) for sink in sinks for name in sink.use.set)
        self.gets = Patterns((name, sink) for sink in sinks for name in sink.use.get)
        self.objects = {name: sink for sink in sinks for name in sink.use.object}
        self.natives: dict[str, list[Sink]] = {}
        for sink in sinks:
            for name in sink.use.native:
                self.natives.setdefault(name, []).append(sink)
        self.texts = tuple(Telling(text, sink) for sink in sinks for text in sink.use.text)
        self.sources = Patterns((name, source) for source in known.sources for name in source.read)
        self.unless = {
            source.kind: re.compile("|".join(f"(?:{each})" for each in source.unless) or r"(?!)")
            for source in known.sources
        }
        self._also_sent = {
            source.kind: re.compile("|".join(f"(?:{each})" for each in source.also_sent) or r"(?!)")
            for source in known.sources
        }
        self._unless_in = {source.kind: frozenset(source.unless_in) for source in known.sources}
        self.slight = frozenset(kind.id for kind in known.capabilities if kind.slight)
        self._tools = {
            name.rpartition(".")[0]
            for sink in sinks
            if sink.capability not in self.slight
            for name in sink.use.call
        } | set(self.objects)
        self._tools |= {name.rpartition(".")[0] for name in known.returns}
        self._own = re.compile(known.own_page)
        self.clean = Patterns((name, True) for name in known.clean)
        self.roots = Patterns((name, True) for name in known.roots)
        self.basename = Patterns((name, True) for name in known.basename)
        self.decoders = Patterns((name, True) for name in known.decoders)
        self.returns = Patterns(known.returns.items())
        self._harmless = frozenset(known.harmless) | folding.NAMES
        self.classids = known.classids
        self.uploads = frozenset(known.uploads)
        self.ordinary_objects = frozenset(known.ordinary_objects)
        self.served_folders = re.compile(known.served_folders)
        self.channels = Patterns(known.channels.items())
        self.channel_ends = Patterns((name, name) for name in known.channels.values())
        self.rows = Patterns(known.rows.items())
        self.row_types = frozenset(known.rows.values())
        self.served = frozenset(known.served)
        self.served_classes = frozenset(known.served_classes)
        self.visitor_classes = frozenset(known.visitor_classes)

    def clean_field(self, kind: str, name: str, collections: Iterable[str]) -> bool:
        """Is this field of a source of that kind set by the server rather than by the visitor?

        `collections`: last names of what it is read from.
        """
        name = name.lower()
        if self.unless[kind].fullmatch(name) is None:
            return False
        return self._also_sent[kind].fullmatch(name) is None or not self._unless_in[kind].isdisjoint(
            collections
        )

    def does_nothing(self, last: str) -> bool:
        """Does a call of that name no more with a value than show, keep or change it?"""
        return last in self._harmless

    def is_tool(self, type_: str) -> bool:
        """Is an object of this type more than a door to a database?"""
        return type_ in self._tools

    def explained(self, type_: str) -> bool:
        """Is it known what objects of this program id do?"""
        return type_.partition(".")[0] in self.ordinary_objects

    def own_page(self, name: str) -> bool:
        """Does this field say where the page itself lies?"""
        return self._own.fullmatch(name.lower()) is not None


@cache
def lookup() -> Lookup:
    """The shipped knowledge, made once."""
    return Lookup()
