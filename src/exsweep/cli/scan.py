"""`exsweep scan`: what can be known of mail servers from outside, politely, with their owner's permission."""

import dataclasses
import secrets
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click
from click.core import ParameterSource

from exsweep.cli.scan_files import lines_of, networks_in, rdap_in
from exsweep.cli.scan_list import SHOWN, show
from exsweep.cli.scan_screen import ScanScreen
from exsweep.cli.terminal import term
from exsweep.errors import ExitCode, ScanRefused, UsageError
from exsweep.knowledge.scanning import checks
from exsweep.scan import (
    Journal,
    Listed,
    ScanResult,
    Settings,
    Wishes,
    explain,
    in_shard,
    line,
    rates_of,
    read_targets,
    scan,
    scope_in,
    seal,
)

_SAMPLE = """\
who: "Order 12/2026, signed by the head of IT of Example County"
from: 2026-11-01
until: 2026-12-01
contact: scan@example.org
page: https://example.org/scan
targets: [198.51.100.0/24, mail.example.org, "*.example.net"]
exclusions: [198.51.100.7]
opt_out: [opt-out.txt]
allow: [identify]            # also: contacts, smtp, manifest, webshells
"""


def _explained(what: str) -> str:
    return f"{what}\n\n\b\nA scope file (YAML):\n\b\n" + "\n".join(f"  {row}" for row in _SAMPLE.splitlines())


