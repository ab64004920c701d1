"""Files in the light of the whole case: the page on the disk and the page in the log are one thing."""

from datetime import UTC, datetime

import pytest

from exsweep.judge.facts import dropped_paths, page, processes, served_as
from exsweep.judge.files import look
from exsweep.model import Confidence, FileReport, FileVerdict, Hit, Level, Origin
from tests.judge.build import hit, judged, log

ALL = [log("iis_w3c", "01-01 00:00:00", "03-09 10:00:00")]
SHELL = "evidence/C/inetpub/wwwroot/aspnet_client/abc.aspx"


def report(path: str = SHELL, verdict: FileVerdict = FileVerdict.MALICIOUS, **more: object) -> FileReport:
    return FileReport(
        path=path, sha256="ab" * 32, size=10, verdict=verdict, confidence=Confidence.SURE, **more
    )


def event(**fields: str) -> Hit:
    return Hit(
        rule="EVENT",
        kind="windows_event",
        origin=Origin(path="Security.evtx", line=1, offset=512),
        time=datetime(2021, 3, 1, tzinfo=UTC),
        fields=fields,
        excerpt="{}",
    )


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("C:\\inetpub\\wwwroot\\aspnet_client\\x.aspx", "/aspnet_client/x.aspx"),
        ("d/Exchange/V15/FrontEnd/HttpProxy/owa/auth/X.aspx", "/owa/auth/x.aspx"),
        ("V15/ClientAccess/ecp/auth/x.aspx", "/ecp/auth/x.aspx"),
        ("owa/auth/x.aspx", "/owa/auth/x.aspx"),
        ("downloads/x.aspx", "x.aspx"),
        ("c/Windows/Temporary ASP.NET Files/owa/8f/x.aspx.cdcab7d2.compiled", "x.aspx"),
        ("c/notes/readme.txt", None),
    ],
)
def test_a_file_is_known_by_the_address_it_is_served_under(path: str, url: str | None):
    assert served_as(path) == url


def test_a_file_and_the_requests_for_it_are_told_together():
    told = look(
        [report()],
        [
            hit("VISIT", "03-02 10:00:00", ip="203.0.113.9", path="/aspnet_client/abc.aspx", method="GET"),
            hit("USE", "03-03 10:00:00", ip="203.0.113.9", path="/aspnet_client/ABC.aspx", method="POST"),
            hit("USE", "03-03 11:00:00", ip="203.0.113.9", path="/aspnet_client/other.aspx", method="POST"),
        ],
    )
    assert told is not None
    requests = told.remarkable[0].requests
    assert requests is not None
    assert (requests.count, requests.with_input, requests.addresses) == (2, 1, ("203.0.113.9",))


def test_a_row_that_two_rules_found_is_one_request():
    one = hit("USE", "03-03 10:00:00", ip="203.0.113.9", path="/aspnet_client/abc.aspx")
    told = look([report()], [one, one])
    assert told is not None
    assert told.remarkable[0].requests is not None
    assert told.remarkable[0].requests.count == 1


def test_pages_with_nothing_in_them_are_counted_and_not_shown():
    told = look(
        [report(verdict=FileVerdict.UNREMARKABLE), report(), report(verdict=FileVerdict.BENIGN_KNOWN)], []
    )
    assert told is not None
    assert (told.looked_at, len(told.remarkable)) == (3, 1)


def test_no_files_say_nothing():
    assert look([], []) is None


def test_the_file_of_an_event_is_the_page_of_a_request():
    written = event(**{"file.path": "C:\\inetpub\\wwwroot\\aspnet_client\\abc.aspx"})
    assert dropped_paths(written) == ("C:\\inetpub\\wwwroot\\aspnet_client\\abc.aspx",)
    assert page(written) == "/aspnet_client/abc.aspx"


def test_a_file_written_over_the_network_share_has_a_name():
    written = event(ShareName="\\\\*\\C$", RelativeTargetName="inetpub\\wwwroot\\aspnet_client\\abc.aspx")
    assert page(written) == "/aspnet_client/abc.aspx"


def test_the_logon_of_the_system_itself_links_nothing():
    assert processes(event(SubjectLogonId="0x3e7", **{"host.name": "MAIL"})) == frozenset()
    assert processes(event(SubjectLogonId="0x51abc", **{"host.name": "MAIL"})) == {"logon:mail:0x51abc"}


def test_a_process_is_known_by_its_id_or_by_its_number_and_program():
    host = {"host.name": "MAIL"}
    sysmon = event(
        **host,
        **{
            "ProcessGuid": "{AB-1}",
            "process.pid": "6712",
            "process.executable": "C:\\Windows\\System32\\cmd.exe",
        },
    )
    audit = event(
        **host,
        **{
            "process.pid": "0x9f4",
            "process.executable": "C:\\Windows\\System32\\whoami.exe",
            "process.parent.pid": "0x1a38",
            "process.parent.executable": "c:\\windows\\system32\\CMD.EXE",
        },
    )
    assert processes(sysmon) == {"process:mail:ab-1", "process:mail:6712:cmd.exe"}
    assert processes(audit) == {"process:mail:2548:whoami.exe", "process:mail:6712:cmd.exe"}
    nameless = event(**host, **{"process.parent.pid": "0x1a38", "SubjectLogonId": "0x51abc"})
    assert processes(nameless) == {"logon:mail:0x51abc"}


def test_a_request_and_the_file_on_the_disk_are_one_intruder():
    on_disk = Hit(
        rule="VISIT",
        kind="served_file",
        origin=Origin(path=SHELL, line=1, offset=0),
        time=None,
        fields={"file.path": SHELL},
        excerpt="page",
    )
    assessment = judged(
        [hit("USE", "03-03 10:00:00", ip="203.0.113.9", path="/aspnet_client/abc.aspx"), on_disk], ALL
    )
    assert len(assessment.chains) == 1
    assert assessment.verdict.level.rank >= Level.BROKEN_INTO.rank


def test_files_that_nothing_links_with_anybody_stand_in_one_chain():
    files = [
        Hit(
            rule="VISIT",
            kind="served_file",
            origin=Origin(path=f"pages/{name}.aspx", line=1, offset=0),
            time=None,
            fields={"file.path": f"pages/{name}.aspx"},
            excerpt="page",
        )
        for name in "abc"
    ]
    assessment = judged(files, ALL)
    assert (len(assessment.chains), len(assessment.findings)) == (1, 3)
