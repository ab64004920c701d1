"""Whose server it is and whom to tell: from lists, tables and the owner's own word, each with its source; never guessed."""

import struct
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsweep.cli import run
from exsweep.errors import ExitCode
from exsweep.knowledge.csirts import csirts_of
from exsweep.knowledge.sectors import registry_contact, sector_of, sector_of_organisation
from exsweep.scan import (
    By,
    Kind,
    Networks,
    Rdap,
    lands_on,
    line,
    owner_of,
    read_networks,
    read_rdap,
    sites_of,
    ways,
)
from exsweep.scan.addresses import address
from exsweep.scan.certificate import Certificate
from exsweep.scan.replies import Reply
from exsweep.scan.security_txt import SecurityTxt, read_security_txt
from tests.scan.test_views import NOW, result

CERTIFICATE = Certificate(
    common_name="EXCH01",
    organisation="City of Twentynine Palms",
    names=("exch01.corp.local", "mail.example.edu"),
)


def test_the_targets_own_name_comes_before_the_certificate_and_the_organisation_last() -> None:
    named = owner_of(
        result("a", Kind.EXACT, name="mail.ci.springfield.or.us", certificate=CERTIFICATE), Networks()
    )
    assert (named.sector, named.region, named.sector_from) == ("city", "OR", "name: pattern")
    bare = owner_of(result("a", Kind.EXACT, address="192.0.2.1", certificate=CERTIFICATE), Networks())
    assert (bare.sector, bare.sector_from, bare.name) == (
        "university",
        "certificate: suffix",
        "mail.example.edu",
    )
    inside = msgspec.structs.replace(CERTIFICATE, names=("exch01.corp.local",))
    last = owner_of(result("a", Kind.EXACT, address="192.0.2.1", certificate=inside), Networks())
    assert (last.sector, last.sector_from, last.country, last.name) == ("city", "organisation", "US", None)
    assert last.organisation == "City of Twentynine Palms"


def test_what_no_list_knows_is_not_known() -> None:
    one = owner_of(result("a", Kind.EXACT, name="mail.school-of-rock-fcu.com"), Networks())
    assert (one.sector, one.sector_from, one.country) == ("other", "", None)


@pytest.mark.parametrize(
    ("name", "country"),
    [
        ("mail.example.de", "DE"),
        ("mail.example.co.uk", "GB"),
        ("mail.example.io", None),
        ("m.example.org", None),
    ],
)
def test_the_ending_of_a_name_is_a_hint_at_a_country_where_it_belongs_to_one(
    name: str, country: str | None
) -> None:
    one = owner_of(result("a", Kind.EXACT, name=name), Networks())
    assert (one.country, one.country_from) == (country, "name" if country else "")


def test_the_users_table_wins_over_list_and_ending() -> None:
    table = read_networks("network,asn,country\n192.0.2.0/24,AS64500,at\n")
    one = owner_of(result("a", Kind.EXACT, name="mail.example.de", address="192.0.2.1"), table)
    assert (one.country, one.country_from, one.asn) == ("AT", "table", "AS64500")


def test_names_of_organisations_are_compared_without_case_and_legal_forms() -> None:
    assert sector_of_organisation("THE  City of twentynine palms").sector == "city"
    assert sector_of_organisation("Example GmbH").sector == "other"
    assert sector_of_organisation("First").sector == "other"


@pytest.mark.parametrize("name", ["co.us", "ci.us", "state.mn.us.example.com", "city.example.com"])
def test_names_that_only_look_like_localities_are_none(name: str) -> None:
    assert sector_of(name).by != "pattern"


