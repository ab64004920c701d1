"""What `exsweep triage` does once its words are understood: judge, write the files, say how it stands."""

import hashlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from exsweep.assess import Judged, Settings, rejudge_each, triage_each
from exsweep.assess.custody import CustodyLog
from exsweep.assess.journal import write_whole
from exsweep.cli.in_language import report_in
from exsweep.cli.screen import Screen
from exsweep.cli.summary import summary
from exsweep.cli.terminal import term
from exsweep.errors import ExitCode
from exsweep.evidence import seal
from exsweep.export import EXPORTERS
from exsweep.knowledge.languages import ENGLISH
from exsweep.model import Assessment, Level, encode, encoded

INDEX = "index.html"
"""Below --out where there are several servers."""


def judge_and_tell(
    settings: Settings,
    *,
    again: bool,
    formats: Sequence[str],
    language: str,
    as_json: bool,
    fail_on: Level,
) -> ExitCode:
    """Judge the evidence (`again`: saved events), write these formats where there is a folder, print the rest."""
    with Screen() as screen:
        judged = rejudge_each(settings, screen) if again else triage_each(settings, screen)
    for one in judged:
        if one.folder is not None:
            _write(one.assessment, one.folder, formats, language)
    if settings.out is not None and len(judged) > 1:
        write_whole(settings.out / INDEX, overview(judged))
    if as_json:
        sys.stdout.buffer.write(_json(judged))
    else:
        click.echo(_told(judged, settings.out, language))
    return worst([exit_code(one.assessment, fail_on) for one in judged])


def _json(judged: Sequence[Judged]) -> bytes:
    """The assessment; of several servers a list of them."""
    texts = [encode(one.assessment) for one in judged]
    return texts[0] if len(texts) == 1 else b"[\n" + b",\n".join(text.rstrip() for text in texts) + b"\n]\n"


def _told(judged: Sequence[Judged], out: Path | None, language: str) -> str:
    if len(judged) == 1:
        return summary(judged[0].assessment, judged[0].folder, language)
    ranked = sorted(judged, key=lambda one: -one.assessment.verdict.level.rank)
    lines = [f"The evidence is of {len(judged)} servers. Each is judged by itself.", ""]
    for one in ranked:
        lines += [
            f"== {term(one.assessment.server.name or 'no name')} ==",
            "",
            summary(one.assessment, one.folder, language),
            "",
        ]
    if out is not None:
        lines.append(f"All servers: {out / INDEX}")
    return "\n".join(lines)


def worst(codes: Sequence[ExitCode]) -> ExitCode:
    """A found compromise wins over gaps; gaps win over silence."""
    return next(code for code in (ExitCode.FOUND, ExitCode.CANNOT_TELL, ExitCode.OK) if code in codes)


def exit_code(assessment: Assessment, fail_on: Level) -> ExitCode:
    """A found compromise wins over gaps; gaps win over silence."""
    level = assessment.verdict.level
    if level is not Level.CANNOT_TELL and level.rank >= fail_on.rank:
        return ExitCode.FOUND
    if level is Level.CANNOT_TELL:
        return ExitCode.CANNOT_TELL
    limited = any(gap.limits_verdict for gap in assessment.coverage.gaps)
    return ExitCode.CANNOT_TELL if limited and level is not Level.NO_SIGNS else ExitCode.OK


def overview(judged: Sequence[Judged]) -> bytes:
    """A page that leads to the report of each server."""
    from exsweep.export.report.servers import (
        servers_page,  # with templates and drawing: for several servers only
    )

    return servers_page([(one.folder.name if one.folder else "", one.assessment) for one in judged])


def _write(assessment: Assessment, out: Path, chosen: Sequence[str], language: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    log = CustodyLog(out)
    for name in chosen:
        # The assessment itself names every file of the evidence: in pieces.
        pieces = encoded(assessment) if name == "json" else (EXPORTERS[name].export(assessment),)
        _put(out, EXPORTERS[name].file_name, pieces, log)
    if language != ENGLISH:
        _put(out, f"report.{language}.html", (report_in(assessment, language),), log)


def _put(out: Path, name: str, pieces: Iterable[bytes], log: CustodyLog) -> None:
    digest = hashlib.sha256()
    write_whole(out / name, seal(pieces, digest))
    log.add("exported", path=name, sha256=digest.hexdigest())
