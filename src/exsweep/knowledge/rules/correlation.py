"""A Sigma correlation rule as a frozen record: several matches within a time span, grouped by fields."""

import msgspec


class Seen(msgspec.Struct, frozen=True, tag="seen"):
    rule: str
    """Reference as written: name or id."""


class AllOf(msgspec.Struct, frozen=True, tag="all"):
    of: "tuple[Expression, ...]"


class AnyOf(msgspec.Struct, frozen=True, tag="any"):
    of: "tuple[Expression, ...]"


class NoneOf(msgspec.Struct, frozen=True, tag="none"):
    of: "tuple[Expression, ...]"


Expression = Seen | AllOf | AnyOf | NoneOf


class Correlation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Words and meaning of the Sigma correlation specification 2.1."""

    type: str
    """`event_count`, `value_count`, `temporal`, `temporal_ordered`, `value_sum`, `value_avg`, `value_percentile`,
    `value_median`."""
    rules: tuple[str, ...]
    """References as written; after loading, ids of rules of the same set."""
    generate: bool = False
    """The rules referred to make findings of their own too."""
    timespan_ms: int
    group_by: tuple[str, ...] = ()
    aliases: dict[str, dict[str, str]] = {}
    """Alias -> reference -> field of that rule's events."""
    op: str = ">="
    """`<`, `<=`, `>`, `>=`, `==`, `!=`."""
    threshold: float = 1.0
    fields: tuple[str, ...] = ()
    """What is counted, summed ...; several fields count as one combined value."""
    percentile: int | None = None
    expression: Expression | None = None
    """Extended condition of temporal rules: `a and not b`."""


def renamed(item: Expression, names: dict[str, str]) -> Expression:
    """The same expression over other references; a reference without a new name stays."""
    if isinstance(item, Seen):
        return Seen(names.get(item.rule, item.rule))
    return type(item)(tuple(renamed(one, names) for one in item.of))
