"""What programs left on the disk, judged: a page locked away, a page whose text outlived it."""

from datetime import UTC, datetime
from pathlib import Path

from exsweep.assess import Settings, rejudge, triage
from exsweep.model import Assessment, FileVerdict, Level
from tests.assess.test_pages import shell
from tests.parse.filesystem.making import Table
from tests.parse.traces.making import locked_file, packed, prefetch, quarantine_entry, recycled
from tests.parse.traces.making_hive import HiveMaker
from tests.parse.traces.test_eomt import LOG, SUMMARY
from tests.parse.traces.test_registry import amcache, software, system, user
from tests.parse.traces.test_wmi import REPOSITORY

NOW = datetime(2021, 3, 9, tzinfo=UTC)
PAGE = r"inetpub\wwwroot\aspnet_client\ab12.aspx"
QUARANTINE = "C/ProgramData/Microsoft/Windows Defender/Quarantine"


def judged(folder: Path, **more: object) -> Assessment:
    return triage(Settings(evidence=(folder,), now=NOW, **more))  # type: ignore[arg-type]


def rules(told: Assessment) -> set[str]:
    return {item.rule.id for item in told.findings}


def put(root: Path, path: str, data: bytes) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(data)


def test_the_text_of_a_deleted_page_is_strong_proof_by_itself(tmp_path: Path):
    table = Table()
    table.file(PAGE, "2021-03-03 04:10:22", in_use=False, content=shell())
    put(tmp_path, "C/$MFT", table.bytes())
    told = judged(tmp_path)
    assert {"WS-PAGE-RECOVERED", "NT-PAGE-DELETED"} <= rules(told)
    assert "WS-PAGE-BACKDOOR" not in rules(told)
    assert told.verdict.level is Level.BROKEN_INTO
    assert told.verdict.since == datetime(2021, 3, 3, 4, 10, 22, tzinfo=UTC)
    assert told.files is not None
    (page,) = told.files.remarkable
    assert (page.path, page.held, page.held_in) == ("C:\\" + PAGE, "deleted", "C/$MFT")
    assert page.verdict is FileVerdict.MALICIOUS
    (found,) = [item for item in told.findings if item.rule.id == "WS-PAGE-RECOVERED"]
    (origin,) = found.origins
    assert (tmp_path / "C" / "$MFT").read_bytes()[origin.offset :].startswith(shell().split(b"\n")[2])
    assert len([chain for chain in told.chains if chain.level.rank >= Level.SUSPICIOUS.rank]) == 1


def test_a_page_that_is_still_there_is_a_back_door_on_the_server(tmp_path: Path):
    table = Table()
    table.file(PAGE, "2021-03-03 04:10:22", content=shell())
    put(tmp_path, "C/$MFT", table.bytes())
    assert "WS-PAGE-BACKDOOR" in rules(judged(tmp_path))


def test_what_the_scanner_locked_away_proves_where_it_lay(tmp_path: Path):
    entry = quarantine_entry("Backdoor:ASP/Chopper.F!dha", [("C:\\" + PAGE, "file")], "2021-03-05 06:00:00")
    put(tmp_path, f"{QUARANTINE}/Entries/{{1}}", entry)
    put(tmp_path, f"{QUARANTINE}/ResourceData/AB/AB12", locked_file(shell()))
    told = judged(tmp_path)
    assert {"AV-SHELL-WEB", "WS-PAGE-KEPT"} == rules(told)
    assert told.verdict.level is Level.BROKEN_INTO
    assert told.files is not None
    assert told.files.remarkable[0].held == "quarantine"


def test_pages_inside_other_files_are_judged_again_alike(tmp_path: Path):
    table = Table()
    table.file(PAGE, "2021-03-03 04:10:22", in_use=False, content=shell())
    put(tmp_path, "evidence/C/$MFT", table.bytes())
    first = judged(tmp_path / "evidence", out=tmp_path / "out")
    again = rejudge(Settings(evidence=(tmp_path / "out",), now=NOW))
    assert [item.id for item in again.findings] == [item.id for item in first.findings]
    assert again.files == first.files


def test_an_ordinary_small_page_in_the_file_table_is_nobody_s_back_door(tmp_path: Path):
    table = Table()
    for number in range(3):
        text = b"<%%@ Page Language='C#' %%><html><%%= DateTime.Now %%> %d</html>" % number
        table.file(
            rf"inetpub\wwwroot\shop\page{number}.aspx", "2019-05-01 10:00:00", content=text, in_use=number > 0
        )
    put(tmp_path, "C/$MFT", table.bytes())
    told = judged(tmp_path)
    assert not [item for item in rules(told) if item.startswith("WS-PAGE")]
    assert told.files is not None
    assert told.files.looked_at == 3


