"""Every value modifier of the Sigma specification does what the specification says."""

import base64
from collections.abc import Callable

import pytest

from tests.detect.build import CSV

Matched = Callable[..., list[int]]


def stems(*values: str | bytes) -> list[dict[str, str | bytes]]:
    return [{"cs-uri-stem": value} for value in values]


def queries(*values: str | bytes) -> list[dict[str, str | bytes]]:
    return [{"cs-uri-query": value} for value in values]


def detect(*lines: str, condition: str = "selection") -> str:
    body = "\n".join(f"    {line}" for line in lines)
    return f"detection:\n  selection:\n{body}\n  condition: {condition}\n"


def test_a_plain_value_is_the_whole_value_without_case(matched: Matched) -> None:
    rows = stems("/OWA/x.aspx", "/owa/x.aspx", "/owa/x.aspx2", "a/owa/x.aspx")
    assert matched(detect("cs-uri-stem: /owa/X.aspx"), rows) == [0, 1]


def test_a_list_of_values_means_any_of_them(matched: Matched) -> None:
    assert matched(
        detect("cs-method: [PUT, DELETE]"), [{"cs-method": m} for m in ("GET", "put", "DELETE")]
    ) == [1, 2]


def test_several_fields_mean_all_of_them(matched: Matched) -> None:
    rows = [{"cs-method": "POST", "sc-status": "200"}, {"cs-method": "POST", "sc-status": "404"}]
    assert matched(detect("cs-method: POST", "sc-status: 200"), rows) == [0]


def test_a_list_of_maps_means_any_of_them(matched: Matched) -> None:
    rows = [{"cs-method": "PUT"}, {"sc-status": "500"}, {}]
    assert matched(detect("- cs-method: PUT", "- sc-status: 500"), rows) == [0, 1]


def test_contains_startswith_and_endswith(matched: Matched) -> None:
    rows = stems("/ecp/y.js", "/x/ECP/y", "/ecp")
    assert matched(detect("cs-uri-stem|contains: /ecp/"), rows) == [0, 1]
    assert matched(detect("cs-uri-stem|startswith: /ecp"), rows) == [0, 2]
    assert matched(detect("cs-uri-stem|endswith: .JS"), rows) == [0]


def test_all_wants_every_value(matched: Matched) -> None:
    rows = stems("/ecp/a.js", "/ecp/a.css", "/owa/a.js")
    assert matched(detect("cs-uri-stem|contains|all: [/ecp/, .js]"), rows) == [0]


def test_wildcards_stand_for_runs_and_single_characters(matched: Matched) -> None:
    rows = stems("/owa/a1.aspx", "/owa/a12.aspx", "/owa/a%_.aspx")
    assert matched(detect("cs-uri-stem: '/owa/a?.aspx'"), rows) == [0]
    assert matched(detect("cs-uri-stem: '/owa/*.aspx'"), rows) == [0, 1, 2]
    assert matched(detect("cs-uri-stem: '*a*1*'"), rows) == [0, 1]


def test_escaped_wildcards_and_like_characters_are_plain_text(matched: Matched) -> None:
    rows = queries("a*b", "axb", "a%b", "a_b?c\\d")
    assert matched(detect(r"cs-uri-query: 'a\*b'"), rows) == [0]
    assert matched(detect("cs-uri-query: 'a%*'"), rows) == [2]
    assert matched(detect(r"cs-uri-query: 'a_b\?c\\*'"), rows) == [3]
    assert matched(detect(r"cs-uri-query: '*\\d'"), rows) == [3]


def test_cased_minds_case(matched: Matched) -> None:
    rows = stems("/OWA/x", "/owa/x")
    assert matched(detect("cs-uri-stem|contains|cased: /OWA/"), rows) == [0]
    assert matched(detect("cs-uri-stem|cased: /owa/x"), rows) == [1]


def test_a_regular_expression_minds_case_and_finds_anywhere(matched: Matched) -> None:
    rows = stems("/owa/abc.aspx", "/OWA/ABC.aspx")
    assert matched(detect(r"cs-uri-stem|re: 'owa/[a-c]+\.'"), rows) == [0]
    assert matched(detect(r"cs-uri-stem|re: '^/OWA'"), rows) == [1]


def test_the_flags_i_m_and_s_of_regular_expressions(matched: Matched) -> None:
    rows = queries(b"ABC", b"x%0aabc", b"a%0ac")
    assert matched(detect("cs-uri-query|re|i: '^abc$'"), rows) == [0]
    assert matched(detect("cs-uri-query|re|m: '^abc$'"), rows) == [1]
    assert matched(detect("cs-uri-query|re: '^a.c$'"), rows) == []
    assert matched(detect("cs-uri-query|re|s: '^a.c$'"), rows) == [2]


