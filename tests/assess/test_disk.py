"""What the disk remembers of a page joins what the web log tells of it; a page that is gone still has its moment."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from exsweep.assess import Settings, rejudge, triage
from exsweep.cli.summary import summary
from exsweep.model import Assessment, Confidence, Level, Stage
from tests.parse.filesystem.making import CLOSE, CREATE, DELETE, EXTEND, Table, change, entry_of, log_file

NOW = datetime(2021, 3, 9, tzinfo=UTC)
WEB = r"inetpub\wwwroot\aspnet_client"
LOG = """#Software: Microsoft Internet Information Services 10.0
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken
2021-03-04 10:00:00 10.0.0.5 GET /aspnet_client/ab12.aspx - 443 - 203.0.113.9 curl 200 0 0 12
2021-03-04 10:00:09 10.0.0.5 POST /aspnet_client/ab12.aspx - 443 - 203.0.113.9 curl 200 0 0 15
"""


def judged(folder: Path, **more: object) -> Assessment:
    return triage(Settings(evidence=(folder,), now=NOW, **more))  # type: ignore[arg-type]


def disk(root: Path, *, page: str = "ab12.aspx", table: bool = True) -> Path:
    """A server whose page was made, and later removed; the table still has its name."""
    made = Table()
    folder = made.folder(WEB)
    for number in range(40):
        made.file(rf"{WEB}\system_web\4_0\old{number}.js", "2019-05-01 10:00:00")
    entry = made.file(rf"{WEB}\{page}", "2021-03-03 04:10:22", in_use=False)
    drive = root / "C"
    (drive / "$Extend").mkdir(parents=True)
    if table:
        (drive / "$MFT").write_bytes(made.bytes())
    told = [
        ("2021-03-03 04:10:22", CREATE),
        ("2021-03-03 04:10:22", CREATE | EXTEND | CLOSE),
        ("2021-03-05 06:00:00", DELETE | CLOSE),
    ]
    records = [
        change(page, when, reasons, entry=entry, parent=folder, usn=number)
        for number, (when, reasons) in enumerate(told)
    ]
    (drive / "$Extend" / "$J").write_bytes(bytes(65_536) + b"".join(records))
    return root


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    return disk(tmp_path / "evidence")


def rules(told: Assessment) -> set[str]:
    return {item.rule.id for item in told.findings}


def test_a_page_that_is_gone_is_proven_by_the_disk(evidence: Path):
    told = judged(evidence)
    assert told.verdict.level is Level.BROKEN_INTO
    assert told.verdict.since == datetime(2021, 3, 3, 4, 10, 22, tzinfo=UTC)
    assert rules(told) == {"NT-PAGE-WEB", "NT-PAGE-DELETED", "UJ-PAGE-WEB", "UJ-PAGE-DELETED"}
    (chain,) = told.chains
    seen = {step.stage: step.time for step in chain.steps if not step.missing}
    assert seen[Stage.DROP] == datetime(2021, 3, 3, 4, 10, 22, tzinfo=UTC)
    assert seen[Stage.CLEANUP] == datetime(2021, 3, 5, 6, tzinfo=UTC)


def test_two_records_of_one_disk_are_one_kind_of_proof(evidence: Path):
    assert judged(evidence).verdict.confidence is Confidence.VERY_LIKELY


def test_the_drop_step_of_a_used_page_gets_its_moment_from_the_disk(evidence: Path):
    (evidence / "u_ex210304.log").write_text(LOG)
    told = judged(evidence)
    (chain,) = told.chains
    assert chain.actor.addresses == ("203.0.113.9",)
    drop = next(step for step in chain.steps if step.stage is Stage.DROP)
    assert (drop.time, drop.missing, drop.proven) == (
        datetime(2021, 3, 3, 4, 10, 22, tzinfo=UTC),
        False,
        True,
    )
    assert told.verdict.confidence is Confidence.SURE


def test_a_journal_without_the_table_says_that_its_folders_are_numbers(tmp_path: Path):
    told = judged(disk(tmp_path / "evidence", table=False))
    assert rules(told) == {"UJ-PAGE-NAME"}
    assert told.verdict.level.rank < Level.SUSPICIOUS.rank
    reasons = " ".join(gap.reason for gap in told.coverage.gaps)
    assert "without the file table" in reasons
    assert "reaches back only to 2021-03-03 04:10 UTC" in reasons


def test_pages_that_a_setup_writes_are_nobody_s_back_door(tmp_path: Path):
    made = Table()
    for number in range(60):
        made.file(
            rf"inetpub\wwwroot\shop\page{number}.aspx", "2021-03-03 04:10:22", said="2018-01-01 00:00:00"
        )
    (tmp_path / "C").mkdir()
    (tmp_path / "C" / "$MFT").write_bytes(made.bytes())
    assert rules(judged(tmp_path)) == set()


def test_the_stored_rows_are_judged_again_alike(evidence: Path, tmp_path: Path):
    first = judged(evidence, out=tmp_path / "out")
    again = rejudge(Settings(evidence=(tmp_path / "out",), now=NOW))
    assert [item.id for item in again.findings] == [item.id for item in first.findings]
    assert judged(evidence, quick=True).findings == judged(evidence).findings


def test_a_back_door_that_the_virus_scanner_locked_away_joins_the_page_of_the_disk(evidence: Path):
    (evidence / "MPDetection-20210301-000000.log").write_text(
        "2021-03-05T06:00:00.123Z DETECTION Backdoor:ASP/Chopper.F!dha file:C:\\" + WEB + "\\ab12.aspx\n"
    )
    told = judged(evidence)
    (chain,) = told.chains
    assert "AV-SHELL-WEB" in rules(told)
    assert told.verdict.confidence is Confidence.SURE
    assert {step.stage for step in chain.steps if not step.missing} == {
        Stage.DROP,
        Stage.WEBSHELL,
        Stage.CLEANUP,
    }


def test_traces_that_are_not_read_are_named_with_what_to_give_instead(evidence: Path):
    (evidence / "C" / "SRUDB.dat").write_bytes(bytes(4) + b"\xef\xcd\xab\x89" + bytes(4088))
    (gap,) = [gap for gap in judged(evidence).coverage.gaps if gap.kind == "file"]
    assert "SRUDB.dat" in gap.reason
    assert "event logs" in gap.effect
    assert not gap.limits_verdict


@pytest.mark.parametrize(
    ("path", "data", "advice"),
    [
        ("report.pdf", b"%PDF-1.7\n", "Copy the text"),
        ("old.xls", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504), "CSV"),
        ("book/xl/workbook.xml", b"<?xml version='1.0'?><workbook/>", "CSV"),
        ("letter/word/document.xml", b"<?xml version='1.0'?><w:document/>", "plain text"),
    ],
)
def test_documents_are_named_with_how_to_give_what_stands_in_them(
    tmp_path: Path, path: str, data: bytes, advice: str
):
    (tmp_path / "sent" / path).parent.mkdir(parents=True)
    (tmp_path / "sent" / path).write_bytes(data)
    (gap,) = [gap for gap in judged(tmp_path / "sent").coverage.gaps if gap.kind == "file"]
    assert advice in gap.effect
    told = summary(judged(tmp_path / "sent"), None)
    assert advice in told.split("What we could not see")[1].splitlines()[1]


def test_requests_in_a_form_that_nobody_knows_are_not_passed_over(tmp_path: Path):
    row = "03.03.2021 04:12:{:02} -> 203.0.113.66 => POST /owa/auth/logon.aspx => 200\n"
    (tmp_path / "sent").mkdir()
    (tmp_path / "sent" / "waf.out").write_text("".join(row.format(second) for second in range(20)))
    (gap,) = [gap for gap in judged(tmp_path / "sent").coverage.gaps if gap.kind == "file"]
    assert "web requests" in gap.reason
    assert "waf.out" in gap.reason


def test_where_nothing_could_be_read_the_files_are_named(tmp_path: Path):
    (tmp_path / "sent").mkdir()
    for name in ("hello.txt", "screen.png", "shot 2.png", "x.dat"):
        (tmp_path / "sent" / name).write_text(f"{name}: our mail is slow since Monday\n")
    (gap,) = [gap for gap in judged(tmp_path / "sent").coverage.gaps if gap.kind == "file"]
    assert "hello.txt, screen.png, shot 2.png and 1 more" in gap.reason
    (tmp_path / "sent" / "u_ex210301.log").write_text(
        "#Fields: date time cs-method cs-uri-stem c-ip sc-status\n2021-03-01 03:12:29 GET /owa/ 192.0.2.9 200\n"
    )
    assert not [gap for gap in judged(tmp_path / "sent").coverage.gaps if gap.kind == "file"]


@pytest.mark.parametrize("when", ["1980-01-01 00:00:00", "2031-01-01 00:00:00"])
def test_h47_a_time_that_no_clock_of_a_server_shows_dates_nothing(tmp_path: Path, when: str):
    made = Table()
    made.folder(WEB)
    made.file(rf"{WEB}\ab12.aspx", when)
    (tmp_path / "C").mkdir()
    (tmp_path / "C" / "$MFT").write_bytes(made.bytes())
    told = judged(tmp_path)
    assert told.verdict.level is Level.BROKEN_INTO
    assert told.verdict.since is None and told.verdict.dating is None
    assert "does not say when" in told.verdict.text[0]
    assert any(when[:4] in str(item.fields) + item.excerpt for item in told.findings)


def test_h47_the_moment_that_the_disk_gives_a_page_is_said_where_no_log_is(tmp_path: Path):
    made = Table()
    made.folder(WEB)
    made.file(rf"{WEB}\ab12.aspx", "2021-03-03 04:10:22", said="2016-07-16 13:00:00")
    (tmp_path / "C").mkdir()
    (tmp_path / "C" / "$MFT").write_bytes(made.bytes())
    assert "on 3 March 2021" in judged(tmp_path).verdict.text[0]


def test_the_log_of_the_disk_names_a_page_that_table_and_journal_have_forgotten(tmp_path: Path):
    made = Table()
    folder = made.folder(WEB)
    drive = tmp_path / "C"
    drive.mkdir()
    (drive / "$MFT").write_bytes(made.bytes())
    names = [
        entry_of("added", "ab12.aspx", folder, "2021-03-03 04:10:22"),
        entry_of("added", "logon - Copy.aspx", folder, "2021-03-03 04:10:30"),
        entry_of("removed", "ab12.aspx", folder, "2021-03-05 06:00:00"),
    ]
    (drive / "$LogFile").write_bytes(log_file(names))
    told = judged(tmp_path)
    assert rules(told) == {"LF-PAGE-WEB", "LF-PAGE-REMOVED"}
    assert told.verdict.since == datetime(2021, 3, 3, 4, 10, 22, tzinfo=UTC)
    assert {item.fields["file.path"] for item in told.findings} == {rf"C:\{WEB}\ab12.aspx"}


def test_a_list_that_another_program_made_of_the_disk_tells_the_same(tmp_path: Path):
    sample = Path(__file__).parent.parent / "parse" / "samples"
    for name in ("mftecmd", "mftecmd_usn", "shimcache"):
        (tmp_path / f"{name}.csv").write_bytes((sample / f"{name}.log").read_bytes())
    told = judged(tmp_path)
    assert rules(told) == {"MC-PAGE-WEB", "JC-PAGE-WEB", "JC-PAGE-DELETED", "SC-TOOL"}
    assert told.verdict.since == datetime(2021, 3, 3, 4, 10, 22, 123000, tzinfo=UTC)
    assert told.verdict.confidence is Confidence.VERY_LIKELY
    (chain,) = [one for one in told.chains if one.level is Level.BROKEN_INTO]
    assert {step.stage for step in chain.steps if not step.missing} >= {Stage.DROP, Stage.CLEANUP}
