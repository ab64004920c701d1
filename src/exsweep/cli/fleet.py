"""`exsweep fleet`: many servers as one queue. The verbs that read; those that note something stand in `fleet_acts`."""

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from getpass import getuser
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from exsweep.cli.groups import Verbs
from exsweep.cli.terminal import term
from exsweep.errors import ExitCode, StoreError
from exsweep.fleet import (
    audit,
    clusters,
    curves,
    hunt,
    intake,
    patching,
    people,
    queue,
    recheck,
    sectors,
    show,
)
from exsweep.fleet.clock import said
from exsweep.fleet.dialect import is_server
from exsweep.fleet.lake import Lake
from exsweep.fleet.sources import read
from exsweep.fleet.store import DEFAULT_TENANT, Fleet
from exsweep.knowledge.fleet import fleet_words
from exsweep.knowledge.fleet import links as link_rules

_DAY = click.DateTime(["%Y-%m-%d"])


def default_store() -> Path:
    """`fleet.db` in the user's data folder."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "exsweep" / "fleet.db"


class Asked(msgspec.Struct):
    """What all verbs share."""

    store: str
    as_json: bool
    now: int
    lake: str | None = None

    def open(self, *, new: bool = False) -> Fleet:
        """The store, which only the verbs that put something into it may begin.

        Raises:
            StoreError: there is none, or it cannot be opened.
        """
        if not new and not is_server(self.store) and not Path(self.store).exists():
            # An empty answer would say "nobody is affected" to whoever mistyped the name.
            raise StoreError(
                f"There is no store {self.store} yet.",
                tip="`exsweep fleet add FOLDER` begins one; --store names another.",
            )
        return Fleet.open(self.store, who=_me())

    def lake_folder(self) -> Lake | None:
        """Where events are kept; None for a PostgreSQL store without --lake."""
        if is_server(self.store) and not self.lake:
            return None
        return Lake.beside(self.store, self.lake)


def _me() -> str:
    try:
        return getuser()
    except (OSError, KeyError):  # no account of that number: containers
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def _json(context: click.Context, _: click.Parameter, value: bool) -> None:
    context.obj.as_json = context.obj.as_json or value


def _store(context: click.Context, _: click.Parameter, value: str | None) -> None:
    context.obj.store = value or context.obj.store


class _Verb(click.Command):
    """A verb that takes `--json` and `--store` behind it too, where people write them."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.params += [
            click.Option(["--json"], is_flag=True, expose_value=False, callback=_json, help="Print JSON."),
            click.Option(["--store"], expose_value=False, callback=_store, help="File of the store."),
        ]


class _Verbs(Verbs):
    command_class = _Verb


@click.group(cls=_Verbs)
@click.option(
    "--store",
    envvar="EXSWEEP_FLEET",
    help="File of the store, or postgresql://...; default: fleet.db in your data folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def fleet(context: click.Context, store: str | None, as_json: bool) -> None:
    """Many servers: who needs help first, who belongs together, how it goes on.

    Reads assessments and nothing else. Every verb takes --json and --store.
    """
    now = int(datetime.now(UTC).timestamp())
    context.obj = Asked(store or str(default_store()), as_json, now)


def give(asked: Asked, value: Any, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """JSON, or a table in which evidence is text: shown, never obeyed."""
    if asked.as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
        return
    table = Table(box=None, pad_edge=False)
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(term(str(cell if cell is not None else "-"))) for cell in row))
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=200)
    console.print(table)


@fleet.command("add")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--tenant", default=DEFAULT_TENANT, show_default=True, help="Whose servers they are.")
@click.option("--server", help="The server they are about, where you know it (srv_... or name).")
@click.option("--lake", envvar="EXSWEEP_LAKE", help="Folder for saved events; default: beside the store.")
@click.option(
    "--no-events", is_flag=True, help="Leave saved events where they are: the server cannot be hunted."
)
@click.pass_obj
def add_verb(
    asked: Asked, paths: tuple[Path, ...], tenant: str, server: str | None, lake: str | None, no_events: bool
) -> int:
    """Keep assessments: assessment.json files, folders of triage, folders of such, bundles, results of a scan.

    Events saved beside an assessment go into the lake, for `exsweep hunt`; hunts that watch are asked of them at once.
    Adding the same again changes nothing.
    """
    asked.lake = lake
    with asked.open(new=True) as store:
        number = store.server(server) if server else None
        shown = sys.stderr.isatty()

        def progress(done: intake.Added) -> None:
            if shown:
                click.echo(f"\r{done.assessments:,} added, {done.again:,} there already", nl=False, err=True)

        home = None if no_events else asked.lake_folder()
        done = intake.add(
            store, read(paths), now=asked.now, tenant=tenant, server=number, lake=home, seen=progress
        )
        if shown:
            click.echo("", err=True)
        linked = clusters.compute(store, asked.now) if done.assessments else 0
        watched = hunt.watch(store, home, done.sets, now=asked.now) if home is not None else ()
    if asked.as_json:
        told = [{"hunt": each.name, "hit": hit} for each in watched for hit in each.hits]
        give(asked, msgspec.structs.asdict(done) | {"watched": told}, (), ())
    else:
        click.echo(
            f"new: {done.assessments:,} assessment(s), {done.servers:,} server(s), {done.findings:,} finding(s); "
            f"{done.again:,} were there already; {linked:,} clusters."
        )
        if done.sets:
            click.echo(f"{done.events:,} saved events of {len(done.sets):,} case(s) can be hunted now.")
        for each in watched:
            for hit in each.hits:
                where = hit.name or hit.server
                click.echo(term(f"watch {each.name!r}: {hit.count:,} rows on {where}: {hit.title}"))
        if done.questions:
            click.echo(f"{done.questions:,} pairs may be one server: see `exsweep fleet questions`.")
    for each in watched:
        if each.why_not:
            click.echo(term(f"watch {each.name!r} was not asked: {each.why_not}"), err=True)
    for one in done.samples:
        click.echo(term(f"not taken: {one.where}: {one.reason}"), err=True)
    nothing = not (done.assessments or done.again)
    return ExitCode.COULD_NOT_RUN if nothing and done.refused else ExitCode.OK


