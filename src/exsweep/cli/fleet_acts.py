"""`exsweep fleet pin|tell|contact|cleaned|answer|notify|letter|simulate`: verbs that write, each audited; and `letters`."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from exsweep.cli.fleet import Asked, fleet, give
from exsweep.cli.terminal import term
from exsweep.errors import ExitCode, StoreError, UsageError
from exsweep.fleet import clusters, drafts, intake, notify, people, queue
from exsweep.fleet.nation import simulate
from exsweep.fleet.sources import Read
from exsweep.knowledge import languages

__all__ = ["fleet"]

_TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"])


@fleet.command("pin")
@click.argument("server")
@click.option("--who", help="Your name; default: that of your account on this computer.")
@click.option("--reason", required=True)
@click.option("--hours", default=48.0, show_default=True)
@click.pass_obj
def pin_verb(asked: Asked, server: str, who: str | None, reason: str, hours: float) -> None:
    """Put SERVER on top of the queue for a while."""
    with asked.open() as store:
        queue.pin(
            store, store.server(server), who=who or store.who, reason=reason, hours=hours, now=asked.now
        )


@fleet.command("tell")
@click.argument("server")
@click.option(
    "--mission", type=click.Choice(["low", "medium", "high"]), help="How much depends on it (SSVC)."
)
@click.option("--staff/--no-staff", default=None, help="Is there anybody for IT?")
@click.option("--backup/--no-backup", default=None, help="Is there a copy to go back to?")
@click.option("--domain", help="Mail domain: decides the sector.")
@click.pass_obj
def tell_verb(
    asked: Asked,
    server: str,
    mission: str | None,
    staff: bool | None,
    backup: bool | None,
    domain: str | None,
) -> None:
    """Note what you know of SERVER; its place in the queue follows."""
    with asked.open() as store:
        people.tell(
            store,
            store.server(server),
            now=asked.now,
            mission=mission,
            no_staff=None if staff is None else not staff,
            no_backup=None if backup is None else not backup,
            domain=domain,
        )


@fleet.command("contact")
@click.argument("server")
@click.option("--name", required=True)
@click.option("--role")
@click.option("--by", required=True, type=click.Choice([each.value for each in people.Channel]))
@click.option("--address", required=True, help="Number or address.")
@click.pass_obj
def contact_verb(asked: Asked, server: str, name: str, role: str | None, by: str, address: str) -> None:
    """Note whom to tell about SERVER."""
    who = people.Contact(name=name, role=role, channel=people.Channel(by), address=address)
    with asked.open() as store:
        people.add_contact(store, store.server(server), who, now=asked.now)


@fleet.command("cleaned")
@click.argument("server")
@click.option("--at", type=_TIME, help="When, UTC; default: now.")
@click.pass_obj
def cleaned_verb(asked: Asked, server: str, at: datetime | None) -> None:
    """Note that SERVER was cleaned: it is looked at again weekly, four times."""
    moment = int(at.replace(tzinfo=UTC).timestamp()) if at else asked.now
    with asked.open() as store:
        people.cleaned(store, store.server(server), at=moment, now=asked.now)


@fleet.command("answer")
@click.argument("question", type=int)
@click.option("--same/--two", required=True, default=None, help="One server, or two.")
@click.pass_obj
def answer_verb(asked: Asked, question: int, same: bool) -> None:
    """Say whether the two of QUESTION are one server."""
    with asked.open() as store:
        people.answer(store, question, same=same, now=asked.now)


@fleet.command("notify")
@click.argument("servers", nargs=-1)
@click.option(
    "--all", "everybody", is_flag=True, help="All that there is something to tell, and that nobody wrote to."
)
@click.option("--signed", required=True, help="Your name.")
@click.option("--office", required=True, help="Who you write for.")
@click.option("--phone", required=True)
@click.option("--page", required=True, help="Page on which the office's number stands.")
@click.option(
    "--language",
    type=click.Choice(languages.codes()),
    default=languages.ENGLISH,
    show_default=True,
    help="Language of the letter.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for drafts: .txt, and .eml with --from.",
)
@click.option("--from", "mailbox", help="Mailbox that will send the drafts; nothing is sent from here.")
@click.pass_obj
def notify_verb(
    asked: Asked,
    servers: tuple[str, ...],
    everybody: bool,
    signed: str,
    office: str,
    phone: str,
    page: str,
    language: str,
    out: Path | None,
    mailbox: str | None,
) -> int:
    """Draft a letter to the owner of each of SERVERS, and a page for the technician. Nothing is sent."""
    if bool(servers) == everybody:
        raise UsageError("Name servers, or --all of them.", tip="exsweep fleet queue lists them.")
    if mailbox and out is None:
        raise UsageError("--from is for drafts in files.", tip="Add --out FOLDER.")
    sender = notify.Sender(name=signed, who=office, phone=phone, page=page)
    made: list[notify.Letter] = []
    unreachable: list[str] = []
    with asked.open() as store:
        for server in notify.waiting(store) if everybody else [store.server(each) for each in servers]:
            try:
                letter = notify.draft(store, server, sender, now=asked.now, language=language)
            except UsageError as error:
                if not everybody:
                    raise
                unreachable.append(f"{notify.called(store, server)}: {error.message}")
                continue
            made.append(letter)
            if out is not None:
                _write_drafts(out, letter, mailbox)
    if asked.as_json:
        give(asked, made, (), ())
    elif out is not None:
        click.echo(f"{len(made):,} letters drafted in {term(str(out))}. Nothing was sent.")
    else:
        for letter in made:
            click.echo(f"Letter {letter.number}. Reach them by: {', '.join(map(term, letter.channels))}\n")
            click.echo(f"{letter.subject}\n\n{letter.plain}\n----\n{letter.technical}")
    for each in unreachable:
        click.echo(f"No letter: {term(each)}", err=True)
    return ExitCode.CANNOT_TELL if unreachable else ExitCode.OK


def _write_drafts(out: Path, letter: notify.Letter, mailbox: str | None) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for file, content in drafts.files_of(letter, mailbox):
            (out / file).write_bytes(content)
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error}.", tip="Name another folder.") from error


@fleet.command("letters")
@click.pass_obj
def letters_verb(asked: Asked) -> None:
    """List the letters and how far they are; those that wait longest first."""
    with asked.open() as store:
        found = notify.letters(store)
    rows = [
        (
            str(each.number),
            each.name or each.server,
            each.state.value,
            f"{each.changed:%Y-%m-%d}" if each.changed else "",
            "looks up to date since: ask, then note fixed" if each.up_to_date else "",
        )
        for each in found
    ]
    give(asked, found, ("letter", "server", "state", "since", "from outside"), rows)


@fleet.command("letter")
@click.argument("number", type=int)
@click.argument("state", type=click.Choice([each.value for each in notify.State if each != "drafted"]))
@click.pass_obj
def letter_verb(asked: Asked, number: int, state: str) -> None:
    """Note how far letter NUMBER is."""
    with asked.open() as store:
        notify.move(store, number, notify.State(state), now=asked.now)


@fleet.command("simulate")
@click.option("--servers", default=30_000, show_default=True, type=click.IntRange(1, 1_000_000))
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--truth", type=click.Path(path_type=Path, dir_okay=False), help="What really happened, JSON lines."
)
@click.pass_obj
def simulate_verb(asked: Asked, servers: int, seed: int, truth: Path | None) -> None:
    """Fill a new store with a made-up nation: to try things out without anyone's evidence."""
    with ExitStack() as stack:
        store = stack.enter_context(asked.open(new=True))
        if store.database.number("SELECT COUNT(*) FROM server"):
            raise UsageError(
                "This store holds servers; made-up ones do not go among them.", tip="Use --store NEW."
            )
        file = stack.enter_context(truth.open("wb")) if truth else None

        def reads() -> Iterator[Read]:
            for number, (one, real) in enumerate(simulate(servers, seed)):
                if file is not None:
                    file.write(msgspec.json.encode(real) + b"\n")
                yield f"made up {number}", one

        def progress(done: intake.Added) -> None:
            if sys.stderr.isatty():
                click.echo(f"\r{done.assessments:,} of {servers:,}", nl=False, err=True)

        done = intake.add(store, reads(), now=asked.now, seen=progress)
        linked = clusters.compute(store, asked.now)
    click.echo(f"{done.servers:,} made-up servers, {done.findings:,} findings, {linked:,} clusters.")
