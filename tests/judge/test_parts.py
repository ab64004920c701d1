"""A log of which only a part was sent: what outsiders ask for is not in the log of the site behind."""

import msgspec
import pytest

from exsweep.knowledge.formats import INNER_SITE, load_formats
from exsweep.model import Level, SourceReport
from exsweep.parse.reader import Reader
from tests.judge.build import judged, log

WHOLE = ("2018-10-01 00:00:00", "2021-03-09 10:00:00")
WEB, FRONT = (log(kind, *WHOLE, builds=[("15.1.2106.2", *WHOLE)]) for kind in ("iis_w3c", "httpproxy"))


def behind(report: SourceReport) -> SourceReport:
    return msgspec.structs.replace(report, facts={INNER_SITE: "only"})


def at(report: SourceReport, path: str) -> SourceReport:
    return msgspec.structs.replace(report, path=path)


def test_the_log_of_the_site_behind_alone_never_becomes_no_signs():
    assert judged([], [WEB]).verdict.level is Level.NO_SIGNS
    less = judged([], [behind(WEB)])
    assert less.verdict.level is Level.CANNOT_TELL
    assert any("back end site" in gap.reason and gap.limits_verdict for gap in less.coverage.gaps)


def test_the_site_behind_beside_the_site_in_front_takes_nothing_away():
    both = judged([], [WEB, at(behind(WEB), "logs/W3SVC2/u_ex210301.log")])
    assert both.verdict.level is Level.NO_SIGNS
    assert not any("back end site" in gap.reason for gap in both.coverage.gaps)


@pytest.mark.parametrize(
    ("folders", "level"),
    [
        (["HttpProxy/Mapi", "HttpProxy/Eas"], Level.CANNOT_TELL),
        (["HttpProxy/Mapi", "HttpProxy/Ecp"], Level.NO_SIGNS),
        (["HttpProxy/Mapi", "elsewhere"], Level.NO_SIGNS),
    ],
)
def test_the_front_end_log_covers_a_way_in_only_with_a_folder_that_shows_it(folders, level):
    logs = [at(FRONT, f"{folder}/HttpProxy_2021030100-1.LOG") for folder in folders]
    told = judged([], logs)
    assert told.verdict.level is level
    lacking = [gap for gap in told.coverage.gaps if "of its folders" in gap.reason]
    assert any("ProxyLogon (2021)" in gap.effect for gap in lacking) == (level is Level.CANNOT_TELL)


@pytest.mark.parametrize(("ports", "told"), [((444, 444), True), ((443, 444), False), ((443, 443), False)])
def test_a_web_log_tells_by_its_ports_whether_outsiders_reach_its_site(ports, told):
    rows = "".join(
        f"2021-03-01 10:00:0{n} 192.0.2.10 GET /owa/ - {port} - 192.0.2.10 x - 200 0 0 31\n"
        for n, port in enumerate(ports)
    )
    head = "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\n"
    reader = Reader(next(one for one in load_formats() if one.id == "iis_w3c"))
    assert list(reader.feed((head + rows).encode(), last=True))
    report = reader.tally.report(path="u_ex210301.log", kind="iis_w3c", size=1, sha256="0" * 64)
    assert (INNER_SITE in report.facts) is told
