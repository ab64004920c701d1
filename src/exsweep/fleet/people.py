"""What people tell the store of a server: how much depends on it, whom to call, that it was cleaned, that two are one."""

from enum import StrEnum

import msgspec

from exsweep.errors import UsageError
from exsweep.fleet.clock import DAY, said
from exsweep.fleet.reach import Tenants, within
from exsweep.fleet.status import refresh
from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored
from exsweep.model import ContactPoint

WEEKS = 4
"""Re-checks after cleaning, one a week. Source: supplement of CISA ED 21-02, 2021-03-31 (weekly for four weeks)."""

FOUND = "found by a scan"
"""Role of a contact that nobody has checked yet."""


class Channel(StrEnum):
    """How somebody is reached."""

    PHONE = "phone"
    LETTER = "letter"
    EMAIL = "email"
    PAGE = "page"
    """A form, or the page on which a team's number stands."""
    IN_PERSON = "in_person"


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to tell."""

    name: str
    role: str | None = None
    channel: Channel
    address: str


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Two entries that may be one server."""

    number: int
    one: str
    other: str
    reason: str


def tell(
    fleet: Fleet,
    server: int,
    *,
    now: int,
    mission: str | None = None,
    no_staff: bool | None = None,
    no_backup: bool | None = None,
    no_answer: bool | None = None,
    domain: str | None = None,
) -> None:
    """Note what is known of a server; what is None stays as it is."""
    facts: dict[str, str | int | None] = {
        "mission": mission,
        "no_staff": None if no_staff is None else int(no_staff),
        "no_backup": None if no_backup is None else int(no_backup),
        "no_answer": None if no_answer is None else int(no_answer),
        "domain": stored(domain, 300),
    }
    given = {name: value for name, value in facts.items() if value is not None}
    if not given:
        return
    detail = ", ".join(f"{name}={value}" for name, value in given.items())
    with fleet.act("tell", fleet.public_id(server), time=now, detail=detail):
        fleet.database.run(
            f"UPDATE server SET {', '.join(f'{name} = ?' for name in given)} WHERE id = ?",
            (*given.values(), server),
        )
        refresh(fleet, server, now)


def add_contact(fleet: Fleet, server: int, contact: Contact, *, now: int) -> None:
    """Keep whom to tell; the address is not written into the audit log."""
    with fleet.act("contact", fleet.public_id(server), time=now, detail=contact.channel.value):
        fleet.database.run(
            "INSERT INTO contact (server_id, name, role, channel, address) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING",
            (
                server,
                stored(contact.name, 200),
                stored(contact.role, 200),
                contact.channel.value,
                stored(contact.address, 300),
            ),
        )


def keep_found(fleet: Fleet, server: int, found: tuple[ContactPoint, ...]) -> None:
    """Keep the ways that a scan found, under the name of where they were found."""
    known = {each.value for each in Channel}
    fleet.database.many(
        "INSERT INTO contact (server_id, name, role, channel, address) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING",
        [
            (server, stored(each.source, 200), FOUND, each.by, stored(each.to, 300))
            for each in found
            if each.by in known
        ],
    )


def contacts(fleet: Fleet, server: int) -> tuple[Contact, ...]:
    """Everyone who can be told, telephone first."""
    rows = fleet.database.run(
        "SELECT name, role, channel, address FROM contact WHERE server_id = ?", (server,)
    )
    found = [Contact(name=name, role=role, channel=Channel(way), address=to) for name, role, way, to in rows]
    return tuple(sorted(found, key=lambda each: (list(Channel).index(each.channel), each.name, each.address)))


def cleaned(fleet: Fleet, server: int, *, at: int, now: int) -> None:
    """The server was cleaned at that moment: only records that go on after it count from now on; re-checks are planned.

    Raises:
        UsageError: in the future.
    """
    if at > now:
        raise UsageError("That moment is yet to come.", tip="Say when it was cleaned.")
    with fleet.act("cleaned", fleet.public_id(server), time=now, detail=said(at)):
        fleet.database.run("UPDATE server SET cleaned_at = ? WHERE id = ?", (at, server))
        fleet.database.run("DELETE FROM recheck WHERE server_id = ? AND done_by IS NULL", (server,))
        fleet.database.many(
            "INSERT INTO recheck (server_id, due) VALUES (?,?) ON CONFLICT DO NOTHING",
            [(server, at + week * 7 * DAY) for week in range(1, WEEKS + 1)],
        )
        refresh(fleet, server, now)


def questions(fleet: Fleet, *, tenants: Tenants = None) -> tuple[Question, ...]:
    """Pairs of entries that may be one server and that nobody has settled."""
    ours, values = within(tenants, "a.tenant_id")
    rows = fleet.database.run(
        "SELECT q.id, a.public_id, b.public_id, q.reason FROM question q JOIN server a ON a.id = q.one_id "
        f"JOIN server b ON b.id = q.other_id WHERE q.answer IS NULL AND {ours} ORDER BY q.id LIMIT 1000",
        values,
    )
    return tuple(Question(number=int(no), one=one, other=other, reason=why) for no, one, other, why in rows)


def answer(fleet: Fleet, number: int, *, same: bool, now: int) -> None:
    """Settle a question. Two that are one become the older entry; nothing that was kept is lost.

    Raises:
        UsageError: no such open question.
    """
    database = fleet.database
    row = database.one("SELECT one_id, other_id FROM question WHERE id = ? AND answer IS NULL", (number,))
    if row is None:
        raise UsageError(f"There is no open question {number}.", tip="See `exsweep fleet questions`.")
    keep, gone = int(row[0]), int(row[1])
    with fleet.act("same server" if same else "two servers", f"{keep} {gone}", time=now):
        database.run("UPDATE question SET answer = ? WHERE id = ?", ("same" if same else "two", number))
        if not same:
            return
        # Of two sets of saved events that are the same, one stays.
        database.run(
            "UPDATE event_set SET sha256 = sha256 || '-' || id WHERE server_id = ? AND sha256 IN "
            "(SELECT sha256 FROM event_set WHERE server_id = ?)",
            (gone, keep),
        )
        for table in ("assessment", "finding", "notice", "pin", "event_set", "remark", "job", "sending"):
            database.run(f"UPDATE {table} SET server_id = ? WHERE server_id = ?", (keep, gone))
        _move_keyed(fleet, keep, gone)
        database.run("DELETE FROM question WHERE one_id = ? OR other_id = ?", (gone, gone))
        database.run("DELETE FROM server WHERE id = ?", (gone,))
        refresh(fleet, keep, now)


def _move_keyed(fleet: Fleet, keep: int, gone: int) -> None:
    """Rows that a key holds only once each: what the kept entry has already stays."""
    database = fleet.database
    for table, columns in (
        ("server_key", "tenant_id, kind, value"),
        ("contact", "name, role, channel, address"),
        ("recheck", "due, done_by"),
        ("step_done", "step, who, time, note"),
        ("star", "finding, who, time"),
    ):
        database.run(
            f"INSERT INTO {table} (server_id, {columns}) SELECT CAST(? AS BIGINT), {columns} FROM {table} "
            "WHERE server_id = ? ON CONFLICT DO NOTHING",
            (keep, gone),
        )
    for table in (
        "server_key", "contact", "recheck", "link", "exposure", "cluster_server", "hunt_server", "hunt_hit",
        "step_done", "star",
    ):  # fmt: skip
        database.run(f"DELETE FROM {table} WHERE server_id = ?", (gone,))
