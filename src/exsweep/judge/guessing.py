"""Did one of the guessed passwords fit? Requests with a name, answered, from an address that had guessed before."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from exsweep.judge import facts
from exsweep.knowledge.judging import judging
from exsweep.knowledge.rules import Rule, RuleState
from exsweep.model import Hit, Observations


def guessers(hits: Iterable[Hit], rules: Mapping[str, Rule]) -> tuple[str, ...]:
    """Public addresses that guessed passwords, sorted. Behind a private one stands a load balancer with everybody."""
    return tuple(sorted(_began(hits, rules)))


def signed_in(seen: Observations, rules: Mapping[str, Rule]) -> Iterator[Hit]:
    """The first request of each name from an address, after it had begun to guess, as a hit of the rule that says so.

    A name that came from this address before the guessing is somebody who always comes from there.
    """
    rule = next((each for each in rules.values() if each.state is RuleState.FOLLOWS), None)
    began = _began(seen.hits, rules)
    if rule is None or not began:
        return
    told: set[tuple[str, str]] = set()
    for hit in sorted(seen.context, key=lambda one: (one.time is None, one.time, one.origin.path)):
        address, name = facts.address(hit), hit.fields.get("user.name", "").lower()
        start = began.get(address or "")
        if address is None or start is None or hit.time is None or not facts.answered_to_a_name(hit):
            continue
        if (address, name) in told:
            continue
        told.add((address, name))
        if start <= hit.time <= start + timedelta(days=judging().guessed_within_days):
            yield msgspec.structs.replace(hit, rule=rule.id)


def _began(hits: Iterable[Hit], rules: Mapping[str, Rule]) -> dict[str, datetime]:
    """Address -> first guess."""
    found: dict[str, datetime] = {}
    for hit in hits:
        address = facts.address(hit)
        guessed = rules[hit.rule].campaign == judging().guessing and hit.count > 1
        if guessed and address and hit.time and not facts.is_private(address):
            found[address] = min(found.get(address, hit.time), hit.time)
    return found
