"""The web server's configuration: what runs code is told, what Exchange ships is quiet, damage hides nothing but itself."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsweep.detect import Engine
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import RuleState, load_rules
from exsweep.parse.config import read_config, recognise_config

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def engine() -> Engine:
    folder = ROOT / "src/exsweep/knowledge/data/rules/iis_config"
    rules = load_rules(folder, [], formats=load_formats(), cache_dir=None)
    assert not rules.problems
    return Engine([rule for rule in rules.rules if rule.state is RuleState.RUNS], load_formats())


def found(engine: Engine, data: bytes) -> set[str]:
    return {match.rule.id for match in engine.match(read_config(data).batches)}


def site(inside: str) -> bytes:
    return f'<?xml version="1.0"?><configuration>{inside}</configuration>'.encode()


STORIES = {
    "a module from ProgramData": (
        site(
            '<system.webServer><globalModules><add name="x" image="C:\\ProgramData\\x.dll"/></globalModules></system.webServer>'
        ),
        {"CF-NATIVE-MODULE", "CF-NATIVE-MODULE-TEMP"},
    ),
    "a module of a vendor": (
        site(
            '<system.webServer><globalModules><add name="x" image="D:\\Kemp\\x.dll"/></globalModules></system.webServer>'
        ),
        {"CF-NATIVE-MODULE"},
    ),
    "pictures that run": (
        site(
            '<system.webServer><handlers><add name="p" path="*.PNG" verb="*" '
            'type="System.Web.UI.PageHandlerFactory"/></handlers></system.webServer>'
        ),
        {"CF-HANDLER-RUNS"},
    ),
    "a folder behind a device name": (
        site(
            '<system.applicationHost><sites><site name="Default Web Site"><application path="/">'
            '<virtualDirectory path="/owa/auth/x" physicalPath="C:\\ProgramData\\COM1\\x"/>'
            "</application></site></sites></system.applicationHost>"
        ),
        {"PS-IISCONFIG-PROGRAMDATA", "CF-FOLDER-DEVICE"},
    ),
    "a folder that the vendor serves": (
        site(
            '<system.applicationHost><sites><site name="Default Web Site"><application path="/owa">'
            '<virtualDirectory path="/" physicalPath="D:\\Exchange Server\\V15\\FrontEnd\\HttpProxy\\owa"/>'
            "</application></site></sites></system.applicationHost>"
        ),
        set(),
    ),
    "a mitigation is no back door": (
        site(
            '<system.webServer><rewrite><rules><rule name="X-AnonResource-Backend Abort - inbound"><match url=".*"/>'
            '<conditions><add input="{HTTP_COOKIE}" pattern="(.*)X-AnonResource-Backend(.*)"/></conditions>'
            '<action type="AbortRequest"/></rule></rules></rewrite></system.webServer>'
        ),
        set(),
    ),
    "requests handed to a stranger": (
        site(
            '<system.webServer><rewrite><rules><rule name="r"><match url="owa/auth.owa"/>'
            '<action type="Rewrite" url="https://192.0.2.9/{R:0}"/></rule></rules></rewrite></system.webServer>'
        ),
        {"CF-REDIRECT"},
    ),
    "a page that was compiled and is gone": (
        (
            b'<?xml version="1.0" encoding="utf-8"?><preserve resultType="3" virtualPath="/aspnet_client/xx.aspx" '
            b'hash="1" filehash="2" flags="110000" assembly="App_Web_xx.aspx.f1" type="ASP.xx_aspx"><filedeps/></preserve>'
        ),
        {"WS-FILE-COMPILED"},
    ),
    "a shipped page that was compiled": (
        (
            b'<?xml version="1.0" encoding="utf-8"?><preserve resultType="3" virtualPath="/owa/auth/logon.aspx" '
            b'hash="1" filehash="2" flags="110000" assembly="App_Web_l.aspx.f1" type="ASP.logon_aspx"/>'
        ),
        set(),
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_what_a_configuration_shows(engine: Engine, name: str):
    data, expected = STORIES[name]
    assert recognise_config(data)
    assert found(engine, data) == expected


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_any_encoding_reads_the_same(engine: Engine, encoding: str):
    data, expected = STORIES["pictures that run"]
    assert found(engine, data.decode().encode(encoding)) == expected


def test_genuine_configurations_of_exchange_give_nothing(engine: Engine, shared_data: Path):
    files = sorted((shared_data / "iis_config").glob("*.config"))
    assert len(files) > 30
    for file in files:
        assert recognise_config(file.read_bytes()[:65_536]), file.name
        assert found(engine, file.read_bytes()) == set(), file.name


def test_a_damaged_configuration_says_so_and_is_read_on(shared_data: Path):
    read = read_config((shared_data / "iis_config" / "e19-bad-applicationHost.config").read_bytes())
    assert sum(len(batch) for batch in read.batches) > 200
    assert any("damaged at line" in note for note in read.tally.notes)
    assert read.tally.rejected == 1


def test_a_module_behind_damage_is_still_seen(engine: Engine):
    data, expected = STORIES["a module from ProgramData"]
    assert found(engine, data.replace(b"<system.webServer>", b"<broken><system.webServer>")) == expected


def test_a_document_type_is_refused_and_nothing_is_expanded():
    bomb = b'<?xml version="1.0"?><!DOCTYPE c [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><configuration>&b;</configuration>'
    read = read_config(bomb)
    assert read.batches == ()
    assert read.tally.rejected == 1


def test_keys_are_told_as_hashes_only():
    data = site(
        '<system.web><machineKey validationKey="00112233445566778899AABB" decryptionKey="FFEEDDCC"/></system.web>'
    )
    (batch,) = read_config(data).batches
    assert b"00112233" not in b"".join(batch.lines or ()) + str(batch.table.to_pydict()).encode()
    assert batch.table["Name"][0].as_py() == b"fixed"


def test_deep_nesting_ends():
    assert read_config(b"<configuration>" + b"<a>" * 100_000).tally.rejected == 1


@given(st.binary(max_size=400))
def test_no_bytes_break_it(data: bytes):
    read = read_config(b"<configuration><system.web>" + data)
    assert read.tally.lines == read.tally.events + read.tally.rejected


def test_a_mitigation_is_told_as_one():
    data, _ = STORIES["a mitigation is no back door"]
    assert read_config(data).tally.facts == {"mitigation.eomt-proxylogon": "configured"}
