"""Days that matter, what to do, who only tests, and what collectors leave out."""

from datetime import date

import pytest

from exsweep.errors import KnowledgeError
from exsweep.knowledge import campaigns, collectors, remediation, scanners, webshell_paths
from exsweep.knowledge.pages import shipped


def test_proxylogon_was_used_two_months_before_the_update() -> None:
    found = campaigns.campaign("ProxyLogon")
    assert (found.first_exploited, found.patched) == (date(2021, 1, 3), date(2021, 3, 2))
    assert found.danger_from == date(2021, 1, 3)
    assert found.mass_from == date(2021, 2, 26)


def test_a_campaign_that_nobody_knows_is_an_error_that_says_so() -> None:
    with pytest.raises(KnowledgeError):
        campaigns.campaign("NoSuch")


@pytest.mark.parametrize("name", ["S3", "S4", "S5", "S6"])
def test_with_an_intruder_inside_the_first_three_steps_are_unplug_tell_call(name: str) -> None:
    steps = remediation.remedies(name)
    assert [step.id.split(".")[2] for step in steps[:3]] == ["cut-off", "tell", "call-help"]
    assert all(step.audience == "admin" for step in steps[:3])


@pytest.mark.parametrize("name", list(remediation.situations()))
def test_an_admin_never_gets_more_than_five_steps_at_once(name: str) -> None:
    assert 3 <= len(remediation.situation(name).admin) <= 5
    steps = remediation.remedies(name)
    audiences = [step.audience for step in steps]
    assert audiences == sorted(audiences)
    assert all(step.done_when and step.why and step.source for step in steps)
    assert len({step.id for step in steps}) == len(steps)


def test_every_situation_of_the_facts_is_served() -> None:
    assert {f"S{number}" for number in range(7)} <= remediation.situations().keys()


def test_a_stopgap_says_what_it_does_not_cover() -> None:
    found = [each for each in remediation.mitigations() if "CVE-2022-41040" in each.cves]
    assert [each.limits for each in found] == ["OWASSRF passes it"]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"AnchorMailbox": "ServerInfo~localhost/ecp/default.flt?"}, "the nmap test for CVE-2021-26855"),
        ({"user_agent.original": "Mozilla/5.0+(compatible;+Nmap+Scripting+Engine;+x)"}, "nmap"),
        ({"user_agent.original": "Nuclei - Open-source project"}, "nuclei"),
        ({"source.ip": "184.105.139.70"}, "The Shadowserver Foundation"),
        ({"source.ip": "::ffff:184.105.139.70"}, "The Shadowserver Foundation"),
        ({"url.query": "@test.com/owa/?&Email=autodiscover/autodiscover.json%3F@test.com"}, "Nessus"),
        ({"user_agent.original": "Mozilla/5.0", "source.ip": "203.0.113.9"}, None),
        ({"AnchorMailbox": "ServerInfo~a]@srv01.example.test:444/mapi/emsmdb/?#"}, None),
        ({"source.ip": "not an address"}, None),
        ({}, None),
    ],
)
def test_known_tests_are_recognised_and_nothing_else(fields: dict[str, str], name: str | None) -> None:
    assert scanners.scanner_of(fields) == name


@pytest.mark.parametrize(
    ("path", "collector"),
    [
        ("host/uploads/auto/C%3A/inetpub/logs/u_ex210303.log", "velociraptor"),
        ("2021-03-08T120000_TRIAGE_CopyLog.csv", "kape"),
        ("SRV01/EWS_Proxy_Logs/HttpProxy_2021030301-1.LOG", "exchangelogcollector"),
        ("Test-ProxyLogonLogs\\SRV01-other.csv", "test-proxylogon"),
        ("fs/c:/Program Files/Microsoft/Exchange Server/V15/Logging/Ews/x.log", "acquire"),
    ],
)
def test_a_collector_is_known_by_the_paths_it_leaves(path: str, collector: str) -> None:
    assert [each.id for each in collectors.collectors_of([path])] == [collector]


def test_plain_folders_belong_to_no_collector() -> None:
    assert collectors.collectors_of(["inetpub/logs/LogFiles/W3SVC1/u_ex210303.log"]) == ()


def test_acquire_is_known_to_leave_out_the_decisive_logs() -> None:
    acquire = next(each for each in collectors.collectors() if each.id == "acquire")
    assert {"httpproxy", "ecp_server"} <= set(acquire.leaves_out)


def test_no_published_web_shell_name_is_a_page_that_exchange_ships() -> None:
    assert len(webshell_paths.webshell_paths()) == 108
    assert [url for url in webshell_paths.published_urls() if shipped(url).answer] == []
