"""Files of Sigma rules, and the YAML documents inside a file."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from exsweep.knowledge import rule_texts
from exsweep.knowledge.rule_texts import RuleText

MAX_FILE = 1 << 20
"""Bytes of one rule file; the longest public rule has 20 KB."""
DEEPEST = 50
"""Levels of YAML; Sigma has about six."""
SUFFIXES = (".yml", ".yaml")

_INDENTED = re.compile(rf"(?m)^[ ?-]{{{DEEPEST}}}")
_MARKER = re.compile(r"(?m)^---(?=[\s]|$)[^\n]*\n?")


def read(path: Path) -> Iterator[RuleText]:
    """Rule files under `path` in order of their names. What cannot be read is yielded with the reason."""
    return rule_texts.read(path, SUFFIXES, MAX_FILE)


def documents(text: str) -> Iterator[tuple[int, Any]]:
    """`(line of its first key or marker, document)` of each YAML document that is not empty.

    Raises:
        ValueError: not YAML, or YAML with aliases (they can blow up a small file without bound), or nested too deeply
            (the reader of libyaml calls itself for each level, until the process dies).
    """
    markers = list(_MARKER.finditer(text))
    begins = [0, *(marker.end() for marker in markers)]
    ends = [*(marker.start() for marker in markers), len(text)]
    for begin, end in zip(begins, ends, strict=True):
        part = text[begin:end]
        if not part.strip():
            continue
        line = text.count("\n", 0, begin) + 1
        try:
            _check(part, line)
            document = yaml.load(part, Loader=_Loader)  # noqa: S506  (_Loader is the safe loader)
        except yaml.MarkedYAMLError as error:
            last = part.rstrip().count("\n")  # an unfinished file is reported behind its end
            at = line + min(error.problem_mark.line if error.problem_mark else 0, last)
            if "nesting" in str(error.problem):  # newer readers stop by themselves before _check counts
                raise ValueError(f"line {at}: YAML of more than {DEEPEST} levels is not read") from error
            raise ValueError(f"line {at}: {error.problem}") from error
        except yaml.YAMLError as error:
            raise ValueError(f"line {line}: {error}") from error
        if document is not None:
            yield line, document


def _check(part: str, line: int) -> None:
    """Refuse aliases and deep nesting; events are made without recursion. Most files cannot have either."""
    deep = part.count("[") + part.count("{") > DEEPEST or _INDENTED.search(part)
    if not deep and not ("*" in part and "&" in part):
        return
    depth = 0
    for event in yaml.parse(part, Loader=yaml.CSafeLoader):
        at = line + (event.start_mark.line if event.start_mark else 0)
        if isinstance(event, yaml.AliasEvent):
            raise ValueError(f"line {at}: YAML aliases (*name) are not read")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise ValueError(f"line {at}: YAML of more than {DEEPEST} levels is not read")


class _Loader(yaml.CSafeLoader):
    """The safe loader, but a key that stands twice is an error: one of the two would be lost in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if isinstance(name, (list, dict)):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be plain text", key.start_mark
                )
            if name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {name!r} stands twice", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep)
