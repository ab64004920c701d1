"""Counts and rates by sector or region; small cells are hidden in views that others see."""

import msgspec

from exsweep.errors import UsageError
from exsweep.fleet.reach import Tenants, within
from exsweep.fleet.store import Fleet
from exsweep.knowledge.sectors import sectors

SMALL = 5
"""Counts below this are hidden where others look. Source: fleet research, section 4."""
_BROKEN = ("in_use", "broken_into")


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One sector or region. None: fewer than five, or to be found out from the other numbers, so not shown."""

    name: str
    title: str
    servers: int | None
    broken_into: int | None
    """In use or broken into."""
    suspicious: int | None
    unknown: int | None
    """Cannot tell."""
    rate: float | None
    """Broken into per 1,000 servers."""


def groups(
    fleet: Fleet, by: str = "sector", *, shared: bool = False, tenants: Tenants = None
) -> tuple[Group, ...]:
    """All sectors (`by` = `sector`) or regions (`region`), most servers first.

    Raises:
        UsageError: another column.
    """
    if by not in ("sector", "region"):
        raise UsageError(f"Servers are not counted by {by!r}.", tip="Use sector or region.")
    condition, values = within(tenants)
    rows = fleet.database.run(
        f"SELECT COALESCE({by}, 'not known'), level, COUNT(*) FROM server WHERE {condition} "
        f"GROUP BY COALESCE({by}, 'not known'), level",
        values,
    )
    table: dict[str, dict[str, int]] = {}
    for name, level, count in rows:
        table.setdefault(str(name), {})[str(level)] = int(count)
    titles = sectors().titles if by == "sector" else {}
    found = [_group(name, titles.get(name, name), levels) for name, levels in table.items()]
    found.sort(key=lambda each: (-(each.servers or 0), each.name))
    return tuple(_hidden(found)) if shared else tuple(found)


def _group(name: str, title: str, levels: dict[str, int]) -> Group:
    servers = sum(levels.values())
    broken = sum(levels.get(level, 0) for level in _BROKEN)
    return Group(
        name=name,
        title=title,
        servers=servers,
        broken_into=broken,
        suspicious=levels.get("suspicious", 0),
        unknown=levels.get("cannot_tell", 0),
        rate=round(1000 * broken / servers, 1),
    )


def _hidden(found: list[Group]) -> list[Group]:
    """Small counts go, and the next smallest of the same column with a lone one: the total would give it away."""
    kept = found
    for column in ("servers", "broken_into", "suspicious", "unknown"):
        values = {at: getattr(each, column) for at, each in enumerate(kept)}
        small = {at for at, value in values.items() if 0 < value < SMALL}
        if len(small) == 1:
            rest = [(value, at) for at, value in values.items() if at not in small and value > 0]
            small |= {min(rest)[1]} if rest else set()
        kept = [
            msgspec.structs.replace(
                each,
                **{column: None},
                **({"rate": None} if column in ("servers", "broken_into") else {}),
            )
            if at in small
            else each
            for at, each in enumerate(kept)
        ]
    return kept
