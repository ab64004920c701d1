"""`exsweep report`: an assessment in another format."""

import sys
from pathlib import Path

import click

from exsweep.errors import EvidenceError, UsageError
from exsweep.export import EXPORTERS, Exporter
from exsweep.model import decode


@click.command()
@click.argument("assessment", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--format", "name", required=True, type=click.Choice(list(EXPORTERS)))
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write; default: standard output."
)
def report(assessment: Path, name: str, out: Path | None) -> None:
    """Write ASSESSMENT (an assessment.json) in another format."""
    try:
        data = assessment.read_bytes()
    except OSError as error:
        raise EvidenceError(
            f"{assessment} cannot be read: {error.strerror}.",
            tip="Name the assessment.json that `exsweep triage --out` wrote.",
        ) from error
    exporter: Exporter = EXPORTERS[name]
    result = exporter.export(decode(data))
    if out is None:
        sys.stdout.buffer.write(result)
        return
    if out.resolve() == assessment.resolve():
        raise UsageError("That would overwrite the assessment itself.", tip="Choose another name for --out.")
    out.write_bytes(result)
