"""`exsweep fleet lake|rejudge`: the saved events of all servers: what is kept, what goes, and judging all of it anew."""

import sys

import click

from exsweep.cli.fleet import Asked, give
from exsweep.cli.fleet_acts import fleet
from exsweep.cli.terminal import term
from exsweep.errors import ExitCode, UsageError
from exsweep.fleet import clusters, rejudging
from exsweep.fleet import lake as lakes
from exsweep.knowledge.fleet import fleet_words

__all__ = ["fleet"]


@fleet.command("lake")
@click.option("--lake", envvar="EXSWEEP_LAKE", help="Folder of the saved events; default: beside the store.")
@click.option(
    "--remove", "servers", multiple=True, help="Delete the events of this server (srv_... or name)."
)
@click.option(
    "--superseded", is_flag=True, help="Delete events whose server has sent all of them again since."
)
@click.option(
    "--older-than", type=click.IntRange(1), metavar="DAYS", help="Delete events received before that."
)
@click.option(
    "--index", "indexed", is_flag=True, help="Index the texts of files that have no index yet, for hunts."
)
@click.option("--why", default="", help="The reason, for hunts and the audit log.")
@click.pass_obj
def lake_verb(
    asked: Asked,
    lake: str | None,
    servers: tuple[str, ...],
    superseded: bool,
    older_than: int | None,
    indexed: bool,
    why: str,
) -> None:
    """What is kept of which server, and until when. Deleting leaves a note, so that a hunt says whom it could not ask."""
    home = lakes.Lake.beside(asked.store, lake)
    with asked.open() as store:
        gone: set[int] = set()
        if servers:
            numbers = [store.server(word) for word in servers]
            gone |= {one.number for one in lakes.sets(store, numbers)}
        if superseded:
            gone |= set(lakes.superseded(store))
        if older_than:
            limit = asked.now - older_than * 86_400
            gone |= {one.number for one in lakes.sets(store) if one.received < limit}
        if gone:
            if not why.strip():
                raise UsageError("Events are deleted for a reason.", tip="Give it with --why.")
            freed = lakes.remove(store, home, sorted(gone), why=why.strip(), now=asked.now)
            click.echo(f"{len(gone):,} set(s) of events deleted, {freed / 1e6:,.1f} MB.", err=True)
        if indexed:
            click.echo(f"{lakes.index(store, home):,} file(s) indexed.", err=True)
        kept = lakes.kept_lines(store)
    give(
        asked, kept, ("server", "name", "received", "events", "MB", "from", "to", "kinds"),
        (
            (o.server, o.name, o.received, f"{o.events:,}", f"{o.size / 1e6:.1f}", o.first, o.last, " ".join(o.kinds))
            for o in kept
        ),
    )  # fmt: skip


@fleet.command("rejudge")
@click.option("--lake", envvar="EXSWEEP_LAKE", help="Folder of the saved events; default: beside the store.")
@click.option(
    "--jobs", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes that judge."
)
@click.option("--server", "servers", multiple=True, help="Only this server (srv_... or name).")
@click.pass_obj
def rejudge_verb(asked: Asked, lake: str | None, jobs: int, servers: tuple[str, ...]) -> int:
    """Judge all saved events with today's rules, and say what that changed. Stopped, it goes on where it was.

    Exit codes: 0 nothing changed, 1 something did, 3 nothing did and some could not be judged.
    """
    home = lakes.Lake.beside(asked.store, lake)
    shown = sys.stderr.isatty()

    def progress(done: int, of: int) -> None:
        if shown:
            click.echo(f"\r{done:,} of {of:,}", nl=False, err=True)

    with asked.open() as store:
        numbers = [store.server(word) for word in servers] or None
        found = rejudging.rejudge(store, home, now=asked.now, jobs=jobs, servers=numbers, seen=progress)
        if found.changed:
            clusters.compute(store, asked.now)
    words = fleet_words().changes
    if not asked.as_json:
        click.echo(
            f"{found.judged:,} judged anew, {found.already:,} were judged with these rules, {len(found.failed):,} could not "
            f"be, {found.unkept:,} servers have no events kept. Changed because of rules: {len(found.changed):,}."
        )
    give(
        asked, found, ("server", "name", "level", "tier", "what changed"),
        (
            (
                one.server, one.name, f"{one.before} -> {one.after}", f"{one.tier_before} -> {one.tier_after}",
                "; ".join(f"{words[each.change.value]}: {each.title or each.what} {each.where}" for each in one.items[:5]),
            )
            for one in found.changed
        ),
    )  # fmt: skip
    for server, why in found.failed:
        click.echo(term(f"not judged: {server}: {why}"), err=True)
    if found.changed:
        return ExitCode.FOUND
    return ExitCode.CANNOT_TELL if found.failed else ExitCode.OK
