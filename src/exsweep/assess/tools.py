"""What a worker needs to read evidence: formats, rules and the engine made from them. Built once in each process."""

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from exsweep.detect import Engine
from exsweep.knowledge.formats import LogFormat, load_formats
from exsweep.knowledge.rules import Rule, RuleSet, load_rules


@dataclass(frozen=True)
class Tools:
    formats: tuple[LogFormat, ...]
    rules: RuleSet
    by_id: Mapping[str, Rule]
    digest: str
    """Names the rules in use: the same rules give the same value."""
    engine: Engine

    def format(self, kind: str) -> LogFormat:
        return next(item for item in self.formats if item.id == kind)


def tools(user_rules: Sequence[str] = ()) -> Tools:
    """Own rules and the user's, compiled; the compiled form of big sets is kept in the user's cache folder."""
    formats = load_formats()
    own = Path(str(files("exsweep.knowledge") / "data" / "rules"))
    rules = load_rules(own, [Path(path) for path in user_rules], formats=formats, cache_dir=cache_folder())
    by_id = {rule.id: rule for rule in rules.rules}
    digest = hashlib.sha256("".join(f"{rule.id}:{rule.version};" for rule in rules.rules).encode()).hexdigest()
    return Tools(formats, rules, by_id, digest, Engine(rules.running, formats))


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
