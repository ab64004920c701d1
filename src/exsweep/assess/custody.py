"""The custody log: what was done with the evidence, when, in lines of which each carries the hash of the one before.

`custody.jsonl` below `--out` is only ever added to. Who cuts, changes or swaps lines breaks the chain; who rewrites it
from the changed line on changes the last hash, which `exsweep verify` prints so that it can be noted elsewhere.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

import exsweep
from exsweep.errors import EvidenceError, StoreError
from exsweep.evidence import Unit
from exsweep.model import Assessment, SourceReport

NAME = "custody.jsonl"
BEGINNING = "0" * 64
"""`previous` of the first line."""
_LINE_BYTES = 1 << 20
_BLOCK = 1 << 20


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line. `action`: opened, jailed, resumed, read, changed, sealed, stored, shared, judged,
    rejudged, exported, verified."""

    n: int
    """Counts from 1 without a gap: order does not rest on the clock (F31)."""
    time: datetime
    action: str
    path: str = ""
    """Logical path in the evidence, or name below the output folder. Hostile text."""
    sha256: str = ""
    """Of what was read or written; of a sealed case: of its manifest."""
    detail: str = ""
    version: str
    previous: str
    """SHA-256 of the line before, without its newline."""


_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(Entry)


class CustodyLog:
    """Adds lines to the log of an output folder.

    Raises (all methods):
        StoreError: the log cannot be written.
    """

    def __init__(self, out: Path) -> None:
        self._path = out / NAME
        self._n, self._previous = 0, BEGINNING
        torn = 0
        try:
            if self._path.exists():
                torn = self._go_on()
        except OSError as error:
            raise _unwritable(self._path, error) from error
        if torn:
            self.add("resumed", detail=f"an unfinished last line of {torn} bytes was cut off")

    def add(self, action: str, *, path: str = "", sha256: str = "", detail: str = "") -> None:
        """One line, on disk when this returns."""
        self._write([(action, path, sha256, detail)], sync=True)

    def opened(self, described: Sequence[str], command: str) -> None:
        """A run begins; only files that follow belong to it."""
        self._write(
            [("opened", "", "", command), *(("opened", "", "", words) for words in described)], sync=True
        )

    def read(self, sources: Sequence[SourceReport]) -> None:
        """Files were read to their end, or as far as they could be."""
        rows = [("read", one.path, one.sha256, _how(one)) for one in sources]
        self._write(rows, sync=False)

    def sealed(self, units: Iterable[Unit]) -> None:
        """All evidence is read: look once more whether any file changed since it was listed."""
        changed = [("changed", "", "", words) for words in changed_since(units)]
        self._write(
            [*changed, ("sealed", "", "", f"{len(changed)} changed since they were listed")], sync=True
        )

    def stored(self, out: Path) -> None:
        """The event store is complete."""
        files = sorted((out / "events").glob("*"))
        rows = [("stored", f"events/{file.name}", sha256_of(file), "") for file in files if file.is_file()]
        self._write(rows, sync=True)

    def shared(self, folders: Sequence[str]) -> None:
        """The evidence is of several servers: each is judged in a folder that has a log of its own."""
        self._write([("shared", folder, "", "") for folder in folders], sync=True)

    def judged(self, assessment: Assessment, *, again: bool = False) -> None:
        """Judged, from the evidence just read or again from saved events."""
        detail = f"{assessment.verdict.level.value}; knowledge {assessment.run.knowledge}"
        self.add("rejudged" if again else "judged", sha256=assessment.manifest_sha256, detail=detail)

    def _write(self, rows: Sequence[tuple[str, str, str, str]], *, sync: bool) -> None:
        lines = []
        for action, path, sha256, detail in rows:
            self._n += 1
            entry = Entry(
                n=self._n,
                time=datetime.now(UTC),
                action=action,
                path=path,
                sha256=sha256,
                detail=detail,
                version=exsweep.__version__,
                previous=self._previous,
            )
            line = _encode(entry)
            self._previous = hashlib.sha256(line).hexdigest()
            lines.append(line + b"\n")
        try:
            with self._path.open("ab") as file:
                file.write(b"".join(lines))
                file.flush()
                if sync:
                    os.fsync(file.fileno())
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def _go_on(self) -> int:
        """Take up the chain at the last whole line; returns how many bytes of an unfinished one were cut off."""
        with self._path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(0, size - 2 * _LINE_BYTES)
            file.seek(start)
            tail = file.read()
            whole = tail.rfind(b"\n") + 1
            torn = len(tail) - whole
            if torn:
                file.truncate(start + whole)
        last = tail[:whole].rstrip(b"\n").rpartition(b"\n")[2]
        if last:
            self._previous = hashlib.sha256(last).hexdigest()
            try:
                self._n = _decoder.decode(last).n
            except msgspec.MsgspecError:
                self._n = 0  # the break stays visible: `verify` names this line
        return torn


class Broken(msgspec.Struct, frozen=True):
    """A line of the log that does not fit, in words."""

    line: int
    reason: str


def entries(path: Path) -> Iterator[Entry | Broken]:
    """The log, line by line, each checked against the one before. Hostile: it may come from elsewhere.

    Raises:
        EvidenceError: there is no log, or it cannot be read.
    """
    previous, n, number = BEGINNING, 0, 0
    try:
        with path.open("rb") as file:
            while line := file.readline(_LINE_BYTES):
                number += 1
                if not line.endswith(b"\n"):
                    yield Broken(number, "the line is not finished, or longer than any line of ours")
                    return
                line = line[:-1]
                try:
                    entry = _decoder.decode(line)
                except (msgspec.MsgspecError, RecursionError):
                    yield Broken(number, "this is no line of a custody log")
                else:
                    if entry.previous != previous:
                        yield Broken(number, "the line before it was changed, removed or put there later")
                    elif entry.n != n + 1:
                        yield Broken(number, f"its number is {entry.n}, not {n + 1}")
                    n = entry.n
                    yield entry
                previous = hashlib.sha256(line).hexdigest()
    except OSError as error:
        raise EvidenceError(
            f"There is no custody log: {path.name} cannot be read ({error.strerror or error}).",
            tip="Name the folder that `exsweep triage --out` wrote, or a case bundle.",
        ) from error


def last_hash(path: Path) -> str:
    """Hash of the last line: who notes it elsewhere can prove later that the whole log is as it was."""
    last = BEGINNING
    with path.open("rb") as file:
        for line in file:
            last = hashlib.sha256(line.rstrip(b"\n")).hexdigest()
    return last


def changed_since(units: Iterable[Unit]) -> Iterator[str]:
    """Files whose size or time is no longer what it was when they were listed, in words."""
    before = b""
    for unit in units:
        # Members of one archive follow each other.
        if unit.kind in ("memory", "recorded") or unit.container == before:
            continue
        before = unit.container
        size, modified = unit.container_stamp.split("|")[-2:]
        try:
            now = os.lstat(unit.container)
        except OSError:
            yield f"{unit.path}: is gone"
            continue
        if (str(now.st_size), str(now.st_mtime_ns)) != (size, modified):
            yield f"{unit.path}: size {size} and time {modified} became {now.st_size} and {now.st_mtime_ns}"


def sha256_of(path: Path) -> str:
    """Raises StoreError when the file cannot be read."""
    total = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                total.update(block)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}.") from error
    return total.hexdigest()


def _how(report: SourceReport) -> str:
    words = f"{report.state.value}, {report.size} bytes"
    return f"{words}: {report.reason}"[:2_000] if report.reason else words


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"Cannot write {path}: {error.strerror or error}.",
        tip="Free space there, then run the same command again: it goes on where it stopped.",
    )