def mmdb(records: dict[str, dict[str, object]]) -> bytes:
    """A small table in MaxMind's format, of records with strings, numbers and one table in them.

    Source: MaxMind DB file format 2.0 (24-bit records, IPv4 tree).
    """

    def value(of: object) -> bytes:
        if isinstance(of, dict):
            return bytes([7 << 5 | len(of)]) + b"".join(value(key) + value(one) for key, one in of.items())
        if isinstance(of, int):
            return bytes([6 << 5 | 4]) + struct.pack(">I", of)
        if isinstance(of, bytes):  # numbers of the other widths
            return (bytes([8, 2]) if len(of) == 8 else bytes([5 << 5 | 2])) + of
        text = str(of).encode()
        return bytes([2 << 5 | len(text)]) + text

    nodes: list[list[int | None]] = [[None, None]]
    leaves: dict[tuple[int, int], int] = {}
    data = b""
    for text, record in records.items():
        net = ip_network(text)
        at = 0
        for depth in range(net.prefixlen):
            bit = int(net.network_address) >> (31 - depth) & 1
            if depth == net.prefixlen - 1:
                leaves[at, bit] = len(data)
            elif nodes[at][bit] is None:
                nodes[at][bit] = len(nodes)
                nodes.append([None, None])
                at = len(nodes) - 1
            else:
                at = nodes[at][bit] or 0
        data += value(record)
    count = len(nodes)
    tree = b"".join(
        (
            leaves[at, bit] + count + 16
            if (at, bit) in leaves
            else child
            if (child := nodes[at][bit]) is not None
            else count
        ).to_bytes(3, "big")
        for at in range(count)
        for bit in (0, 1)
    )

    def short(number):
        return struct.pack(">H", number)

    about: dict[str, object] = {
        "node_count": count,
        "record_size": short(24),
        "ip_version": short(4),
        "database_type": "Test",
        "binary_format_major_version": short(2),
        "binary_format_minor_version": short(0),
        "build_epoch": struct.pack(">Q", 1),
    }
    meta = bytes([7 << 5 | (len(about) + 2)]) + b"".join(
        value(key) + value(one) for key, one in about.items()
    )
    meta += value("languages") + bytes([0, 4]) + value("description") + bytes([7 << 5])
    return tree + b"\0" * 16 + data + b"\xab\xcd\xefMaxMind.com" + meta


def test_tables_in_maxminds_format_give_country_and_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    country, asn, rows = tmp_path / "country.mmdb", tmp_path / "asn.mmdb", tmp_path / "r.jsonl"
    country.write_bytes(mmdb({"192.0.2.0/24": {"country": {"iso_code": "CL"}}}))
    asn.write_bytes(
        mmdb({"192.0.2.0/25": {"autonomous_system_number": 64500}, "198.51.100.0/24": {"asn": "AS64501"}})
    )
    rows.write_bytes(
        line(result("a", Kind.EXACT, address="192.0.2.9"))
        + line(result("b", Kind.EXACT, address="203.0.113.9"))
    )
    both = ["--networks", str(country), "--networks", str(asn)]
    assert run(["scan", str(rows), "--show", "country", *both]) == ExitCode.OK
    said = capsys.readouterr().out
    assert "CL" in said and "not known" in said
    assert run(["scan", str(rows), "--show", "network", *both]) == ExitCode.OK
    assert "AS64500" in capsys.readouterr().out
    country.write_bytes(b"no table")
    assert run(["scan", str(rows), "--show", "country", *both]) == ExitCode.USAGE
    assert "no table of networks" in capsys.readouterr().err


def _reply(body: str, kind: str = "text/plain; charset=utf-8", status: int = 200) -> Reply:
    return Reply(status=status, headers=(("content-type", kind),), body=body.encode())


GOOD = """-----BEGIN PGP SIGNED MESSAGE-----

# told first
Contact: mailto:soc@security.example.net
contact: tel:+43-1-234
Contact: https://example.org/report
Contact: javascript:alert(1)
Contact: mailto:x@example.org\x1b[31m
Expires: 2027-01-01T00:00:00z
Preferred-Languages: de, en-GB, <b>
"""


