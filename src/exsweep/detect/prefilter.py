"""Which rows of one log format some rule may match: literals looked for in columns, or in raw lines."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exsweep.detect.columns import offsets_and_data
from exsweep.detect.familiar import Familiar
from exsweep.detect.fields import FieldMap, Kind, Place
from exsweep.detect.matcher import Matcher, make_matcher
from exsweep.detect.patterns import FOLDED, HIDDEN, spellings
from exsweep.detect.sweep import Sample, Sweep
from exsweep.detect.together import Together
from exsweep.knowledge.rules import Rule, tree
from exsweep.knowledge.rules.need import SHORTEST, Clause, Literal, Need, need

Mask = npt.NDArray[np.bool_]

ANYWHERE = "*"
"""Instead of a column: any column of the row."""
RARE = 4
"""From this weight on a clause is looked for in text that hardly repeats even if the rule has a rarer one."""
LEANEST = 100
"""Probes of a clause that are compared with each other."""
_FEW_VALUES = ("http.request.method", "http.response.status_code", "network.protocol", "http.version")
"""Columns whose every value is in many rows."""
_HIDDEN, _FOLDED = 0, 1
_ODD = b" !\"#$'()*<>@[\\]^`{|}~;"
_SHIFT = 24
_PATTERN = (1 << _SHIFT) - 1
_URLISH = (Kind.URL, Kind.JOINED, Kind.EXTENSION)

Ints = npt.NDArray[np.int64]
Refuses = Callable[[int, str, bytes], bool]
"""(position of a rule, column in lower case, value): the rule matches no row with this value there."""
Probe = tuple[str, int]
"""(column, pattern)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A clause of one rule on this format: one of the probes must hit."""

    probes: frozenset[Probe]
    weight: int
    """How rare a hit is: the least of its literals' weights."""


