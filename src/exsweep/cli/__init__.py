"""The command line: one file per verb. Errors are one sentence and what to do next; never a traceback."""

import errno
import gc
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path

import click

import exsweep
from exsweep.cli.groups import Verbs
from exsweep.cli.terminal import term
from exsweep.errors import NO_MEMORY, ExitCode, ExsweepError

_COLLECT = (100_000, 20, 100)
"""Loading modules and rules makes objects that stay: looking for cycles among them costs a tenth of a short run."""
_IMPORTING = "importlib._bootstrap"
VERBS = {
    "bundle": ("bundle:bundle", "Pack the --out folder of a triage into one zip."),
    "collector": ("collector:collector", "Write the collector that an administrator runs."),
    "diff": ("diff:diff", "Compare two assessments of one server: before and after."),
    "fleet": ("fleet_lake:fleet", "Many servers: who needs help first, who belongs together."),
    "hunt": ("hunt:hunt_verb", "Where, in the saved events of all servers, does this occur?"),
    "knowledge": ("knowledge:knowledge", "Rules, builds, flaws, remedies and words behind a verdict."),
    "report": ("report:report", "Write an assessment.json in another format."),
    "scan": ("scan:scan_verb", "See what servers show from outside."),
    "serve": ("serve:serve", "Open the pages in your browser."),
    "triage": (
        "triage:triage",
        "Judge a server from its evidence. Begin here.",
    ),
    "verify": ("verify:verify", "Compute a --out folder again and say what does not fit."),
    "worker": ("serve:worker_verb", "Read and judge what was sent to `exsweep serve`."),
}
"""Verb -> where its command is (module below `exsweep.cli`, name in it), and its line in `exsweep --help`."""


class _Verbs(Verbs):
    """Loads a verb when it is asked for: all of them together take longer to load than most take to run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, _, name = VERBS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(f"{__name__}.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, VERBS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(exsweep.__version__, prog_name="exsweep")
def cli() -> None:
    """Has this Exchange server been broken into, how, since when, and what to do now?

    Nothing in the evidence is changed, and nothing leaves this computer, except by `scan`: that asks servers from outside.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the program `exsweep`."""
    gc.set_threshold(*_COLLECT)
    _end_in_order()
    # Where workers are started anew, their Python would look for modules in the current folder first (H43).
    os.environ["PYTHONSAFEPATH"] = "1"
    without_threads()
    # A pipe or file may be in an encoding of old (Windows: cp1252) that lacks letters of the evidence.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(run(arguments))


def _end_in_order() -> None:
    """Whoever asks us to end (a service manager, a closed terminal) gets the same as Ctrl-C: nothing is left lying about."""
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def without_threads() -> None:
    """Keep native libraries from starting threads as they are loaded: nothing here asks for what these threads do.

    Workers are forked, and a process with threads cannot be forked safely; Python says so from 3.12 on.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's linear algebra
    os.environ.setdefault("JE_ARROW_MALLOC_CONF", "background_thread:false")  # pyarrow's second allocator


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
    except (click.Abort, KeyboardInterrupt) as stop:
        if isinstance(stop.__cause__, EOFError):  # click takes every end of a file for somebody's Ctrl-D
            return _fault(stop.__cause__)
        click.echo(
            "\nStopped. What was read is kept: run the same command again with the same --out to go on.",
            err=True,
        )
        return ExitCode.COULD_NOT_RUN
    except ExsweepError as error:
        click.echo(f"exsweep: {term(_one_line(error.message))}", err=True)
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
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            click.echo(
                "exsweep: this computer lets the program open too few files at once. Allow at least 256 (`ulimit -n 256`).",
                err=True,
            )
            return ExitCode.COULD_NOT_RUN
        return _fault(error)


def _one_line(text: str) -> str:
    """What a library said on several lines."""
    return " ".join(line.strip() for line in text.splitlines())


def _fault(error: Exception) -> ExitCode:
    """Say in two lines what went wrong with us."""
    where = _where(error)
    click.echo(
        f"exsweep: an error of ours, sorry: {type(error).__name__}: {term(str(error))} ({where}).",
        err=True,
    )
    if isinstance(error, EOFError) and where.startswith(_IMPORTING):
        # Python up to 3.13 does not notice that the disk was full when it wrote what it compiled.
        click.echo(
            "  A file that Python keeps of a program is cut short, as a full disk leaves it. Delete the folders"
            f" named __pycache__ below {term(str(Path(exsweep.__file__).parent))} and run the command again.",
            err=True,
        )
    else:
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
