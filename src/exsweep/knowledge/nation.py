"""Rates from which a nation of servers is made up, from `data/fleet/nation.yml`."""

from datetime import date
from functools import cache

import msgspec

from exsweep.knowledge.data_files import document


class Nation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See the comments in the file. Rates are per server and day; shares lie between 0 and 1."""

    version: int
    source: tuple[str, ...]
    exposed_world: int
    patched: date
    updates: dict[date, float]
    break_ins: dict[date, float]
    last_day: date
    builds: tuple[tuple[str, str, float], ...]
    sectors: dict[str, float]
    campaigns: int
    alone: float
    same_hash: float
    same_shape: float
    random_name: float
    public_page: float
    shared_exit: float
    wave_name: str
    wave_share: float
    log_days: dict[int, float]
    no_files: float
    in_use: float
    hands_on: float
    findings_per_server: int


@cache
def nation() -> Nation:
    """The shipped rates."""
    return document("fleet/nation.yml", Nation)
