"""The plan: one file for the script, the artifact, the target and coverage, so that they cannot disagree."""

import json
import re

import msgspec
import pytest
import yaml

from exsweep.knowledge.campaigns import campaigns
from exsweep.knowledge.collection import FOLDER, problems, served
from exsweep.knowledge.collectors import collectors, collectors_of
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.places import places
from exsweep.knowledge.webshell_kinds import webshell_kinds
from tests.collector.server import taken


def embedded(script: str) -> dict:
    return json.loads(re.search(r"(?s)@'\r\n(.*?)\r\n'@", script)[1])


def test_every_format_is_taken_or_named_as_left_out_with_a_reason(plan):
    assert list(problems(plan)) == []
    formats = {each.id for each in load_formats()}
    assert plan.taken(load_formats()) | set(plan.left()) == formats
    assert all(each.why and each.what for each in plan.left_out)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"left_out": ()}, "admin_audit is neither taken nor named as left out"),
        ({"files": ()}, "httpproxy is neither taken nor named as left out"),
        ({"roots": ()}, "iis_w3c: there is no root 'iis_logs'"),
    ],
)
def test_a_plan_that_forgets_something_is_refused(plan, change, said):
    assert said in list(problems(msgspec.structs.replace(plan, **change)))


def test_what_campaigns_need_is_taken(plan):
    needed = {kind for each in campaigns() for kinds in each.shows.values() for kind in kinds}
    left = needed - plan.taken(load_formats())
    assert left <= set(plan.left()), left
    decisive = {kind for each in campaigns() for kind in each.decisive}
    assert decisive <= plan.taken(load_formats())


def test_every_page_that_a_server_would_run_is_taken(plan):
    extensions = {*webshell_kinds().extensions, *places().pages}
    assert {f"*.{each}" for each in extensions} == set(served())
    for each in plan.files:
        if "served_file" in each.formats and "served" in each.names:
            assert set(served()) <= set(each.patterns)


def test_every_known_event_log_is_exported(plan):
    wanted = {one.channel for each in load_formats() for one in each.events if one.channel != "*"}
    assert wanted <= set(plan.channels)


def test_the_places_of_logs_are_known_to_the_formats(plan):
    """A file that is taken as a kind of log is recognised as one by its path, where the format knows paths."""
    hints = {each.id: each.path_hint for each in load_formats() if each.path_hint}
    for each in plan.files:
        folder = f"Program Files/Microsoft/Exchange Server/V15/{each.folder}".replace("\\", "/")
        logs = {"iis_w3c": "inetpub/logs/LogFiles/W3SVC1", "cmdletinfra": f"{folder}/Powershell-Proxy/Http"}
        path = logs.get(each.id, folder.replace("*", "Hub")) + "/"
        for kind in each.formats:
            if kind in hints and each.id not in ("ecp", "cmdletinfra"):
                assert re.search(hints[kind], path), (each.id, kind, path)


def test_all_three_collectors_have_the_same_plan(plan, script, artifact, target):
    data = embedded(script)
    assert [each["id"] for each in data["files"]] == [each.id for each in plan.files]
    assert data["channels"] == list(plan.channels)
    rows = yaml.safe_load(artifact)["parameters"][3]["default"]
    entries = yaml.safe_load(target)["Targets"]
    for each in plan.files:
        assert next(row for row in data["files"] if row["id"] == each.id)["names"] == list(each.patterns)
        assert f"\n{each.id}," in rows
        assert {row["FileMask"] for row in entries if row["Name"].startswith(f"{each.id} (")} == set(
            each.patterns
        )
    for channel in plan.channels:
        name = channel.replace("/", "%4") + ".evtx"
        assert f"/{name}" in rows
        assert any(row["FileMask"] == name for row in entries)


def test_coverage_knows_our_collection_and_what_it_leaves_out(plan):
    (own, *_) = collectors()
    assert own.leaves_out == plan.left()
    (found,) = collectors_of([f"{FOLDER}/manifest.csv", "C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log"])
    assert found == own


def test_a_collection_of_our_artifact_does_not_count_as_velociraptors_usual_one():
    paths = ["uploads/auto/C/inetpub/x.log", "results/Custom.Exsweep.Exchange/Files.json"]
    assert [each.id for each in collectors_of(paths)] == ["exsweep"]
    assert [each.id for each in collectors_of(paths[:1])] == ["velociraptor"]


EXCHANGE = "C/Program Files/Microsoft/Exchange Server/V15"


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log", "iis_w3c"),
        (f"{EXCHANGE}/Logging/HttpProxy/Owa/HttpProxy_2021030304-1.LOG", "httpproxy"),
        (f"{EXCHANGE}/Logging/ECP/Server/ECPServer20210303-1.LOG", "ecp"),
        (
            f"{EXCHANGE}/Logging/CmdletInfra/Powershell-Proxy/Cmdlet/Rps_Cmdlet_2021030304-1.LOG",
            "cmdletinfra",
        ),
        (
            f"{EXCHANGE}/TransportRoles/Logs/FrontEnd/ProtocolLog/SmtpReceive/RECV2021030304-1.LOG",
            "transport",
        ),
        (f"{EXCHANGE}/FrontEnd/HttpProxy/owa/auth/abc.ASPX", "pages_of_exchange"),
        (f"{EXCHANGE}/FrontEnd/HttpProxy/owa/auth/15.1.2106/scripts/premium/flogon.js", "logon_page_scripts"),
        ("C/inetpub/wwwroot/aspnet_client/system_web/x.aspx", "pages_of_sites"),
        ("C/Windows/System32/inetsrv/Config/applicationHost.config", "iis_config"),
        ("C/Windows/System32/winevt/Logs/MSExchange Management.evtx", "events"),
        ("C/Windows/System32/winevt/Logs/Microsoft-Windows-Sysmon%4Operational.evtx", "events"),
        (
            "C/Windows/Microsoft.NET/Framework64/v4.0.30319/Temporary ASP.NET Files/owa/1/2/x.aspx.1.compiled",
            "compiled_pages",
        ),
    ],
)
def test_what_matters_is_taken(plan, path, entry):
    assert list(taken(plan, [path])) == [(entry, path)]


@pytest.mark.parametrize(
    "path",
    [
        f"{EXCHANGE}/Mailbox/Database/mail.edb",
        f"{EXCHANGE}/FrontEnd/HttpProxy/owa/bin/Microsoft.Exchange.dll",
        "C/Windows/NTDS/ntds.dit",
        "C/Users/anna/Documents/letter.docx",
        "C/ProgramData/Microsoft/Windows Defender/Quarantine/ResourceData/AA/AABB",
    ],
)
def test_mail_passwords_and_private_files_are_not_taken(plan, path):
    assert list(taken(plan, [path])) == []
