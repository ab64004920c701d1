"""`exsweep fleet pin|tell|contact|cleaned|answer|notify|letter`: what people note; each stands in the audit log."""

from datetime import UTC, datetime

import click

from exsweep.cli.fleet import Asked, fleet, give
from exsweep.fleet import notify, people, queue

__all__ = ["fleet"]

_TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"])


@fleet.command("pin")
@click.argument("server")
@click.option("--who", required=True, help="Your name.")
@click.option("--reason", required=True)
@click.option("--hours", default=48.0, show_default=True)
@click.pass_obj
def pin_verb(asked: Asked, server: str, who: str, reason: str, hours: float) -> None:
    """Put SERVER on top of the queue for a while."""
    with asked.open() as store:
        queue.pin(store, store.server(server), who=who, reason=reason, hours=hours, now=asked.now)


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
@click.argument("server")
@click.option("--signed", required=True, help="Your name.")
@click.option("--office", required=True, help="Who you write for.")
@click.option("--phone", required=True)
@click.option("--page", required=True, help="Page on which the office's number stands.")
@click.pass_obj
def notify_verb(asked: Asked, server: str, signed: str, office: str, phone: str, page: str) -> None:
    """Draft a letter to the owner of SERVER, and a page for the technician. Nothing is sent."""
    sender = notify.Sender(name=signed, who=office, phone=phone, page=page)
    with asked.open() as store:
        letter = notify.draft(store, store.server(server), sender, now=asked.now)
    if asked.as_json:
        give(asked, letter, (), ())
        return
    click.echo(f"Letter {letter.number}. Reach them by: {', '.join(letter.channels)}\n")
    click.echo(f"{letter.subject}\n\n{letter.plain}\n----\n{letter.technical}")


@fleet.command("letter")
@click.argument("number", type=int)
@click.argument("state", type=click.Choice([each.value for each in notify.State if each != "drafted"]))
@click.pass_obj
def letter_verb(asked: Asked, number: int, state: str) -> None:
    """Note how far letter NUMBER is."""
    with asked.open() as store:
        notify.move(store, number, notify.State(state), now=asked.now)
