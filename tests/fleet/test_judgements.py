"""Clusters, curves, updates and re-checks, each by what it must not get wrong."""

import math
import random
from collections import Counter
from datetime import date

import msgspec

from exsweep.fleet import curves, patching, recheck
from exsweep.fleet.grouping import Grouped, group
from exsweep.fleet.history import broken
from exsweep.fleet.keys import link_keys
from exsweep.fleet.nation import simulate
from exsweep.fleet.recheck import Cause, Change
from exsweep.fleet.store import Fleet
from exsweep.knowledge.fleet import links
from exsweep.knowledge.nation import nation
from exsweep.model import Level, Stage
from tests.fleet.build import assessed, at, finding, page
from tests.fleet.conftest import Add

DROP = finding("DROP", Stage.DROP, "03-03 04:10")
USE = finding("USE", Stage.WEBSHELL_USE, "03-05 04:10", url_path="/a.aspx")


def test_random_eight_letter_names_do_not_link() -> None:
    letters = random.Random(7)
    rows = [
        (server, "shell_path", "/aspnet_client/" + "".join(letters.choices("abcdefghij", k=8)) + ".aspx")
        for server in range(3_000)
    ]
    grouped = group(rows, 30_000, links())
    assert len(set(grouped.labels)) == len({value for _, _, value in rows})


def test_a_common_name_alone_does_not_link_but_with_more_it_does() -> None:
    common = [(server, "shell_path", "/owa/auth/common.aspx") for server in range(300)]
    assert len(set(group(common, 30_000, links()).labels)) == 300
    more = [(server, "address", "203.0.113.9") for server in range(5)]
    labels = group(common + more, 30_000, links()).labels
    assert len(set(labels[:5])) == 1 and len(set(labels)) == 296


