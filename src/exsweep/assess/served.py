"""Pages and scripts: looked at whole, told as one row each, beside whatever kind of log the file may be."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from exsweep.assess.joined import Joined, Part
from exsweep.detect.webshell import Remembered, examine, not_cleared
from exsweep.detect.webshell.kinds import extension_of
from exsweep.detect.yara import USER_PREFIX, Yara
from exsweep.knowledge.baselines import CHANGED, OTHER_BUILD, UNKNOWN_NAME, Baseline
from exsweep.knowledge.formats import format_of
from exsweep.knowledge.logon import takes_passwords
from exsweep.knowledge.places import place_of
from exsweep.knowledge.webshell_kinds import webshell_kinds
from exsweep.model import Confidence, FileReport, FileVerdict
from exsweep.parse.batch import NO_TIME, Batch
from exsweep.parse.traces import Carved

HALF = 8 << 20
"""Of a bigger file the first and the last part are looked at; padding hides nothing that stands at an end."""
ODD = frozenset({CHANGED, UNKNOWN_NAME, OTHER_BUILD})
"""What lists of shipped files find worth a look though nothing in the file speaks against it."""
_LIST = "|"
_TEXT_CAP = 2_000
_LINE_CAP = 4_000
_BYTEWISE = frozenset({"utf-8", "ascii", "cp1252", "latin-1"})
"""Encodings in which a line of the text is a line of the bytes."""


_MARK = re.compile(
    rb"<%|<\0%|%\0>|runat|r\0u\0n\0a\0t|\0<\0%|\+ADw-|<!--\s{0,8}#\s{0,8}(?:include|exec)|@functions|#@~\^|\A!BDN",
    re.I,
)
"""Any sign that a server could run a part of the file, in the encodings that keep ASCII apart by at most a NUL."""


def is_script(path: str) -> bool:
    """The server runs or reads files with this name, or a logon page has browsers run it."""
    return webshell_kinds().kind_of_extension(extension_of(path)) is not None or takes_passwords(path)


def may_run(data: bytes) -> bool:
    """Something in the file looks as if a server could run it, whatever its name says."""
    return _MARK.search(data) is not None


@dataclass(slots=True)
class Kept:
    """The bytes of one file as they pass: all of them up to twice HALF, then both ends."""

    size: int = 0
    _first: list[bytes] = field(default_factory=list)
    _last: bytes = b""

    def over(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same chunks, kept on the way."""
        for chunk in chunks:
            room = max(HALF - self.size, 0)
            self.size += len(chunk)
            if room:
                self._first.append(chunk[:room])
            if len(chunk) > room:
                self._last = (self._last + chunk[room:])[-HALF:]
            yield chunk

    @property
    def whole(self) -> bool:
        """All bytes are kept."""
        return self.size <= 2 * HALF

    @property
    def data(self) -> bytes:
        return b"".join(self._first) + self._last

    @property
    def digests(self) -> tuple[str, str]:
        """MD5 and SHA-1, for lists of indicators that have no better; empty for a file that is not kept whole."""
        if not self.whole:
            return "", ""
        data = self.data
        return (
            hashlib.md5(data, usedforsecurity=False).hexdigest(),
            hashlib.sha1(data, usedforsecurity=False).hexdigest(),
        )


def look(
    kept: Kept, path: str, sha256: str, yara: Yara, shipped: Baseline, seen: Remembered | None = None
) -> FileReport:
    """What the file can do, and whether somebody ships it. `sha256`: of the whole file; `seen`: what was said of others."""
    data = kept.data
    known = shipped.look(sha256) is not None
    report = _unread(path, sha256) if known else examine(data, path, seen=seen)
    said = yara.scan(data, path)
    problems = (*report.problems, *said.problems)
    if not kept.whole and is_script(path):
        problems += (f"bigger than {2 * HALF >> 20} MiB; what lies between its two ends was not looked at",)
    report = msgspec.structs.replace(report, path=path, sha256=sha256, size=kept.size, problems=problems)
    return _known(_named(not_cleared(report), said.labels), shipped)


def _unread(path: str, sha256: str) -> FileReport:
    """Of a file that somebody ships: nothing that stands in it could say more. `_known` says who does."""
    return FileReport(
        path=path,
        sha256=sha256,
        size=0,
        verdict=FileVerdict.UNREMARKABLE,
        confidence=Confidence.SURE,
        kind=webshell_kinds().kind_of_extension(extension_of(path)) or "",
    )


def slim(report: FileReport) -> FileReport:
    """What is kept to the end of a run: of a page in which nothing is remarkable only that it was looked at.

    A server may have a million pages; what they say stands in their rows of `served_file`.
    """
    if report.verdict in (FileVerdict.MALICIOUS, FileVerdict.SUSPICIOUS) or report.baseline in ODD:
        return report
    return FileReport(
        path=report.path,
        sha256=report.sha256,
        size=report.size,
        verdict=report.verdict,
        confidence=report.confidence,
        baseline=report.baseline,
        known_as=report.known_as,
        problems=report.problems,
        held_in=report.held_in,
        held=report.held,
    )


def _named(report: FileReport, families: tuple[str, ...]) -> FileReport:
    """What YARA rules say: one of ours settles it, one of the user's asks for a person."""
    if not families:
        return report
    own = [name for name in families if not name.startswith(USER_PREFIX)]
    verdict, confidence = report.verdict, report.confidence
    if own and verdict is not FileVerdict.MALICIOUS:
        verdict, confidence = FileVerdict.MALICIOUS, Confidence.VERY_LIKELY
    elif verdict is FileVerdict.UNREMARKABLE:
        verdict, confidence = FileVerdict.SUSPICIOUS, Confidence.POSSIBLE
    families = tuple(dict.fromkeys((*report.families, *families)))
    return msgspec.structs.replace(report, verdict=verdict, confidence=confidence, families=families)


