"""Two small log formats (a W3C one and a CSV one), and batches from dictionaries."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from exsweep.detect import Engine
from exsweep.knowledge.formats import LogFormat, SigmaSource, TimeColumns
from exsweep.knowledge.rules import Rule, RuleSet
from exsweep.parse.batch import NO_TIME, Batch

W3C = LogFormat(
    id="w3c",
    title="Web server log",
    separator=" ",
    quoting=False,
    columns=(
        "date",
        "time",
        "cs-method",
        "cs-uri-stem",
        "cs-uri-query",
        "cs-username",
        "c-ip",
        "cs(User-Agent)",
        "sc-status",
        "time-taken",
    ),
    time=TimeColumns(columns=("date", "time"), style="w3c"),
    ecs={
        "http.request.method": "cs-method",
        "url.path": "cs-uri-stem",
        "url.query": "cs-uri-query",
        "source.ip": "c-ip",
        "user_agent.original": "cs(User-Agent)",
        "http.response.status_code": "sc-status",
        "user.name": "cs-username",
    },
    unique=("time", "cs-uri-query", "time-taken"),
    url_columns=("cs-uri-stem", "cs-uri-query"),
    sigma=(SigmaSource(category="webserver"), SigmaSource(product="windows", service="iis")),
    sigma_fields={
        "cs-uri-query": ("cs-uri-query", "cs-uri-stem"),
        "c-uri": ("cs-uri-stem", "cs-uri-query"),
        "c-useragent": ("cs(User-Agent)",),
        "src_ip": ("c-ip",),
    },
    source=("test",),
)
CSV = LogFormat(
    id="proxylog",
    title="Front end log",
    separator=",",
    quoting=True,
    columns=(
        "DateTime",
        "UrlStem",
        "AnchorMailbox",
        "UserAgent",
        "ClientIpAddress",
        "HttpStatus",
        "TargetServer",
    ),
    time=TimeColumns(columns=("DateTime",), style="iso"),
    ecs={
        "url.path": "UrlStem",
        "source.ip": "ClientIpAddress",
        "user_agent.original": "UserAgent",
        "http.response.status_code": "HttpStatus",
    },
    unique=("DateTime",),
    url_columns=("UrlStem", "AnchorMailbox"),
    sigma=(SigmaSource(product="exchange", service="httpproxy"), SigmaSource(category="webserver")),
    sigma_fields={
        "cs-uri-query": ("UrlStem",),
        "c-useragent": ("UserAgent",),
        "src_ip": ("ClientIpAddress",),
    },
    source=("test",),
)
FORMATS = (W3C, CSV)

Row = Mapping[str, str | bytes]


def as_bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def make_batch(
    form: LogFormat,
    rows: Sequence[Row],
    times: Sequence[int] | None = None,
    columns: Sequence[str] | None = None,
) -> Batch:
    """Rows with `-` (W3C) or nothing (CSV) in the columns that a row leaves out."""
    nothing = b"-" if form.separator == " " else b""
    arrays = {}
    for column in columns or form.columns:
        values = pa.array([as_bytes(row.get(column, nothing)) for row in rows], pa.binary())
        arrays[column] = values if column in form.unique else values.dictionary_encode()
    count = np.arange(len(rows), dtype=np.int64)
    stamps = np.array(times if times is not None else [NO_TIME] * len(rows), dtype=np.int64)
    return Batch(form, pa.table(arrays), count + 1, count * 100, stamps)


def swept_lines(engine: Engine, form: str, data: bytes | memoryview) -> list[int]:
    """Numbers of the lines that a sweep parses; each has exactly the fields of its header."""
    raw = bytes(data)
    stops = [at + 1 for at, byte in enumerate(raw) if byte == 10]
    stops += [len(raw)] if len(raw) > max(stops, default=0) else []
    chosen, spared = engine.sieve(form, raw, np.array(stops, np.int64))
    return np.setdiff1d(chosen, spared).tolist()


def raw_lines(batch: Batch) -> bytes:
    """The batch as the log would have written it."""
    columns = [
        [as_bytes(value) for value in column.cast(pa.binary()).to_pylist()] for column in batch.table.columns
    ]
    lines = []
    for row in zip(*columns, strict=True):
        cells = row
        if batch.format.quoting:
            cells = tuple(
                b'"' + cell.replace(b'"', b'""') + b'"' if b'"' in cell or b"," in cell else cell
                for cell in row
            )
        lines.append(batch.format.separator.encode().join(cells))
    return b"".join(line + b"\n" for line in lines)


def only(rules: RuleSet) -> Rule:
    assert len(rules.rules) == 1, rules
    return rules.rules[0]
