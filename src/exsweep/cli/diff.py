"""`exsweep diff`: what two judgements of one server say differently, and whether rules or evidence did it."""

import sys
from itertools import groupby
from pathlib import Path

import click
import msgspec

from exsweep.cli.terminal import term
from exsweep.errors import EvidenceError
from exsweep.fleet.causes import Compared, Difference, compare
from exsweep.fleet.recheck import Cause
from exsweep.model import Assessment, decode

_SHOWN = 20
_CHANGES = {"new": "New", "changed": "Changed", "gone": "Not found any more"}
_CAUSES = {
    Cause.RULES: "because of the rules",
    Cause.EVIDENCE: "because of the evidence",
    Cause.BOTH: "because of rules and evidence",
}


@click.command()
@click.argument("before", type=click.Path(path_type=Path, exists=True))
@click.argument("after", type=click.Path(path_type=Path, exists=True))
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def diff(before: Path, after: Path, as_json: bool) -> None:
    """Compare two assessments of one server: BEFORE and AFTER are --out folders of triage, or their assessment.json.

    Each finding that only one of them has is told with the reason: the rules changed, or the evidence did.
    """
    result = compare(_read(before), _read(after))
    if as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
    else:
        click.echo(_told(result))


def _read(path: Path) -> Assessment:
    file = path / "assessment.json" if path.is_dir() else path
    try:
        return decode(file.read_bytes())
    except OSError as error:
        raise EvidenceError(
            f"{file} cannot be read: {error.strerror or error}.",
            tip="Name the folder that `exsweep triage --out` wrote, or its assessment.json.",
        ) from error


def _told(of: Compared) -> str:
    level = f"{of.level_before} -> {of.level_after}" if of.level_cause else of.level_after
    lines = [
        f"Verdict: {level}" + (f", {_CAUSES[of.level_cause]}" if of.level_cause else ", the same in both"),
        f"Evidence: {'the same' if of.same_evidence else f'{of.files_added:,} files more, {of.files_removed:,} files less'}",
        "Rules: the same" if of.same_knowledge else f"Rules: before {term(of.knowledge_before)}",
    ]
    if not of.same_knowledge:
        lines.append(f"       after  {term(of.knowledge_after)}")
    if not of.differences:
        return "\n".join([*lines, "", "Both have the same findings."])
    for (change, cause), group in groupby(of.differences, key=lambda one: (one.change, one.cause)):
        found = list(group)
        lines += ["", f"{_CHANGES[change]} {_CAUSES[cause]}: {len(found)}"]
        lines += [_line(one) for one in found[:_SHOWN]]
        if len(found) > _SHOWN:
            lines.append(f"  ... and {len(found) - _SHOWN:,} more; --json has all")
    return "\n".join(lines)


def _line(one: Difference) -> str:
    number = one.line if one.line is not None else one.record
    place = one.path if number is None else f"{one.path}:{number}"
    return f"  {one.rule} {term(one.title)} ({one.strength}) at {term(place)}: {one.why}"
