"""`exsweep knowledge baseline`: learn the shipped files of a build from a clean server or installation media."""

import sys
from pathlib import Path

import click

from exsweep.assess.journal import write_whole
from exsweep.assess.learn import Refuse, learn
from exsweep.cli.terminal import term
from exsweep.detect.webshell import examine
from exsweep.detect.yara import Yara
from exsweep.errors import ExitCode
from exsweep.knowledge.yara import load_yara
from exsweep.model import FileVerdict

_SHOWN = 20


@click.command()
@click.argument("path", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--build", help="Build of the server, as in 15.2.1118.40; default: read from the files.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the list here; default: standard output.",
)
def baseline(path: tuple[Path, ...], build: str | None, out: Path | None) -> int:
    """Learn which files belong to a build.

    PATH is the folder where Exchange is installed, the unpacked installation media, or a zip of either, of a server
    that you trust. Give the list to `exsweep triage --baseline`. A file that looks malicious is not learned.
    """
    learned = learn(path, _refuse(), build=build)
    if out:
        write_whole(out, learned.content)
    else:
        sys.stdout.buffer.write(learned.content)
    of = f" of {learned.build} ({learned.build_from})" if learned.build else ""
    click.echo(f"{learned.files:,} files{of} learned.", err=True)
    for title, rows in (("not learned", learned.refused), ("cannot be read", learned.unread)):
        for name, why in rows[:_SHOWN]:
            click.echo(term(f"{title}: {name}: {why}"), err=True)
        if len(rows) > _SHOWN:
            click.echo(f"{title}: and {len(rows) - _SHOWN:,} more", err=True)
    if learned.refused:
        click.echo("This server is not one to learn from: look at it with `exsweep triage` first.", err=True)
    return ExitCode.FOUND if learned.refused else ExitCode.OK


def _refuse() -> Refuse:
    yara = Yara(load_yara())

    def refuse(data: bytes, path: str) -> str:
        """Families that know the file, or what it can do where that is a back door's work."""
        report = examine(data, path)
        able = [can.title for can in report.capabilities] if report.verdict is FileVerdict.MALICIOUS else []
        return ", ".join([*yara.scan(data, path).labels, *able])

    return refuse
