"""`exsweep report`: an assessment in another format."""

from pathlib import Path

import click

from exsweep.errors import EvidenceError, UsageError
from exsweep.export import EXPORTERS
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
    result = EXPORTERS[name].export(decode(data))
    if out is None:
        click.get_binary_stream("stdout").write(result)
        return
    if out.resolve() == assessment.resolve():
        raise UsageError("That would overwrite the assessment itself.", tip="Choose another name for --out.")
    out.write_bytes(result)
