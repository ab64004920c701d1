"""What a worker needs to read evidence: formats, rules and the engine made from them. Built once in each process."""

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path

from exsweep.detect import Engine, indicator_rules
from exsweep.detect.correlation import needed_fields, silent
from exsweep.detect.yara import Yara
from exsweep.knowledge.baselines import Baseline, baseline, load_baselines
from exsweep.knowledge.formats import LogFormat, load_formats
from exsweep.knowledge.rules import Rule, RuleSet, RuleState, load_rules
from exsweep.knowledge.rules.indicators import known_indicators, read_indicators
from exsweep.knowledge.yara import YaraRules, load_yara
from exsweep.model import UnusedRule

_COUNTED = "its matches only count for a correlation; `generate: true` there tells each of them too"


@dataclass(frozen=True)
class Tools:
    """What a process needs to read and judge files: made once, by the parent or by each worker."""

    formats: tuple[LogFormat, ...]
    rules: RuleSet
    by_id: Mapping[str, Rule]
    digest: str
    """Names the rules in use: the same rules give the same value."""
    engine: Engine
    yara: Yara
    yara_problems: tuple[str, ...]
    """YARA rules that cannot run, and why."""
    asks_of_every_file: bool
    """The user has YARA rules: they are asked of every file that is no log."""
    baselines: tuple[str, ...]
    """Lists of shipped files that the user learned."""
    running: tuple[Rule, ...]
    silent: frozenset[str]
    """Rules that only serve correlations: their matches are no findings."""
    counted_fields: Mapping[str, tuple[str, ...]]
    """Rule -> fields that some correlation needs of its events."""
    spans: Mapping[str, int]
    """Rule -> milliseconds of the shortest correlation that it serves."""

    @cached_property
    def baseline(self) -> Baseline:
        """Lists of shipped files; read when the first page is looked at."""
        return load_baselines([Path(path) for path in self.baselines]) if self.baselines else baseline()

    @property
    def counts(self) -> dict[str, int]:
        """Rules that run, wait for other logs, are not applicable, could not be used; and indicators."""
        return self.rules.counts | {"indicators": len(self.by_id) - len(self.rules.rules)}

    @property
    def unused(self) -> list[UnusedRule]:
        """The user's rules that tell nothing by themselves: no log here could match, or they only serve a correlation."""
        users = [rule for rule in self.rules.rules if not rule.own]
        left = [
            UnusedRule(
                id=rule.id, title=rule.title, file=rule.file, state=rule.state.value, reason=rule.reason
            )
            for rule in users
            if rule.state is not RuleState.RUNS
        ]
        left += [
            UnusedRule(id=rule.id, title=rule.title, file=rule.file, state="counted", reason=_COUNTED)
            for rule in users
            if rule.id in self.silent
        ]
        return sorted(left, key=lambda rule: (rule.state, rule.file, rule.id))

    def ecs_name(self, kind: str, name: str) -> str:
        """The ECS name of a field as rules write it, where the format has one."""
        form = self.format(kind)
        native = _native(form, name)
        return next((ecs for ecs, column in form.ecs.items() if column in native), name)

    def format(self, kind: str) -> LogFormat:
        return next(item for item in self.formats if item.id == kind)


def tools(
    user_rules: Sequence[str] = (),
    indicators: Sequence[str] = (),
    yara: Sequence[str] = (),
    baselines: Sequence[str] = (),
) -> Tools:
    """Own rules, indicators and the user's, compiled; the compiled form of big sets is kept in the cache folder."""
    if not user_rules and not indicators and not yara and not baselines:
        return _shipped()
    made = _made(user_rules, indicators, yara, baselines)
    if baselines:
        _ = made.baseline  # a list that cannot be used is said before anything is read
    return made


@cache
def _shipped() -> Tools:
    """The tools that need nothing of the user's; knowledge does not change while a process runs."""
    return _made((), (), (), ())


def _made(
    user_rules: Sequence[str], indicators: Sequence[str], yara: Sequence[str], baselines: Sequence[str]
) -> Tools:
    formats = load_formats()
    compiled = load_yara([Path(path) for path in yara], cache_dir=cache_folder())
    own = Path(str(files("exsweep.knowledge") / "data" / "rules"))
    rules = load_rules(own, [Path(path) for path in user_rules], formats=formats, cache_dir=cache_folder())
    listed = [*known_indicators(), *(one for path in indicators for one in read_indicators(Path(path)))]
    every = (*rules.rules, *indicator_rules(listed, formats))
    running = tuple(rule for rule in every if rule.state is RuleState.RUNS)
    return Tools(
        formats=formats,
        rules=rules,
        by_id={rule.id: rule for rule in every},
        digest=_digest(every, compiled, baselines),
        engine=Engine(running, formats),
        yara=Yara(compiled),
        yara_problems=(*(str(problem) for problem in compiled.problems), *filter(None, [compiled.gap])),
        asks_of_every_file=compiled.user_count > 0,
        baselines=tuple(baselines),
        running=running,
        silent=silent(running),
        spans=_spans(running),
        counted_fields={rule: tuple(sorted(names)) for rule, names in needed_fields(running).items()},
    )


def _digest(rules: Sequence[Rule], yara: YaraRules, baselines: Sequence[str]) -> str:
    total = hashlib.sha256("".join(f"{rule.id}:{rule.version};" for rule in rules).encode())
    total.update(yara.own)
    total.update(yara.user)
    for path in baselines:
        total.update(Path(path).read_bytes())
    return total.hexdigest()


def _spans(rules: Sequence[Rule]) -> dict[str, int]:
    shortest: dict[str, int] = {}
    for rule in rules:
        if rule.correlation is not None:
            length = max(rule.correlation.timespan_ms, 1)
            for base in rule.correlation.rules:
                shortest[base] = min(shortest.get(base, length), length)
    return shortest


def _native(form: LogFormat, name: str) -> tuple[str, ...]:
    return form.sigma_fields.get(name) or (form.ecs.get(name, name),)


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