class Prefilter:
    """The needs of all rules that run on one format."""

    def __init__(
        self,
        fields: FieldMap,
        rules: Sequence[Rule],
        needs: dict[str, Need] | None = None,
        ordinary: bytes = b"",
    ) -> None:
        """`needs`: rule id -> what its condition needs, kept between formats by who makes the prefilters.

        `ordinary`: lines of an ordinary log of the format, which tell what is rare in one.
        """
        self._fields = fields
        self._needs = {} if needs is None else needs
        self._form = fields.form
        self._few = {form.ecs[name].lower() for name in _FEW_VALUES if name in (form := fields.form).ecs}
        self._unique = {column.lower() for column in fields.form.unique}
        self._patterns: dict[tuple[bytes, ...], int] = {HIDDEN: _HIDDEN, FOLDED: _FOLDED}
        self._first = {_HIDDEN: HIDDEN[0], _FOLDED: FOLDED[0]}
        """One spelling of each pattern."""
        self.choices = [self._choices(rule) for rule in rules]
        self.always = [at for at, choices in enumerate(self.choices) if not choices]
        """Positions of the rules that ask for nothing: they look at every row."""
        self._asking: dict[Probe, list[int]] = {}
        """Rules whose first choice a probe can meet."""
        for at, choices in enumerate(self.choices):
            for probe in choices[0].probes if choices else ():
                self._asking.setdefault(probe, []).append(at)
        self._literals = {number: literals for literals, number in self._patterns.items()}
        self._wanted: dict[str, set[int]] = {}
        for choices in self.choices:
            for choice in choices:
                for column, pattern in choice.probes:
                    self._wanted.setdefault(column, set()).add(pattern)
        self._together: Together | None = None
        self._matchers: dict[frozenset[int], Matcher] = {}
        self._in_lines = [
            tuple(frozenset(pattern for _, pattern in choice.probes) for choice in choices)
            for choices in self.choices
        ]
        self._everything = Sweep(self._in_lines)
        self._sweep: Sweep | None = None
        self._ordinary = ordinary
        self._refuses: Refuses | None = None

    @property
    def literals(self) -> tuple[bytes, ...]:
        """Everything that is looked for in some column, lower case, in order."""
        return self._spelled(frozenset().union(*self._wanted.values()))

    @property
    def swept(self) -> tuple[bytes, ...]:
        """What is looked for in raw lines, lower case, in order."""
        return self._spelled(self._cheapest().wanted)

    def _spelled(self, patterns: frozenset[int]) -> tuple[bytes, ...]:
        return tuple(sorted({literal for pattern in patterns for literal in self._literals[pattern]}))

    def rows(self, table: pa.Table) -> list[Mask | None]:
        """For each rule the rows that it may match; None: no row. A rule of `always` has every row."""
        hits = self._hits(table)
        spread: dict[Probe, Mask] = {}
        masks: dict[frozenset[Probe], Mask] = {}

        def rows_of(probe: Probe) -> Mask:
            if probe not in spread:
                spread[probe] = hits[probe](table.num_rows)
            return spread[probe]

        def of(choice: Choice) -> Mask:
            if choice.probes not in masks:
                found = [rows_of(probe) for probe in choice.probes if probe in hits]
                masks[choice.probes] = found[0] if len(found) == 1 else np.logical_or.reduce(found)
            return masks[choice.probes]

        result: list[Mask | None] = [None] * len(self.choices)
        for at in self.always:
            result[at] = np.ones(table.num_rows, bool)
        for at in {at for probe in hits for at in self._asking.get(probe, ())}:
            # Of most rules some clause is met nowhere in the table: which rows met the others does not matter then.
            if all(not hits.keys().isdisjoint(choice.probes) for choice in self.choices[at]):
                left = of(self.choices[at][0])
                for choice in self.choices[at][1:]:
                    left = left & of(choice)
                if left.any():
                    result[at] = left
        return result

    def prepare(self) -> None:
        """Make the matchers of `rows` now instead of when the first rows come."""
        if self._form.records:
            self._all_columns()
            return
        everywhere = self._wanted.get(ANYWHERE, set())
        for column, here in self._wanted.items():
            if column != ANYWHERE:
                self._matcher(frozenset(here | everywhere))

    def wants(self, at: int) -> list[list[tuple[str, tuple[bytes, ...]]]]:
        """What a row must hold for the rule at this position to be able to match, for engines that read no Arrow.

        All of the lists must be met, each by one of its (column in lower case or ANYWHERE, spellings in lower case); no
        list: any row may match.
        """
        return [
            [(column, self._literals[pattern]) for column, pattern in sorted(choice.probes)]
            for choice in self.choices[at]
        ]

    def lines(self, data: bytes, stops: Ints) -> tuple[Ints, Ints]:
        """Numbers, rising, of the lines that some rule may match; line i ends at `stops[i]`, its `\\n` inside.

        By the clauses that are cheapest in ordinary logs; whether a line is among them depends on it alone. Then those of
        them that no rule can match if the line has exactly the fields of its header.
        """
        if self.always or self._form.multiline:
            return np.arange(len(stops)), np.empty(0, np.int64)
        sweep = self._cheapest()
        ids, ends = self._matcher(sweep.wanted).scan(data)
        chosen = _chosen(sweep, ids, ends, stops)
        if self._familiar is None or not len(chosen):
            return chosen, np.empty(0, np.int64)
        held = np.zeros(len(stops), bool)
        held[chosen] = True
        mine = held[np.searchsorted(stops, ends - 1, side="right")]
        ids, ends = ids[mine], ends[mine]
        strange = self._familiar.strange(data, ids, ends)
        sure = _chosen(sweep, ids[strange], ends[strange], stops)
        return chosen, np.setdiff1d(chosen, sure, assume_unique=True)

    def spare(self, refuses: Refuses) -> None:
        """Learn from now on what need not be cut, where lines are cut at every separator."""
        if self._form.separator == " " and not (self._form.quoting or self._form.records or self._form.tail):
            self._refuses = refuses

    @cached_property
    def _familiar(self) -> Familiar | None:
        if self._refuses is None:
            return None
        refuses, sweep = self._refuses, self._cheapest()
        asking: dict[int, set[tuple[int, str]]] = {}
        for at, clauses in enumerate(self._in_lines):
            for clause in sweep.options[clauses]:
                for column, pattern in self.choices[at][clauses.index(clause)].probes:
                    asking.setdefault(sweep.instead.get(pattern, pattern), set()).add((at, column))
        separator = self._form.separator.encode()

        def harmless(pattern: int, value: bytes) -> bool:
            return not any(separator in literal for literal in self._literals[pattern]) and all(
                refuses(at, column, value) for at, column in asking[pattern]
            )

        return Familiar(separator, harmless)

    def _choices(self, rule: Rule) -> tuple[Choice, ...]:
        if rule.condition is None:
            return ()
        if rule.id not in self._needs:
            self._needs[rule.id] = need(rule.condition) if rule.needs is None else rule.needs
        wanted = self._fields.wanted(rule.logsource)
        clauses = dict.fromkeys((*need(tree.And(wanted)), *self._needs[rule.id]))
        found = [choice for clause in clauses if (choice := self._choice(clause, rule.own))]
        if not found:
            return ()
        best = max(found, key=lambda choice: (choice.weight, -len(choice.probes)))
        return tuple(choice for choice in found if choice is best or not self._frequent(choice))

    def _choice(self, clause: Clause, own: bool) -> Choice | None:
        probes: set[Probe] = set()
        weight = 1 << 30
        for literal in sorted(clause, key=lambda one: (one.field or "", one.text)):
            for place in self._fields.places(literal.field, own):
                # distinct values are searched, and records have few in most columns: event ids of one or two digits
                few = self._form.records and place.column not in self._unique
                spelled = spellings(literal.text, place.kind, self._form.separator, 1 if few else SHORTEST)
                if not spelled:
                    return None
                weight = min(weight, 1 if place.column in self._few else rarity(spelled[0]))
                probes.update(self._probes(spelled, literal, place))
        return Choice(self._leanest(probes), weight)

    def _leanest(self, probes: set[Probe]) -> frozenset[Probe]:
        """Without the probes that another one of the same column covers: `.aspx` beside `.asp`."""
        if not 1 < len(probes) <= LEANEST:
            return frozenset(probes)
        by_column: dict[str, dict[bytes, int]] = {}
        for column, pattern in probes:
            if pattern > _FOLDED:
                by_column.setdefault(column, {})[self._first[pattern]] = pattern
        covered = {
            (column, pattern)
            for column, raw in by_column.items()
            for longer, pattern in raw.items()
            if any(shorter in longer and shorter != longer for shorter in raw)
        }
        return frozenset(probes - covered)

    def _probes(self, spelled: tuple[bytes, ...], literal: Literal, place: Place) -> Iterable[Probe]:
        pattern = self._patterns.setdefault(spelled, len(self._patterns))
        self._first[pattern] = spelled[0]
        for column in self._columns(place):
            yield column, pattern
            if place.kind in _URLISH or (place.kind is Kind.LINE and self._form.url_columns):
                yield column, _HIDDEN
            if literal.folds:
                yield column, _FOLDED

    def _columns(self, place: Place) -> tuple[str, ...]:
        if place.kind is Kind.LINE:
            return (ANYWHERE,)
        query = self._fields.query
        return (place.column, query) if place.kind is Kind.JOINED and query else (place.column,)

    def _frequent(self, choice: Choice) -> bool:
        """Looked for in text that hardly repeats, and short: a call for nearly every row."""
        dear = any(column == ANYWHERE or column in self._unique for column, _ in choice.probes)
        return dear and choice.weight < RARE

    def _cheapest(self) -> Sweep:
        """The clauses to look for in raw lines; all of them where nothing tells what is rare."""
        if self._sweep is None:
            self._sweep = self._everything
            if self._ordinary:
                matcher = make_matcher(self._patterns_of(self._everything.wanted))
                sample = Sample.of(self._ordinary, *matcher.scan(self._ordinary))
                self._sweep = self._everything.cheaper(sample, self._literals)
        return self._sweep

    def _matcher(self, wanted: frozenset[int]) -> Matcher:
        matcher = self._matchers.get(wanted)
        if matcher is None:
            matcher = make_matcher(self._patterns_of(wanted))
            self._matchers[wanted] = matcher
        return matcher

    def _patterns_of(self, wanted: frozenset[int]) -> Iterable[tuple[int, bytes]]:
        return [(number, literal) for number in sorted(wanted) for literal in self._literals[number]]

    def _all_columns(self) -> Together:
        if self._together is None:
            wanted = {column: patterns for column, patterns in self._wanted.items() if column != ANYWHERE}
            self._together = Together(wanted, self._wanted.get(ANYWHERE, set()), self._literals, SHORTEST)
        return self._together

    def _hits(self, table: pa.Table) -> "dict[Probe, _Held]":
        """For each probe that hits at all: what gives the rows."""
        hits: dict[Probe, _Held] = {}
        if self._form.records:
            for probe, rows in self._all_columns().hits(table, ANYWHERE):
                hits.setdefault(probe, _Held()).parts.append((0, rows, None))
            return hits
        everywhere = self._wanted.get(ANYWHERE, set())
        for at, name in enumerate(table.column_names):
            here = self._wanted.get(name.lower(), set())
            if not here and not everywhere:
                continue
            matcher = self._matcher(frozenset(here | everywhere))
            base = 0
            for chunk in table.column(at).chunks:
                for pattern, values, codes in _scan(chunk, matcher):
                    for column, wanted in ((name.lower(), here), (ANYWHERE, everywhere)):
                        if pattern in wanted:
                            hits.setdefault((column, pattern), _Held()).parts.append((base, values, codes))
                base += len(chunk)
        return hits


