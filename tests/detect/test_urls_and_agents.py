"""URL columns are read as written and percent-decoded twice; agents without regard to how a log writes blanks."""

from collections.abc import Callable

import pytest

from tests.detect.build import CSV

Matched = Callable[..., list[int]]
SHELL = "detection:\n  s: {cs-uri-stem|contains: /aspnet_client/x.aspx}\n  condition: s\n"


@pytest.mark.parametrize(
    "written",
    [
        "/aspnet_client/x.aspx",
        "/ASPNET_client%2Fx.aspx",
        "/aspnet%5fclient/x%2easpx",
        "/aspnet_client/%78.aspx",
        "/aspnet_client%252Fx.aspx",
        "%252f%2561spnet_client%2fx.aspx",
    ],
)
def test_a_path_is_found_in_every_spelling(matched: Matched, written: str) -> None:
    assert matched(SHELL, [{"cs-uri-stem": written}, {"cs-uri-stem": "/aspnet_client/y.aspx"}]) == [0]


def test_three_times_encoded_is_not_decoded(matched: Matched) -> None:
    assert matched(SHELL, [{"cs-uri-stem": "/aspnet_client%25252fx.aspx"}]) == []


def test_other_columns_are_not_decoded(matched: Matched) -> None:
    text = "detection:\n  s: {cs-username: 'a/b'}\n  condition: s\n"
    assert matched(text, [{"cs-username": "a%2fb"}, {"cs-username": "a/b"}]) == [1]


def test_a_decoded_value_is_a_filter_too(matched: Matched) -> None:
    text = """
detection:
  s: {cs-uri-stem|contains: default}
  f: {cs-uri-stem|contains: default.aspx}
  condition: s and not f
"""
    assert matched(text, [{"cs-uri-stem": "/default.htm"}, {"cs-uri-stem": "/default%2Easpx"}]) == [0]


def test_public_rules_find_the_path_that_they_look_for_in_the_query(matched: Matched) -> None:
    text = (
        "detection:\n  s: {cs-uri-query|contains: '/autodiscover/autodiscover.json?@evil'}\n  condition: s\n"
    )
    rows = [
        {"cs-uri-stem": "/autodiscover/autodiscover.json", "cs-uri-query": "@evil.test/mapi"},
        {"cs-uri-stem": "/autodiscover/autodiscover.json", "cs-uri-query": "%40evil.test/mapi"},
        {"cs-uri-stem": "/autodiscover/autodiscover.json"},
        {"cs-uri-query": "x=/autodiscover/autodiscover.json?@evil"},
    ]
    assert matched(text, rows) == [0, 1, 3]


def test_own_rules_mean_the_column_that_they_name(matched: Matched) -> None:
    text = """
title: t
exsweep: {id: T}
logsource: {category: webserver}
detection:
  s: {cs-uri-query|contains: evil}
  condition: s
"""
    rows = [{"cs-uri-stem": "/evil"}, {"cs-uri-query": "evil"}]
    assert matched(text, rows, own=True) == [1]
    assert matched(text, rows) == [0, 1]


def test_ecs_names_are_fields_too(matched: Matched) -> None:
    text = "detection:\n  s: {source.ip: 192.0.2.1, url.path|endswith: .aspx}\n  condition: s\n"
    assert matched(text, [{"UrlStem": "/x.aspx", "ClientIpAddress": "192.0.2.1"}], CSV) == [0]


def test_url_is_path_and_query_of_whatever_log(matched: Matched) -> None:
    text = "detection:\n  s: {url: '/x.aspx?cmd=who ami'}\n  condition: s\n"
    rows = [{"cs-uri-stem": "/x.aspx", "cs-uri-query": "cmd=who%20ami"}, {"cs-uri-stem": "/x.aspx"}]
    assert matched(text, rows) == [0]
    assert matched("detection:\n  s: {url: /x.aspx}\n  condition: s\n", rows) == [1]


def test_the_extension_of_a_path(matched: Matched) -> None:
    text = "detection:\n  s: {c-uri-extension: [aspx, ashx]}\n  condition: s\n"
    rows = [{"cs-uri-stem": one} for one in ("/a.b/c.ASPX", "/a.aspx/c", "/c%2eashx", "/c.asp")]
    assert matched(text, rows) == [0, 2]


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (KHTML, like Gecko) X",
        "Mozilla/5.0+(KHTML,+like+Gecko)+X",
        "Mozilla/5.0 (KHTML  like Gecko) X",
    ],
)
def test_an_agent_is_the_same_in_every_log(matched: Matched, agent: str) -> None:
    text = "detection:\n  s: {c-useragent|contains: '(KHTML, like Gecko) X'}\n  condition: s\n"
    assert matched(text, [{"UserAgent": agent}, {"UserAgent": "other"}], CSV) == [0]
    exact = "detection:\n  s: {c-useragent: 'Mozilla/5.0+(KHTML,+like+Gecko)+X'}\n  condition: s\n"
    assert matched(exact, [{"UserAgent": agent}], CSV) == [0]


def test_odd_bytes_neither_hide_nor_break_a_row(matched: Matched) -> None:
    text = "detection:\n  s: {cs-uri-query|contains: cmd=}\n  condition: s\n"
    assert matched(
        text, [{"cs-uri-query": b"\xff\xfe&CMD=\x00%ff"}, {"cs-uri-query": b"\xc3(%80cmd%3D"}]
    ) == [0, 1]


def test_unicode_in_rules_is_found_in_utf_8_and_in_latin_1(matched: Matched) -> None:
    text = "detection:\n  s: {cs-username|contains: Müller}\n  condition: s\n"
    assert matched(
        text, [{"cs-username": "DOM\\Müller"}, {"cs-username": "DOM\\Müller".encode("cp1252")}]
    ) == [0, 1]


def test_letters_that_fold_into_ascii_hide_nothing(matched: Matched) -> None:
    text = "detection:\n  s: {cs-username|re|i: 'kiosk'}\n  condition: s\n"
    assert matched(
        text, [{"cs-username": "KIO\u017fK"}, {"cs-username": "\u212aiosk"}, {"cs-username": "x"}]
    ) == [0, 1]