@fleet.command("queue")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--tier", type=click.IntRange(0, 6))
@click.option("--sector")
@click.option("--tenant")
@click.pass_obj
def queue_verb(asked: Asked, limit: int, tier: int | None, sector: str | None, tenant: str | None) -> None:
    """Who needs help first, and why."""
    with asked.open() as store:
        rows = queue.queue(store, asked.now, limit=limit, tier=tier, sector=sector, tenant=tenant)
        numbers = queue.numbers(store)
    bands = fleet_words().bands
    if not asked.as_json:
        parts = [f"{getattr(numbers, name):,} {title}" for name, title in bands.items()]
        click.echo(f"{numbers.total:,} servers: " + " | ".join(parts))
    give(
        asked,
        {"numbers": numbers, "queue": rows},
        (
            "tier",
            "points",
            "days",
            "server",
            "name",
            "organisation",
            "sector",
            "BOD 26-04",
            "SSVC",
            "contact",
            "why here",
        ),
        (
            (
                f"{each.tier}{' pinned' if each.pinned else ''}",
                f"{each.points:.1f}",
                f"{each.waiting_days:.1f}",
                each.server,
                each.name,
                each.organisation,
                each.sector,
                each.bod,
                each.ssvc,
                each.contact_state,
                each.why,
            )
            for each in rows
        ),
    )


@fleet.command("show")
@click.argument("server")
@click.pass_obj
def show_verb(asked: Asked, server: str) -> None:
    """One server: where it stands, why, and what is kept of it."""
    with asked.open() as store:
        shown = show.show(store, store.server(server))
    rows = [
        (name, value)
        for name, value in msgspec.structs.asdict(shown).items()
        if name not in ("score", "weights", "situation", "told", "assessments", "clusters")
    ]
    for part in ("impact", "spread", "freshness", "helpless"):
        share, weight = getattr(shown.score, part), getattr(shown.weights, part)
        rows.append((f"points: {part}", f"{share:.2f} x {weight:g} = {share * weight:.1f}"))
    rows.append(("clusters", ", ".join(shown.clusters)))
    rows += [
        (
            f"assessment {each.number}",
            f"{each.received}, {each.level}, {each.findings} findings{', counts' if each.counts else ''}",
        )
        for each in shown.assessments
    ]
    give(asked, shown, ("", ""), rows)


