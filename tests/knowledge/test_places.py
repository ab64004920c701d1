"""Where a file lies: given out by IIS, a place of back doors, a quarantine, a copy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsweep.knowledge.places import Place, learnable, pages, place_of, places

EXCHANGE = "C:/Program Files/Microsoft/Exchange Server/V15"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("C:/inetpub/wwwroot/aspnet_client/x.aspx", "drop"),
        ("C:\\inetpub\\wwwroot\\aspnet_client\\system_web\\4_0_30319\\x.aspx", "drop"),
        ("c%3a/inetpub/wwwroot/ASPNET_CLIENT/X.ASPX", "drop"),
        ("aspnet_client/x.aspx", "drop"),
        ("C:/inetpub/wwwroot/aspnet_client/system_web/4_0_30319/WebUIValidation.js", "served"),
        (f"{EXCHANGE}/FrontEnd/HttpProxy/owa/auth/logon.aspx", "served"),
        (f"{EXCHANGE}/FrontEnd/HttpProxy/owa/auth/x.aspx", "drop"),
        ("case/owa/auth/x.aspx", "drop"),
        ("case/owa/auth/errorFE.aspx", "served"),
        (f"{EXCHANGE}/FrontEnd/HttpProxy/owa/auth/Current/themes/x.aspx", "drop"),
        (f"{EXCHANGE}/FrontEnd/HttpProxy/owa/auth/15.1.2106/themes/x.aspx", "drop"),
        (f"{EXCHANGE}/FrontEnd/HttpProxy/ecp/auth/TimeoutLogout.aspx", "served"),
        (f"{EXCHANGE}/FrontEnd/HttpProxy/ecp/auth/TimeoutLogoff.aspx", "drop"),
        (f"{EXCHANGE}/FrontEnd/HttpProxy/OAB/log.aspx", "drop"),
        (f"{EXCHANGE}/ClientAccess/owa/auth/error2.aspx", "served"),
        (f"{EXCHANGE}/ClientAccess/ecp/Quarantine/x.aspx", "served"),
        ("C:/inetpub/wwwroot/shop/x.aspx", "served"),
        ("C:/inetpub/vendor/x.aspx", "served"),
        ("C:/ProgramData/COM1/x.aspx", "drop"),
        ("C:/ProgramData/Microsoft/Windows Defender/Quarantine/ResourceData/x.aspx", "quarantine"),
        ("C:/Quarantine/x.aspx", "quarantine"),
        ("C:/$Recycle.Bin/S-1-5-21-1/x.aspx", "copy"),
        ("D:/Backup/2021/x.aspx", "copy"),
        ("C:/Windows/Microsoft.NET/Framework64/v4.0.30319/Temporary ASP.NET Files/owa/1/x.dll", "compiled"),
        ("D:/things/x.aspx", "unknown"),
        ("x.aspx", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_path_tells_the_place(path: str, kind: str) -> None:
    assert place_of(path).kind == kind


@pytest.mark.parametrize("word", ["quarantine", "backup", "samples", "evidence", "webshells"])
def test_the_name_of_an_evidence_folder_excuses_nothing(word: str) -> None:
    assert place_of(f"{word}/x.aspx").kind == "unknown"
    assert place_of(f"{word}/inetpub/wwwroot/aspnet_client/x.aspx").kind == "drop"


@pytest.mark.parametrize("word", ["quarantine", "backup", "samples", "infected"])
def test_an_intruder_cannot_hide_a_page_in_a_folder_of_such_a_name(word: str) -> None:
    assert place_of(f"C:/inetpub/wwwroot/{word}/x.aspx").kind == "served"
    assert place_of(f"{EXCHANGE}/FrontEnd/HttpProxy/owa/auth/{word}/x.aspx").kind == "drop"


@pytest.mark.parametrize(
    ("path", "url", "site"),
    [
        (f"{EXCHANGE}/FrontEnd/HttpProxy/owa/auth/X.aspx", "/owa/auth/x.aspx", "front"),
        (f"{EXCHANGE}/FrontEnd/HttpProxy/owa/auth/15.1.2106/x.aspx", "/owa/auth/15.1.2106/x.aspx", "front"),
        (f"{EXCHANGE}/ClientAccess/exchweb/ews/x.asmx", "/ews/x.asmx", "back"),
        ("C:/inetpub/wwwroot/aspnet_client/a/x.aspx", "/aspnet_client/a/x.aspx", "front"),
        ("C:/inetpub/wwwroot/x.aspx", "/x.aspx", "front"),
        ("C:/inetpub/vendor/x.aspx", None, ""),
        ("x.aspx", None, ""),
    ],
)
def test_a_place_tells_the_address_where_it_can(path: str, url: str | None, site: str) -> None:
    place = place_of(path)
    assert (place.url, place.site) == (url, site)


def test_folders_of_the_servers_own_configuration_are_served() -> None:
    mine = [("D:\\portal", "/Portal"), ("D:\\portal\\api", "/api")]
    assert place_of("auto/D%3A/Portal/x.ashx", mine) == Place(kind="served", url="/portal/x.ashx")
    assert place_of("D:/portal/api/v1/x.ashx", mine).url == "/api/v1/x.ashx"
    assert place_of("D:/other/x.ashx", mine).kind == "unknown"


def test_severity_and_reason_come_with_their_source() -> None:
    place = place_of(f"{EXCHANGE}/FrontEnd/HttpProxy/owa/auth/babydraco.aspx")
    assert (place.severity, place.reason) == ("critical", "file name published as web shell")
    assert place.source
    assert place_of("C:/inetpub/wwwroot/aspnet_client/q.aspx").severity == "critical"
    assert place_of("C:/inetpub/wwwroot/shop/q.aspx").severity == ""


def test_a_published_name_of_a_shipped_page_is_no_back_door_by_its_name() -> None:
    for name in ("RedirSuiteServiceProxy.aspx", "OutlookCN.aspx"):
        place = place_of(f"{EXCHANGE}/FrontEnd/HttpProxy/owa/auth/{name}")
        assert place.kind == "served"
        assert "published" not in place.reason


def test_the_table_is_sourced_and_in_lower_case_where_it_must_be() -> None:
    table = places()
    assert table.source
    assert all(word == word.lower() for word in (*table.pages, *table.learned, *table.quarantine_on_disk))
    assert pages() < learnable()


@given(st.text(max_size=300))
def test_any_text_has_a_place(path: str) -> None:
    assert place_of(path).kind in {"served", "drop", "compiled", "quarantine", "copy", "unknown"}
