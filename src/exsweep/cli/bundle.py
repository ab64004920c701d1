"""`exsweep bundle`: a case in one file, to hand over."""

from pathlib import Path

import click

from exsweep.assess.bundle import write_bundle


@click.command()
@click.argument("case", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="Zip file to write."
)
@click.option(
    "--events", is_flag=True, help="Put the saved events in too, so that the case can be judged again."
)
def bundle(case: Path, out: Path, events: bool) -> None:
    """Pack CASE, the --out folder of a triage, into one zip that `exsweep verify` can check.

    It holds names, addresses and lines of the evidence: give it only to whoever may see these.
    """
    contents = write_bundle(case, out, events=events)
    click.echo(f"{len(contents.files)} files are in {out}. Check it with: exsweep verify {out}")
