"""The fiction: who the district is, which server it runs, what happened to that server and when.

Every name ends in `.example`, every public address is of RFC 5737 or RFC 3849: it points at nobody.
"""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

SEED = 20210228

ORGANISATION = "Cedar Hollow Unified School District"
DOMAIN = "cedarhollow.example"
NETBIOS = "CEDARHOLLOW"
SERVER = "MAIL01"
FQDN = f"{SERVER}.{DOMAIN}"
PUBLIC_HOST = f"mail.{DOMAIN}"
AUTODISCOVER_HOST = f"autodiscover.{DOMAIN}"
DC = f"DC01.{DOMAIN}"
MACHINE = f"{NETBIOS}\\{SERVER}$"
"""The computer account, under whose name the front end speaks to the back end."""
SERVER_IP = "10.20.0.25"
SERVER_LINK_LOCAL = "fe80::9c4e:51d2:7ab0:1f3c%6"
SID_BASE = "S-1-5-21-3184720116-2290417583-1407755226"
DATABASES = ("6a0c5a7e-3a0b-4c53-9d0a-55a2f6c0b7d1", "c1d7e0f4-8a92-4c1e-b6a5-0f4e27a9913b")

Build = tuple[int, int, int, int]
BUILD_BEFORE: Build = (15, 1, 2106, 2)
BUILD_AFTER: Build = (15, 1, 2106, 13)


def ms(text: str) -> int:
    """Unix milliseconds of an ISO time in UTC: `2021-02-28T04:10:21.334`."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def moment(time_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)


def iso(time_ms: int) -> str:
    """`2021-02-28T04:10:21.334Z`, the form of all Exchange logs."""
    return moment(time_ms).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time_ms % 1000:03d}Z"


FIRST_IIS = date(2021, 2, 1)
"""IIS removes nothing by itself; the administrator moved older files away."""
FIRST_EXCHANGE = ms("2021-02-07T14:00:00")
"""Exchange keeps about 30 days."""
COLLECTED = ms("2021-03-09T14:05:00")

OUTAGES = (
    (ms("2021-02-21T08:30:00"), ms("2021-02-21T08:41:30")),
    (ms("2021-03-03T11:05:10"), ms("2021-03-03T11:51:40")),
)
"""Monthly reboot, and the security update of 3 March at six in the morning of the district."""
PATCHED = OUTAGES[1][1]
WIDE_IIS = (ms("2021-02-16T15:20:00"), ms("2021-02-17T19:45:00"))
"""The administrator logged sizes for a day: columns of the front end site change within two files."""
DISK_FULL = date(2021, 2, 18)
"""The back end site could not write its log on that day."""


def day_start(day: date) -> int:
    """Unix milliseconds of midnight UTC."""
    return round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def is_school_day(day: date) -> bool:
    """Presidents' Day is free."""
    return day.weekday() < 5 and day != date(2021, 2, 15)


def build_at(time_ms: int) -> Build:
    return BUILD_AFTER if time_ms >= PATCHED else BUILD_BEFORE


def version_text(build: Build) -> str:
    """`15.01.2106.002`, as in the `#Version` lines."""
    return f"{build[0]:02d}.{build[1]:02d}.{build[2]:04d}.{build[3]:03d}"


def version_number(build: Build) -> int:
    """The packed number behind `BEVersion-` (checked against published rows of 15.1.2375 and 15.1.1466)."""
    return 0x7000_8000 + (build[0] << 22) + (build[1] << 16) + build[2]


def restarts_before(time_ms: int) -> int:
    return sum(time_ms >= end for _, end in OUTAGES)


def is_down(time_ms: int) -> bool:
    return any(begin <= time_ms < end for begin, end in OUTAGES)


@dataclass(frozen=True, slots=True)
class User:
    """A mailbox and the machines it is read from."""

    name: str
    sid: str
    mailbox: str
    database: str
    desk_ip: str
    away_ip: str
    outlook: str
    phone: str
    phone_id: str
    browser: str

    @property
    def login(self) -> str:
        return f"{NETBIOS}\\{self.name}"

    @property
    def address(self) -> str:
        return f"{self.name}@{DOMAIN}"