def test_a_page_that_anyone_can_have_ties_nobody_but_an_own_one_does() -> None:
    public = [(server, "shell_sha256", "p" * 64) for server in range(0, 60, 6)]
    own = [(server, "shell_sha256", "o" * 64) for server in (100, 101, 102)]
    groups = [(server, kind, str(server // 6)) for server in range(60) for kind in ("address", "actor")]
    labels = group(public + own + groups, 30_000, links())
    of = dict(zip(labels.servers, labels.labels, strict=True))
    assert len({of[server] for server in range(60)}) == 10
    assert len({of[server] for server in (100, 101, 102)}) == 1


def test_an_exit_that_unlike_intruders_hire_ties_nobody_but_an_own_address_does() -> None:
    orders = [(server, "payload", f"{server // 6:064x}") for server in range(60)]
    hired = [(server, "address", "203.0.113.9") for server in range(0, 60, 6)]
    through = [(server, "actor", "203.0.113.9|agent/1.0|00") for server in (0, 6)]
    own = [(server, "address", "203.0.113.77") for server in range(1, 6)]
    grouped = group(orders + hired + through + own, 30_000, links())
    of = dict(zip(grouped.servers, grouped.labels, strict=True))
    assert len({of[server] for server in range(60)}) == 10 and of[1] == of[5]


def test_a_lone_server_joins_the_one_cluster_that_has_its_name_and_none_where_two_have_it() -> None:
    clusters = [(server, "payload", f"{server // 40:064x}") for server in range(80)]
    named = [(server, "shell_path", "/own.aspx") for server in (*range(20), 100)]
    both = [(server, "shell_path", "/both.aspx") for server in (*range(30, 50), 101)]
    grouped = group(clusters + named + both, 300, links())
    of = dict(zip(grouped.servers, grouped.labels, strict=True))
    assert of[100] == of[0] and of[101] not in (of[0], of[79])


def test_clusters_of_a_nation_are_pure_even_where_intruders_share_pages_and_exits() -> None:
    """Rates as in nation.yml, and much less tidy ones; bench/fleet.md has the same for 30,000 servers."""
    untidy = {"shared_exit": 0.3, "public_page": 0.2, "same_hash": 0.5}
    for changes, recall in (({}, 0.85), (untidy, 0.7)):
        rates = msgspec.structs.replace(nation(), findings_per_server=0, **changes)
        found = Counter[tuple[int, int | None]]()
        sizes: Counter[int | None] = Counter()
        rows: list[tuple[int, str, str]] = []
        truth: dict[int, int | None] = {}
        for number, (one, real) in enumerate(simulate(8_000, 11, rates)):
            truth[number] = real.campaign
            sizes[real.campaign] += real.campaign is not None
            rows += [(number, *key) for key in link_keys(one, b"a secret")]
        grouped = group(rows, 8_000, links())
        for server, label in zip(grouped.servers, grouped.labels, strict=True):
            found[label, truth[server]] += 1
        together = Counter[int]()
        for (label, _), count in found.items():
            together[label] += count
        right = sum(math.comb(count, 2) for (_, who), count in found.items() if who is not None)
        assert right >= 0.99 * sum(math.comb(count, 2) for count in together.values())
        assert right >= recall * sum(math.comb(count, 2) for count in sizes.values())


def test_a_page_on_one_server_of_two_intruders_and_on_some_with_other_words_makes_them_no_one() -> None:
    """Two of many servers each have it, by chance; those beside them have words that nobody else wrote."""
    words = [(server, "payload", f"{server // 40:064x}") for server in range(80)]
    page = [(server, "shell_sha256", "a" * 64) for server in (1, 41, 100, 101)]
    unlike = [(server, "payload", f"{server:064x}") for server in (100, 101)]
    of = labelled(group(words + page + unlike, 8_000, links()))
    assert of[1] != of[41]
    of = labelled(group(words + page, 8_000, links()))
    assert of[1] == of[41], "where nothing is known of the others, a rare page ties"


def test_an_intruder_who_writes_another_word_on_each_server_is_one_by_his_page() -> None:
    page = [(server, "shell_sha256", "a" * 64) for server in range(30)]
    words = [(server, "payload", f"{server:064x}") for server in range(30)]
    of = labelled(group(page + words, 8_000, links()))
    assert len({of[server] for server in range(30)}) == 1


def labelled(grouped: Grouped) -> dict[int, int]:
    return dict(zip(grouped.servers, grouped.labels, strict=True))


def test_the_order_of_the_rows_changes_no_cluster() -> None:
    rows = [(server, "shell_sha256", f"{server // 3:064x}") for server in range(99)]
    shuffled = rows.copy()
    random.Random(1).shuffle(shuffled)

    def parts(of: list[tuple[int, str, str]]) -> set[frozenset[int]]:
        grouped = group(of, 1_000, links())
        labels = set(grouped.labels)
        return {
            frozenset(
                one for one, label in zip(grouped.servers, grouped.labels, strict=True) if label == each
            )
            for each in labels
        }

    assert parts(rows) == parts(shuffled) and len(parts(rows)) == 33


def test_attempts_surveys_and_secret_words_give_no_key_in_the_clear() -> None:
    assert link_keys(assessed(Level.ATTACKED, DROP), b"k") == ()
    inside = assessed(Level.IN_USE, DROP, addresses=["10.0.0.1", "104.16.0.9", "not an address"])
    assert not [key for key in link_keys(inside, b"k") if key[0] in ("address", "actor")]


def test_the_way_in_gives_a_point_and_what_came_after_gives_a_span() -> None:
    point = broken(assessed(Level.BROKEN_INTO, DROP, USE))
    assert point is not None and point.earliest == point.latest
    span = broken(assessed(Level.BROKEN_INTO, USE))
    assert span is not None and span.earliest is not None and span.earliest < span.latest


def test_days_that_nobody_could_see_are_blind_and_nobody_is_left_out(fleet: Fleet, add: Add) -> None:
    add(
        assessed(Level.BROKEN_INTO, DROP, name="a.example.org"),
        assessed(name="b.example.org", end=at("03-01 00:00")),
    )
    add(assessed(Level.BROKEN_INTO, USE, name="c.example.org"))
    curve = curves.curve(fleet, date(2021, 2, 10), date(2021, 3, 4))
    days = {day.date: day for day in curve.days}
    assert days[date(2021, 3, 3)].broken_into == 1
    assert (days[date(2021, 2, 12)].seeing, days[date(2021, 2, 12)].blind) == (0, 3)
    assert (days[date(2021, 3, 2)].seeing, days[date(2021, 3, 2)].blind) == (2, 1)
    assert days[date(2021, 3, 3)].spread == 1 and curve.after == 1
    assert any("update" in mark.text for mark in curve.marks)


def test_updates_halve_the_open_servers_in_the_days_that_they_took(fleet: Fleet, add: Add) -> None:
    opened, fixed = "15.1.2106.2", "15.1.2106.13"
    add(
        *(
            assessed(
                name=f"{number}.example.org",
                builds=[
                    (opened, "02-20 00:00", f"03-{9 + number:02} 00:00"),
                    (fixed, f"03-{10 + number:02} 00:00", "03-30 00:00"),
                ],
            )
            for number in range(10)
        )
    )
    found = patching.patching(fleet, "ProxyLogon", date(2021, 3, 9), date(2021, 3, 30))
    assert (found.servers, found.updated, found.lost) == (10, 10, 0)
    assert found.days[4].share == 0.5 and found.half_life is not None and 3 < found.half_life < 4


def test_a_page_is_gone_only_where_pages_were_looked_at_again() -> None:
    before = assessed(Level.BROKEN_INTO, DROP, pages=[page("/a.aspx")])
    looked = recheck.diff(before, assessed(end=at("03-20 00:00"), pages=[]))
    assert {each.change for each in looked.items if each.what == "file"} == {Change.GONE}
    blind = recheck.diff(before, assessed(end=at("03-20 00:00")))
    assert {each.change for each in blind.items if each.what == "file"} == {Change.CANNOT_TELL}


def test_seen_again_after_cleaning_came_back() -> None:
    before = assessed(Level.IN_USE, USE)
    late = finding("USE", Stage.WEBSHELL_USE, "03-15 04:10", url_path="/a.aspx")
    after = assessed(Level.IN_USE, USE, late, end=at("03-20 00:00"))
    (item,) = recheck.diff(before, after, cleaned=at("03-12 00:00")).items
    assert item.change is Change.CAME_BACK and item.cause is Cause.EVIDENCE
    (still,) = recheck.diff(before, before).items
    assert still.change is Change.STILL_THERE and still.cause is None


def test_a_change_on_the_same_evidence_is_the_rules() -> None:
    before = assessed(Level.IN_USE, USE, manifest="aa" * 32)
    after = assessed(Level.NO_SIGNS, manifest="aa" * 32, knowledge="k2")
    found = recheck.diff(before, after)
    assert found.rules_changed and not found.evidence_changed
    assert [each.cause for each in found.items] == [Cause.RULES]