def _known(report: FileReport, shipped: Baseline) -> FileReport:
    """Byte for byte a shipped file: nothing in it can speak against it. The server's build is not known yet."""
    says = shipped.judge(report.path, report.sha256)
    if says.known is None:
        return msgspec.structs.replace(report, baseline=says.code)
    known = says.known
    return msgspec.structs.replace(
        report,
        verdict=FileVerdict.BENIGN_KNOWN,
        confidence=Confidence.SURE,
        baseline=says.code,
        known_as=f"{known.paths[0]} of {known.builds[0]}" if known.builds else known.paths[0],
    )


def look_inside(page: Carved, source: str, yara: Yara, shipped: Baseline) -> tuple[FileReport, Kept]:
    """What a page can do whose bytes stood inside another file. `source`: that file of the evidence."""
    kept = Kept()
    for _ in kept.over([page.data]):
        pass
    report = look(kept, page.path, hashlib.sha256(page.data).hexdigest(), yara, shipped)
    return msgspec.structs.replace(report, held_in=source, held=page.held), kept


class Row(NamedTuple):
    """One file as a row of `served_file`; its line is the one that shows the strongest claim."""

    values: list[bytes]
    """In the order of the columns."""
    line: int
    offset: int
    raw: bytes
    time_ms: int = NO_TIME


def row(report: FileReport, kept: Kept, page: Carved | None = None) -> Row:
    """What is told of one file. Columns are made of many rows at once, see `together`.

    `page`: where it stood, if it was no file itself; line and place are then those of the record that held it.
    """
    digests = kept.digests
    name = report.path.rpartition("/")[2]
    values = {
        "Path": report.path,
        "Name": name,
        "Extension": name.rpartition(".")[2].lower() if "." in name else "",
        "Size": str(report.size),
        "SHA256": report.sha256,
        "MD5": digests[0],
        "SHA1": digests[1],
        "Kind": report.kind,
        "Language": report.language,
        "Encoding": report.encoding,
        "Container": report.container or "",
        "Place": "quarantine" if report.held == "quarantine" else place_of(report.path).kind,
        "Held": report.held,
        "Verdict": report.verdict.value,
        "Confidence": report.confidence.value,
        "Score": f"{report.score:.1f}",
        "Capabilities": _LIST.join(can.id for can in report.capabilities),
        "Inputs": _LIST.join(dict.fromkeys(name for can in report.capabilities for name in can.inputs)),
        "Families": _LIST.join(report.families),
        "Reasons": _LIST.join(why.code for why in report.reasons),
        "Evidence": _shown(report),
        "Baseline": report.baseline,
        "KnownAs": report.known_as or "",
    }
    told = [
        values.get(column, "")[:_TEXT_CAP].encode("utf-8", "backslashreplace")
        for column in format_of("served_file").columns
    ]
    line, offset, raw = _quoted(report, kept)
    if page is None:
        return Row(told, line, offset, raw)
    # In a hidden file the bytes of the line stand nowhere: its record does.
    return Row(told, page.line, page.offset + (offset if page.held != "quarantine" else 0), raw, page.time_ms)


def together(files: Sequence[tuple[int, str, Row]]) -> Joined:
    """Rows of many files, each with its place in the task and its path: an array a column, not one a page and column."""
    kind = format_of("served_file")
    rows = [each for _, _, each in files]
    columns = zip(*(each.values for each in rows), strict=True)
    batch = Batch(
        kind,
        pa.table([pa.array(column, pa.binary()) for column in columns], names=list(kind.columns)),
        np.array([each.line for each in rows], np.int64),
        np.array([each.offset for each in rows], np.int64),
        np.array([each.time_ms for each in rows], np.int64),
    )
    parts = tuple(Part(place, path, 1, partial(_raw_of, each)) for place, path, each in files)
    return Joined(batch, parts, sum(len(each.raw) for each in rows))


def _raw_of(row: Row, _number: int) -> bytes:
    return row.raw


def _quoted(report: FileReport, kept: Kept) -> tuple[int, int, bytes]:
    """Number, byte offset and bytes of the line that shows the strongest claim; of the first line where the text as
    decoded has other lines than the bytes."""
    data = kept.data
    wanted = next((seen.line for can in report.capabilities for seen in can.evidence), 1)
    start = 0
    if kept.whole and report.encoding in _BYTEWISE:
        for _ in range(wanted - 1):
            found = data.find(b"\n", start)
            if found < 0:
                wanted, start = 1, 0
                break
            start = found + 1
    else:
        wanted = 1
    end = data.find(b"\n", start)
    return wanted, start, data[start : end if end >= 0 else len(data)][:_LINE_CAP].rstrip(b"\r")


def _shown(report: FileReport) -> str:
    """`line 3: <quoted> (what it does)`, the lines that show the strongest claims."""
    told = [
        f"line {seen.line}: {seen.excerpt} ({can.title})"
        for can in report.capabilities
        for seen in can.evidence[:1]
    ]
    return (
        "\n".join(told[:8])[:_TEXT_CAP]
        or f"{report.kind or 'file'}, {report.size} bytes, {report.verdict.value}"
    )
