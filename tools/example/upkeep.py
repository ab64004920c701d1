"""What the server writes without being asked: the daily address book, and HTTP.sys about lost connections."""

import random
from datetime import date

from example.scene import COLLECTED, OUTAGES, SERVER_IP, day_start, guid, iso, moment, public_address
from example.server import Sink
from example.weblogs import csv_row

OAB = "4f1c6a57-2b0d-4e8e-9a3c-d7a6b1f08c52"
ADDRESS_LIST = "93e0b1c4-71d5-4f2a-8c66-0a9be4d21f37"
OAB_TEMP = "C:\\Program Files\\Microsoft\\Exchange Server\\V15\\ClientAccess\\OAB\\Temp"


def address_book(sink: Sink, rng: random.Random, day: date) -> None:
    """The daily address book; once a download fails inside its own folder, which is harmless."""
    t = day_start(day) + 5 * 3_600_000 + rng.randrange(60_000)
    lines = [
        "Starting generation of '\\Default Offline Address Book'",
        "143 objects written, 0 skipped",
        "Generation finished",
    ]
    if day == date(2021, 2, 19):
        failed = f"{OAB_TEMP}\\a61c9d1e.tmp"
        lines.insert(1, f"Download failed and temporary file '{failed}' needs to be removed")
    trace = guid(rng)
    for number, line in enumerate(lines):
        when = t + number * 900
        sink.add("oabgenerator", when, csv_row((iso(when), "Information", trace, OAB, ADDRESS_LIST, line)))


def kernel_errors(sink: Sink, rng: random.Random, first: date) -> None:
    """HTTP.sys: idle connections all month, refused requests while the server was down."""
    t = day_start(first)
    while t < COLLECTED:
        t += rng.randrange(1_200_000, 6_000_000)
        sink.add("httperr", t, _httperr(rng, t, "- - - - - -", "Timer_ConnectionIdle -"))
    refused = "HTTP/1.1 POST /Microsoft-Server-ActiveSync/default.eas - 503 1"
    for begin, end in OUTAGES:
        for t in range(begin + 20_000, end, 17_000):
            sink.add("httperr", t, _httperr(rng, t, refused, "AppOffline MSExchangeSyncAppPool"))


def _httperr(rng: random.Random, t: int, asked: str, reason: str) -> bytes:
    client = f"{public_address(rng)} {rng.randrange(1025, 65000)}"
    return f"{moment(t):%Y-%m-%d %H:%M:%S} {client} {SERVER_IP} 443 {asked} {reason}".encode()
