"""What is fuzzed for long by `make fuzz` stands up to its seeds and to a little random damage in every test run."""

import random

import pytest

from tests.evidence.build import damage
from tests.fuzz.targets import TARGETS, seeds

pytestmark = pytest.mark.hostile


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_their_damage_raise_nothing(name: str) -> None:
    target, dice = TARGETS[name], random.Random(name)
    given = list(seeds(name))
    assert given
    for data in given:
        target(data)
        for seed in range(6):
            torn = damage(data, dice.choice((1, 5, 40)), seed) if data else b""
            target(torn[: dice.randrange(1, len(torn) + 1)] if seed % 2 else torn)
    target(b"")
