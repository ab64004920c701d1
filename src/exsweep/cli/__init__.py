"""The command line: one file per verb. Errors are one sentence and what to do next; never a traceback."""

import os
import sys
from collections.abc import Sequence

import click

import exsweep
from exsweep.cli.bundle import bundle
from exsweep.cli.collector import collector
from exsweep.cli.diff import diff
from exsweep.cli.fleet_lake import fleet as fleet_verb
from exsweep.cli.hunt import hunt_verb
from exsweep.cli.knowledge import knowledge
from exsweep.cli.report import report
from exsweep.cli.scan import scan_verb
from exsweep.cli.serve import serve, worker_verb
from exsweep.cli.terminal import term
from exsweep.cli.triage import triage
from exsweep.cli.verify import verify
from exsweep.errors import NO_MEMORY, ExitCode, ExsweepError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(exsweep.__version__, prog_name="exsweep")
def cli() -> None:
    """Has this Exchange server been broken into, how, since when, and what to do now?

    Nothing in the evidence is changed, and nothing leaves this computer, except by `scan`: that asks servers from outside.
    """


for _verb in (
    triage, collector, scan_verb, fleet_verb, hunt_verb, serve, worker_verb, report, diff, bundle, verify, knowledge,
):  # fmt: skip
    cli.add_command(_verb)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the program `exsweep`."""
    # Where workers are started anew, their Python would look for modules in the current folder first (H43).
    os.environ["PYTHONSAFEPATH"] = "1"
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code (see `exsweep.errors.ExitCode`)."""
    try:
        code = cli.main(
            args=list(arguments) if arguments is not None else None,
            prog_name="exsweep",
            standalone_mode=False,
        )
        return int(code or 0)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo(
            "\nStopped. What was read is kept: run the same command again with the same --out to go on.",
            err=True,
        )
        return ExitCode.COULD_NOT_RUN
    except ExsweepError as error:
        click.echo(f"exsweep: {term(error.message)}", err=True)
        if error.tip:
            click.echo(f"  {term(error.tip)}", err=True)
        return error.exit_code
    except BrokenPipeError:
        return ExitCode.OK
    except Exception as error:  # noqa: BLE001 - a fault of ours: said in one line, never as a traceback
        if isinstance(error, MemoryError) or type(error).__name__ in NO_MEMORY:
            click.echo(
                "exsweep: not enough memory. Run it with --jobs 1, or on a computer with more memory.",
                err=True,
            )
            return ExitCode.COULD_NOT_RUN
        where = _where(error)
        click.echo(
            f"exsweep: an error of ours, sorry: {type(error).__name__}: {term(str(error))} ({where}).",
            err=True,
        )
        click.echo(
            "  Please report this line. What was read so far is kept in the folder given with --out.",
            err=True,
        )
        return ExitCode.COULD_NOT_RUN


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}" if trace else "?"
