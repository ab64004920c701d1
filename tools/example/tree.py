"""Where rows go: log kinds with their folders, rolling and headers, and the files written from them.

A file is a sequence of rows in time order below header blocks. A block is written at the start and wherever
the service restarted or the columns changed; line numbers of planted rows are noted while writing.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from example import columns
from example.scene import COLLECTED, WIDE_IIS, build_at, is_down, iso, moment, restarts_before, version_text

CRLF = b"\r\n"
BOM = b"\xef\xbb\xbf"
EXCHANGE = "Exchange Server/V15"


@dataclass(frozen=True, slots=True)
class LogKind:
    """A kind of log: `roll` gives the file name for a time, `header` the lines above rows from then on."""

    id: str
    folder: str
    roll: Callable[[int], str]
    header: Callable[[int, bool], list[bytes]]
    """(time, is it the first block of the file) -> lines."""
    variant: Callable[[int], object] = restarts_before
    """A new value means a new header block."""
    bom: bool = True


def _hourly(prefix: str) -> Callable[[int], str]:
    return lambda t: f"{prefix}{moment(t):%Y%m%d%H}-1.LOG"


def _daily(prefix: str) -> Callable[[int], str]:
    return lambda t: f"{prefix}{moment(t):%Y%m%d}-1.LOG"


def _exchange_header(
    log_type: str, names: tuple[str, ...], *, plain: bool, versioned: bool
) -> Callable[[int, bool], list[bytes]]:
    row = ",".join(names)

    def header(time_ms: int, first: bool) -> list[bytes]:
        version = version_text(build_at(time_ms)) if versioned else "15.0.0.0"
        lines = [
            "#Software: Microsoft Exchange Server",
            f"#Version: {version}",
            f"#Log-type: {log_type}",
            f"#Date: {iso(time_ms)}",
            f"#Fields: {row}",
        ]
        return [line.encode() for line in ([row] if plain and first else []) + lines]

    return header


def _iis_header(time_ms: int, first: bool) -> list[bytes]:
    names = columns.IIS_WIDE if is_wide(time_ms) else columns.IIS
    return _iis_block(time_ms, names)


def _iis_back_header(time_ms: int, first: bool) -> list[bytes]:
    return _iis_block(time_ms, columns.IIS)


def _iis_block(time_ms: int, names: tuple[str, ...]) -> list[bytes]:
    return [
        b"#Software: Microsoft Internet Information Services 10.0",
        b"#Version: 1.0",
        f"#Date: {moment(time_ms):%Y-%m-%d %H:%M:%S}".encode(),
        b"#Fields: " + " ".join(names).encode(),
    ]


def _httperr_header(time_ms: int, first: bool) -> list[bytes]:
    block = _iis_block(time_ms, columns.HTTPERR)
    return [b"#Software: Microsoft HTTP API 2.0", *block[1:]]


def is_wide(time_ms: int) -> bool:
    """Were sizes logged on the front end site at that time?"""
    return WIDE_IIS[0] <= time_ms < WIDE_IIS[1]


def _iis_name(time_ms: int) -> str:
    return f"u_ex{moment(time_ms):%y%m%d}.log"


def httpproxy(protocol: str) -> LogKind:
    header = _exchange_header("HttpProxy Logs", columns.HTTPPROXY, plain=True, versioned=True)
    return LogKind(
        f"httpproxy/{protocol}", f"{EXCHANGE}/Logging/HttpProxy/{protocol}", _hourly("HttpProxy_"), header
    )


def _exchange(
    kind: str,
    folder: str,
    roll: Callable[[int], str],
    log_type: str,
    names: tuple[str, ...],
    *,
    plain: bool,
    versioned: bool,
) -> LogKind:
    return LogKind(
        kind,
        f"{EXCHANGE}/{folder}",
        roll,
        _exchange_header(log_type, names, plain=plain, versioned=versioned),
    )


_INFRA = "Logging/CmdletInfra/Powershell-Proxy"
_TRANSPORT = "TransportRoles/Logs"
KINDS: dict[str, LogKind] = {
    kind.id: kind
    for kind in (
        LogKind(
            "iis/front",
            "inetpub/logs/LogFiles/W3SVC1",
            _iis_name,
            _iis_header,
            lambda t: (restarts_before(t), is_wide(t)),
            bom=False,
        ),
        LogKind("iis/back", "inetpub/logs/LogFiles/W3SVC2", _iis_name, _iis_back_header, bom=False),
        LogKind(
            "httperr",
            "Windows/System32/LogFiles/HTTPERR",
            lambda _: "httperr1.log",
            _httperr_header,
            bom=False,
        ),
        _exchange(
            "oabgenerator",
            "Logging/OABGeneratorLog",
            _daily("OABGeneratorLog"),
            "OAB Generator Log",
            columns.OAB_GENERATOR,
            plain=False,
            versioned=False,
        ),
        _exchange("ews", "Logging/Ews", _hourly("Ews_"), "EWS Logs", columns.EWS, plain=True, versioned=True),
        _exchange(
            "ecp_server",
            "Logging/ECP/Server",
            _daily("ECPServer"),
            "ECP Server Log",
            columns.ECP,
            plain=False,
            versioned=False,
        ),
        _exchange(
            "ecp_activity",
            "Logging/ECP/Activity",
            _daily("ECPActivity_11652_"),
            "ECP Activity Context Log",
            columns.ECP,
            plain=False,
            versioned=False,
        ),
        _exchange(
            "rps_http",
            f"{_INFRA}/Http",
            _hourly("Rps_Http_"),
            "Rps Http Logs",
            columns.RPS_HTTP,
            plain=True,
            versioned=True,
        ),
        _exchange(
            "rps_cmdlet",
            f"{_INFRA}/Cmdlet",
            _hourly("Rps_Cmdlet_"),
            "Rps Cmdlet Logs",
            columns.RPS_CMDLET,
            plain=True,
            versioned=True,
        ),
        _exchange(
            "tracking",
            f"{_TRANSPORT}/MessageTracking",
            _hourly("MSGTRKMS"),
            "Message Tracking Log",
            columns.TRACKING,
            plain=False,
            versioned=True,
        ),
        _exchange(
            "smtp_receive",
            f"{_TRANSPORT}/FrontEnd/ProtocolLog/SmtpReceive",
            _hourly("RECV"),
            "SMTP Receive Protocol Log",
            columns.SMTP,
            plain=False,
            versioned=False,
        ),
        _exchange(
            "agent",
            f"{_TRANSPORT}/FrontEnd/AgentLog",
            _daily("AgentLog"),
            "Agent Log",
            columns.AGENT,
            plain=False,
            versioned=False,
        ),
    )
}


@dataclass(slots=True)
class Tree:
    """Rows waiting to be written. Rows of a stopped server or after the collection are not taken."""

    oldest: dict[str, int]
    """Kind (or its part before `/`) -> time of the oldest row kept; older ones were removed by the server."""
    rows: dict[tuple[str, str], list[tuple[int, int, bytes, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    kinds: dict[str, LogKind] = field(default_factory=lambda: dict(KINDS))
    count: int = 0

    def add(self, kind: str, time_ms: int, row: bytes, truth: str = "") -> None:
        """Note one row (without line end); `truth` labels planted ones."""
        family = kind.split("/")[0]
        if time_ms >= COLLECTED or time_ms < self.oldest.get(kind, self.oldest.get(family, 0)):
            return
        if is_down(time_ms) and kind != "httperr":
            return
        if kind not in self.kinds:
            self.kinds[kind] = httpproxy(kind.split("/")[1])
        self.count += 1
        self.rows[kind, self.kinds[kind].roll(time_ms)].append((time_ms, self.count, row, truth))

    def write(self, out: Path) -> dict[str, list[tuple[str, int, int, str, str]]]:
        """Write all files below `out`; gives label -> (path, line, byte offset, time, kind) of its rows."""
        planted: dict[str, list[tuple[str, int, int, str, str]]] = defaultdict(list)
        for (kind_id, name), rows in sorted(self.rows.items()):
            kind = self.kinds[kind_id]
            path = f"{kind.folder}/{name}"
            rows.sort()
            parts: list[bytes] = []
            variant: object = None
            line = offset = 0
            for position, (time_ms, _, row, truth) in enumerate(rows):
                now = kind.variant(time_ms)
                block = kind.header(time_ms, position == 0) if position == 0 or now != variant else []
                variant = now
                if position == 0 and kind.bom:
                    block = [BOM + block[0], *block[1:]] if block else []
                for text in (*block, row):
                    start = offset
                    line += 1
                    offset += len(text) + 2
                    parts.append(text)
                if truth:
                    planted[truth].append((path, line, start, iso(time_ms), kind_id))
            target = out / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(CRLF.join(parts) + CRLF)
        return planted
