"""New rules judge the whole fleet from saved events; what changed is told, and why."""

import pytest

from exsweep.fleet import lake as lakes
from exsweep.fleet import rejudging
from exsweep.fleet.lake import Lake
from exsweep.fleet.recheck import Cause, Change
from exsweep.fleet.store import Fleet
from tests.hunt.conftest import NOW


def test_what_these_rules_judged_already_is_passed_over(fleet: Fleet, lake: Lake) -> None:
    done = rejudging.rejudge(fleet, lake, now=NOW + 60)
    assert (done.judged, done.already, done.changed) == (0, 3, ())


def test_rules_of_tomorrow_judge_all_from_saved_events_and_nothing_changes_where_they_say_the_same(
    fleet: Fleet, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer(monkeypatch)
    done = rejudging.rejudge(fleet, lake, now=NOW + 60)
    assert done.judged == 3 and not done.failed and not done.changed
    again = rejudging.rejudge(fleet, lake, now=NOW + 120)
    assert (again.judged, again.already) == (0, 3)
    rows = fleet.database.run("SELECT server_id, COUNT(*) FROM assessment GROUP BY server_id")
    assert [count for _, count in rows] == [2, 2, 2]


def test_a_finding_that_the_new_rules_do_not_make_is_gone_because_of_rules(
    fleet: Fleet, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer(monkeypatch)
    import msgspec

    from exsweep.assess import case

    whole = case.restored

    def fewer(*arguments: object) -> object:
        gathered = whole(*arguments)  # type: ignore[arg-type]
        kept = tuple(one for one in gathered.hits if "qwertzui" not in one.excerpt)
        return msgspec.structs.replace(gathered, hits=kept)

    monkeypatch.setattr(case, "restored", fewer)
    done = rejudging.rejudge(fleet, lake, now=NOW + 60)
    (changed,) = [one for one in done.changed if one.name == "a.example.test"]
    assert changed.tier_after > changed.tier_before or changed.before != changed.after
    assert {(each.change, each.cause) for each in changed.items} <= {
        (Change.GONE, Cause.RULES),
        (Change.NEW, Cause.RULES),
    }
    assert changed.items


def test_damaged_or_removed_events_are_told_and_the_others_judged(
    fleet: Fleet, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer(monkeypatch)
    one, two, _ = lakes.sets(fleet)
    for file in one.files:
        (lake.events(one.folder) / file.name).write_bytes(b"PAR1")
    lakes.remove(fleet, lake, [two.number], why="test", now=NOW)
    done = rejudging.rejudge(fleet, lake, now=NOW + 60)
    assert done.judged == 1 and len(done.failed) == 1 and done.unkept == 1


def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the knowledge had gone on since."""
    monkeypatch.setattr("exsweep.fleet.rejudging.version", lambda: "9999 tomorrow")
    monkeypatch.setattr("exsweep.assess.case.version", lambda: "9999 tomorrow")
