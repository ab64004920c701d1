"""Who may do what in `exsweep serve`, from `data/web/access.yml`."""

import datetime as dt
from enum import StrEnum
from functools import cache

import msgspec

from exsweep.knowledge.data_files import document


class Reach(StrEnum):
    """How far a right goes."""

    OWN = "own"
    """The tenants it was granted for."""
    ALL = "all"
    """Every tenant."""
    NONE = "none"
    """Things that belong to no tenant."""


class Role(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bundle of rights."""

    title: str
    reach: Reach
    may: frozenset[str]


class Access(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See the comments in `data/web/access.yml`."""

    version: int
    source: tuple[str, ...]
    date: dt.date
    actions: dict[str, str]
    roles: dict[str, Role]
    local: frozenset[str]


@cache
def access() -> Access:
    """The table of rights."""
    return document("web/access.yml", Access)