OUTLOOK = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0."
OUTLOOKS = (4266, 12527, 13628, 13801)
FIRST = [
    "amy",
    "ben",
    "carla",
    "dan",
    "elena",
    "frank",
    "gina",
    "hugo",
    "iris",
    "jon",
    "kara",
    "luis",
    "mona",
    "ned",
    "olga",
    "paul",
    "rita",
    "sam",
    "tess",
    "victor",
    "wanda",
    "zack",
]
LAST = [
    "abbott",
    "baker",
    "castillo",
    "dunn",
    "ellis",
    "fisher",
    "garner",
    "hayes",
    "ingram",
    "jensen",
    "keller",
    "lopez",
    "moreno",
    "nash",
    "ortiz",
    "perry",
]
ROLES = ("superintendent", "payroll", "helpdesk", "frontoffice", "nurse", "transport")

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
BROWSERS = (
    f"{WINDOWS} {WEBKIT} Chrome/88.0.4324.182 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:85.0) Gecko/20100101 Firefox/85.0",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Chrome/88.0.4324.192 Safari/537.36",
    f"Mozilla/5.0 (X11; CrOS x86_64 13597.94.0) {WEBKIT} Chrome/88.0.4324.186 Safari/537.36",
    f"{WINDOWS} {WEBKIT} Chrome/88.0.4324.150 Safari/537.36 Edg/88.0.705.68",
)
PHONES = (
    "Apple-iPhone12C1/1803.96",
    "Apple-iPhone10C4/1802.108",
    "Android-SAMSUNG-SM-G975U/101.10",
    "Outlook-iOS-Android/1.0",
    "Apple-iPad7C11/1803.96",
)


def guid(rng: random.Random) -> str:
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-9{text[17:20]}-{text[20:]}"


CANARY = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789_-"


def canary(rng: random.Random) -> str:
    """The token that ECP puts into every address of a session: 76 characters and a dot."""
    return "".join(rng.choices(CANARY, k=76)) + "."


def stream(seed: int, *purpose: object) -> random.Random:
    """A generator of its own for each purpose: more of one thing does not shift the others."""
    return random.Random(":".join(str(part) for part in (seed, *purpose)))


def public_address(rng: random.Random) -> str:
    """Any of the three documentation networks, so that no network alone gives the intruder away."""
    network = rng.choice(("192.0.2", "198.51.100", "203.0.113"))
    return f"{network}.{rng.choice([n for n in range(2, 255) if n not in RESERVED])}"


RESERVED = frozenset(
    (77, 142, 9, 18, 31, 45, 58, 64, 90, 101, 117, 133, 160, 171, 188, 199, 205, 219, 233, 240)
)
"""Last octets kept for named strangers: staff never come from them."""


def people(seed: int, count: int) -> tuple[User, ...]:
    """`count` mailboxes, the six role mailboxes first."""
    rng = stream(seed, "people")
    given = [f"{first[0]}{last}" for first in FIRST for last in LAST]
    rng.shuffle(given)
    names = [*ROLES, *given, *(f"staff{n:04d}" for n in range(count))][:count]
    return tuple(_user(rng, number, name) for number, name in enumerate(names))


def _user(rng: random.Random, number: int, name: str) -> User:
    version_six = f"2001:db8:{rng.randrange(1, 0xFFFF):x}::{rng.randrange(2, 0xFFFF):x}"
    return User(
        name=name,
        sid=f"{SID_BASE}-{1120 + number * 3}",
        mailbox=guid(rng),
        database=rng.choice(DATABASES),
        desk_ip=f"10.20.{rng.randrange(4, 12)}.{rng.randrange(10, 250)}",
        away_ip=version_six if rng.random() < 0.06 else public_address(rng),
        outlook=f"{OUTLOOK}{rng.choice(OUTLOOKS)}; Pro)",
        phone=rng.choice(PHONES),
        phone_id=f"{rng.getrandbits(128):032X}"[:26],
        browser=rng.choice(BROWSERS),
    )
