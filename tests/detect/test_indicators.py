"""Indicators ride in the same pass as rules."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from exsweep.detect import Engine, indicator_rules
from exsweep.errors import KnowledgeError
from exsweep.knowledge.formats import LogFormat
from exsweep.knowledge.rules.indicators import Indicator, kind_of, known_indicators, read_indicators
from tests.detect.build import CSV, FORMATS, W3C, Row, make_batch


def found(kind: str, value: str, rows: Sequence[Row], form: LogFormat = W3C) -> list[int]:
    engine = Engine(indicator_rules([Indicator(value=value, kind=kind)], FORMATS), FORMATS)
    batch = make_batch(form, rows)
    hits = [match.row for match in engine.match([batch])]
    assert set(hits) <= set(engine.candidates(batch).tolist())
    assert not engine.failures
    return hits


def test_an_address_in_every_spelling() -> None:
    rows = [
        {"ClientIpAddress": one}
        for one in ("192.0.2.7", "::ffff:192.0.2.7", "192.0.2.7:5044", "192.0.2.77", "")
    ]
    assert found("ip", "192.0.2.7", rows, CSV) == [0, 1, 2]
    rows = [{"c-ip": one} for one in ("2001:db8:0:0::5", "2001:0DB8::5", "2001:db8::51")]
    assert found("ip", "2001:db8::5", rows) == [0, 1]
    assert found("ip", "198.51.100.0/24", [{"c-ip": "198.51.100.9"}, {"c-ip": "198.51.101.9"}]) == [0]


def test_an_agent_however_the_log_writes_blanks() -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    assert found("user_agent", agent, [{"cs(User-Agent)": agent.replace(" ", "+")}]) == [0]
    assert found("user_agent", agent.replace(" ", "+"), [{"UserAgent": agent.replace(",", " ")}], CSV) == [0]
    assert found("user_agent", "antSword/v2.1", [{"cs(User-Agent)": "antsword/V2.1"}, {}]) == [0]


def test_a_file_name_is_a_whole_name() -> None:
    rows = [
        {"cs-uri-stem": one} for one in ("/owa/auth/evil1.aspx", "/owa/auth/notevil1.aspx", "/evil1.aspx.txt")
    ]
    assert found("file_name", "evil1.aspx", rows) == [0]
    assert found(
        "file_name", "evil1.aspx", [{"AnchorMailbox": r"-FilePath '\\127.0.0.1\c$\x\EVIL1.aspx'"}], CSV
    ) == [0]


def test_a_path_with_either_slash_and_without_its_drive() -> None:
    path = r"C:\inetpub\wwwroot\aspnet_client\evil1.aspx"
    assert found(
        "file_path",
        path,
        [{"AnchorMailbox": r"\\127.0.0.1\c$\inetpub\wwwroot\aspnet_client\evil1.aspx"}],
        CSV,
    ) == [0]
    assert found(
        "file_path", r"\aspnet_client\evil1.aspx", [{"cs-uri-stem": "/aspnet_client%2fevil1.aspx"}]
    ) == [0]
    assert found("file_path", path, [{"cs-uri-stem": "/evil1.aspx"}]) == []


def test_domains_mails_hashes_and_addresses_of_pages_stand_alone_in_the_line() -> None:
    rows = [
        {"cs-uri-query": one}
        for one in ("u=http://c2.evil.test/x", "u=evil.test", "u=notevil.test", "evil.test.org")
    ]
    assert found("domain", "evil.test", rows) == [0, 1]
    assert found("email", "a@evil.test", [{"cs-uri-query": "to=a%40evil.test"}]) == [0]
    digest = "0fd9bffa49c76ee12e51e3b8ae0609ac"
    assert found("md5", digest, [{"cs-uri-query": digest.upper()}, {"cs-uri-query": digest + "0"}]) == [0]
    assert found("url", "https://evil.test/a.php", [{"cs-uri-query": "http://evil.test/a.php?x"}]) == [0]


def test_the_known_indicators_are_all_rules_and_match_nothing_ordinary() -> None:
    known = known_indicators()
    rules = indicator_rules(known, FORMATS)
    assert len(rules) >= 100
    assert len({rule.id for rule in rules}) == len(rules)
    ordinary = make_batch(
        W3C,
        [
            {
                "cs-method": "GET",
                "cs-uri-stem": "/owa/auth/logon.aspx",
                "c-ip": "10.0.0.1",
                "cs(User-Agent)": "Mozilla/5.0",
            }
        ],
    )
    engine = Engine(rules, FORMATS)
    assert engine.unfiltered(W3C.id) == ()
    assert engine.match([ordinary]) == []


def test_a_users_list_is_read_by_lines_or_as_a_table(tmp_path: Path) -> None:
    plain = tmp_path / "list.txt"
    plain.write_text("# from a report\n192.0.2[.]7\nevil[.]test  # C2\nevil.aspx\n\n")
    assert [(one.kind, one.value) for one in read_indicators(plain)] == [
        ("ip", "192.0.2.7"),
        ("domain", "evil.test"),
        ("file_name", "evil.aspx"),
    ]
    table = tmp_path / "list.csv"
    table.write_text("indicator,type,cve\nEvilAgent/1,user_agent,CVE-2021-26855\n")
    assert read_indicators(table)[0].cves == ("CVE-2021-26855",)


def test_a_line_that_is_no_indicator_is_named(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("192.0.2.7\nwhat is this\n")
    with pytest.raises(KnowledgeError, match=r"list\.txt:2"):
        read_indicators(path)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("10.0.0.0/8", "ip"),
        ("2001:db8::1", "ip"),
        ("a" * 64, "sha256"),
        ("hxxps://evil[.]test/x", "url"),
        ("a@b.test", "email"),
        (r"C:\x\y.exe", "file_path"),
        ("x.ps1", "file_name"),
        ("c2.evil.test", "domain"),
        ("?", None),
    ],
)
def test_what_an_indicator_is_can_be_seen(value: str, kind: str | None) -> None:
    assert kind_of(value) == kind