@click.command("scan", epilog=_explained("Nothing is sent without a scope file, and nothing outside it."))
@click.argument("targets", nargs=-1, required=True)
@click.option(
    "--scope",
    "scope_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Who allowed the scan, of what, until when.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Results, one JSON line a target."
)
@click.option(
    "--webshells", is_flag=True, help="Ask for published names of back doors too (scope: webshells)."
)
@click.option(
    "--manifest", is_flag=True, help="Ask hidden servers for one page that shows the build (scope: manifest)."
)
@click.option("--contacts", is_flag=True, help="Ask sites for security.txt: whom to tell (scope: contacts).")
@click.option(
    "--smtp",
    is_flag=True,
    help="Ask the mail service at port 25 where the web shows no Exchange (scope: smtp).",
)
@click.option(
    "--rate", type=click.FloatRange(0.01, 100_000), help="Requests a second in all; never above the scope's."
)
@click.option("--resume", is_flag=True, help="Go on with the --out file of a run that was stopped.")
@click.option("--explain", "only_explain", is_flag=True, help="Print the plan and its reasons; send nothing.")
@click.option(
    "--shard", metavar="I/N", default="1/1", show_default=True, help="Only this part of the networks."
)
@click.option("--seed", type=int, help="Order of the targets and the random names; default: a new one.")
@click.option(
    "--networks",
    "network_tables",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Table of AS and country: CSV network,asn,country, or .mmdb. Limits then hold per AS.",
)
@click.option(
    "--show",
    "what",
    type=click.Choice(SHOWN),
    help="Send nothing; TARGETS are files of results: count them, or write a list of them.",
)
@click.option(
    "--rdap",
    "rdap_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="With --show: saved answers of RDAP, one JSON object a line. Nothing is asked of a registry.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the results on standard output.")
@click.pass_context
def scan_verb(
    context: click.Context,
    targets: tuple[str, ...],
    scope_file: Path | None,
    out: Path | None,
    webshells: bool,
    manifest: bool,
    contacts: bool,
    smtp: bool,
    rate: float | None,
    resume: bool,
    only_explain: bool,
    shard: str,
    seed: int | None,
    network_tables: tuple[Path, ...],
    what: str | None,
    rdap_file: Path | None,
    as_json: bool,
) -> int:
    """See what TARGETS show from outside: names, addresses, networks, `name,address` pairs, or files of them.

    A file may hold one of these a line, or come from zmap, masscan or a log of certificates; `-` reads such lines.

    Exit codes: 0 nothing open seen, 1 a server looks open to attack or a back door was seen, 2 wrong usage,
    3 some servers do not show enough to tell, 4 could not run.
    """
    if what is not None:
        _refuse_mixed(context)
        return show(targets, what, out, networks_in(network_tables), rdap_in(rdap_file))
    if rdap_file is not None:
        raise UsageError(
            "--rdap is for lists of results.", tip="Add --show contacts, and name files of results."
        )
    if scope_file is None:
        raise UsageError(
            "Nothing is sent without a scope file.", tip="Name one with --scope; see exsweep scan --help."
        )
    if resume and out is None:
        raise UsageError("--resume needs the --out file of the run that was stopped.", tip="Add --out FILE.")
    wishes = Wishes(
        manifest=manifest,
        webshells=webshells,
        contacts=contacts,
        smtp=smtp,
        seed=seed if seed is not None else secrets.randbits(32),
    )
    scope = scope_in(scope_file, wishes, now=datetime.now(UTC))
    listed = read_targets(lines_of(targets), ports=sorted(scope.ports), most=scope.most_addresses)
    part = _shard(shard)
    chosen = [each for each in listed.targets if part[1] == 1 or in_shard(each, *part)]
    rates = rates_of(scope, rate)
    if only_explain:
        plan = explain(chosen, scope, wishes, rates, checks().limits, networks_in(network_tables))
        for row in (*plan, *_refused_lines(listed)):
            click.echo(term(row))
        return ExitCode.OK
    with ExitStack() as stack:
        journal = None
        if out is not None:
            sealed = seal(chosen, wishes, part)
            journal = stack.enter_context(Journal(out, sealed, wishes.seed, resume=resume))
            wishes = dataclasses.replace(wishes, seed=journal.seed)
        screen = stack.enter_context(ScanScreen(_refused_lines(listed)))

        def keep(one: ScanResult) -> None:
            if journal is not None:
                journal.keep(one)
            if as_json or (journal is None and not sys.stdout.isatty()):
                sys.stdout.buffer.write(line(one))

        settings = Settings(
            scope=scope,
            targets=chosen,
            wishes=wishes,
            rates=rates,
            limits=checks().limits,
            clock=lambda: datetime.now(UTC),
            networks=networks_in(network_tables),
            scope_again=lambda: scope_in(scope_file, wishes, now=datetime.now(UTC)),
        )
        try:
            scan(settings, screen, keep, journal)
        except KeyboardInterrupt as stop:
            if journal is None:
                raise ScanRefused(
                    f"Stopped after {screen.done:,} of {len(chosen):,} targets.",
                    tip="Nothing is kept without a file: name one with --out, then --resume can go on.",
                ) from stop
            raise ScanRefused(
                f"Stopped. {screen.done:,} of {len(chosen):,} targets have their result in {out}.",
                tip="Go on with the same command and --resume.",
            ) from stop
    click.echo(screen.summary(out), err=as_json or (journal is None and not sys.stdout.isatty()))
    return screen.exit_code()


def _refuse_mixed(context: click.Context) -> None:
    """Showing sends nothing: an option that asks servers beside it is a mistake that must not pass unseen."""
    given = {
        option.opts[-1]
        for option in context.command.params
        if option.name and context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE
    }
    mixed = sorted(given - {"targets", "--show", "--out", "--networks", "--rdap"})
    if mixed:
        raise UsageError(
            f"--show sends nothing and reads results; {', '.join(mixed)} would ask servers or change how.",
            tip="First scan with --out FILE, then run: exsweep scan FILE --show ... [--out] [--networks] [--rdap].",
        )


def _shard(text: str) -> tuple[int, int]:
    number, _, shards = text.partition("/")
    if not (number.isdecimal() and shards.isdecimal() and 1 <= int(number) <= int(shards) <= 10_000):
        raise UsageError(f"--shard {text!r} is no part.", tip="Write it like 2/8: the second of eight.")
    return int(number), int(shards)


def _refused_lines(listed: Listed) -> tuple[str, ...]:
    if not listed.refused:
        return ()
    samples = [f"  {entry}: {reason}" for entry, reason in listed.samples[:5]]
    return (f"Lines of the list that are no targets: {listed.refused:,}", *samples)
