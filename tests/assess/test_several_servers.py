"""Several servers in one evidence: told apart by strong keys only, each judged from its own files, nothing lost (F16)."""

import json
from collections import Counter
from pathlib import Path

import pytest

from exsweep.assess import Settings, folder_of, triage, triage_each
from exsweep.assess.attribution import attribute
from exsweep.assess.verify import verify
from exsweep.cli import run
from exsweep.fleet.sources import Refused, read
from exsweep.knowledge.formats import load_formats
from exsweep.model import Level, SourceReport, SourceState
from tests.assess.example import NOW, make
from tests.evidence import wrappers
from tests.evidence.build import zip_of

FORMATS = load_formats()


def log(path: str, *names: str, kind: str = "httpproxy", begins: str = "", events: int = 5) -> SourceReport:
    return SourceReport(
        path=path, kind=kind, size=99, sha256=path, servers=names, begins=begins, events=events
    )


def whose(*reports: SourceReport) -> dict[str, str | None]:
    return dict(attribute(reports, FORMATS).owner)


def test_what_a_server_says_of_itself_tells_servers_apart_and_carries_its_whole_collection() -> None:
    assert whose(
        log("EXCH01/C/Logging/HttpProxy/a.log", "EXCH01"),
        log("EXCH01/C/inetpub/logs/x.log", kind="iis_w3c"),
        log("EXCH01/C/inetpub/wwwroot/x.aspx", kind="served_file"),
        log("EXCH02/C/Logging/HttpProxy/a.log", "EXCH02"),
        log("EXCH02/C/inetpub/logs/x.log", kind="iis_w3c"),
    ) == {
        "EXCH01/C/Logging/HttpProxy/a.log": "EXCH01",
        "EXCH01/C/inetpub/logs/x.log": "EXCH01",
        "EXCH01/C/inetpub/wwwroot/x.aspx": "EXCH01",
        "EXCH02/C/Logging/HttpProxy/a.log": "EXCH02",
        "EXCH02/C/inetpub/logs/x.log": "EXCH02",
    }


@pytest.mark.parametrize(
    "reports",
    [
        # Two collections of one server, in folders with other names.
        [log("monday/C/Logging/a.log", "EXCH01"), log("tuesday/C/Logging/b.log", "exch01.corp.test")],
        # Lists of many servers, made on one of them.
        [log("C/Logging/a.log", "EXCH01"), log("C/vdirs.csv", "EXCH02", kind="oab_vdir")],
        [log("C/Logging/a.log", "EXCH01"), log("audit.csv", "EXCH02", kind="admin_audit")],
        # What Windows was called before somebody named it.
        [log("C/Logging/a.log", "EXCH01"), log("C/x.evtx", "WIN-0A1B2C3D4E5", kind="windows_event")],
        # Event logs of other machines beside the server's own.
        [log("C/Logging/a.log", "EXCH01"), log("DC01-Security.evtx", "DC01.corp.test", kind="windows_event")],
        # A folder that only holds pages is no server, whatever it is called.
        [log("EXCH01/C/Logging/a.log", "EXCH01"), log("web/C/inetpub/x.aspx", kind="served_file")],
        # One log that was copied twice.
        [
            log("day1/C/inetpub/u_ex1.log", kind="iis_w3c", begins="x"),
            log("day2/C/inetpub/u_ex1.log", kind="iis_w3c", begins="x"),
        ],
        [log("x.log", kind="iis_w3c")],
    ],
)
def test_one_server_stays_one(reports: list[SourceReport]) -> None:
    assert attribute(reports, FORMATS).servers == ()


