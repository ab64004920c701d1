"""Why two assessments of one server differ: each finding that is new or gone, because of the rules or of the evidence (F27).

A new finding whose files were read before already is new because of the rules (or of what other files add to it); one
that rests on a file which was not there before is new because of the evidence. A finding that is gone although its files
are still there is gone because of the rules; without them, because of the evidence.
"""

from collections.abc import Mapping

import msgspec

from exsweep.fleet.recheck import Cause
from exsweep.model import Assessment, Finding


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One finding that only one of the two has, or that says something else. Paths are hostile text."""

    change: str
    """`new`, `gone`, or `changed`: another number of events, or they prove more or less."""
    cause: Cause
    why: str
    rule: str
    title: str
    strength: str
    path: str
    line: int | None = None
    record: int | None = None


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Two assessments side by side."""

    level_before: str
    level_after: str
    level_cause: Cause | None
    """None where the level is the same."""
    same_evidence: bool
    same_knowledge: bool
    knowledge_before: str
    knowledge_after: str
    files_added: int
    files_removed: int
    differences: tuple[Difference, ...]
    """In order of change, cause, rule, place."""


Place = tuple[str, str, int | None, int | None]
"""(rule, SHA-256 of the file or its path, byte, record)"""


def compare(before: Assessment, after: Assessment) -> Compared:
    """What the second says and the first does not, and the other way round, with the cause of each."""
    old_files, new_files = _files(before), _files(after)
    old, new = _places(before), _places(after)
    same_evidence = before.manifest_sha256 == after.manifest_sha256
    same_knowledge = _knowledge(before) == _knowledge(after)
    found = []
    for place in new.keys() - old.keys():
        found.append(_difference("new", new[place], _there(new[place], old_files), same_knowledge))
    for place in old.keys() - new.keys():
        found.append(_difference("gone", old[place], _there(old[place], new_files), same_knowledge))
    for place in old.keys() & new.keys():
        if (old[place].strength, old[place].count) != (new[place].strength, new[place].count):
            known = _there(new[place], old_files) and _there(old[place], new_files)
            found.append(_difference("changed", new[place], known, same_knowledge))
    order = ("new", "changed", "gone")
    found.sort(
        key=lambda one: (order.index(one.change), one.cause, one.rule, one.path, one.line or one.record or 0)
    )
    return Compared(
        level_before=before.verdict.level.value,
        level_after=after.verdict.level.value,
        level_cause=_level(before, after, same_evidence, same_knowledge),
        same_evidence=same_evidence,
        same_knowledge=same_knowledge,
        knowledge_before=_knowledge(before),
        knowledge_after=_knowledge(after),
        files_added=len(new_files.keys() - old_files.keys()),
        files_removed=len(old_files.keys() - new_files.keys()),
        differences=tuple(found),
    )


def _knowledge(of: Assessment) -> str:
    """Program, knowledge and the numbers of the user's rules."""
    own = ", ".join(f"{number} {name}" for name, number in sorted(of.rules.items()) if number)
    return f"exsweep {of.run.version}, knowledge {of.run.knowledge}{f', {own}' if own else ''}"


def _files(of: Assessment) -> dict[str, str]:
    """What was read whole or in part: SHA-256 -> path."""
    return {item.sha256: item.path for item in of.custody if item.sha256}


def _places(of: Assessment) -> dict[Place, Finding]:
    """A finding by its first place: ids change with what else belongs to a finding."""
    found: dict[Place, Finding] = {}
    for item in of.findings:
        first = item.origins[0] if item.origins else None
        if first is not None:
            found[item.rule.id, first.sha256 or first.path, first.offset, first.record] = item
    return found


def _there(finding: Finding, files: Mapping[str, str]) -> bool:
    """All files that the finding rests on are among these."""
    return all(origin.sha256 in files for origin in finding.origins if origin.sha256)


def _difference(change: str, finding: Finding, there: bool, same_knowledge: bool) -> Difference:
    if not there:
        cause = Cause.EVIDENCE
        why = "it rests on a file that the other run did not read"
    elif not same_knowledge:
        cause = Cause.RULES
        why = "its files are the same in both runs, the rules are not"
    else:
        cause = Cause.EVIDENCE
        why = "rules and its own files are the same: other files added to it or took from it"
    first = finding.origins[0]
    return Difference(
        change=change, cause=cause, why=why, rule=finding.rule.id, title=finding.rule.title,
        strength=finding.strength.value, path=first.path, line=first.line, record=first.record,
    )  # fmt: skip


def _level(before: Assessment, after: Assessment, same_evidence: bool, same_knowledge: bool) -> Cause | None:
    if before.verdict.level is after.verdict.level:
        return None
    if same_evidence:
        return Cause.RULES
    return Cause.EVIDENCE if same_knowledge else Cause.BOTH
