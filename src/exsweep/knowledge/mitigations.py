"""Protections that stand in for an update, and how they look in a configuration."""

import re
from functools import cache

import msgspec

from exsweep.knowledge.data_files import document


class Mitigation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of rule."""

    id: str
    name: str
    cves: tuple[str, ...]
    marks: tuple[str, ...]
    say: str
    """What it does not do."""
    source: tuple[str, ...]


@cache
def mitigations() -> tuple[Mitigation, ...]:
    """All known ones."""
    return document("mitigations.yml", tuple[Mitigation, ...])


def mitigation_of(rule: str) -> Mitigation | None:
    """The mitigation that a rewrite rule belongs to; `rule`: its name, pattern and conditions.

    >>> mitigation_of("X-AnonResource-Backend Abort - inbound .* {HTTP_COOKIE}=(.*)X-AnonResource-Backend(.*)").id
    'eomt-proxylogon'
    """
    return next((each for each in mitigations() if all(re.search(mark, rule) for mark in each.marks)), None)