def test_cidr_is_a_real_network_in_both_families(matched: Matched) -> None:
    rows = [
        {"c-ip": ip}
        for ip in (
            "10.1.2.3",
            "10.100.2.3",
            "110.1.2.3",
            "::ffff:10.1.9.9",
            "2001:DB8::1",
            "2001:db80::1",
            "-",
            "x",
        )
    ]
    assert matched(detect("c-ip|cidr: 10.1.0.0/16"), rows) == [0, 3]
    assert matched(detect("c-ip|cidr: 10.0.0.0/9"), rows) == [0, 1, 3]
    assert matched(detect("src_ip|cidr: '2001:db8::/32'"), rows) == [4]
    ports = [
        {"ClientIpAddress": ip}
        for ip in ("192.0.2.7:443", "[2001:db8::7]:443", "192.0.2.7, 10.0.0.1", "fe80::1%4")
    ]
    assert matched(detect("src_ip|cidr: ['192.0.2.0/24', '2001:db8::/64']"), ports, CSV) == [0, 1, 2]


def test_numbers_compare_as_numbers(matched: Matched) -> None:
    rows = [{"time-taken": n} for n in ("9", "10", "11", "-", "x", "1e1")]
    assert matched(detect("time-taken|lt: 10"), rows) == [0]
    assert matched(detect("time-taken|lte: 10"), rows) == [0, 1, 5]
    assert matched(detect("time-taken|gt: 10"), rows) == [2]
    assert matched(detect("time-taken|gte: 10"), rows) == [1, 2, 5]


def test_neq_is_true_where_the_value_is_another_or_missing(matched: Matched) -> None:
    rows = [
        {"cs-method": "GET", "sc-status": "200"},
        {"cs-method": "GET", "sc-status": "500"},
        {"cs-method": "GET"},
    ]
    assert matched(detect("cs-method: GET", "sc-status|neq: 200"), rows) == [1, 2]


def test_exists_and_null_look_at_what_the_log_writes_for_nothing(matched: Matched) -> None:
    rows = [{"cs-username": "bob"}, {"cs-username": "-"}, {"cs-username": ""}]
    assert matched(detect("cs-username|exists: true"), rows) == [0]
    assert matched(detect("cs-username|exists: false"), rows) == [1, 2]
    assert matched(detect("cs-username: null"), rows) == [1, 2]
    assert matched(detect("cs-username: ''"), rows) == [1, 2]
    assert matched(detect("cs-username: '*'"), rows) == [0]


def test_a_dash_can_still_be_asked_for(matched: Matched) -> None:
    rows = [{"cs-username": "bob"}, {"cs-username": "-"}]
    assert matched(detect("cs-username: '-'"), rows) == [1]
    assert matched(detect("cs-username|re: '^-$'"), rows) == [1]


def test_fieldref_compares_two_fields_of_the_event(matched: Matched) -> None:
    rows = [
        {"UrlStem": "/a/srv1.local/x", "TargetServer": "SRV1.local"},
        {"UrlStem": "srv1.local", "TargetServer": "srv1.local"},
        {"UrlStem": "srv1.localhost", "TargetServer": "srv1.local"},
        {"UrlStem": "other", "TargetServer": "srv1.local"},
        {"UrlStem": "", "TargetServer": ""},
    ]
    assert matched(detect("UrlStem|fieldref: TargetServer"), rows, CSV) == [1]
    assert matched(detect("UrlStem|fieldref|startswith: TargetServer"), rows, CSV) == [1, 2]
    assert matched(detect("UrlStem|fieldref|endswith: TargetServer"), rows, CSV) == [1]
    assert matched(detect("UrlStem|fieldref|contains: TargetServer"), rows, CSV) == [0, 1, 2]


@pytest.mark.parametrize("offset", [0, 1, 2])
def test_base64offset_finds_text_at_any_place_of_encoded_text(matched: Matched, offset: int) -> None:
    encoded = base64.b64encode(b"#" * offset + b"New-MailboxExportRequest !").decode()
    rows = [
        {"AnchorMailbox": f"x={encoded}"},
        {"AnchorMailbox": base64.b64encode(b"something else").decode()},
    ]
    assert matched(detect("AnchorMailbox|base64offset|contains: New-MailboxExport"), rows, CSV) == [0]


