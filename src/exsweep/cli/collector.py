"""`exsweep collector`: write the collector that somebody runs on the server."""

from collections.abc import Callable
from pathlib import Path

import click

import exsweep
from exsweep.assess.journal import write_whole
from exsweep.errors import ExitCode
from exsweep.knowledge.collection import Plan, collection
from exsweep.knowledge.collection_artifact import velociraptor
from exsweep.knowledge.collection_script import powershell
from exsweep.knowledge.collection_target import kape

_WRITERS: dict[str, Callable[[Plan, int, str], str]] = {
    "powershell": lambda plan, days, program: powershell(plan, days=days, program=program),
    "velociraptor": lambda plan, days, program: velociraptor(plan, days=days, program=program),
    "kape": lambda plan, _days, program: kape(plan, program=program),
}
_NEXT = {
    "powershell": "On the server, in a PowerShell that was started as administrator:\n"
    "  powershell.exe -NoProfile -ExecutionPolicy Bypass -File {name}\n"
    "It says first how much it would copy, changes nothing on the server, and writes one zip file.",
    "velociraptor": "Add it as a custom artifact, collect it, and give the downloaded zip to `exsweep triage`.",
    "kape": "Put it into the folder Targets of KAPE. KAPE takes all days; if Exchange is not on C:, change the paths first.",
}


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it here; default: standard output."
)
@click.option(
    "--kind",
    type=click.Choice(list(_WRITERS)),
    default="powershell",
    show_default=True,
    help="A script for any server, or what Velociraptor or KAPE understand.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=None,
    help=f"Days of logs to take; default: {collection().limits.days}. KAPE takes all.",
)
def collector(out: Path | None, kind: str, days: int | None) -> int:
    """Write the collector that an administrator runs on the server.

    It copies logs, event logs, served pages and settings into one zip file, and only reads. Nobody needs to install
    anything there. Give the zip file to `exsweep triage`.
    """
    plan = collection()
    text = _WRITERS[kind](plan, days or plan.limits.days, exsweep.__version__)
    if out is None:
        click.echo(text, nl=False)
        return ExitCode.OK
    write_whole(out, text.encode())
    click.echo(f"Written: {out}", err=True)
    click.echo(_NEXT[kind].format(name=out.name), err=True)
    return ExitCode.OK
