"""The made-up nation: the same for the same seed, full of what real fleets have, and read by the fleet as it is meant."""

import signal
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from exsweep.cli import run
from exsweep.fleet import audit, clusters, intake, patching, queue
from exsweep.fleet.nation import simulate
from exsweep.fleet.store import Fleet
from exsweep.knowledge.check_fleet import problems_of_fleet
from exsweep.knowledge.sectors import sector_named, sector_of
from exsweep.model import decode, encode
from tests.fleet.build import NOW


def test_the_same_seed_gives_the_same_nation_and_another_gives_another() -> None:
    first, again = list(simulate(20, 5)), list(simulate(20, 5))
    assert first == again and first != list(simulate(20, 6))
    assert all(decode(encode(one)) == one for one, _ in first)


def test_a_made_up_nation_is_sorted_as_its_truth_says(tmp_path: Path) -> None:
    truth = {}
    with Fleet.open(tmp_path / "fleet.db", who="t") as fleet:

        def reads():  # type: ignore[no-untyped-def]  # pairs, as a source gives them
            for one, real in simulate(600, 3):
                truth[one.server.name] = real
                yield "made up", one

        intake.add(fleet, reads(), now=NOW)
        numbers = queue.numbers(fleet)
        assert (
            numbers.total
            == 600
            == sum(
                (numbers.in_use, numbers.broken_into, numbers.suspicious, numbers.no_signs, numbers.unknown)
            )
        )
        names = fleet.database.run("SELECT name FROM server WHERE tier <= 2")
        assert all(truth[name].broken_into is not None for (name,) in names)
        clusters.compute(fleet, NOW)
        members = fleet.database.run(
            "SELECT m.cluster_id, s.name FROM cluster_server m JOIN server s ON s.id = m.server_id"
        )
        found: dict[int, Counter[int | None]] = {}
        for cluster, name in members:
            found.setdefault(int(cluster), Counter())[truth[name].campaign] += 1
        assert sum(each.most_common(1)[0][1] for each in found.values()) >= 0.8 * len(members)
        rate = patching.patching(fleet, "ProxyLogon", date(2021, 3, 9), date(2021, 3, 22))
        assert rate.half_life is not None and rate.uncertain is not None
        assert abs(rate.half_life - 7.5) < 3 * rate.uncertain


_DIES = """
import os, signal, sys
from exsweep.fleet import intake
from exsweep.fleet.nation import simulate
from exsweep.fleet.store import Fleet

def kill(done):
    if done.assessments >= 400:
        os.kill(os.getpid(), signal.SIGKILL)

with Fleet.open(sys.argv[1], who="t") as fleet:
    intake.add(fleet, (("made up", one) for one, _ in simulate(600, 3)), now=1_615_500_000, seen=kill)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_run_that_was_killed_lost_nothing_and_the_next_doubles_nothing(tmp_path: Path) -> None:
    store = tmp_path / "fleet.db"
    killed = subprocess.run([sys.executable, "-c", _DIES, store], check=False)
    assert killed.returncode == -signal.SIGKILL
    with Fleet.open(store, who="t") as fleet:
        done = intake.add(fleet, (("made up", one) for one, _ in simulate(600, 3)), now=NOW)
        assert (done.assessments, done.again, queue.numbers(fleet).total) == (200, 400, 600)
        findings = fleet.database.number("SELECT COUNT(*) FROM finding")
        assert findings == fleet.database.number("SELECT SUM(findings) FROM assessment")
        assert findings == fleet.database.number("SELECT SUM(findings) FROM rule_day")
        assert audit.broken_at(fleet.database) is None


def test_made_up_servers_do_not_go_among_real_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["fleet", "--store", str(tmp_path / "f.db"), "simulate", "--servers", "3"]
    assert run(command) == 0
    assert run(command) == 2
    assert "do not go among them" in capsys.readouterr().err


def test_the_fleets_knowledge_is_whole() -> None:
    assert not list(problems_of_fleet())


def test_sectors_come_from_lists_and_never_from_a_guess() -> None:
    assert sector_of("mail.anything.k12.tx.us").sector == "school"
    assert sector_of("mail.anything.k12.tx.us").region == "TX"
    assert sector_of("mail.mit.edu").sector == "university"
    assert sector_of("police-hospital-school.example").sector == "other"
    assert (sector_named("Hospitals"), sector_named("nonsense"), sector_named(None)) == ("health", None, None)
