"""One story in every form that people have it: the same findings and verdict; coverage differs by what the collector left out, and says so.

Made from the bundled example: its last days, so that each form takes a second.
"""

import io
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from exsweep.assess import Settings, triage
from exsweep.model import Assessment
from tests.assess.example import NOW, Example
from tests.evidence.ntfs_image import deleted, disk, volume
from tests.evidence.shadow_image import with_shadows

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def story(example: Example) -> Files:
    """Path below the drive -> content. Windows events are exported lines, which no collector has: they are left out."""
    found = {}
    for path in sorted(example.evidence.rglob("*")):
        name = path.relative_to(example.evidence).as_posix()
        late = any(
            day in path.name for day in ("2103", "202103030", "2021030304", "2021030305", "2021030306")
        )
        log = (
            late
            and path.suffix.lower() == ".log"
            and not any(day in path.name for day in ("202103031", "202103032"))
        )
        if path.is_file() and (log or path.suffix in (".aspx", ".htm")):
            where = name.replace("Exchange Server/", "Program Files/Microsoft/Exchange Server/")
            found[where] = path.read_bytes()
    return found


def zipped(files: Files) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as box:
        for name, data in files.items():
            box.writestr(name, data)
    return out.getvalue()


def under(files: Files, folder: str, own: Files) -> Files:
    return {f"{folder}{name}": data for name, data in files.items()} | own


def folder(files: Files, at: Path) -> Path:
    for name, data in files.items():
        path = at / "kape" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return at / "kape"


def plain(files: Files, at: Path) -> Path:
    return folder(files, at)


def nested(files: Files, at: Path) -> Path:
    (at / "outer.zip").write_bytes(zipped({"evidence/inner.zip": zipped(files)}))
    return at / "outer.zip"


def seven(files: Files, at: Path) -> Path:
    program = shutil.which("7z") or shutil.which("7za") or shutil.which("7zz")
    if program is None:
        pytest.skip("7z (Debian: 7zip or p7zip-full) is not installed")
    command = [program, "a", "-bd", "-mx1", str(at / "server.7z"), "."]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder(files, at))
    return at / "server.7z"


def velociraptor(files: Files, at: Path) -> Path:
    own = {"client_info.json": b"{}", "collection_context.json": b"{}", "uploads.json": b"{}\n"}
    (at / "Collection-EX01.zip").write_bytes(zipped(under(files, "uploads/auto/C%3A/", own)))
    return at / "Collection-EX01.zip"


def kape(files: Files, at: Path) -> Path:
    return folder(under(files, "C/", {"2021-03-20T101010_EX01_ConsoleLog.txt": b"KAPE version 1\n"}), at)


def cylr(files: Files, at: Path) -> Path:
    (at / "EX01.zip").write_bytes(zipped(under(files, "C/", {"CyLR_Collection_Log.log": b"collected\n"})))
    return at / "EX01.zip"


def acquire(files: Files, at: Path) -> Path:
    with tarfile.open(at / "EX01.tar", "w") as box:
        for name, data in under(files, "fs/c:/", {"acquire_EX01.log": b"log\n"}).items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            box.addfile(entry, io.BytesIO(data))
    return at / "EX01.tar"


def image(files: Files, at: Path) -> Path:
    pytest.importorskip("dissect.ntfs", reason="needs exsweep[images]")
    (at / "server.raw").write_bytes(disk(volume(files)))
    return at / "server.raw"


def shadow(files: Files, at: Path) -> Path:
    """A disk whose pages and web logs were deleted after a shadow copy was made."""
    pytest.importorskip("dissect.ntfs", reason="needs exsweep[images]")
    then = volume(files)
    today = deleted(then, *(name for name in files if name.startswith("inetpub/")))
    (at / "server.raw").write_bytes(disk(with_shadows([(NOW - timedelta(days=3), then)], today)))
    return at / "server.raw"


def log_collector(files: Files, at: Path) -> Path:
    """A zip file for each kind of log in one for the server: no pages, no HTTPERR, no transport logs."""
    kinds: dict[str, Files] = {}
    named = {
        "HttpProxy/": "_Proxy_Logs",
        "W3SVC1/": "IIS_FE_Logs",
        "W3SVC2/": "IIS_BE_Logs",
        "/ECP/": "ECP_Logs",
    }
    for name, data in files.items():
        part = next((part for part in named if part in name), None)
        if part is not None:
            kind = name.split("HttpProxy/")[1].split("/")[0].upper() if part == "HttpProxy/" else ""
            kinds.setdefault(f"{kind}{named[part]}", {})[name.rpartition("/")[2]] = data
    inner = zipped({f"{kind}.zip": zipped(part) for kind, part in kinds.items()})
    (at / "ExchangeLogs.zip").write_bytes(zipped({"EX01.zip": inner}))
    return at / "ExchangeLogs.zip"


def judged(path: Path) -> Assessment:
    return triage(Settings(evidence=(path,), now=NOW, quick=True))


def findings(one: Assessment) -> dict[str, int]:
    return {item.rule.id: item.count for item in one.findings}


@pytest.fixture(scope="module")
def told(story: Files, tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    return judged(plain(story, tmp_path_factory.mktemp("plain")))


MORE = {
    "image": {"NT-PAGE-WEB", "NT-PAGE-SERVED"},
    "shadow": {"NT-PAGE-WEB", "NT-PAGE-SERVED", "NT-PAGE-DELETED"},
}
"""What the file table tells besides."""


@pytest.mark.parametrize(
    "form", [nested, seven, velociraptor, kape, cylr, acquire, image, shadow], ids=lambda form: form.__name__
)
def test_every_form_gives_the_same_findings_and_verdict(
    told: Assessment, story: Files, tmp_path: Path, form: Callable[[Files, Path], Path]
) -> None:
    one = judged(form(story, tmp_path))
    more = MORE.get(form.__name__, set())
    assert {rule: count for rule, count in findings(one).items() if rule not in more} == findings(told)
    assert one.verdict.level is told.verdict.level
    assert one.verdict.since == told.verdict.since
    events = sum(each.events for each in one.coverage.sources if each.kind != "ntfs_mft")
    assert events == sum(each.events for each in told.coverage.sources)


def test_what_a_collector_leaves_out_is_said(told: Assessment, story: Files, tmp_path: Path) -> None:
    one = judged(log_collector(story, tmp_path))
    assert one.verdict.level is told.verdict.level
    assert findings(one).items() <= findings(told).items()
    assert {"WS-PAGE-BACKDOOR"} <= findings(told).keys() - findings(one).keys()
    (gap,) = [gap for gap in one.coverage.gaps if gap.kind == "collector"]
    assert "pages" in gap.reason