def test_the_registry_itself_tells_what_starts_and_what_ran(tmp_path: Path):
    put(tmp_path, "C/Windows/System32/config/SYSTEM", system().made())
    put(tmp_path, "C/Windows/appcompat/Programs/Amcache.hve", amcache().made())
    put(tmp_path, "C/Users/anna/NTUSER.DAT", user().made())
    before, log = HiveMaker().key("Microsoft").logged(software())
    put(tmp_path, "C/Windows/System32/config/SOFTWARE", before)
    put(tmp_path, "C/Windows/System32/config/SOFTWARE.LOG1", log)
    told = judged(tmp_path)
    assert rules(told) >= {
        *("AS-SERVICE-PLACE", "AS-RUN-PLACE", "AS-RUN-ODD", "AS-LOGON-BACKDOOR", "AS-HIDDEN-TASK"),
        *("AM-RENAMED", "PT-PLACE", "PR-TOOL"),
    }
    assert told.verdict.level is Level.SUSPICIOUS
    (renamed,) = [item for item in told.findings if item.rule.id == "AM-RENAMED"]
    assert renamed.first_seen == datetime(2021, 3, 3, 4, 10, 22, tzinfo=UTC)
    kinds = {source.kind for source in told.coverage.sources}
    assert kinds == {"autostart", "amcache"}


def test_a_hive_in_use_without_its_logs_is_a_gap(tmp_path: Path):
    put(tmp_path, "C/SOFTWARE", HiveMaker().key("Microsoft").logged(software())[0])
    gaps = [gap for gap in judged(tmp_path).coverage.gaps if gap.path == "C/SOFTWARE"]
    assert any("LOG1" in gap.reason for gap in gaps)
    assert not any(gap.limits_verdict for gap in gaps)


def test_a_program_that_ran_from_a_drop_place_and_a_page_thrown_away(tmp_path: Path):
    files = [r"\VOLUME{1}\WINDOWS\SYSTEM32\NTDLL.DLL", r"\VOLUME{1}\INETPUB\WWWROOT\ASPNET_CLIENT\P.EXE"]
    put(tmp_path, "C/Windows/Prefetch/P.EXE-1.pf", packed(prefetch("P.EXE", files, ["2021-03-04 00:00:00"])))
    put(tmp_path, "C/$Recycle.Bin/S-1-5-21-1/$IABCDEF.aspx", recycled("C:\\" + PAGE, "2021-03-05 06:00:00"))
    told = judged(tmp_path)
    assert rules(told) == {"PT-WEB", "RB-PAGE-DELETED"}
    # Neither alone nor together proof of a break-in: who removes a page at the desktop may have found it.
    assert told.verdict.level is Level.SUSPICIOUS


def test_a_list_of_files_that_somebody_made_by_hand_names_the_page(tmp_path: Path):
    text = (
        " Verzeichnis von C:\\inetpub\\wwwroot\\aspnet_client\r\n\r\n"
        "13.03.2021  04:10             1.234 ab12.aspx\r\n"
    )
    put(tmp_path, "dir.txt", text.encode("cp1252"))
    told = judged(tmp_path)
    assert rules(told) == {"DL-PAGE-WEB"}
    assert told.verdict.level is Level.BROKEN_INTO


def test_a_mitigated_server_is_protected_and_not_attacked(tmp_path: Path):
    put(tmp_path, "C/Users/a/AppData/Local/Temp/msert/EOMT.log", LOG)
    put(tmp_path, "C/EOMTSummary.txt", SUMMARY)
    told = judged(tmp_path)
    assert rules(told) == set()
    assert told.verdict.level is Level.CANNOT_TELL
    assert any("EOMT" in one for one in told.patch.mitigations)


def test_an_order_for_events_that_runs_hidden_code_needs_a_person(tmp_path: Path):
    put(tmp_path, "C/Windows/System32/wbem/Repository/OBJECTS.DATA", REPOSITORY)
    told = judged(tmp_path)
    assert rules(told) == {"AS-WMI-ODD", "AS-WMI"}
    assert told.verdict.level is Level.SUSPICIOUS
