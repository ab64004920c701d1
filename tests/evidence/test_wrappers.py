"""The same story as each known collector wraps it: the same findings, the same verdict; what is not taken is said."""

import re
import sys
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from exsweep.assess import Settings, triage
from exsweep.knowledge.collection import collection
from exsweep.model import Assessment, Finding
from tests.assess.example import NOW, make
from tests.collector import conftest as collector_conftest
from tests.collector.server import taken
from tests.evidence import wrappers
from tests.evidence.build import zip_of
from tests.evidence.ntfs_image import disk, volume
from tests.evidence.wrappers import Tree

script = collector_conftest.script
plan = collector_conftest.plan

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))


def judged(path: Path) -> Assessment:
    return triage(Settings(evidence=(path,), now=NOW, quick=True))


def story(assessment: Assessment) -> Counter[tuple[object, ...]]:
    """All findings without their places."""
    return Counter(story_of(one) for one in assessment.findings)


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


def test_a_disk_image_tells_the_same_story(files: Tree, plain: Assessment, tmp_path: Path) -> None:
    """The volume is made in the test; what is on it that the plan does not name is not read."""
    pytest.importorskip("dissect.ntfs", reason="needs exsweep[images]")
    image = tmp_path / "EXCH01.raw"
    held = {name.removeprefix("C/"): path.read_bytes() for name, path in files}
    image.write_bytes(disk(volume(held | {"Users/ann/notes.log": b"private"})))
    found = judged(image)
    assert not story(plain) - story(found)
    assert _only_the_file_table_adds(found, plain)
    assert found.verdict.level is plain.verdict.level
    assert found.verdict.since == plain.verdict.since
    assert not any("Users" in item.path for item in found.custody)


@pytest.mark.timeout(1_200)
def test_the_same_story_in_every_wrapping_and_what_each_leaves_out(
    files: Tree, plain: Assessment, tmp_path: Path
) -> None:
    """Prints a table: wrapping, verdict, findings, files, and the gaps that the plain folder does not have."""
    pytest.importorskip("dissect.ntfs", reason="needs exsweep[images]")
    folder = wrappers.folder(files, tmp_path / "folder")
    given = {"zip": wrapped_zip(folder, tmp_path / "a.zip")}
    given["zip in zip"] = tmp_path / "nested.zip"
    given["zip in zip"].write_bytes(zip_of([("collected/a.zip", given["zip"].read_bytes())]))
    given["tar.gz"] = tmp_path / "a.tar.gz"
    with tarfile.open(given["tar.gz"], "w:gz", compresslevel=1) as box:
        box.add(folder, "evidence")
    for kind, wrap in wrappers.WRAPPERS.items():
        (tmp_path / kind).mkdir()
        given[kind] = wrap(files, tmp_path / kind)
    given["disk image"] = tmp_path / "EXCH01.raw"
    held = {name.removeprefix("C/"): path.read_bytes() for name, path in files}
    given["disk image"].write_bytes(disk(volume(held)))
    known = {gap.reason for gap in plain.coverage.gaps}
    for kind, path in {"folder": folder, **given}.items():
        found = judged(path)
        more = [gap.reason for gap in found.coverage.gaps if gap.reason not in known]
        print(
            f"{kind:15} {found.verdict.level.value:12} {len(found.findings):4} {len(found.custody):5}  {'; '.join(more)[:200]}"
        )
        assert found.verdict.level is plain.verdict.level, kind
        if kind == "disk image":
            assert not story(plain) - story(found)
            assert _only_the_file_table_adds(found, plain)
        elif story(found) != story(plain):
            assert kind == "logcollector"
            assert any("leaves out" in reason for reason in more)


def _only_the_file_table_adds(found: Assessment, plain: Assessment) -> bool:
    """What an image shows beyond the folder stands in the table of all files, which no collection has."""
    more = story(found) - story(plain)
    here = {rule for rule, *_ in more}
    return all(
        any(place.path.endswith("$MFT") for place in one.origins)
        for one in found.findings
        if one.rule.id in here and story_of(one) in more
    )


def story_of(one: Finding) -> tuple[object, ...]:
    return (one.rule.id, one.stage, one.strength, one.count, one.first_seen, one.last_seen)


def wrapped_zip(folder: Path, target: Path) -> Path:
    target.write_bytes(
        zip_of(
            [
                (path.relative_to(folder).as_posix(), path.read_bytes())
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            ]
        )
    )
    return target


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
        ("C:\\ExchangeSetupLogs\\ExchangeSetup.log", "Access is denied.", "setup_log"),
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
