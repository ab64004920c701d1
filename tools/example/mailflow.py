"""Mail from outside: SMTP session, transport agent, message tracking."""

import random
from datetime import date

from example.columns import AGENT, SMTP, TRACKING
from example.scene import (
    FQDN,
    SERVER,
    SERVER_IP,
    User,
    build_at,
    day_start,
    guid,
    is_school_day,
    iso,
    public_address,
    version_text,
)
from example.server import Sink
from example.staff import HOURS_FREE, HOURS_SCHOOL
from example.weblogs import csv_row

SENDERS = ("news", "office", "j.doe", "no-reply", "parent")
SENDER_DOMAINS = ("vendor.example", "county.example", "families.example", "state.example")
SUBJECTS = ("Bus schedule", "Board meeting, agenda", "Re: field trip", "Invoice", "Lunch menu", "Café order")
PER_DAY = {True: 75, False: 12}
"""Mails on school days and on free days at scale 1."""


def mail_day(sink: Sink, rng: random.Random, day: date, users: tuple[User, ...], scale: float) -> None:
    """The mails of one day."""
    school = is_school_day(day)
    for number in range(int(PER_DAY[school] * scale)):
        hour = rng.choices(range(24), HOURS_SCHOOL if school else HOURS_FREE)[0]
        t = day_start(day) + hour * 3_600_000 + rng.randrange(3_600_000)
        _mail(sink, rng, t, number, rng.choice(users))


def _mail(sink: Sink, rng: random.Random, t: int, number: int, user: User) -> None:
    domain = rng.choice(SENDER_DOMAINS)
    sender = f"{rng.choice(SENDERS)}{rng.randrange(99)}@{domain}"
    ip, session = public_address(rng), f"08D8{rng.getrandbits(48):012X}"
    message, network = f"<{rng.getrandbits(80):020x}@{domain}>", guid(rng)
    remote = f"[{ip}]:{rng.randrange(20000, 60000)}" if ":" in ip else f"{ip}:{rng.randrange(20000, 60000)}"
    talk = (
        ("+", ""),
        (">", f"220 {FQDN} Microsoft ESMTP MAIL Service ready"),
        ("<", f"EHLO mx.{domain}"),
        (">", f"250  {FQDN} Hello [{ip}]"),
        ("<", f"MAIL FROM:<{sender}>"),
        ("<", f"RCPT TO:<{user.address}>"),
        ("<", "DATA"),
        (">", f"250 2.6.0 {message} Queued mail for delivery"),
        ("-", "Local"),
    )
    connector = f"{SERVER}\\Default Frontend {SERVER}"
    for step, (event, data) in enumerate(talk):
        when = t + step * 130
        values = (iso(when), connector, session, str(step), f"{SERVER_IP}:25", remote, event, data, "")
        sink.add("smtp_receive", when, _named(SMTP, dict(zip(SMTP, values, strict=True))))
    t += 800
    sink.add("agent", t, _named(AGENT, {
        "Timestamp": iso(t), "SessionId": session, "LocalEndpoint": SERVER_IP, "RemoteEndpoint": remote,
        "EnteredOrgFromIP": ip, "MessageId": message, "P1FromAddress": sender,
        "P2FromAddresses": f"{sender};", "Recipient": user.address, "NumRecipients": "1",
        "Agent": "Inbound Trust Agent", "Event": "OnEndOfHeaders", "Action": "ModifyHeaders",
        "Diagnostics": "Cross premises headers filtered", "NetworkMsgID": network,
        "Directionality": "Incoming",
    }))  # fmt: skip
    common = {
        "client-ip": ip, "server-ip": SERVER_IP, "server-hostname": SERVER, "connector-id": connector,
        "internal-message-id": str(70_000_000 + number), "message-id": message, "network-message-id": network,
        "recipient-address": user.address, "total-bytes": str(rng.randrange(4000, 900_000)),
        "recipient-count": "1", "message-subject": rng.choice(SUBJECTS), "sender-address": sender,
        "return-path": sender, "directionality": "Incoming", "original-client-ip": ip,
        "original-server-ip": SERVER_IP, "custom-data": f"S:FirstForestHop={FQDN};S:DeliveryPriority=Normal",
        "transport-traffic-type": "Email", "schema-version": version_text(build_at(t)),
    }  # fmt: skip
    for late, source, event in ((300, "SMTP", "RECEIVE"), (1100, "STOREDRIVER", "DELIVER")):
        when = t + late
        own = {"date-time": iso(when), "source-context": f"{session};{iso(when)};0", "log-id": guid(rng)}
        row = _named(TRACKING, common | own | {"source": source, "event-id": event})
        sink.add("tracking", when, row)


def _named(names: tuple[str, ...], values: dict[str, str]) -> bytes:
    return csv_row(values.get(name, "") for name in names)
