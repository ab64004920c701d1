"""Shipped rules on whole lines: ordinary traffic stays quiet, intruders' lines are told apart by what they prove."""

import zipfile
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from exsweep.detect import Engine
from exsweep.knowledge.data_files import ROOT
from exsweep.knowledge.formats import format_of, load_formats
from exsweep.knowledge.rules import RuleSet, load_rules
from exsweep.model import Strength
from exsweep.parse import Batch, Reader, recognise
from exsweep.parse.pasted import read_pasted

IIS = (
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
    "sc-status sc-substatus sc-win32-status time-taken\n"
)
NOW = "2021-03-03 01:00:00 10.0.0.1"


@cache
def rules() -> RuleSet:
    return load_rules(ROOT / "rules", formats=load_formats())


@cache
def engine() -> Engine:
    return Engine(rules().rules, load_formats())


def found(batches: Sequence[Batch]) -> Counter[str]:
    """Rule id -> matches, without rules that only serve correlations."""
    counts: Counter[str] = Counter()
    for kind in {batch.format.id for batch in batches}:
        same = [batch for batch in batches if batch.format.id == kind]
        counts.update(match.rule.id for match in engine().match(same) if match.rule.id not in engine().silent)
    return counts


def on_iis(*lines: str) -> set[str]:
    text = IIS + "".join(f"{NOW} {line}\n" for line in lines)
    return set(found(list(Reader(format_of("iis_w3c")).feed(text.encode(), last=True))))


def read(name: str, data: bytes) -> list[Batch]:
    kind = recognise(data[:65_536], name, load_formats())
    if kind is None:
        return list(read_pasted(data, load_formats()).batches)
    return list(Reader(kind).feed(data, last=True))


ORDINARY = [
    "GET /owa/ &CorrelationID=<empty>;&cafeReqId=1; 443 EXAMPLE\\user 203.0.113.10 Mozilla/5.0 - 200 0 0 5",
    "POST /owa/service.svc action=FindItem&EP=1&ID=-12&AC=1 443 EXAMPLE\\user 203.0.113.10 Mozilla/5.0 - 200 0 0 5",
    "POST /Microsoft-Server-ActiveSync/default.eas Cmd=Ping&User=a&DeviceId=1 443 E\\user 203.0.113.10 Apple - 200 0 0 5",
    "POST /owa/auth.owa - 443 - 203.0.113.10 Mozilla/5.0 https://m.example.test/owa/auth/logon.aspx 302 0 0 5",
    "GET /owa/auth/logon.aspx replaceCurrent=1&reason=2&url=https%3a%2f%2fm 443 - 203.0.113.10 Mozilla/5.0 - 200 0 0 5",
    "GET /owa/auth/15.1.2106/themes/resources/favicon.ico - 443 - 203.0.113.10 Mozilla/5.0 - 200 0 0 5",
    "RPC_IN_DATA /rpc/rpcproxy.dll x:6001 443 EXAMPLE\\user 203.0.113.10 MSRPC - 200 0 0 5",
    "POST /ecp/DDI/DDIService.svc/SetObject schema=OABVirtualDirectory 443 E\\admin 203.0.113.10 Mozilla/5.0 - 200 0 0 5",
    "GET /ecp/UsersGroups/NewMailboxOnPremises.aspx pwmcid=2 443 E\\admin 203.0.113.10 Mozilla/5.0 - 200 0 0 5",
    "GET /ecp/auth/TimeoutLogout.aspx - 443 E\\admin 203.0.113.10 Mozilla/5.0 - 200 0 0 5",
    "GET /owa/auth/errorFE.aspx httpCode=500&msg=1 443 - 203.0.113.10 Mozilla/5.0 - 200 0 0 5",
    "GET /autodiscover/autodiscover.json Email=a%40example.test&Protocol=EWS 443 - 203.0.113.10 Office - 200 0 0 5",
    "GET /autodiscover/autodiscover.json/v1.0/a%40example.test Protocol=Powershell 443 - 203.0.113.10 x - 200 0 0 5",
    "POST /Autodiscover/Autodiscover.xml &CorrelationID=<empty>; 443 E\\user 203.0.113.10 Outlook - 200 0 0 5",
    "GET /aspnet_client/system_web/4_0_30319/WebForms.js - 443 - 203.0.113.10 x - 200 0 0 5",
    "POST /EWS/Exchange.asmx &CorrelationID=<empty>; 443 E\\user 203.0.113.10 Mac+Outlook - 200 0 0 5",
    "POST /powershell clientApplication=ActiveMonitor;PSVersion=5.1 444 E\\H ::1 Microsoft+WinRM+Client - 200 0 0 5",
    "GET /owa/auth/error.aspx - 444 EXAMPLE\\SRV01$ 10.0.0.1 x - 200 0 0 5",
    "POST /ecp/RulesEditor/InboxRules.svc/NewObject msExchEcpCanary=x 443 E\\user 203.0.113.10 Mozilla/5.0 - 200 0 0 5",
    "GET /OAB/6a2c/oab.xml - 443 EXAMPLE\\user 203.0.113.10 x - 200 0 0 5",
    "POST /mapi/emsmdb/ MailboxId=abc@example.test 443 EXAMPLE\\user 203.0.113.10 Office - 200 0 0 5",
    "GET /certsrv/certfnsh.asp cmd=1 443 EXAMPLE\\user 203.0.113.10 x - 200 0 0 5",
    "GET /search.aspx q=powershell+training 443 - 203.0.113.10 Mozilla/5.0 https://m.example.test/search.aspx 200 0 0 5",
]


