"""Which records name the server that wrote them, and which names say nothing."""

import re
from functools import cache

import msgspec

from exsweep.knowledge.data_files import document


class OwnNames(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See `data/servers.yml`."""

    of_others: frozenset[str]
    """Formats whose rows list many servers, or are made on another one."""
    no_names: tuple[str, ...]
    """Regexes (RE2 subset, upper case, the whole name): names that say nothing."""
    read: str
    source: tuple[str, ...]

    def says_something(self, name: str) -> bool:
        """`name` in upper case, without its domain."""
        return _nothing().fullmatch(name) is None


@cache
def own_names() -> OwnNames:
    return document("servers.yml", OwnNames)


@cache
def _nothing() -> re.Pattern[str]:
    return re.compile("|".join(own_names().no_names))
