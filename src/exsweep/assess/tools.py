"""What a worker needs to read evidence: formats, rules and the engine made from them. Built once in each process."""

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from exsweep.assess.results import CorrelationRow
from exsweep.assess.rows import rebuilt, text
from exsweep.detect import Engine
from exsweep.detect.correlation import needed_fields, silent
from exsweep.knowledge.formats import LogFormat, load_formats
from exsweep.knowledge.rules import Rule, RuleSet, load_rules
from exsweep.parse.batch import Batch


@dataclass(frozen=True)
class Tools:
    formats: tuple[LogFormat, ...]
    rules: RuleSet
    by_id: Mapping[str, Rule]
    digest: str
    """Names the rules in use: the same rules give the same value."""
    engine: Engine
    silent: frozenset[str]
    """Rules that only serve correlations: their matches are no findings."""
    counted_fields: Mapping[str, tuple[str, ...]]
    """Rule -> fields that some correlation needs of its events."""

    def counted(self, rule: str, source: int, batch: Batch, row: int) -> list[CorrelationRow]:
        """The row for correlations, if the rule serves one."""
        names = self.counted_fields.get(rule)
        if names is None:
            return []
        values = tuple(_value(batch, row, name) for name in names)
        raw = batch.raw(row)
        excerpt = text(raw, 400) if raw is not None else rebuilt(batch, row)[:400]
        return [
            CorrelationRow(
                rule,
                int(batch.time_ms[row]),
                values,
                source,
                int(batch.line[row]),
                int(batch.offset[row]),
                excerpt,
            )
        ]

    def ecs_name(self, kind: str, name: str) -> str:
        """The ECS name of a field as rules write it, where the format has one."""
        form = self.format(kind)
        native = _native(form, name)
        return next((ecs for ecs, column in form.ecs.items() if column in native), name)

    def format(self, kind: str) -> LogFormat:
        return next(item for item in self.formats if item.id == kind)


def tools(user_rules: Sequence[str] = ()) -> Tools:
    """Own rules and the user's, compiled; the compiled form of big sets is kept in the user's cache folder."""
    formats = load_formats()
    own = Path(str(files("exsweep.knowledge") / "data" / "rules"))
    rules = load_rules(own, [Path(path) for path in user_rules], formats=formats, cache_dir=cache_folder())
    by_id = {rule.id: rule for rule in rules.rules}
    digest = hashlib.sha256(
        "".join(f"{rule.id}:{rule.version};" for rule in rules.rules).encode()
    ).hexdigest()
    fields = {rule: tuple(sorted(names)) for rule, names in needed_fields(rules.running).items()}
    return Tools(formats, rules, by_id, digest, Engine(rules.running, formats), silent(rules.running), fields)


def _native(form: LogFormat, name: str) -> tuple[str, ...]:
    return form.sigma_fields.get(name) or (form.ecs.get(name, name),)


def _value(batch: Batch, row: int, name: str) -> str | None:
    for column in _native(batch.format, name):
        if column in batch.table.column_names:
            value = batch.table.column(column)[row].as_py()
            if value is not None and (said := text(value)) not in batch.format.empty:
                return said
    return None


def cache_folder() -> Path:
    """Where compiled rules are kept between runs; `EXSWEEP_CACHE` overrides."""
    if own := os.environ.get("EXSWEEP_CACHE"):
        return Path(own)
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "exsweep" / "cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "exsweep"
    return Path(os.environ.get("XDG_CACHE_HOME", home / ".cache")) / "exsweep"
