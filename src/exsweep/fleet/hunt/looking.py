"""One group of servers looked through: SQL finds the rows that may match, the engine of triage says which do."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np

from exsweep.assess import rows
from exsweep.assess.manifest import read_manifest
from exsweep.assess.store import chosen_events, picked_events
from exsweep.detect import Engine
from exsweep.detect.sql import NEVER
from exsweep.errors import EvidenceError, StoreError
from exsweep.fleet import grams
from exsweep.fleet.hunt.engines import SqlEngine
from exsweep.fleet.hunt.many import Many
from exsweep.fleet.hunt.question import INDICATOR
from exsweep.fleet.hunt.records import Sample, Scope
from exsweep.fleet.hunt.skipping import Skipper
from exsweep.fleet.hunt.where import may_match
from exsweep.fleet.hunt.where_to import Target
from exsweep.fleet.lake import EventFile, EventSet, Lake
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import Rule
from exsweep.model import Origin
from exsweep.parse.batch import NO_TIME, Batch, Ints

SAMPLES = 5
FEW = 100
"""Indicators that are looked for as rules are; more are looked for together."""
_MOST_ORIGINS = 1_000_000
"""Rows of one server that are told apart; from there on a row that two sets hold may count twice."""
_LINE = 1_000


@dataclass(slots=True)
class Found:
    """What one rule found on one server. Times are milliseconds since 1970."""

    rule: Rule
    first: int | None = None
    last: int | None = None
    count: int = 0
    kinds: set[str] = field(default_factory=set)
    samples: list[Sample] = field(default_factory=list)


@dataclass(slots=True)
class Looked:
    """One server's answer."""

    found: dict[str, Found] = field(default_factory=dict)
    why: list[str] = field(default_factory=list)
    """Files that could not be looked at, in words."""
    events: int = 0
    _origins: set[tuple[str, str, int, int]] = field(default_factory=set)

    def once(self, origin: tuple[str, str, int, int]) -> bool:
        """False for a row that was counted before: two sets of events may hold the same log."""
        if origin in self._origins:
            return False
        if len(self._origins) < _MOST_ORIGINS:
            self._origins.add(origin)
        return True


