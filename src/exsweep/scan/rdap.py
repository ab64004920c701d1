"""Answers of RDAP that the user saved: who takes reports of abuse for a domain or a network. Nothing is asked from here.

Source: RFC 9083 (objects `domain` and `ip network`, entities with roles), RFC 7095 (jCard). Registries forbid bulk questions,
and a question tells them whom we look at: so the user asks, with a client of their choice, and gives the answers.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from exsweep.scan.addresses import Address, TargetError, address, host_name

_MAIL = re.compile(r"[A-Za-z0-9._+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_DEEPEST = 4


class _Entity(msgspec.Struct, frozen=True):
    roles: tuple[str, ...] = ()
    card: Any = msgspec.field(name="vcardArray", default=None)
    entities: tuple["_Entity", ...] = ()


class _Object(msgspec.Struct, frozen=True):
    kind: str = msgspec.field(name="objectClassName", default="")
    name: str = msgspec.field(name="ldhName", default="")
    start: str = msgspec.field(name="startAddress", default="")
    end: str = msgspec.field(name="endAddress", default="")
    entities: tuple[_Entity, ...] = ()


@dataclass(slots=True)
class Rdap:
    """Mailboxes for abuse by domain, and by range of addresses."""

    domains: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: list[tuple[Address, Address, tuple[str, ...]]] = field(default_factory=list)
    bad: int = 0
    """Lines that are no answer of RDAP, or name nobody for abuse."""

    def of_domain(self, name: str) -> tuple[str, ...]:
        """Of the domain itself or the nearest one above it."""
        labels = name.lower().split(".")
        above = (".".join(labels[at:]) for at in range(len(labels) - 1))
        return next((self.domains[each] for each in above if each in self.domains), ())

    def of_address(self, one: Address) -> tuple[str, ...]:
        """Of the smallest range around the address."""
        around = [
            (int(end) - int(start), mails)
            for start, end, mails in self.ranges
            if start.version == one.version and int(start) <= int(one) <= int(end)
        ]
        return min(around, key=lambda each: each[0])[1] if around else ()


def read_rdap(lines: Iterable[str]) -> Rdap:
    """Saved answers, one JSON object a line; a line that is none is counted."""
    found = Rdap()
    for line in lines:
        if not line.strip():
            continue
        try:
            one = msgspec.json.decode(line, type=_Object)
            mails = tuple(dict.fromkeys(_abuse(one.entities, 0)))
            if not mails:
                found.bad += 1
            elif one.kind == "domain":
                found.domains[host_name(one.name)] = mails
            elif one.kind == "ip network":
                found.ranges.append((address(one.start), address(one.end), mails))
            else:
                found.bad += 1
        except (msgspec.MsgspecError, TargetError, RecursionError):
            found.bad += 1
    return found


def _abuse(entities: tuple[_Entity, ...], depth: int) -> Iterator[str]:
    for each in entities:
        if "abuse" in each.roles:
            yield from _mails(each.card)
        if depth < _DEEPEST:
            yield from _abuse(each.entities, depth + 1)


def _mails(card: object) -> Iterator[str]:
    """`["vcard", [["email", {}, "text", "abuse@example.net"], ...]]`."""
    rows = card[1] if isinstance(card, list) and len(card) > 1 and isinstance(card[1], list) else []
    for row in rows:
        mail = row[3] if isinstance(row, list) and len(row) > 3 and row[0] == "email" else None
        if isinstance(mail, str) and _MAIL.fullmatch(mail):
            yield mail.lower()
