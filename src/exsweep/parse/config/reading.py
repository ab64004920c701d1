"""A configuration file to rows of `iis_config`; what cannot be read is counted and named."""

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from exsweep.knowledge.formats import format_of
from exsweep.parse.batch import NO_TIME, Batch, RejectedLine
from exsweep.parse.config.settings import Settings
from exsweep.parse.config.walk import walk
from exsweep.parse.tally import Tally
from exsweep.parse.text import to_utf8

KIND = "iis_config"
CAP = 16 << 20
_CONFIG = re.compile(rb"<configuration[\s>]", re.I)
_PARTS = re.compile(
    rb"<(system\.(web|webServer|applicationHost|serviceModel|codedom)|location|mexRuntime|appSettings)[\s>]",
    re.I,
)
_COMPILED = re.compile(rb"<preserve\s[^>]{0,2000}\bvirtualPath\s*=", re.I)


@dataclass(frozen=True, slots=True)
class Read:
    """Rows of one file, and its counts."""

    batches: tuple[Batch, ...]
    tally: Tally


def recognise_config(head: bytes) -> bool:
    """Is this the configuration of a web server, or a note of ASP.NET about a compiled page?"""
    text = to_utf8(head).lstrip(b"\xef\xbb\xbf \t\r\n\0")
    if not text.startswith(b"<"):
        return False
    return bool((_CONFIG.search(text) and _PARTS.search(text)) or _COMPILED.search(text))


def read_config(data: bytes) -> Read:
    """All settings of interest. `data`: the whole file, at most CAP bytes."""
    tally = Tally()
    settings = Settings()
    reason, line = walk(data[:CAP], settings.start, settings.end)
    if len(data) > CAP and not reason:
        reason, line = "it is too big to be read whole", 0
    if reason:
        tally.note(
            f"The configuration is damaged at line {line} ({reason}); what stands behind was read by its looks."
        )
        tally.reject([RejectedLine(line, len(data), "bad-xml", b"")])
    tally.facts |= {f"mitigation.{name}": "configured" for name in settings.mitigations}
    kind = format_of(KIND)
    rows = settings.rows
    if not rows:
        return Read((), tally)
    table = pa.table(
        {
            column: pa.array(
                [row.get(column, "").encode("utf-8", "backslashreplace") for _, _, row in rows], pa.binary()
            )
            for column in kind.columns
        }
    )
    batch = Batch(
        kind,
        table,
        np.array([line for line, _, _ in rows], np.int64),
        np.array([offset for _, offset, _ in rows], np.int64),
        np.full(len(rows), NO_TIME, np.int64),
        lines=tuple(_quoted(data, offset) for _, offset, _ in rows),
    )
    tally.lines += len(rows)
    tally.events += len(rows)
    tally.kinds[KIND] += len(rows)
    return Read((batch,), tally)


def _quoted(data: bytes, offset: int) -> bytes:
    """The element as it stands in the file; never a key."""
    end = data.find(b">", offset, offset + 4_000)
    text = data[offset : end + 1 if end >= 0 else offset + 400]
    return b"<machineKey ...>" if text[:12].lower() == b"<machinekey " else text
