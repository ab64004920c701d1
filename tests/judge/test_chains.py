"""One chain per intruder: what joins, and what must not."""

from exsweep.model import Hit, Level
from tests.judge.build import hit, judged, log

ALL = [
    log(
        "iis_w3c",
        "01-01 00:00:00",
        "03-09 10:00:00",
        builds=[("15.1.2106.2", "01-01 00:00:00", "03-09 00:00:00")],
    )
]


def test_two_addresses_that_use_one_shell_are_one_intruder():
    assessment = judged(
        [
            hit("USE", "02-28 10:00:00", ip="203.0.113.9", path="/aspnet_client/abc.aspx"),
            hit("USE", "03-01 10:00:00", ip="198.51.100.7", path="/aspnet_client/ABC.aspx"),
        ],
        ALL,
    )
    assert [chain.actor.addresses for chain in assessment.chains] == [("203.0.113.9", "198.51.100.7")]


def test_a_visitor_of_a_shell_is_not_its_user():
    assessment = judged(
        [
            hit("USE", "02-28 10:00:00", ip="203.0.113.9", path="/aspnet_client/abc.aspx"),
            hit("VISIT", "03-05 03:00:00", ip="198.51.100.7", path="/aspnet_client/abc.aspx"),
        ],
        ALL,
    )
    assert len(assessment.chains) == 1
    assert assessment.chains[0].actor.addresses == ("203.0.113.9",)


def test_who_alone_asked_for_a_shell_that_nobody_used_is_who_tried_before():
    hits = [
        hit("ODD", "02-28 10:00:00", ip="203.0.113.9"),
        hit("VISIT", "02-28 10:01:00", ip="203.0.113.9", path="/aspnet_client/abc.aspx"),
    ]
    assessment = judged(hits, ALL)
    assert len(assessment.chains) == 1
    used = hit("USE", "02-27 10:00:00", ip="198.51.100.7", path="/aspnet_client/abc.aspx")
    chains = judged([used, *hits], ALL).chains
    assert [chain.actor.addresses for chain in chains] == [("198.51.100.7",), ("203.0.113.9",)]


def test_a_write_without_file_name_is_joined_with_the_page_asked_for_next():
    assessment = judged(
        [
            hit("WRITE", "02-28 04:11:00", ip="203.0.113.9", kind="httpproxy"),
            hit("USE", "02-28 04:12:00", ip="198.51.100.7", path="/aspnet_client/abc.aspx"),
        ],
        ALL,
    )
    assert len(assessment.chains) == 1
    assert any("after a file was written" in reason for reason in assessment.chains[0].joined_by)


def test_the_date_of_the_page_in_the_file_table_does_not_move_the_first_act_later():
    hits = [
        hit("WRITE", "02-28 04:11:00", ip="203.0.113.9", kind="httpproxy"),
        hit("USE", "02-28 04:12:00", ip="198.51.100.7", path="/aspnet_client/abc.aspx"),
    ]
    without = judged(hits, ALL)
    table = hit(
        "WRITE", "03-02 23:06:40", ip=None, kind="ntfs_mft", Path=r"C:\inetpub\wwwroot\aspnet_client\abc.aspx"
    )
    found = judged([*hits, table], ALL)
    assert found.verdict.level is without.verdict.level
    assert found.verdict.since == without.verdict.since
    assert len(found.chains) == 1


def test_the_file_of_an_export_is_the_page_asked_for():
    assessment = judged(
        [
            hit(
                "WRITE",
                "02-01 04:11:00",
                ip=None,
                kind="rps_cmdlet",
                excerpt=r'-FilePath "\\127.0.0.1\c$\inetpub\wwwroot\aspnet_client\tk.aspx"',
            ),
            hit("USE", "03-01 04:12:00", ip="198.51.100.7", path="/aspnet_client/tk.aspx"),
        ],
        ALL,
    )
    assert len(assessment.chains) == 1


def test_records_without_an_address_join_the_intruder_at_work_then():
    assessment = judged(
        [
            hit("SESSION", "02-28 04:10:00", ip="203.0.113.9", kind="httpproxy"),
            hit("WRITE", "02-28 04:10:30", ip=None, kind="ecp_server"),
            hit("SESSION", "03-01 15:00:00", ip="192.0.2.4", kind="httpproxy"),
        ],
        ALL,
    )
    assert sorted(len(chain.actor.addresses) for chain in assessment.chains) == [1, 1]
    first = min(assessment.chains, key=lambda chain: chain.first_seen)
    assert {step.stage.value for step in first.steps if step.findings} == {"exploitation", "drop"}


