"""Copies that IIS keeps of its configuration: when a module appeared, and that somebody took it out again."""

from datetime import UTC, datetime
from pathlib import Path

from exsweep.assess import Settings, triage

NOW = datetime(2021, 3, 9, tzinfo=UTC)
MODULE = r'<add name="HealthCheck" image="C:\Windows\Temp\health.dll" />'


def config(*, module: bool, note: str = "") -> str:
    return f"""<?xml version="1.0"?><!-- {note} -->
<configuration><system.webServer><globalModules>
<add name="UriCacheModule" image="%windir%\\System32\\inetsrv\\cachuri.dll" />
{MODULE if module else ""}
</globalModules></system.webServer></configuration>"""


def server(root: Path, copies: list[bool], *, now: bool) -> Path:
    for number, module in enumerate(copies, start=11):
        folder = root / "C" / "inetpub" / "history" / f"CFGHISTORY_{number:010}"
        folder.mkdir(parents=True)
        (folder / "applicationHost.config").write_text(config(module=module, note=str(number)))
    folder = root / "C" / "Windows" / "System32" / "inetsrv" / "config"
    folder.mkdir(parents=True)
    (folder / "applicationHost.config").write_text(config(module=now, note=str(10 + len(copies))))
    return root


def remarks(root: Path) -> list[str]:
    told = triage(Settings(evidence=(root,), now=NOW))
    return [text for item in told.findings for text in item.remarks]


def test_a_module_appeared_between_two_copies(tmp_path: Path):
    (said,) = set(remarks(server(tmp_path, [False, False, True, True], now=True)))
    assert "is not in CFGHISTORY_0000000012 and is in CFGHISTORY_0000000013" in said
    assert "HealthCheck" in said


def test_a_module_that_was_taken_out_again_is_told(tmp_path: Path):
    said = remarks(server(tmp_path, [False, True, False], now=False))
    assert any("last in CFGHISTORY_0000000012" in text for text in said)


def test_a_module_of_the_oldest_copy_was_added_before(tmp_path: Path):
    said = remarks(server(tmp_path, [True, True], now=True))
    assert any("oldest copy" in text for text in said)


def test_a_module_of_the_current_configuration_alone_was_added_last(tmp_path: Path):
    said = remarks(server(tmp_path, [False, False], now=True))
    assert any("in no kept copy" in text and "CFGHISTORY_0000000012" in text for text in said)
