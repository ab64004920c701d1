"""One server's tree wrapped as the known collectors do, with the files that they add about themselves."""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

Tree = list[tuple[str, Path]]
"""Path on the server (`C/inetpub/...`) and the file."""


def tree(evidence: Path) -> Tree:
    """The files of a made example, where they stand on a server."""
    found = []
    for path in sorted(path for path in evidence.rglob("*") if path.is_file()):
        inside = path.relative_to(evidence).as_posix()
        if inside.startswith("Exchange Server/"):
            found.append((f"C/Program Files/Microsoft/{inside}", path))
        elif inside.startswith(("inetpub/", "Windows/")):
            found.append((f"C/{inside}", path))
    return found


def folder(files: Tree, to: Path) -> Path:
    """The plain tree itself."""
    for name, path in files:
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return to


def ours(files: Tree, to: Path, unread: Iterable[tuple[str, str, str]] = ()) -> Path:
    about = {"schema": "exsweep.collection/1", "server": "EXCH01", "days": 90, "part": 1, "complete": True}
    rows = [f'"{_windows(name)}","{name}","1","2021-03-01T00:00:00.000Z"' for name, _ in files]
    own = {
        "manifest.csv": "\r\n".join(
            ['"path","entry","size_bytes","created","modified","accessed","attributes","sha256"', *rows, ""]
        ),
        "unread.csv": "".join(
            ['"unread","reason","entry"\r\n', *(f'"{a}","{b}","{c}"\r\n' for a, b, c in unread)]
        ),
        "collector.log": "2021-03-09T12:00:00Z Looking for what to take (90 days of logs) ...\r\n",
        "collection.json": json.dumps(about),
        "virtual_directories.csv": '"Name","Server","InternalUrl","ExternalUrl","Path","WhenCreated","WhenChanged",'
        '"MetabasePath","DistinguishedName"\r\n"owa (Default Web Site)","EXCH01","https://mail.example.org/owa","",""'
        ',"2020-01-01T00:00:00.000Z","2020-01-01T00:00:00.000Z","",""\r\n',
    }
    entries = [(name, path.read_bytes()) for name, path in files]
    return _zip(
        to / "exsweep-EXCH01.zip",
        [*entries, *((f"exsweep-collector/{n}", t.encode()) for n, t in own.items())],
    )


def velociraptor(files: Tree, to: Path) -> Path:
    """An offline collection: names percent-encoded part by part, the drive too."""
    encoded = [
        ("uploads/auto/C%3A/" + "/".join(map(_quoted, name.split("/")[1:])), path.read_bytes())
        for name, path in files
    ]
    uploads = "".join(
        json.dumps({"vfs_path": _windows(name), "_Components": name.split("/")}) + "\n" for name, _ in files
    )
    own = {
        "collection_context.json": json.dumps({"session_id": "F.C1", "total_uploaded_files": len(files)}),
        "client_info.json": json.dumps({"Hostname": "EXCH01", "OS": "windows"}),
        "uploads.json": uploads,
        "log.json": json.dumps({"_ts": 1615291200, "message": "Starting query execution."}) + "\n",
        "requests.json": json.dumps({"artifacts": ["Windows.KapeFiles.Targets"]}),
        "results/Windows.KapeFiles.Targets%2FAll File Metadata.json": uploads,
    }
    return _zip(
        to / "Collection-EXCH01-2021-03-09.zip", [*encoded, *((n, t.encode()) for n, t in own.items())]
    )


def kape(files: Tree, to: Path) -> Path:
    stem = "2021-03-09T120000_0000000"
    out = folder(files, to / "EXCH01" / "Target").parent
    rows = "".join(f"2021-03-09,{_windows(name)},,0,False\n" for name, _ in files)
    (out / f"{stem}_ConsoleLog.txt").write_text("KAPE version 1.0\nUsing Target operations\n")
    (out / "Target" / f"{stem}_CopyLog.csv").write_text(
        "CopiedTimestamp,SourceFile,DestinationFile,FileSize,Deferred\n" + rows
    )
    (out / "Target" / f"{stem}_SkipLog.csv").write_text("SourceFile,SourceFileSha1,Reason\n")
    return to / "EXCH01"


