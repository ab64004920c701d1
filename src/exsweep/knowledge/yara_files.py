"""YARA rule files as text: the shipped ones, and those of a user."""

from collections.abc import Iterable
from pathlib import Path

from exsweep.knowledge.data_files import ROOT
from exsweep.knowledge.rule_texts import RuleText, decoded, read

FOLDER = "webshells"
SUFFIXES = (".yar", ".yara")
MAX_FILE = 64 << 20
"""Bytes of one rule file; the largest public collection in one file has 25 MB."""


def own_rule_files() -> tuple[RuleText, ...]:
    """The shipped rules, in order of their names."""
    return tuple(
        decoded(path.relative_to(ROOT).as_posix(), path.read_bytes(), MAX_FILE)
        for path in sorted((ROOT / FOLDER).glob("*.yar"))
    )


def read_rule_files(paths: Iterable[Path]) -> tuple[RuleText, ...]:
    """Rule files in folders, zips (password `infected` where they have one) or single files.

    In the order given, then by name. What cannot be read is there with its reason.
    """
    return tuple(text for path in paths for text in read(path, SUFFIXES, MAX_FILE))
