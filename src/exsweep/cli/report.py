"""`exsweep report`: an assessment in another format."""

import sys
from pathlib import Path

import click

from exsweep.assess.journal import write_whole
from exsweep.cli.in_language import LANGUAGE, report_in
from exsweep.errors import EvidenceError, UsageError
from exsweep.export import EXPORTERS, Exporter
from exsweep.judge import kept, masked
from exsweep.knowledge.languages import ENGLISH
from exsweep.model import decode


@click.command()
@click.argument("assessment", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--format", "name", required=True, type=click.Choice(list(EXPORTERS)))
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write; default: standard output."
)
@click.option(
    "--keep-secrets",
    is_flag=True,
    help="Of an assessment by an earlier version: quote passwords, cookies, tokens and keys as they are.",
)
@LANGUAGE
def report(assessment: Path, name: str, out: Path | None, keep_secrets: bool, language: str) -> None:
    """Write ASSESSMENT (an assessment.json) in another format."""
    try:
        data = assessment.read_bytes()
    except OSError as error:
        raise EvidenceError(
            f"{assessment} cannot be read: {error.strerror}.",
            tip="Name the assessment.json that `exsweep triage --out` wrote.",
        ) from error
    exporter: Exporter = EXPORTERS[name]
    case = decode(data)
    if case.secrets is None:
        case = kept(case) if keep_secrets else masked(case)
    if language == ENGLISH:
        result = exporter.export(case)
    elif name == "html":
        result = report_in(case, language)
    else:
        raise UsageError(
            f"{name} is for programs and English only.", tip="Use --language with --format html."
        )
    if out is None:
        sys.stdout.buffer.write(result)
        return
    if out.resolve() == assessment.resolve():
        raise UsageError("That would overwrite the assessment itself.", tip="Choose another name for --out.")
    write_whole(out, result)