def cylr(files: Tree, to: Path) -> Path:
    log = ("CyLR_Collection_Log_2021-03-09.log", b"2021-03-09 12:00:00 [info] Collecting files\r\n")
    return _zip(
        to / "EXCH01.zip", [*((name.replace("/", "\\"), path.read_bytes()) for name, path in files), log]
    )


def acquire(files: Tree, to: Path) -> Path:
    target = to / "EXCH01_20210309120000.tar"
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as box:
        for name, path in files:
            box.add(path, "fs/C:/" + name.removeprefix("C/"))
    return target


_KNOWN_NAMES = {
    "HttpProxy/Owa/": "OWA_Proxy_Logs",
    "HttpProxy/Ecp/": "ECP_Proxy_Logs",
    "HttpProxy/Ews/": "EWS_Proxy_Logs",
    "HttpProxy/Autodiscover/": "Autodiscover_Proxy_Logs",
    "HttpProxy/Eas/": "EAS_Proxy_Logs",
    "HttpProxy/Mapi/": "MAPI_Proxy_Logs",
    "HttpProxy/Oab/": "OAB_Proxy_Logs",
    "HttpProxy/PowerShell/": "PowerShell_Proxy_Logs",
    "HttpProxy/Rest/": "REST_Proxy_Logs",
    "HttpProxy/RpcHttp/": "RPC_Proxy_Logs",
    "Logging/ECP/": "ECP_Logs",
    "Logging/Ews/": "EWS_Logs",
    "Logging/OABGeneratorLog/": "OAB_Generation_Logs",
    "CmdletInfra/": "CmdletInfra_Logs",
    "AgentLog/": "Hub_Agent_Logs",
    "ProtocolLog/": "FE_SMTP_Protocol_Logs",
    "MessageTracking/": "MessageTracking_Logs",
    "LogFiles/W3SVC1/": "IIS_FE_Logs",
    "LogFiles/W3SVC2/": "IIS_BE_Logs",
    "HTTPERR/": "HTTPERR_Logs",
}


def logcollector(files: Tree, to: Path, server: str = "EXCH01") -> Path:
    """Microsoft's ExchangeLogCollector: one zip for each kind of log, without the folders of the server, in one for the server."""
    boxes: dict[str, list[tuple[str, bytes]]] = {}
    for name, path in files:
        known = next((part for part in _KNOWN_NAMES if part in name), None)
        if known:
            boxes.setdefault(_KNOWN_NAMES[known], []).append((name.partition(known)[2], path.read_bytes()))
    inner = [(f"{server}/{title}.zip", _zipped(entries)) for title, entries in sorted(boxes.items())]
    return _zip(to / f"{server}.zip", inner)


WRAPPERS: dict[str, Callable[[Tree, Path], Path]] = {
    "ours": ours,
    "velociraptor": velociraptor,
    "kape": kape,
    "cylr": cylr,
    "acquire": acquire,
    "logcollector": logcollector,
}


def several(files: dict[str, Tree], to: Path) -> Path:
    """Collections of several servers in one archive."""
    parts = []
    for server, own in files.items():
        (to / server).mkdir()
        made = logcollector(own, to / server, server)
        parts.append((made.name, made.read_bytes()))
    return _zip(to / "all.zip", parts)


def _windows(name: str) -> str:
    return "C:\\" + name.removeprefix("C/").replace("/", "\\")


def _quoted(part: str) -> str:
    return quote(part, safe="")


def _zipped(entries: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as box:
        for name, data in entries:
            box.writestr(name, data)
    return out.getvalue()


def _zip(target: Path, entries: Iterator[tuple[str, bytes]] | list[tuple[str, bytes]]) -> Path:
    target.write_bytes(_zipped(list(entries)))
    return target
