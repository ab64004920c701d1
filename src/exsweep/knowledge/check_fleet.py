"""The linter of the fleet's knowledge: tables complete, shares whole, every sector and tier named, letters without gaps left."""

import math
import re
from collections.abc import Iterator
from itertools import product
from string import Formatter

import msgspec

from exsweep.knowledge.fleet import bod_outcome, fleet_words, links, queue_rules, ssvc_decision
from exsweep.knowledge.nation import nation
from exsweep.knowledge.problem import Problem
from exsweep.knowledge.sectors import sector_of, sectors
from exsweep.knowledge.words import FORBIDDEN

_GAPS = {"time", "end", "who", "reason", "until"}


def problems_of_fleet() -> Iterator[Problem]:
    """What is wrong with `data/fleet` and `data/sectors`."""
    rules = queue_rules()
    if not math.isclose(sum(msgspec.structs.astuple(rules.weights)), 100):
        yield Problem("fleet/queue.yml", "the weights do not add up to 100", "Mend them.")
    if not math.isclose(sum(msgspec.structs.astuple(rules.helpless)), 1):
        yield Problem("fleet/queue.yml", "the shares of `helpless` do not add up to 1", "Mend them.")
    yield from _tables()
    for sector, mission in rules.mission_of_sector.items():
        if sector not in sectors().titles or mission not in rules.mission:
            yield Problem("fleet/queue.yml", f"{sector}: {mission} is no sector or mission", "Compare.")
    for word, sector in sectors().words.items():
        if sector not in sectors().titles:
            yield Problem("sectors/sectors.yml", f"{word} means {sector}, which has no title", "Add it.")
    if sector_of("example.edu").sector not in sectors().titles:
        yield Problem("sectors/suffixes.csv", "edu is of no sector", "Run tools/convert_sectors.py.")
    for shape in sectors().patterns:
        fits = [re.search(shape.pattern, name) is not None for name in (shape.fits, shape.other)]
        if shape.sector not in sectors().titles or fits != [True, False]:
            yield Problem("sectors/sectors.yml", f"pattern {shape.pattern} fails its examples", "Mend it.")
    yield from _links()
    yield from _words()
    rates = nation()
    if not math.isclose(sum(share for _, _, share in rates.builds), 1):
        yield Problem("fleet/nation.yml", "the shares of the builds do not add up to 1", "Mend them.")


def _tables() -> Iterator[Problem]:
    rules = queue_rules()
    flags = (False, True)
    for kev, exposed, auto, total in product(flags, repeat=4):
        if bod_outcome(in_kev=kev, exposed=exposed, automatable=auto, total=total) not in rules.outcomes:
            yield Problem("fleet/bod_26_04.csv", "an outcome is not ranked in queue.yml", "Add it there.")
    for used, auto, total, mission in product(("none", "public poc", "active"), flags, flags, rules.mission):
        outcome = ssvc_decision(exploitation=used, automatable=auto, total=total, mission=mission)
        if outcome not in rules.decisions:
            yield Problem(
                "fleet/ssvc_coordinator.csv", f"{outcome} is not ranked in queue.yml", "Add it there."
            )


def _links() -> Iterator[Problem]:
    rules = links()
    named = {*rules.passed_on, *rules.hired, *rules.own_kinds, *rules.stop, *rules.lone_witnesses}.union(
        *rules.witnesses
    )
    for name in sorted(named - {*rules.kinds, "networks"}):
        yield Problem("fleet/links.yml", f"{name} is no kind of key", "Compare with `kinds`.")
    try:
        re.compile(rules.payload_mark)
    except re.error as error:
        yield Problem("fleet/links.yml", f"payload_mark: {error}", "Mend the pattern.")


def _words() -> Iterator[Problem]:
    words = fleet_words()
    for key, text in words.why.items():
        strange = {name for _, name, _, _ in Formatter().parse(text) if name} - _GAPS
        if strange:
            yield Problem(
                "fleet/words.yml", f"why.{key}: gaps {sorted(strange)} are never filled", "Mend it."
            )
    for text in (*words.why.values(), *words.letter.values(), *words.tiers.values()):
        if said := FORBIDDEN.search(text):
            yield Problem("fleet/words.yml", f"{said[0]!r} is never said: {text[:60]!r}", "Say it otherwise.")