def test_base64_wide_and_utf16_encode_the_value_first(matched: Matched) -> None:
    def encoded(text: str, codec: str, mark: bytes = b"") -> list[dict[str, str]]:
        return [
            {"cs-uri-query": base64.b64encode(mark + text.encode(codec)).decode()},
            {"cs-uri-query": "other"},
        ]

    assert matched(detect("cs-uri-query|base64: ipconfig"), encoded("ipconfig", "ascii")) == [0]
    assert matched(detect("cs-uri-query|wide|base64: ping"), encoded("ping", "utf-16le")) == [0]
    assert matched(detect("cs-uri-query|utf16be|base64: ping"), encoded("ping", "utf-16be")) == [0]
    assert matched(detect("cs-uri-query|utf16|base64: ping"), encoded("ping", "utf-16le", b"\xff\xfe")) == [0]


def test_windash_takes_every_dash_that_windows_takes(matched: Matched) -> None:
    rows = queries("net -user x", "net /user x", "net \u2013user x", "net \u2014user x", "net user x")
    assert matched(detect("cs-uri-query|windash|contains: ' -user'"), rows) == [0, 1, 2, 3]


def test_time_modifiers_look_at_the_time_of_the_event(matched: Matched) -> None:
    rows = [{"date": "2021-02-28"}] * 3
    # Sunday 2021-02-28 03:07 UTC (ISO week 8), 2021-03-02 23:59, and no time at all
    times = [1614481620000, 1614729540000, -(2**63)]
    for lines, expected in {
        "time|minute: 7": [0],
        "time|hour: 23": [1],
        "date|day: 28": [0],
        "date|week: 8": [0],
        "date|month: 3": [1],
        "date|year: 2021": [0, 1],
    }.items():
        assert matched(detect(lines), rows, times=times) == expected


def test_keywords_search_the_whole_line(matched: Matched) -> None:
    rows = [{"cs-uri-query": "x=${jndi:ldap}"}, {"cs(User-Agent)": "${JNDI:dns}"}, {"cs-uri-stem": "/jndi"}]
    assert matched("detection:\n  keywords: ['${jndi:']\n  condition: keywords\n", rows) == [0, 1]
    assert matched(
        "detection:\n  keywords:\n    '|all': ['${jndi:', ldap]\n  condition: keywords\n", rows
    ) == [0]


def test_keywords_may_span_columns(matched: Matched) -> None:
    rows = [
        {"cs-method": "POST", "cs-uri-stem": "/ecp/y.js"},
        {"cs-method": "GET", "cs-uri-stem": "/ecp/y.js"},
    ]
    assert matched("detection:\n  keywords: ['POST /ecp/y.js']\n  condition: keywords\n", rows) == [0]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("1 of sel_*", [0, 1, 2]),
        ("any of sel_*", [0, 1, 2]),
        ("all of sel_*", [2]),
        ("1 of them", [0, 1, 2, 3]),
        ("all of them", []),
        ("sel_a and not sel_b", [0]),
        ("not (sel_a or sel_b) and other", [3]),
        ("(sel_a or other) and not sel_b", [0, 3]),
        ("not 1 of sel_*", [3, 4]),
    ],
)
def test_conditions(matched: Matched, condition: str, expected: list[int]) -> None:
    text = f"""
detection:
  sel_a: {{cs-method: POST}}
  sel_b: {{sc-status: 200}}
  other: {{cs-uri-stem: /other}}
  condition: {condition}
"""
    rows = [
        {"cs-method": "POST"},
        {"sc-status": "200"},
        {"cs-method": "POST", "sc-status": "200"},
        {"cs-uri-stem": "/other"},
        {},
    ]
    assert matched(text, rows) == expected


def test_several_conditions_are_alternatives(matched: Matched) -> None:
    text = "detection:\n  a: {cs-method: POST}\n  b: {sc-status: 500}\n  condition: [a, b]\n"
    assert matched(text, [{"cs-method": "POST"}, {"sc-status": "500"}, {}]) == [0, 1]


def test_not_of_a_missing_field_is_true(matched: Matched) -> None:
    text = "detection:\n  a: {cs-method: POST}\n  b: {nothing-like-it: x}\n  condition: a and not b\n"
    assert matched(text, [{"cs-method": "POST"}]) == [0]
    assert matched("detection:\n  b: {nothing-like-it: x}\n  condition: b\n", [{"cs-method": "POST"}]) == []


def test_a_column_that_some_headers_have_is_a_field(matched: Matched) -> None:
    rows = [{"cs-method": "GET", "X-Custom": "Evil"}, {"cs-method": "GET", "X-Custom": "good"}]
    assert matched(detect("x-custom: evil"), rows, columns=["cs-method", "X-Custom"]) == [0]
