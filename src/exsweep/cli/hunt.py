"""`exsweep hunt`: look for something in the saved events of all servers."""

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click

from exsweep.cli.fleet import Asked, default_store, give
from exsweep.cli.terminal import term
from exsweep.errors import ExitCode, KnowledgeError, UsageError
from exsweep.export.words import count as counted
from exsweep.fleet import hunt
from exsweep.fleet.hunt import ENGINES, Question, Report, Scope, sql
from exsweep.fleet.hunt.export import FORMATS
from exsweep.fleet.lake import Lake
from exsweep.knowledge.rules import files as rule_files

_TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"])
_LARGEST = 64 << 20
_NAMED = 10


@click.command("hunt")
@click.argument("query", nargs=-1)
@click.option("--ioc", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Indicators, one a line, at most 10,000.")  # fmt: skip
@click.option(
    "--sigma",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Sigma rules: file, folder or zip.",
)
@click.option("--yara", is_flag=True, help="Tells who cannot be asked: files themselves are not kept.")
@click.option("--sql", "statement", help="One SELECT over the views events, servers, iis_w3c, httpproxy ...")
@click.option("--tenant", "tenants", multiple=True, help="Only servers of this tenant.")
@click.option("--cluster", help="Only servers of this cluster (C-0001).")
@click.option("--tier", "tiers", multiple=True, type=click.IntRange(0, 6), help="Only servers of this tier.")
@click.option("--server", "servers", multiple=True, help="Only this server (srv_... or name).")
@click.option("--since", type=_TIME, help="Only records from this moment on, UTC.")
@click.option("--until", type=_TIME, help="Only records up to this moment, UTC.")
@click.option("--kind", "kinds", multiple=True, help="Only this kind of log (iis_w3c ...).")
@click.option("--engine", type=click.Choice(list(ENGINES)), default="duckdb", show_default=True)
@click.option(
    "--dry-run", is_flag=True, help="What it would take, and who cannot be checked; reads no event."
)
@click.option("--resume", metavar="RUN", help="Go on with a run that was stopped.")
@click.option("--save", "name", help="Keep this hunt under a name.")
@click.option("--watch", is_flag=True, help="With --save: ask it of everything that `fleet add` brings.")
@click.option("--again", metavar="HUNT", help="Run a kept hunt over everything.")
@click.option("--forget", metavar="HUNT", help="Forget a kept hunt.")
@click.option("--saved", is_flag=True, help="List the kept hunts.")
@click.option("--runs", is_flag=True, help="List the last runs.")
@click.option("--show", metavar="RUN", help="Show a run.")
@click.option("--format", "form", type=click.Choice(["table", *FORMATS]), default="table", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--store", envvar="EXSWEEP_FLEET", help="File of the store, or postgresql://...")
@click.option("--lake", envvar="EXSWEEP_LAKE", help="Folder of the saved events; default: beside the store.")
def hunt_verb(
    query: tuple[str, ...],
    ioc: Path | None,
    sigma: tuple[Path, ...],
    yara: bool,
    statement: str | None,
    tenants: tuple[str, ...],
    cluster: str | None,
    tiers: tuple[int, ...],
    servers: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    kinds: tuple[str, ...],
    engine: str,
    dry_run: bool,
    resume: str | None,
    name: str | None,
    watch: bool,
    again: str | None,
    forget: str | None,
    saved: bool,
    runs: bool,
    show: str | None,
    form: str,
    as_json: bool,
    store: str | None,
    lake: str | None,
) -> int:
    """Where, in the saved events of all servers, does this occur? And who cannot be asked?

    QUERY: an address, network, hash, file name, path or domain; field:value with * and ?; or any text. Several words: all
    in one row. Exit codes: 0 nothing found, 1 found, 3 nothing found and some servers could not be checked.
    """
    asked = Asked(store or str(default_store()), as_json, int(datetime.now(UTC).timestamp()), lake)
    where = Scope(
        tenants=tenants,
        cluster=cluster,
        tiers=tiers,
        servers=servers,
        since=_utc(since),
        until=_utc(until),
        kinds=kinds,
    )
    question = Question(
        query=" ".join(query), indicators=_lines(ioc) if ioc else (), sigma=_sigma(sigma), yara=yara
    )
    with asked.open() as fleet:
        home = Lake.beside(asked.store, lake)
        if saved:
            found = hunt.saved(fleet)
            give(
                asked, found, ("hunt", "name", "who", "made", "watches", "servers hit"),
                ((o.hunt, o.name, o.who, o.made, "yes" if o.watch else "no", o.servers_hit) for o in found),
            )  # fmt: skip
            return ExitCode.OK
        if runs:
            lines = hunt.runs(fleet)
            give(
                asked, lines, ("run", "hunt", "what", "who", "state", "started", "servers hit"),
                ((o.run, o.hunt, o.name, o.who, o.state, o.started, o.servers_hit) for o in lines),
            )  # fmt: skip
            return ExitCode.OK
        if forget:
            hunt.forget(fleet, forget, now=asked.now)
            return ExitCode.OK
        if statement:
            table = sql.rows(fleet, home, statement, where)
            give(asked, table, table.columns, table.rows)
            if table.truncated:
                click.echo(f"There is more: these are the first {len(table.rows):,} rows.", err=True)
            return ExitCode.OK
        if dry_run:
            return _dry(asked, hunt.plan(fleet, question, where, lake=home))
        if show:
            return _tell(asked, hunt.report(fleet, show), form)
        if name:
            kept = hunt.save(fleet, name, question, where, watch=watch, now=asked.now)
            click.echo(f"Kept as {kept}.", err=True)
            again = kept
        elif watch:
            raise UsageError("A hunt that watches is kept under a name.", tip="Add --save NAME.")
        if again:
            run = hunt.again(fleet, again, now=asked.now, engine=engine)
        else:
            run = resume or hunt.start(fleet, question, where, now=asked.now, engine=engine)
        try:
            report = hunt.run(fleet, home, run, now=asked.now, seen=_progress)
        except KeyboardInterrupt:
            click.echo(
                f"\nStopped. What was found is kept; go on with: exsweep hunt --resume {run}", err=True
            )
            return ExitCode.COULD_NOT_RUN
        if sys.stderr.isatty():
            click.echo("", err=True)
        return _tell(asked, report, form)


def _progress(now: hunt.Progress) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{now.done:,} of {now.of:,} servers, {now.hits:,} hit", nl=False, err=True)


def _utc(time: datetime | None) -> datetime | None:
    return None if time is None else time.replace(tzinfo=UTC)


def _lines(path: Path) -> tuple[str, ...]:
    if path.stat().st_size > _LARGEST:
        raise UsageError(f"{path} is larger than {_LARGEST >> 20} MiB.", tip="Split the list.")
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    return tuple(value for line in text.splitlines() if (value := line.partition("#")[0].strip()))


def _sigma(paths: tuple[Path, ...]) -> tuple[str, ...]:
    """The texts of all rules; one that cannot be read ends the command: a hunt that leaves a rule out must not look whole."""
    texts = [text for path in paths for text in rule_files.read(path)]
    for text in texts:
        if text.reason:
            raise KnowledgeError(
                f"{text.name} {text.reason}.",
                tip="Give rules of Sigma (.yml, .yaml), a folder or a zip of them.",
            )
    return tuple(text.text for text in texts)


def _dry(asked: Asked, cost: hunt.Cost) -> int:
    if asked.as_json:
        give(asked, cost, (), ())
        return ExitCode.OK
    click.echo(
        f"{counted(cost.servers, 'server')}, {counted(cost.files, 'file')}, {counted(cost.events, 'event')}, "
        f"{cost.size / 1e6:,.1f} MB; {counted(cost.opened, 'file')} to be opened: about {cost.seconds:,.0f} s."
    )
    for each in cost.problems:
        click.echo(term(f"not asked: {each}"), err=True)
    _missed(cost.could_not_check)
    return ExitCode.OK


def _tell(asked: Asked, report: Report, form: str) -> int:
    if form != "table":
        sys.stdout.buffer.write(FORMATS[form](report))
    elif asked.as_json:
        give(asked, report, (), ())
    else:
        servers = len({each.server for each in report.hits})
        new = len({each.server for each in report.hits if each.new}) if report.hunt else None
        said = f", {new:,} new" if new is not None else ""
        click.echo(
            f"{report.run}: {report.state}. Hits on {counted(servers, 'server')}{said}; looked at "
            f"{counted(report.looked, 'server')}, {counted(report.events, 'row')}."
        )
        give(
            asked, report,
            ("server", "name", "tier", "cluster", "what", "rows", "first", "last", "for example"),
            (
                (
                    each.server, each.name, each.tier, each.cluster, each.title, f"{each.count:,}", each.first, each.last,
                    f"{one.text[:160]} [{one.origin.path}:{one.origin.line}]" if (one := next(iter(each.samples), None))
                    else None,
                )
                for each in report.hits
            ),
        )  # fmt: skip
        for problem in report.problems:
            click.echo(term(f"not asked: {problem}"), err=True)
        _missed(report.could_not_check)
    if report.hits:
        return ExitCode.FOUND
    return ExitCode.CANNOT_TELL if report.could_not_check or report.problems else ExitCode.OK


def _missed(missed: tuple[hunt.Missed, ...]) -> None:
    reasons = Counter(each.why for each in missed)
    for why, count in reasons.most_common(20):
        some = ", ".join([each.name or each.server for each in missed if each.why == why][:_NAMED])
        some += f" and {count - _NAMED:,} more" if count > _NAMED else ""
        click.echo(term(f"could not check {count:,}: {why} ({some})"))