def test_security_txt_is_read_as_the_standard_says() -> None:
    found = read_security_txt(_reply(GOOD), NOW)
    assert found == SecurityTxt(
        mails=("soc@security.example.net",),
        phones=("+43-1-234",),
        pages=("https://example.org/report",),
        languages=("de", "en-gb"),
        expires=datetime(2027, 1, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "reply",
    [
        _reply(GOOD, "text/html"),
        _reply(GOOD, status=404),
        _reply(GOOD.replace("2027", "2026").replace("01-01", "10-31")),
        _reply(GOOD.replace("Expires", "Expired")),
        _reply(GOOD + "Expires: 2028-01-01T00:00:00Z\n"),
        _reply("Expires: 2027-01-01T00:00:00Z\n"),
        _reply("<html>"),
    ],
    ids=["html", "missing", "expired", "no end", "two ends", "nobody", "page"],
)
def test_security_txt_that_is_expired_or_none_is_not_used(reply: Reply) -> None:
    assert read_security_txt(reply, NOW) is None


@given(st.binary(max_size=400))
def test_any_bytes_for_security_txt_are_no_error(body: bytes) -> None:
    read_security_txt(
        Reply(status=200, headers=(("content-type", "text/plain"),), body=b"Contact: " + body), NOW
    )


RDAP = """
{"objectClassName": "domain", "ldhName": "Example.EDU", "entities": [{"roles": ["registrar"], "entities": [{"roles": ["abuse"], "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["email", {}, "text", "Abuse@registrar.example"]]]}]}]}
{"objectClassName": "ip network", "startAddress": "192.0.2.0", "endAddress": "192.0.2.255", "entities": [{"roles": ["abuse"], "vcardArray": ["vcard", [["email", {}, "text", "abuse@isp.example"]]]}]}
{"objectClassName": "ip network", "startAddress": "192.0.2.0", "endAddress": "192.0.2.15", "entities": [{"roles": ["abuse"], "vcardArray": ["vcard", [["email", {}, "text", "noc@customer.example"]]]}]}
{"objectClassName": "ip network", "startAddress": "x", "endAddress": "y", "entities": [{"roles": ["abuse"], "vcardArray": ["vcard", [["email", {}, "text", "a@b.example"]]]}]}
{"objectClassName": "autnum"}
not json
"""


def test_saved_answers_of_rdap_name_who_takes_reports_for_domain_and_smallest_network() -> None:
    found = read_rdap(RDAP.splitlines())
    assert found.of_domain("mail.example.edu") == ("abuse@registrar.example",)
    assert found.of_address(address("192.0.2.9")) == ("noc@customer.example",)
    assert found.of_address(address("192.0.2.99")) == ("abuse@isp.example",)
    assert found.of_address(address("198.51.100.1")) == ()
    assert found.bad == 3


@given(
    st.recursive(st.none() | st.text(max_size=8) | st.integers(), lambda inner: st.lists(inner, max_size=4))
)
def test_any_card_in_an_answer_of_rdap_is_no_error(card: object) -> None:
    one = {
        "objectClassName": "domain",
        "ldhName": "a.example",
        "entities": [{"roles": ["abuse"], "vcardArray": card}],
    }
    read_rdap([msgspec.json.encode(one).decode()])


def test_the_ways_to_the_owner_stand_in_the_order_that_works() -> None:
    file = SecurityTxt(mails=("soc@example.edu", "soc@partner.example"), phones=("+1 555 0100",))
    one = result("a", Kind.EXACT, name="mail.example.edu", address="192.0.2.9", security_txt=file)
    owner = owner_of(one, read_networks("network,asn,country\n192.0.2.0/24,,AT\n"))
    found = ways(one, owner, read_rdap(RDAP.splitlines()), {})
    assert [(way.by, way.to, way.own) for way in found] == [
        (By.EMAIL, "soc@example.edu", True),
        (By.EMAIL, "soc@partner.example", False),
        (By.PHONE, "+1 555 0100", False),
        (By.EMAIL, "abuse@registrar.example", False),
        (By.EMAIL, "noc@customer.example", False),
        (By.PAGE, "CERT.at https://cert.at/", False),
        (By.PERSON, "the telephone number on their own site", False),
    ]


def test_the_site_above_a_mail_server_speaks_for_it_where_both_were_scanned() -> None:
    file = SecurityTxt(mails=("cert@elsewhere.example",))
    site = result("s", Kind.NOT_EXCHANGE, name="www.example.edu", security_txt=file)
    mail = result("m", Kind.EXACT, name="mail.example.edu")
    found = ways(mail, owner_of(mail, Networks()), Rdap(), sites_of([site, mail]))
    assert (found[0].to, found[0].source) == ("cert@elsewhere.example", "security.txt of www.example.edu")


@pytest.mark.parametrize(
    ("mail", "server", "lands"),
    [
        ("a@example.org", "mail.example.org", True),
        ("a@mail.example.org", "mail.example.org", True),
        ("a@sub.example.org", "mail.example.org", True),
        ("a@example.org", "owa.town.example.org", True),
        ("a@example.net", "mail.example.org", False),
        ("a@badexample.org", "mail.example.org", False),
        ("a@example.net", None, True),
        ("a@example.net", "EXCH01", True),
    ],
)
def test_a_mailbox_that_may_lie_on_the_server_itself_is_known_as_such(
    mail: str, server: str | None, lands: bool
) -> None:
    assert lands_on(mail, server) is lands


def test_the_registry_of_gov_names_its_security_mailboxes_and_no_other_domain_has_one() -> None:
    assert registry_contact("mail.36thdistrictcourtmi.gov") == "govdnssecurity@36thdistrictcourt.org"
    assert registry_contact("gov") is None
    assert registry_contact("mail.example.org") is None


def test_national_teams_have_a_source_each_and_say_which_pages_were_not_checked() -> None:
    assert csirts_of("es")[0].name == "INCIBE-CERT"
    assert csirts_of(None) == ()
    us = csirts_of("US")[0]
    assert not us.verified
    assert us.source