class Looker:
    """The rules of one hunt, ready."""

    def __init__(self, lake: Lake, rules: Sequence[Rule], scope: Scope, sql: SqlEngine) -> None:
        self._lake, self._sql, self._scope = lake, sql, scope
        self._forms = {form.id: form for form in load_formats()}
        listed = [rule for rule in rules if rule.file == INDICATOR]
        self._many = Many(listed, tuple(self._forms.values())) if len(listed) > FEW else None
        left = rules if self._many is None else [rule for rule in rules if rule.file != INDICATOR]
        self._engine = Engine(left, tuple(self._forms.values()))
        self._skipper = Skipper(rules)
        self._since = _ms(scope.since)
        self._until = _ms(scope.until)
        self._seals: dict[str, dict[str, str]] = {}

    def look(self, group: Sequence[Target]) -> dict[int, Looked]:
        """Every server of the group, looked through."""
        answers = {one.server: Looked() for one in group}
        alike: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[int, EventSet, EventFile]]] = {}
        for one in group:
            for each, file in one.files:
                if not self._may_hold(each, file):
                    answers[one.server].events += file.events
                    continue
                key = (file.kind, tuple(file.natives.items()))
                alike.setdefault(key, []).append((one.server, each, file))
        for (kind, natives), files in sorted(alike.items(), key=lambda pair: pair[0]):
            where = may_match(self._engine, kind, dict(natives)) if self._many is None else None
            if where == NEVER:
                for server, _, file in files:
                    answers[server].events += file.events
            elif where is None:
                self._one_by_one(files, answers)
            else:
                self._by_sql(files, self._timed(where), answers)
        self._seals.clear()
        return answers

    def _may_hold(self, each: EventSet, file: EventFile) -> bool:
        if not self._skipper.asks(file.kind):
            return True
        return self._skipper.may_hold(file.kind, grams.read(self._path(each, file), file.sha256))

    def _timed(self, where: str) -> str:
        days = [
            f'"@timestamp" {op} to_timestamp({at} / 1000.0)'
            for op, at in ((">=", self._since), ("<=", self._until))
            if at is not None
        ]
        return f'({where}) AND ("@timestamp" IS NULL OR ({" AND ".join(days)}))' if days else where

    def _by_sql(
        self, files: list[tuple[int, EventSet, EventFile]], where: str, answers: dict[int, Looked]
    ) -> None:
        paths = [self._path(each, file) for _, each, file in files]
        try:
            found = self._sql.candidates(paths, where)
        except OSError:
            found = self._singly(files, where, answers)
        for path, (server, each, file) in zip(paths, files, strict=True):
            answers[server].events += file.events
            if path in found:
                self._exact(
                    answers[server], each, file, picked_events(path, self._forms[file.kind], found[path])
                )

    def _singly(
        self, files: list[tuple[int, EventSet, EventFile]], where: str, answers: dict[int, Looked]
    ) -> dict[Path, Ints]:
        """One damaged file must not take its neighbours along."""
        found: dict[Path, Ints] = {}
        for server, each, file in files:
            try:
                found |= self._sql.candidates([self._path(each, file)], where)
            except OSError as error:
                answers[server].why.append(f"{file.name} cannot be read: {str(error)[:200]}")
                answers[server].events -= file.events
        return found

    def _one_by_one(self, files: list[tuple[int, EventSet, EventFile]], answers: dict[int, Looked]) -> None:
        for server, each, file in files:
            form = self._forms[file.kind]
            # All columns: texts are looked for anywhere in the row.
            batches = chosen_events(self._path(each, file), form, _Any(), self._candidates)
            answers[server].events += file.events
            self._exact(answers[server], each, file, batches)

    def _candidates(self, batch: Batch) -> Ints:
        rows = self._engine.candidates(batch)
        return rows if self._many is None else np.union1d(rows, self._many.candidates(batch))

    def _matches(self, batch: Batch) -> Iterator[tuple[Rule, int]]:
        for match in self._engine.match([batch]):
            yield match.rule, match.row
        if self._many is not None:
            yield from self._many.match(batch)

    def _exact(
        self, answer: Looked, each: EventSet, file: EventFile, batches: Iterable[tuple[str, Batch]]
    ) -> None:
        try:
            for path, batch in batches:
                self._matched(answer, each, file, path, batch)
        except StoreError as error:
            answer.why.append(f"{file.name} cannot be read: {error.message[:200]}")

    def _matched(self, answer: Looked, each: EventSet, file: EventFile, path: str, batch: Batch) -> None:
        seal = ""
        for rule, row in self._matches(batch):
            time = int(batch.time_ms[row])
            at = None if time == NO_TIME else time
            if at is not None and not (
                (self._since is None or at >= self._since) and (self._until is None or at <= self._until)
            ):
                continue
            seal = seal or self._seal(each, path)
            line, offset = int(batch.line[row]), int(batch.offset[row])
            if not answer.once((rule.id, seal or path, line, offset)):
                continue
            found = answer.found.setdefault(rule.id, Found(rule))
            found.count += 1
            found.kinds.add(file.kind)
            if at is not None:
                found.first = at if found.first is None else min(found.first, at)
                found.last = at if found.last is None else max(found.last, at)
            if len(found.samples) < SAMPLES:
                found.samples.append(_sample(batch, row, path, seal, file.kind))

    def _seal(self, each: EventSet, path: str) -> str:
        """SHA-256 of the log that the row is from, as triage sealed it."""
        if each.folder not in self._seals:
            try:
                saved = read_manifest(self._lake.events(each.folder))
                self._seals[each.folder] = {one.path: one.sha256 for one in saved.gathered.sources}
            except EvidenceError:  # the row itself is there: it is told without its seal
                self._seals[each.folder] = {}
        return self._seals[each.folder].get(path, "")

    def _path(self, each: EventSet, file: EventFile) -> Path:
        return self._lake.events(each.folder) / file.name


class _Any(set[str]):
    """Every name is in it."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)


def _sample(batch: Batch, row: int, path: str, seal: str, kind: str) -> Sample:
    said = rows.Cells(batch.part(row, row + 1))
    fields = {name: value[:_LINE] for name, value in said.fields(0).items()}
    return Sample(
        time=rows.moment(int(batch.time_ms[row])),
        kind=kind,
        text=rows.rebuilt(batch, row)[:_LINE],
        fields=fields,
        origin=Origin(
            path=path, sha256=seal or None, line=int(batch.line[row]), offset=int(batch.offset[row]),
            record=said.record(0),
        ),
    )  # fmt: skip


def _ms(time: datetime | None) -> int | None:
    return None if time is None else int(time.timestamp() * 1000)


def packed(samples: Sequence[Sample], most: int) -> str:
    """Samples as the store keeps them: as many as fit into `most` characters."""
    for count in range(len(samples), -1, -1):
        text = msgspec.json.encode(samples[:count]).decode("utf-8", "replace")
        if len(text) <= most:
            return text
    return "[]"
