"""Lists of targets as people and programs write them, and scope files that say no."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsweep.errors import ScanRefused, UsageError
from exsweep.scan import Target, in_shard, read_networks, read_scope, read_targets
from exsweep.scan.addresses import address
from exsweep.scan.targets import in_order

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def _keys(*lines: str) -> list[str]:
    return [each.key for each in read_targets(lines, ports=[443], most=1000).targets]


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("mail.example.org", ["mail.example.org:443"]),
        ("MAIL.Example.org.", ["mail.example.org:443"]),
        ("https://mail.example.org/", ["mail.example.org:443"]),
        ("192.0.2.7", ["192.0.2.7:443"]),
        ("192.0.2.7:8443", ["192.0.2.7:8443"]),
        ("2001:db8::7", ["[2001:db8::7]:443"]),
        ("[2001:db8::7]:8443", ["[2001:db8::7]:8443"]),
        ("::ffff:192.0.2.7", ["192.0.2.7:443"]),
        ("192.0.2.8/30", ["192.0.2.9:443", "192.0.2.10:443"]),
        ("2001:db8::/127", ["[2001:db8::]:443", "[2001:db8::1]:443"]),
        ("mail.example.org,192.0.2.7", ["mail.example.org@192.0.2.7:443"]),
        ("192.0.2.7, mail.example.org", ["mail.example.org@192.0.2.7:443"]),
        ("mail.example.org@192.0.2.7:444", ["mail.example.org@192.0.2.7:444"]),
        ("mail.example.org@[2001:db8::1]:443", ["mail.example.org@[2001:db8::1]:443"]),
        ("192.0.2.7,64,1714560000", ["192.0.2.7:443"]),
        ("saddr,ttl", []),
        ("open tcp 443 192.0.2.7 1714560000", ["192.0.2.7:443"]),
        ("Timestamp: 1714560000\tHost: 192.0.2.7 ()\tPorts: 443/open/tcp//https//", ["192.0.2.7:443"]),
        ('{"ip": "192.0.2.7", "ports": [{"port": 8443, "status": "open"}]},', ["192.0.2.7:8443"]),
        ('{"name_value": "mail.example.org\\n*.example.org"}', ["mail.example.org:443", "example.org:443"]),
        ("# a remark", []),
        ("example.gov,City,Non-Federal Agency,Town of Example", ["example.gov:443"]),
    ],
)
def test_a_line_of_a_list_is_read(line: str, keys: list[str]) -> None:
    assert _keys(line) == keys


@pytest.mark.parametrize(
    "line",
    ["a@b", "@192.0.2.7", "http://x#@y", "http://mail.example.org/", "ftp://x.example", "0x7f.1", "127.1", "2130706433", "localhost",
     "mаil.example.org", "fe80::1%eth0", "192.0.2.7:99999", "192.0.2.7:0", "{]", '{"ports": 3}', "0.0.0.0/0", "::/0",
     "x" * 5000, "a b.example.org", "mail.example.org,192.0.2.7/24", "10.0.0.0/33", "-x.example.org"],
)  # fmt: skip
def test_h65_a_trick_is_refused_with_a_reason(line: str) -> None:
    found = read_targets([line], ports=[443], most=1000)
    assert found.targets == ()
    assert found.refused == 1
    assert found.samples[0][1]


@given(st.text(max_size=80))
def test_h65_any_line_is_read_or_refused_but_never_an_error(line: str) -> None:
    found = read_targets([line], ports=[443], most=1000)
    assert len(found.targets) <= 1000


def test_h65_a_network_beyond_the_ceiling_is_refused_before_it_is_spelt_out() -> None:
    for line in ("10.0.0.0/8", "2001:db8::/32"):
        with pytest.raises(ScanRefused, match="more than"):
            read_targets([line], ports=[443], most=100_000)


def test_h65_doubles_count_once() -> None:
    found = read_targets(["192.0.2.7", "192.0.2.7:443", "192.0.2.7"], ports=[443], most=10)
    assert len(found.targets) == 1
    assert found.repeated == 2


def test_the_order_depends_on_the_seed_alone_and_neighbours_are_apart() -> None:
    targets = read_targets(["192.0.2.0/24"], ports=[443], most=1000).targets
    one, two = in_order(targets, 1), in_order(reversed(targets), 1)
    assert one == two
    assert one != in_order(targets, 2)
    assert sorted(each.key for each in one) == sorted(each.key for each in targets)


def test_shards_part_the_targets_and_keep_networks_whole() -> None:
    targets = [Target(address=f"10.{n}.{m}.1") for n in range(40) for m in range(3)]
    shards = [[each for each in targets if in_shard(each, number, 4)] for number in range(1, 5)]
    assert sorted(each.key for shard in shards for each in shard) == sorted(each.key for each in targets)
    for shard in shards:
        for each in shard:
            net = (each.address or "").split(".")[1]
            assert sum((other.address or "").split(".")[1] == net for other in shard) == 3


def test_a_table_of_networks_answers_with_the_smallest_one() -> None:
    table = read_networks("network,asn,country\n10.0.0.0/8,1,NL\n10.1.0.0/16,2,DE\n2001:db8::/32,3,\n")
    found = table.origin(address("10.1.2.3"))
    assert found is not None
    assert (found.asn, found.country) == ("AS2", "DE")
    assert table.origin(address("11.0.0.1")) is None
    with pytest.raises(UsageError, match="line 2"):
        read_networks("network,asn\nx,1\n")


GOOD = {
    "who": "Owner",
    "from": "2026-11-01",
    "until": "2026-12-01",
    "contact": "a@example.org",
    "page": "https://example.org/scan",
    "targets": "[192.0.2.0/24]",
}


def _scope(**changes: str | None) -> str:
    rows = {**GOOD, **changes}
    return "\n".join(f"{key}: {value}" for key, value in rows.items() if value is not None)


def test_a_scope_file_in_force_is_read() -> None:
    scope = read_scope(_scope(), now=NOW)
    assert scope.who == "Owner"
    assert scope.until == datetime(2026, 12, 2, tzinfo=UTC), "the last day counts"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"who": None}, "who"),
        ({"until": "2026-11-19"}, "ended"),
        ({"from": "2026-12-01"}, "begins"),
        ({"until": "soon"}, "no day"),
        ({"page": "none"}, "page"),
        ({"page": '"https://example.org/\\r\\nX: y"'}, "page"),
        ({"contact": '"a\\r\\nCookie: x"'}, "contact"),
        ({"targets": "[]"}, "no targets"),
        ({"targets": "[0.0.0.0/0]"}, "whole internet"),
        ({"targets": "[a b]"}, "neither"),
        ({"exclusions": "[10.0.0.0/99]"}, "exclusions"),
        ({"allow": "[exploit]"}, "exploit"),
        ({"pace": "{per_second: 0}"}, "pace"),
        ({"surprise": "1"}, "surprise"),
    ],
)
def test_a_scope_file_that_leaves_doubt_is_refused(changes: dict[str, str | None], said: str) -> None:
    with pytest.raises(ScanRefused, match=said):
        read_scope(_scope(**changes), now=NOW)


def test_h66_an_opt_out_list_wins_over_the_scope() -> None:
    scope = read_scope(_scope(), now=NOW, opt_outs=("192.0.2.7", "192.0.2.128/25"))
    assert scope.refuses(None, address("192.0.2.7"), from_dns=False)
    assert scope.refuses(None, address("192.0.2.200"), from_dns=False)
    assert scope.refuses(None, address("192.0.2.8"), from_dns=False) is None