@dataclass(slots=True)
class _Held:
    """Where one probe hit: asked for rows only when they decide something."""

    parts: list[tuple[int, Mask, npt.NDArray[np.int32] | None]] = field(default_factory=list)
    """First row of a chunk; its values that hold the literal; the number of each row's value, or None: a value a row."""

    def __call__(self, rows: int) -> Mask:
        """One entry for each row of the table."""
        mask = np.zeros(rows, bool)
        for base, values, codes in self.parts:
            here = values if codes is None or not len(values) else values.take(codes)
            mask[base : base + len(here)] |= here
        return mask


def rarity(literal: bytes) -> int:
    """Its length, where a character that neither words nor addresses are made of counts twice."""
    return 2 * len(literal) - len(literal.translate(None, _ODD))


def _chosen(sweep: Sweep, ids: Ints, ends: Ints, stops: Ints) -> Ints:
    """Numbers, rising, of the lines in which the hits satisfy the clauses of some rule."""
    if not len(ids):
        return np.empty(0, np.int64)
    # A pattern never holds a line break: its end is in its line. Hits come nearly in order, so that sorting is cheap.
    pairs = np.sort(np.searchsorted(stops, ends - 1, side="right") << _SHIFT | ids, kind="stable")
    pairs = pairs[_first_of_equals(pairs)]
    lines, ids = pairs >> _SHIFT, pairs & _PATTERN
    begins = np.flatnonzero(_first_of_equals(lines))
    chosen: npt.NDArray[np.int64] = lines[begins][sweep.choose(ids, begins)]
    return chosen