@pytest.mark.parametrize("line", ORDINARY)
def test_ordinary_requests_are_not_remarked_on(line: str) -> None:
    assert on_iis(line) == set()


@pytest.mark.parametrize(
    ("line", "rule", "strength"),
    [
        (
            "POST /aspnet_client/x.aspx - 443 - 203.0.113.9 x - 200 0 0 46",
            "WS-IIS-ASPNETCLIENT-USE",
            "success",
        ),
        ("GET /aspnet_client/x.aspx - 443 - 203.0.113.9 x - 200 0 0 46", "WS-IIS-ASPNETCLIENT", "success"),
        ("GET /aspnet_client/x.aspx - 443 - 203.0.113.9 x - 404 0 0 46", "WS-IIS-OWAAUTH-PROBE", "attempt"),
        ("POST /aspnet_client/x.aspx - 443 - 203.0.113.9 x - 500 0 0 46", "WS-IIS-ERROR", "ambiguous"),
        (
            "POST /aspnet_backup/a/x.aspx - 443 - 203.0.113.9 x - 200 0 0 46",
            "WS-IIS-ASPNETCLIENT-USE",
            "success",
        ),
        ("GET /owa/auth/errorEE.aspx - 443 - 203.0.113.9 x - 200 0 0 46", "WS-IIS-OWAAUTH", "success"),
        ("GET /owa/auth/errorEE.aspx - 443 - 203.0.113.9 x - 302 0 0 46", "WS-IIS-OWAAUTH-PROBE", "attempt"),
        ("POST /OWA/Auth/%65rrorEE.aspx - 443 - 203.0.113.9 x - 200 0 0 46", "WS-IIS-OWAAUTH-USE", "success"),
        (
            "GET /owa/auth/error.aspx - 443 - 203.0.113.9 x - 200 0 0 46",
            "WS-IIS-OWAAUTH-ERRORPAGE",
            "ambiguous",
        ),
        ("GET /ecp/auth/TimeoutLogoff.aspx - 443 - 203.0.113.9 x - 200 0 0 46", "WS-IIS-ECPAUTH", "success"),
        ("POST /ews/s.aspx - 443 - 203.0.113.9 x - 200 0 0 46", "WS-IIS-OTHERVDIR-USE", "success"),
        ("POST /ecp/y.js - 443 - 203.0.113.9 x - 500 0 0 46", "PL-IIS-ECP-SHORTJS", "attempt"),
        ("POST /ecp/y.js - 443 - 203.0.113.9 x - 241 0 0 46", "PL-IIS-241", "success"),
        ("POST /a/b.aspx x=net+user+/domain 443 - 203.0.113.9 x - 200 0 0 46", "WS-IIS-COMMAND", "ambiguous"),
        (
            "GET /a/b.aspx x=net+user+/domain 443 - 203.0.113.9 x - 404 0 0 46",
            "WS-IIS-COMMAND-TRY",
            "attempt",
        ),
        ("GET /owa/auth/x.js - 443 - 203.0.113.9 x - 500 0 0 46", "PL-IIS-XJS-GET", "assessment"),
    ],
)
def test_one_line_is_worth_what_it_proves(line: str, rule: str, strength: str) -> None:
    assert rule in on_iis(line)
    worth = {each.id: each.strength for each in rules().rules}
    assert worth[rule] == Strength(strength)