def test_one_request_in_two_logs_is_joined_by_its_id():
    request = "5e58f5e5-1ddc-48d3-82c6-0199bc121640"
    assessment = judged(
        [
            hit("SESSION", "02-28 04:10:00", ip="203.0.113.9", kind="httpproxy", RequestId=request),
            hit(
                "USE",
                "02-28 04:10:01",
                ip=None,
                kind="iis_w3c",
                excerpt=f"&cafeReqId={request};",
                path="/aspnet_client/q.aspx",
            ),
        ],
        ALL,
    )
    assert len(assessment.chains) == 1
    assert "the same request id in several records" in assessment.chains[0].joined_by


def test_a_load_balancers_address_does_not_make_all_senders_one():
    hits = [hit("SESSION", f"02-{day:02} 04:10:00", ip="10.0.0.4") for day in (1, 10, 20)]
    assert len(judged(hits, ALL).chains) == 3


def test_many_senders_who_only_tried_are_told_together():
    hits = [hit("AUTODISCOVER", "02-28 04:10:00", ip=f"203.0.113.{host}") for host in range(1, 60)]
    assessment = judged(hits, ALL)
    assert len(assessment.chains) == 1
    assert assessment.verdict.level is Level.ATTACKED
    assert assessment.findings[0].count == 59


def test_many_unsettled_tries_are_one_suspicious_chain_and_none_is_lost():
    hits = [hit("ANCHOR", "02-28 04:10:00", ip=f"203.0.113.{host}", status="200") for host in range(1, 60)]
    assessment = judged(hits, ALL)
    assert [chain.level for chain in assessment.chains] == [Level.SUSPICIOUS]
    assert len(assessment.chains[0].actor.addresses) == 59


def order(hits: list[Hit]) -> list[str]:
    (chain,) = judged(hits, ALL).chains
    return [f"{step.stage}{' missing' if step.missing else ''}" for step in chain.steps]


def seen_in_order(hits: list[Hit]) -> list[str]:
    return [step for step in order(hits) if not step.endswith("missing")]


def test_a_log_that_was_cleared_before_the_act_stands_before_it():
    ip = "203.0.113.9"
    told = seen_in_order(
        [
            hit("CLEARED", "02-28 03:00:00", ip=ip),
            hit("SESSION", "02-28 04:10:00", ip=ip),
            hit("WRITE", "02-28 04:20:00", ip=ip),
            hit("USE", "02-28 05:00:00", ip=ip, path="/aspnet_client/abc.aspx"),
        ]
    )
    assert told == ["cleanup", "exploitation", "drop", "webshell_use"]


def test_steps_nearer_than_two_clocks_agree_stand_in_the_order_of_an_attack():
    ip = "203.0.113.9"
    told = seen_in_order(
        [
            hit("WRITE", "02-28 04:10:30", ip=ip),
            hit("SESSION", "02-28 04:11:40", ip=ip),
            hit("USE", "02-28 09:00:00", ip=ip, path="/aspnet_client/abc.aspx"),
            hit("EXPORT", "02-28 08:00:00", ip=ip),
        ]
    )
    assert told == ["exploitation", "drop", "post_exploitation", "webshell_use"]


def test_a_link_that_is_not_seen_stands_where_it_belongs():
    ip = "203.0.113.9"
    told = order(
        [
            hit("CLEARED", "02-28 03:00:00", ip=ip),
            hit("SESSION", "02-28 04:10:00", ip=ip),
            hit("USE", "02-28 09:00:00", ip=ip, path="/aspnet_client/abc.aspx"),
        ]
    )
    assert told == [
        "probe missing",
        "cleanup",
        "exploitation",
        "drop missing",
        "webshell_use",
        "post_exploitation missing",
        "persistence missing",
    ]


def test_the_computers_own_account_is_no_user_of_the_intruder_and_that_of_another_is():
    act = {"ip": None, "host.name": "MX1.example.test"}
    (chain,) = judged(
        [
            hit("REACHED", "02-28 03:00:00", **act, **{"user.name": r"EXAMPLE\MX1$"}),
            hit("REACHED", "02-28 03:00:10", **act, **{"user.name": r"EXAMPLE\anna"}),
            hit("REACHED", "02-28 03:00:20", **act, **{"user.name": "FS2$"}),
        ],
        ALL,
    ).chains
    assert chain.actor.users == (r"EXAMPLE\anna", "FS2$")


def test_slight_signs_of_every_day_are_not_the_intruders_because_they_happened_in_the_same_minutes():
    told = judged(
        [
            hit("WRITE", "02-28 04:10:00", ip=None),
            hit("DAILY", "02-28 04:10:30", ip=None),
            hit("DAILY", "02-28 04:11:00", ip=None),
            hit("ADMIN-WORK", "02-28 04:12:00", ip=None),
        ],
        ALL,
    )
    by = {item.rule.id: item.chain for item in told.findings}
    (chain,) = [one.id for one in told.chains if one.level is not Level.ATTACKED]
    assert by["WRITE"] == by["ADMIN-WORK"] == chain
    assert by["DAILY"] != chain