def _first_of_equals(numbers: npt.NDArray[np.int64]) -> Mask:
    """Of sorted numbers those that differ from the one before."""
    first = np.ones(len(numbers), bool)
    np.not_equal(numbers[1:], numbers[:-1], out=first[1:])
    return first


def _scan(chunk: pa.Array, matcher: Matcher) -> Iterable[tuple[int, Mask, npt.NDArray[np.int32] | None]]:
    """(pattern, values that have it, number of each row's value or None). Only distinct values are searched where the
    chunk knows them."""
    codes = None
    values = chunk
    if pa.types.is_dictionary(chunk.type):
        indices = chunk.indices if not chunk.indices.null_count else chunk.indices.fill_null(0)
        codes = indices.to_numpy(zero_copy_only=False)
        values = chunk.dictionary
        if len(values) > 2 * len(codes):  # rows were taken out of a larger batch: most values occur no more
            used, codes = np.unique(codes, return_inverse=True)
            values = values.take(pa.array(used))
    if values.type != pa.binary():
        values = values.cast(pa.binary())
    offsets, data = offsets_and_data(values)
    begin = int(offsets[0])
    ids, ends = matcher.scan(data[begin : int(offsets[-1])])
    if not len(ids):
        return
    where = np.searchsorted(offsets, ends - 1 + begin, side="right") - 1
    order = np.argsort(ids, kind="stable")
    ids, where = ids[order], where[order]
    starts = np.concatenate(([0], np.flatnonzero(np.diff(ids)) + 1, [len(ids)])).tolist()
    for start, stop in pairwise(starts):
        found = np.zeros(len(values), bool)
        found[where[start:stop]] = True
        yield int(ids[start]), found, codes