def test_a_visit_to_a_back_door_is_not_called_use() -> None:
    visit = on_iis("GET /aspnet_client/x.aspx - 443 - 203.0.113.9 x - 200 0 0 46")
    use = on_iis("GET /aspnet_client/x.aspx cmd=ver 443 - 203.0.113.9 x - 200 0 0 46")
    assert visit == {"WS-IIS-ASPNETCLIENT"}
    assert use == {"WS-IIS-ASPNETCLIENT-USE"}


def test_rows_cut_by_powershell_are_recognised_by_what_is_left() -> None:
    host = "2021-03-03T06:44:34.294Z ServerInfo~a]@SRV01.EXAMPLE.TEST:444"
    rows = f"DateTime AnchorMailbox\n{host}/autodiscov...\n{host}/mapi/em...\n{host}/ecp/proxyLogo...\n{host}/ecp/DDI/DDISe...\n"
    ids = set(found(read("-", rows.encode())))
    assert {"PL-SSRF-AUTODISCOVER-ONLY", "PL-LIST-MAPI", "PL-LIST-PROXYLOGON", "PL-LIST-DDI"} <= ids


def test_a_key_of_the_control_panel_proves_the_session_without_any_status() -> None:
    row = (
        "DateTime AnchorMailbox\n2021-03-03T06:44:34.294Z ServerInfo~a]@SRV01.EXAMPLE.TEST:444/ecp/DDI/DDIService.svc/"
        "GetObject?msExchEcpCanary=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.&schema=OABVirtualDirectory#\n"
    )
    assert "PL-CANARY" in found(read("-", row.encode()))


def test_real_ordinary_logs_of_exchange_yield_nothing(shared_data: Path) -> None:
    for path in sorted((shared_data / "exchange_logs").glob("*")):
        if path.suffix.lower() == ".log" and "proxyshell" not in path.name:
            assert found(read(path.name, path.read_bytes())) == Counter(), path.name


def test_a_real_site_without_exchange_yields_tries_at_most(shared_data: Path) -> None:
    batches: list[Batch] = []
    with zipfile.ZipFile(shared_data / "iis_logs" / "webknowit_w3svc1_2015-2016.zip") as archive:
        for name in sorted(archive.namelist()):
            batches += read(name, archive.read(name))
    worth = {each.id: each.strength for each in rules().rules}
    assert {worth[rule] for rule in found(batches)} <= {Strength.ATTEMPT, Strength.ASSESSMENT}


def test_proxyshell_is_told_step_by_step_from_the_cmdlet_log(shared_data: Path) -> None:
    path = shared_data / "exchange_logs" / "insightengineering_proxyshell_Rps_Cmdlet.LOG"
    assert set(found(read(path.name, path.read_bytes()))) == {
        "PS-CMDLET-ROLE",
        "PS-CMDLET-INSIDE",
        "PS-CMDLET-EXPORT-TRY",
        "PS-CMDLET-EXPORT-REMOVE",
    }


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("css-exchange-100", "PL-CANARY"),
        ("msqa-309846", "PL-LIST-DDI"),
        ("msqa-305695", "PL-SSRF-AUTODISCOVER-ONLY"),
        ("m365internals-2022", "WS-IIS-ASPNETCLIENT-USE"),
        ("signature-base-125", "PL-SSRF-LOCALHOST"),
        ("css-exchange-189", None),
        ("css-exchange-311", None),
        ("css-exchange-328", None),
        ("css-exchange-345", None),
        ("msqa-1163949", None),
        ("msqa-1248327", None),
    ],
)
def test_lines_of_victims_are_told_by_the_right_rule(
    shared_data: Path, case: str, expected: str | None
) -> None:
    path = shared_data / "victim_reports" / "lines" / f"{case}.txt"
    ids = set(found(read(path.name, path.read_bytes())))
    assert (expected in ids) if expected else (ids == set())
