"""A made-up nation of servers with known truth: to show, to measure and to test the fleet without anyone's evidence.

Made from rates alone (`data/fleet/nation.yml`) and a seed; the same seed gives the same nation.
"""

import hashlib
import math
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import msgspec

from exsweep.fleet.nation_records import Bits, assessment_of, noise
from exsweep.knowledge.nation import Nation, nation
from exsweep.model import Assessment

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """What really happened to one made-up server."""

    name: str
    sector: str
    updated: datetime | None
    broken_into: datetime | None
    campaign: int | None
    """Number of the campaign; None: of none, or not broken into."""
    blind: bool
    """Its logs begin after the break-in."""


class Campaign(msgspec.Struct, frozen=True):
    """What one group of intruders leaves on many servers."""

    number: int
    addresses: tuple[str, ...]
    agent: str
    hashes: tuple[str, ...]
    names: tuple[str, ...]
    payload: str
    task: str | None


def simulate(servers: int, seed: int = 1, rates: Nation | None = None) -> Iterator[tuple[Assessment, Truth]]:
    """The nation, server by server. `rates`: others than those in `data/fleet/nation.yml`."""
    rates = rates or nation()
    chance = random.Random(seed)  # noqa: S311 - a made-up nation, no secret
    campaigns = [_campaign(number, chance) for number in range(rates.campaigns)]
    sizes = [1 / (number + 1) for number in range(rates.campaigns)]
    public = tuple(_hash(chance) for _ in range(3))
    pool = noise(chance)
    for number in range(servers):
        updated = _first(rates.updates, rates.last_day, chance)
        broken = _first(rates.break_ins, rates.last_day, chance)
        if broken is not None and updated is not None and broken >= updated:
            broken = None
        lone = broken is not None and chance.random() < rates.alone
        who = _campaign(-1, chance) if lone else chance.choices(campaigns, sizes)[0] if broken else None
        yield _server(number, updated, broken, who, public, pool, rates, chance)


def _server(
    number: int,
    updated: datetime | None,
    broken: datetime | None,
    who: Campaign | None,
    public: tuple[str, ...],
    pool: Bits,
    rates: Nation,
    chance: random.Random,
) -> tuple[Assessment, Truth]:
    sector = _pick(rates.sectors, chance)
    last = datetime.combine(rates.last_day, time(), UTC)
    end = datetime.combine(date(rates.last_day.year, 3, 10), time(), UTC) + (
        (last - datetime(rates.last_day.year, 3, 10, tzinfo=UTC)) * chance.random()
    )
    start = end - timedelta(
        days=int(_pick({str(day): share for day, share in rates.log_days.items()}, chance))
    )
    happened = broken if broken is not None and broken < end else None
    name = f"mail{number}.org{number}.example"
    page, path = "", ""
    if happened is not None and who is not None:
        page = chance.choice(who.hashes) if chance.random() < rates.same_hash else _hash(chance)
        if chance.random() < rates.public_page:
            page = chance.choice(public)
        path = f"/aspnet_client/{_word(8, chance)}.aspx"
        if chance.random() >= rates.random_name:
            path = chance.choice(who.names)
    address = chance.choice(who.addresses) if who else ""
    if address and chance.random() < rates.shared_exit:
        address = f"203.0.113.{chance.randint(1, 20)}"
    made = assessment_of(
        name=name,
        sector=sector,
        branch=chance.choices(rates.builds, [each[2] for each in rates.builds])[0][:2],
        start=start,
        end=end,
        updated=updated,
        broken=happened,
        address=address,
        agent=who.agent if who else "",
        payload=who.payload if who else "",
        task=who.task if who and chance.random() < rates.hands_on else None,
        page=page if chance.random() >= rates.no_files else "",
        shape=_shape(page, who, public, rates) if page and who else "",
        path=path,
        wave=rates.wave_name if happened and chance.random() < rates.wave_share else None,
        used=happened is not None and chance.random() < rates.in_use,
        findings=pool.some(chance, rates.findings_per_server),
    )
    truth = Truth(
        name=name,
        sector=sector,
        updated=updated,
        broken_into=happened,
        campaign=who.number if happened is not None and who is not None and who.number >= 0 else None,
        blind=happened is not None and happened < start,
    )
    return made, truth


def _shape(page: str, who: Campaign, public: tuple[str, ...], rates: Nation) -> str:
    """A page with a hash of its own is mostly a campaign's page with another word or layout; told by the hash itself, so
    that the nation stays the one it was."""
    kept = page in who.hashes or (page not in public and int(page[:6], 16) < rates.same_shape * 0xFFFFFF)
    of = who.payload if kept else page
    return f"200-{hashlib.sha256(of.encode()).hexdigest()[:32]}"


def _first(rates: dict[date, float], last: date, chance: random.Random) -> datetime | None:
    """The first event of a process whose rate changes on the given days; None: not before the last day."""
    days = sorted(rates)
    left = -math.log(1 - chance.random())
    for at, day in enumerate(days):
        until = days[at + 1] if at + 1 < len(days) else last
        length = (until - day).days
        if rates[day] > 0 and left < rates[day] * length:
            return datetime.combine(day, time(), UTC) + timedelta(days=left / rates[day])
        left -= rates[day] * length
    return None


def _campaign(number: int, chance: random.Random) -> Campaign:
    net = f"198.{chance.randint(18, 19)}"  # RFC 2544: addresses that are nobody's
    return Campaign(
        number=number,
        addresses=tuple(
            f"{net}.{chance.randint(1, 250)}.{chance.randint(1, 250)}" for _ in range(chance.randint(1, 6))
        ),
        agent=f"agent/{chance.randint(1, 9)}.{chance.randint(0, 40)}",
        hashes=tuple(_hash(chance) for _ in range(chance.randint(1, 4))),
        names=tuple(f"/aspnet_client/{_word(chance.randint(4, 7), chance)}.aspx" for _ in range(2)),
        payload=_word(12, chance),
        task=_word(7, chance) if chance.random() < 0.5 else None,
    )


def _word(length: int, chance: random.Random) -> str:
    return "".join(chance.choices(_LETTERS, k=length))


def _hash(chance: random.Random) -> str:
    return f"{chance.getrandbits(256):064x}"


def _pick(shares: dict[str, float], chance: random.Random) -> str:
    names, weights = _table(tuple(shares.items()))
    return chance.choices(names, cum_weights=weights)[0]


@lru_cache(64)
def _table(shares: tuple[tuple[str, float], ...]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    total, sums = 0.0, []
    for _, share in shares:
        total += share
        sums.append(total)
    return tuple(name for name, _ in shares), tuple(sums)
