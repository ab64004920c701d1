"""The same story as each known collector wraps it: the same findings, the same verdict; what is not taken is said."""

import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from exsweep.assess import Settings, triage
from exsweep.knowledge.collection import collection
from exsweep.model import Assessment
from tests.assess.example import NOW, make
from tests.collector import conftest as collector_conftest
from tests.collector.server import taken
from tests.evidence import wrappers
from tests.evidence.build import zip_of
from tests.evidence.wrappers import Tree

script = collector_conftest.script
plan = collector_conftest.plan

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))


def judged(path: Path) -> Assessment:
    return triage(Settings(evidence=(path,), now=NOW, quick=True))


def story(assessment: Assessment) -> Counter[tuple[object, ...]]:
    """All findings without their places."""
    return Counter(
        (one.rule.id, one.stage, one.strength, one.count, one.first_seen, one.last_seen)
        for one in assessment.findings
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """The files of the example in which something happened."""
    made = make(tmp_path_factory.mktemp("example"), scale=0.01)
    told = {event["path"] for event in made.truth["events"]}
    return [
        (name, path)
        for name, path in wrappers.tree(made.evidence)
        if path.relative_to(made.evidence).as_posix() in told or "inetpub/wwwroot" in name
    ]


@pytest.fixture(scope="module")
def plain(files: Tree, tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    return judged(wrappers.folder(files, tmp_path_factory.mktemp("plain")))


@pytest.mark.parametrize("kind", ["ours", "velociraptor", "kape", "cylr", "acquire"])
def test_each_collectors_wrapping_tells_the_same_story(
    files: Tree, plain: Assessment, tmp_path: Path, kind: str
) -> None:
    found = judged(wrappers.WRAPPERS[kind](files, tmp_path))
    assert story(found) == story(plain)
    assert (found.verdict.level, found.verdict.since) == (plain.verdict.level, plain.verdict.since)
    assert found.server.name == plain.server.name
    days = {row.kind: row.days for row in found.coverage.sources}
    assert {row.kind: row.days for row in plain.coverage.sources}.items() <= days.items()


def test_what_exchangelogcollector_does_not_take_is_all_that_is_missing_and_is_said(
    files: Tree, plain: Assessment, tmp_path: Path
) -> None:
    found = judged(wrappers.logcollector(files, tmp_path))
    lost = story(plain) - story(found)
    assert not story(found) - story(plain)
    pages = {one.rule.id for one in plain.findings if any("wwwroot" in place.path for place in one.origins)}
    assert {rule for rule, *_ in lost} <= pages
    assert found.verdict.level is plain.verdict.level
    said = [gap.reason for gap in found.coverage.gaps if gap.kind == "collector"]
    assert any("ExchangeLogCollector" in reason and "pages" in reason for reason in said)


def test_our_plan_takes_every_file_in_which_the_story_is_told(files: Tree) -> None:
    names = [name for name, _ in files]
    assert [path for _, path in taken(collection(), names)] == names


def test_what_our_script_could_not_read_is_a_gap_and_never_nothing(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_bytes(
        b"#Software: Microsoft Internet Information Services 8.5\n#Fields: date time cs-uri-stem\n"
    )
    unread = [
        (
            "C:\\inetpub\\logs\\LogFiles\\W3SVC1\\u_ex210303.log",
            "The process cannot access the file.",
            "iis_w3c",
        ),
        ("C:\\Windows\\System32\\Tasks\\x", "Access is denied.", "tasks"),
    ]
    made = wrappers.ours([("C/inetpub/logs/LogFiles/W3SVC1/u_ex210302.log", log)], tmp_path, unread)
    gaps = [gap for gap in judged(made).coverage.gaps if gap.path]
    assert [gap.path for gap in gaps] == ["C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log"]
    assert gaps[0].limits_verdict
    assert "cannot access the file" in gaps[0].reason


def test_the_listing_of_our_script_is_read_as_a_list_of_files(tmp_path: Path, script: str) -> None:
    """The header is taken from the script itself: what it writes is what is read."""
    header = re.search(r"WriteLine\('(\"ComputerName\"[^']*)'\)", script)[1]
    columns = [name.strip('"') for name in header.split(",")]
    row = dict.fromkeys(columns, "") | {
        "ComputerName": "EXCH01",
        "Path": "C:\\ProgramData\\it.zip",
        "Name": "it.zip",
        "LastWrite": "2021-03-03T04:10:22.000Z",
    }
    text = f"{header}\r\n" + ",".join(f'"{row[name]}"' for name in columns) + "\r\n"
    path = tmp_path / "x.zip"
    path.write_bytes(zip_of([("exsweep-collector/listing.csv", text.encode())]))
    found = judged(path)
    assert [row.kind for row in found.coverage.sources] == ["file_listing"]
    seen = {one.rule.id: str(one.first_seen) for one in found.findings}
    assert seen["FL-ARCHIVE"] == "2021-03-03 04:10:22+00:00"
    assert found.server.name == "EXCH01"


def test_addresses_of_virtual_directories_are_read_as_such(tmp_path: Path, script: str) -> None:
    header = re.search(r"Rows?\.Add\('(\"Name\"[^']*)'\)", script, re.IGNORECASE)[1]
    columns = [name.strip('"') for name in header.split(",")]
    address = "http://f/<script language=JScript runat=server>EXSWEEP-INERT-FIXTURE</script>"
    row = dict.fromkeys(columns, "") | {
        "Name": "OAB (Default Web Site)",
        "Server": "EXCH01",
        "ExternalUrl": address,
    }
    text = f"{header}\r\n" + ",".join(f'"{row[name]}"' for name in columns) + "\r\n"
    path = tmp_path / "x.zip"
    path.write_bytes(zip_of([("exsweep-collector/virtual_directories.csv", text.encode())]))
    found = judged(path)
    assert "PL-VDIR-SCRIPT" in {one.rule.id for one in found.findings}