@fleet.command("clusters")
@click.option("--limit", default=30, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--why", "pair", nargs=2, help="What ties these two servers together.")
@click.option("--again", is_flag=True, help="Compute them anew first.")
@click.pass_obj
def clusters_verb(asked: Asked, limit: int, pair: tuple[str, str] | None, again: bool) -> None:
    """Servers that one intruder was on, and why we think so."""
    with asked.open() as store:
        if pair:
            reasons = clusters.why(store, store.server(pair[0]), store.server(pair[1]))
            if not asked.as_json:
                total = sum(each.weight for each in reasons)
                own = any(each.own for each in reasons)
                said = "; a thing that only their cluster has links them too" if own else ""
                click.echo(f"Weight {total:.1f}; linked directly from {link_rules().threshold:g} on{said}.")
            give(
                asked,
                reasons,
                ("weight", "shared", "value", "also on"),
                (
                    (
                        each.weight,
                        each.title,
                        each.value,
                        f"{each.elsewhere} others{', all of their cluster' if each.own else ''}",
                    )
                    for each in reasons
                ),
            )
            return
        if again:
            clusters.compute(store, asked.now)
        found = clusters.clusters(store, limit)
    give(
        asked,
        found,
        ("cluster", "servers", "weight", "shared by", "strongest reasons"),
        (
            (
                each.cluster if at == 0 else "",
                each.servers if at == 0 else "",
                reason.weight,
                f"{reason.servers} (+{reason.elsewhere})",
                f"{reason.title}: {reason.value}",
            )
            for each in found
            for at, reason in enumerate(each.reasons[:3])
        ),
    )


@fleet.command("curve")
@click.option("--from", "first", type=_DAY)
@click.option("--to", "last", type=_DAY)
@click.option("--updates", metavar="CAMPAIGN", help="How fast servers were updated, instead: ProxyLogon ...")
@click.pass_obj
def curve_verb(asked: Asked, first: datetime | None, last: datetime | None, updates: str | None) -> None:
    """Per day: broken into, known, cleaned, and how many servers' records cover the day."""
    span = (_date(first), _date(last))
    with asked.open() as store:
        if updates:
            rate = patching.patching(store, updates, *span)
            if not asked.as_json:
                half = f"{rate.half_life} +- {rate.uncertain} days" if rate.half_life else "not known"
                click.echo(
                    f"{rate.servers:,} open, {rate.updated:,} updated, {rate.lost:,} lost; half-life {half}."
                )
            rows = ((each.date, each.watched, each.updated, f"{each.share:.3f}") for each in rate.days)
            give(asked, rate, ("day", "open", "updated", "share still open"), rows)
            return
        found = curves.curve(store, *span)
    marks: dict[date, list[str]] = {}
    for mark in found.marks:
        marks.setdefault(mark.date, []).append(mark.text)
    give(
        asked,
        found,
        ("day", "broken into", "about", "known", "cleaned", "seeing", "blind", ""),
        (
            (
                each.date,
                each.broken_into if each.seeing else "////",
                f"{each.spread:.1f}",
                each.known,
                each.cleaned,
                each.seeing,
                each.blind,
                "; ".join(marks.get(each.date, ())),
            )
            for each in found.days
        ),
    )


@fleet.command("sectors")
@click.option("--by", type=click.Choice(["sector", "region"]), default="sector", show_default=True)
@click.option("--shared", is_flag=True, help="For others' eyes: counts below five are hidden.")
@click.pass_obj
def sectors_verb(asked: Asked, by: str, shared: bool) -> None:
    """Counts and rates by sector or region."""
    with asked.open() as store:
        found = sectors.groups(store, by, shared=shared)
    cells = ("servers", "broken_into", "suspicious", "unknown", "rate")
    give(
        asked,
        found,
        (by, "servers", "broken into", "suspicious", "cannot tell", "per 1,000"),
        ((each.title, *(_cell(getattr(each, name)) for name in cells)) for each in found),
    )


@fleet.command("recheck")
@click.argument("server", required=False)
@click.pass_obj
def recheck_verb(asked: Asked, server: str | None) -> None:
    """What is due to be looked at again; with SERVER: what became of each thing since the time before."""
    words = fleet_words().changes
    with asked.open() as store:
        if server is None:
            plan = recheck.due(store, asked.now)
            rows = ((each.due, each.week, each.server, each.name) for each in plan)
            give(asked, plan, ("due", "week", "server", "name"), rows)
            return
        found = recheck.of_server(store, store.server(server))
    if not asked.as_json:
        changed = [
            name
            for name, yes in (("evidence", found.evidence_changed), ("rules", found.rules_changed))
            if yes
        ]
        click.echo(f"{found.before} -> {found.after}; changed: {' and '.join(changed) or 'nothing'}.")
    give(
        asked,
        found,
        ("change", "because of", "what", "where"),
        ((words[each.change.value], each.cause, each.title or each.what, each.where) for each in found.items),
    )


@fleet.command("questions")
@click.pass_obj
def questions_verb(asked: Asked) -> None:
    """Pairs of entries that may be one server."""
    with asked.open() as store:
        found = people.questions(store)
    rows = ((each.number, each.one, each.other, each.reason) for each in found)
    give(asked, found, ("number", "one", "other", "why we ask"), rows)


@fleet.command("audit")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1_000_000))
@click.pass_obj
def audit_verb(asked: Asked, limit: int) -> int:
    """Who did what; and whether the log is whole. Exit code 1: it is not."""
    with asked.open() as store:
        broken = audit.broken_at(store.database)
        found = audit.entries(store.database, limit)
    names = audit.Entry.__struct_fields__[:6]
    rows = ([said(each.time) if name == "time" else getattr(each, name) for name in names] for each in found)
    give(asked, {"broken_at": broken, "entries": found}, names, rows)
    if broken is not None:
        click.echo(f"The log does not fit itself from row {broken} on.", err=True)
        return ExitCode.FOUND
    return ExitCode.OK


def _date(of: datetime | None) -> date | None:
    return of.date() if of else None


def _cell(value: float | None) -> str:
    return "< 5" if value is None else f"{value:,}"