def test_a_collection_without_names_beside_one_that_is_called_as_its_server() -> None:
    """EXCH02 gave only web logs, and EXCH03 is locked."""
    reports = [
        log("all/EXCH01.zip/EXCH01/EWS_Proxy_Logs.zip/a.log", "EXCH01"),
        log("all/EXCH02.zip/EXCH02/IIS_FE_Logs.zip/x.log", kind="iis_w3c"),
        SourceReport(path="all/EXCH03.zip", kind="unknown", size=0, sha256="", state=SourceState.ENCRYPTED),
    ]
    found = attribute(reports, FORMATS)
    assert found.servers == ("EXCH01", "EXCH02", "EXCH03")
    assert [found.owner[report.path] for report in reports] == ["EXCH01", "EXCH02", "EXCH03"]


def test_folders_of_which_two_have_one_log_with_different_lines_are_two_servers() -> None:
    reports = [
        log(f"{name}/C/inetpub/logs/LogFiles/W3SVC1/u_ex1.log", kind="iis_w3c", begins=name)
        for name in ("EXCH01", "EXCH02")
    ]
    assert attribute(reports, FORMATS).servers == ("EXCH01", "EXCH02")


def test_in_a_folder_with_logs_of_both_each_named_file_goes_home_and_the_others_are_nobodys() -> None:
    assert whose(
        log("share/HttpProxy/a.log", "EXCH01"),
        log("share/HttpProxy/b.log", "EXCH02"),
        log("share/Ecp/c.log", "EXCH02", kind="ecp_server"),
        log("share/Ecp/d.log", kind="ecp_activity"),
        log("share/x.log", kind="iis_w3c"),
    ) == {
        "share/HttpProxy/a.log": "EXCH01",
        "share/HttpProxy/b.log": "EXCH02",
        "share/Ecp/c.log": "EXCH02",
        "share/Ecp/d.log": "EXCH02",
        "share/x.log": None,
    }


def test_two_machines_of_one_name_in_two_domains_are_two() -> None:
    found = attribute(
        [log("a/C/Logging/x.log", "MAIL.one.test"), log("b/C/Logging/x.log", "mail.two.test")], FORMATS
    )
    assert found.servers == ("MAIL.ONE.TEST", "MAIL.TWO.TEST")


@pytest.mark.parametrize("name", ["../x", "CON", "events", "a/b\\c", "", ".", "\u202egpj", "x" * 300])
def test_a_servers_name_never_leads_a_folder_astray(name: str) -> None:
    made = folder_of(name, set())
    assert made and len(made) <= 70 and not made.startswith(".")
    assert not set(made) & set("/\\:")
    assert made.upper() not in {"CON", "EVENTS"}


def test_folders_of_names_that_differ_only_in_case_are_two() -> None:
    taken: set[str] = set()
    assert {folder_of("EXCH01", taken), folder_of("exch01", taken)} == {"EXCH01", "exch01-2"}


# -- end to end ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """The bundled story's server, a second one with nothing but a web log and a quiet proxy log; and both in one archive."""
    folder = tmp_path_factory.mktemp("several")
    made = make(folder / "example", scale=0.01)
    told = {event["path"] for event in made.truth["events"]}
    files = [
        (name, path)
        for name, path in wrappers.tree(made.evidence)
        if path.relative_to(made.evidence).as_posix() in told
    ]
    quiet = []
    for name, path in wrappers.tree(made.evidence):
        lines = path.read_bytes().replace(b"MAIL01", b"MAIL02").splitlines(keepends=True)[:60]
        dull = path.relative_to(made.evidence).as_posix() not in told
        if dull and "HttpProxy" in name and len(quiet) < 3 and sum(b",MAIL02," in line for line in lines) > 2:
            copy = folder / "quiet" / f"{len(quiet)}{path.name}"
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(b"".join(lines))
            quiet.append((name, copy))
    assert quiet
    for name in ("one", "two", "all"):
        (folder / name).mkdir()
    one = wrappers.logcollector(files, folder / "one", "MAIL01")
    two = wrappers.logcollector(quiet, folder / "two", "MAIL02")
    everything = wrappers.several({"MAIL01": files, "MAIL02": quiet}, folder / "all")
    return one, two, everything


