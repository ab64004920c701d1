"""The rhythm of a school week: how often which program of the staff talks to the server, hour by hour."""

import random
from datetime import date

from example.clients import Clients
from example.scene import User, day_start, is_school_day
from example.server import Server

HOURS_SCHOOL = (3, 2, 1, 1, 0, 0, 0, 0, 0, 1, 3, 12, 26, 30, 28, 27, 24, 26, 27, 25, 20, 12, 8, 5)
"""Weight of each UTC hour on a school day; the district lies five hours behind UTC."""
HOURS_FREE = (3, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 5, 6, 6, 6, 5, 6, 6, 5, 4, 4)
PER_DAY = {
    "outlook": 11.0, "phone": 22.0, "webmail": 6.0, "mac": 4.0,
    "feed": 2.0, "options": 1.6, "legacy": 1.2, "rest": 1.5,
}  # fmt: skip
"""Sessions of each kind on a school day at scale 1; a quarter of that on a free day."""
AT_THE_DESK = {True: 0.75, False: 0.05}
"""Share of sessions from inside the school, on school days and on free days."""


def staff_day(server: Server, rng: random.Random, day: date, users: tuple[User, ...], scale: float) -> None:
    """One UTC day of use: about 330 requests on a school day, 80 on a free one, times `scale`."""
    school = is_school_day(day)
    weights = HOURS_SCHOOL if school else HOURS_FREE
    clients = Clients(server, rng)
    for kind, per_day in PER_DAY.items():
        wanted = per_day * scale * (1.0 if school else 0.25)
        for _ in range(int(wanted) + (rng.random() < wanted % 1)):
            hour = rng.choices(range(24), weights)[0]
            t = day_start(day) + hour * 3_600_000 + rng.randrange(3_600_000)
            user = users[int(len(users) * rng.random() ** 1.6)]
            ip = user.desk_ip if rng.random() < AT_THE_DESK[school] else user.away_ip
            getattr(clients, kind)(t, user, ip)
