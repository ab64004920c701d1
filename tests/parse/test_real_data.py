"""Logs that nobody here wrote: published counts are reached, including the lines that others lose."""

import zipfile
from pathlib import Path

import pytest

from exsweep.parse import recognise
from exsweep.parse.pasted import read_pasted
from tests.parse.reading import Result, read

# Data lines of each sample: what the parser tests of its authors state, or more where those lose lines.
IIS = {
    "aptsimulator_hafnium-dummy.log": 1,
    "elastic_test-iis-8.log": 3,
    "elastic_test-ipv6zone.log": 1,
    "plaso_iis10.log": 1,
    "plaso_iis10_cookies.log": 3,
    "plaso_iis10_edge_cases.log": 15,
    "plaso_iis6.log": 12,
    "plaso_iis7_owa.log": 3,
    "plaso_iis7_sqli.log": 2,
    "plaso_iis_without_date.log": 11,
}
EXCHANGE = {
    "artefacts_help_AgentLog20220913-1.LOG": ("agent", 2),
    "artefacts_help_Autodiscover_HttpProxy_2023010919-1.LOG": ("httpproxy", 1),
    "artefacts_help_ECPServer20230111-1.LOG": ("ecp_server", 1),
    "artefacts_help_Ews_2023010616-1.LOG": ("ews", 1),
    "artefacts_help_Ews_HttpProxy_2023010601-1.LOG": ("httpproxy", 1),
    "artefacts_help_Mapi_HttpProxy_2023010601-1.LOG": ("httpproxy", 3),
    "artefacts_help_RpcHttp_HttpProxy_2023010708-1.LOG": ("httpproxy", 1),
    "artefacts_help_Rps_Cmdlet_2023011116-1.LOG": ("rps_cmdlet", 1),
    "elastic_test-httpproxy.log": ("httpproxy", 1),
    "insightengineering_header_Rps_Http.LOG": ("rps_http", 0),
    "insightengineering_proxyshell_Rps_Cmdlet.LOG": ("rps_cmdlet", 6),
}


def recognised(path: Path) -> Result:
    data = path.read_bytes()
    kind = recognise(data, "copied/without/its/folder.txt")
    assert kind is not None
    return read(data, kind)


def test_every_web_server_sample_gives_all_its_lines(shared_data: Path):
    folder = shared_data / "iis_logs"
    assert {path.name for path in folder.glob("*.log")} == set(IIS)
    for name, count in IIS.items():
        result = recognised(folder / name)
        assert (name, result.tally.events, result.tally.rejected) == (name, count, 0)
        assert result.tally.no_time == 0


def test_every_exchange_sample_gives_all_its_lines(shared_data: Path):
    folder = shared_data / "exchange_logs"
    assert {path.name for path in folder.glob("*") if path.suffix.lower() == ".log"} == set(EXCHANGE)
    for name, (kind, count) in EXCHANGE.items():
        result = recognised(folder / name)
        assert (name, result.tally.events, result.tally.rejected) == (name, count, 0)
        assert set(result.tally.kinds) <= {kind}


def test_names_with_a_doubled_blank_before_them_stand_in_their_column(shared_data: Path):
    result = recognised(shared_data / "iis_logs" / "plaso_iis10_edge_cases.log")
    assert result.column("cs-username")[0] == b"random\\ranuser1"
    assert result.column("cs(User-Agent)")[0] == b"Microsoft+WinRM+Client"


def test_the_export_of_a_mailbox_to_a_web_folder_is_read_with_its_result(shared_data: Path):
    result = recognised(shared_data / "exchange_logs" / "insightengineering_proxyshell_Rps_Cmdlet.LOG")
    row = result.rows[1]
    assert row["Cmdlet"] == b"New-MailboxExportRequest"
    assert b'-FilePath "\\\\127.0.0.1\\c$\\inetpub\\wwwroot\\aspnet_client\\tkevsn.aspx"' in row["Parameters"]
    assert row["ExecutionResult"] == b"Error"
    assert [one.build for one in result.tally.builds()] == ["15.1.1713.5"]


def test_the_header_alone_still_names_the_build(shared_data: Path):
    result = recognised(shared_data / "exchange_logs" / "insightengineering_header_Rps_Http.LOG")
    assert [one.build for one in result.tally.builds()] == ["15.2.1118.7"]


def test_the_lines_of_an_ordinary_site_parse_without_one_rejection(shared_data: Path):
    lines = events = headers = 0
    with zipfile.ZipFile(shared_data / "iis_logs" / "webknowit_w3svc1_2015-2016.zip") as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(".log")]
        # All files as one: 368 of them one by one take a second and prove no more.
        data = b"".join(archive.read(name) for name in names)
        assert all(recognise(archive.read(name)[:4096], name) is not None for name in names[::40])
    tally = read(data).tally
    lines, events, headers = tally.lines, tally.events, tally.header_lines
    assert (lines, events, tally.rejected, lines + headers) == (14_318, 14_318, 0, 31_070)
    assert tally.no_time == 0


def test_every_pasted_case_is_read_without_a_lost_line(shared_data: Path):
    folder = shared_data / "victim_reports" / "lines"
    cases = sorted(folder.glob("*.txt"))
    assert cases
    for path in cases:
        found = read_pasted(path.read_bytes())
        assert (path.name, dict(found.tally.reasons)) == (path.name, {})
        assert found.tally.events or found.facts, path.name


@pytest.mark.parametrize(
    ("case", "kind", "count"),
    [
        ("css-exchange-100", "test_proxylogon", 8),
        ("msqa-309846", "test_proxylogon", 46),
        ("css-exchange-311", "file_listing", 4),
        ("css-exchange-345", "file_listing", 1),
        ("signature-base-125", "httpproxy", 1),
        ("m365internals-2022", "iis_w3c", 1),
    ],
)
def test_a_pasted_case_is_what_it_is(shared_data: Path, case: str, kind: str, count: int):
    found = read_pasted((shared_data / "victim_reports" / "lines" / f"{case}.txt").read_bytes())
    assert (found.kind, found.tally.events) == (kind, count)


def test_the_pasted_setting_with_shell_text_gives_its_values(shared_data: Path):
    with zipfile.ZipFile(shared_data / "victim_reports" / "lines_with_shell_text.zip") as archive:
        found = read_pasted(archive.read(archive.namelist()[0], pwd=b"infected"))
    assert found.kind == "oab_vdir"
    assert found.tally.events == 2
    assert found.tally.continued_lines == 2