def test_each_server_of_one_archive_is_judged_as_it_would_be_alone(
    both: tuple[Path, Path, Path], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    one, two, everything = both
    out = tmp_path / "out"
    code = run(["triage", str(everything), "--out", str(out), "--now", NOW.isoformat(), "--json"])
    listed = json.loads(capsysbinary.readouterr().out)
    assert code == 1, "the worst of all verdicts"
    assert [each["server"]["name"] for each in listed] == ["MAIL01", "MAIL02"]
    alone = [triage(Settings(evidence=(path,), now=NOW, quick=True)) for path in (one, two)]
    for each, single in zip(listed, alone, strict=True):
        assert each["verdict"]["level"] == single.verdict.level.value
        assert Counter((f["rule"]["id"], f["count"]) for f in each["findings"]) == Counter(
            (f.rule.id, f.count) for f in single.findings
        )
        assert {c["sha256"] for c in each["custody"]} == {c.sha256 for c in single.custody}
        folder = out / each["server"]["name"]
        assert json.loads((folder / "assessment.json").read_bytes()) == each
        assert (folder / "report.html").is_file()
        assert not verify(folder, Settings(evidence=(), now=NOW)).problems
    assert alone[0].verdict.level.rank > Level.SUSPICIOUS.rank > alone[1].verdict.level.rank
    page = (out / "index.html").read_text()
    assert page.index("MAIL01/report.html") < page.index("MAIL02/report.html")
    assert not (out / "events").exists()
    added = list(read((out,)))
    assert len(added) == 2 and not any(isinstance(each, Refused) for each in added)


def test_judging_saved_events_of_several_servers_again_gives_the_same(
    both: tuple[Path, Path, Path], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    out = tmp_path / "out"
    run(["triage", str(both[2]), "--out", str(out), "--now", NOW.isoformat(), "--json"])
    first = json.loads(capsysbinary.readouterr().out)
    run(["triage", str(out), "--rejudge", "--now", NOW.isoformat(), "--json"])
    again = json.loads(capsysbinary.readouterr().out)
    for each in (*first, *again):
        del each["run"]
    assert again == first


def test_who_says_that_it_is_one_server_gets_one(both: tuple[Path, Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(["triage", str(both[2]), "--out", str(out), "--one-server", "--quick", "--now", NOW.isoformat()])
    assert (out / "assessment.json").is_file()
    assert not (out / "MAIL01").exists()


def test_what_is_of_nobody_is_judged_by_itself_and_is_a_gap_of_every_server(
    both: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    quiet = min((both[0].parents[1] / "quiet").iterdir()).read_bytes()
    proxy_log = quiet.replace(b"MAIL02", b"MAIL01")
    web = b"#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip sc-status\n2021-03-03 04:00:00 POST /aspnet_client/x.aspx a=b 192.0.2.6 200\n"
    path = tmp_path / "share.zip"
    path.write_bytes(
        zip_of(
            [
                ("a_20210303.log", proxy_log),
                ("b_20210303.log", proxy_log.replace(b"MAIL01", b"MAIL02")),
                ("u_ex210303.log", web),
                ("notes.txt", b"collected by Ann\n"),
            ]
        )
    )
    found = {
        one.assessment.server.name: one.assessment
        for one in triage_each(Settings(evidence=(path,), now=NOW, quick=True))
    }
    assert len(found) == 3
    nobodys = next(one for name, one in found.items() if name and name.startswith("nobody's"))
    assert [item.path for item in nobodys.custody] == ["u_ex210303.log"]
    assert nobodys.verdict.level.rank >= Level.SUSPICIOUS.rank
    for name in ("MAIL01", "MAIL02"):
        gaps = [gap for gap in found[name].coverage.gaps if "1 file was given along" in gap.reason]
        assert gaps and gaps[0].limits_verdict
        assert "notes.txt" in {item.path for item in found[name].custody}
