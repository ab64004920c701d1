"""A run on disk: an intent before each contact, a result after it; a killed run goes on with nothing lost or doubled.

Two files, only ever appended to: the results (one JSON line per target, the contract) and beside them
`<results>.journal` with the plan's seal and the intents. A torn last line is cut off.
"""

import hashlib
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from exsweep.errors import StoreError
from exsweep.locks import lock
from exsweep.scan.plan import Wishes
from exsweep.scan.results import ScanResult, line
from exsweep.scan.targets import Target

_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
_SYNC_ROWS = 200
_SYNC_S = 1.0
_BLOCK = 1 << 20


class _Begun(msgspec.Struct, frozen=True):
    plan: str
    seed: int


class _Intent(msgspec.Struct, frozen=True):
    intent: str


class _Key(msgspec.Struct, frozen=True):
    target: str


class Journal:
    """Results and intents of one run. Use as a context manager."""

    def __init__(self, out: Path, plan: str, seed: int, *, resume: bool) -> None:
        """Open or begin a run.

        Raises:
            StoreError: the files are there and `resume` is not asked for; or they belong to other targets; or another
                run holds them; or the disk refuses.
        """
        self.out = out
        self._intents_file = out.with_name(out.name + ".journal")
        self.done: frozenset[str] = frozenset()
        """Keys of targets that have a result."""
        self.intended: frozenset[str] = frozenset()
        """Keys of targets that may have been contacted, with or without a result."""
        self.seed = seed
        """The given one, or the one that the run began with."""
        self._unsynced = 0
        self._synced_at = time.monotonic()
        try:
            if out.exists() and not resume:
                raise StoreError(f"{out} is there already.", tip="Go on with --resume, or name another file.")
            out.parent.mkdir(parents=True, exist_ok=True)
            self._intents = os.open(self._intents_file, _FLAGS, 0o600)
            self._lock()
            if not resume:
                os.ftruncate(self._intents, 0)  # intents of a run whose results were moved away
            self._results = os.open(out, _FLAGS, 0o600)
            self._read(plan)
        except OSError as error:
            raise StoreError(
                f"Cannot write {out}: {error.strerror}.", tip="Name another file with --out."
            ) from error

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.sync()
        os.close(self._results)
        os.close(self._intents)

    def intend(self, keys: Sequence[str]) -> None:
        """Note on disk, for certain, that these will now be contacted.

        Raises:
            StoreError: the disk is full.
        """
        self._write(self._intents, b"".join(msgspec.json.encode(_Intent(key)) + b"\n" for key in keys))
        _sync(self._intents)

    def keep(self, result: ScanResult) -> None:
        """Append a result; it is certain on disk within 200 rows or a second.

        Raises:
            StoreError: the disk is full.
        """
        self._write(self._results, line(result))
        self._unsynced += 1
        if self._unsynced >= _SYNC_ROWS or time.monotonic() - self._synced_at > _SYNC_S:
            self.sync()

    def sync(self) -> None:
        """Make all results certain."""
        if self._unsynced:
            _sync(self._results)
        self._unsynced = 0
        self._synced_at = time.monotonic()

    def _read(self, plan: str) -> None:
        rows = _whole_lines(self._intents)
        if not rows:
            self._write(self._intents, msgspec.json.encode(_Begun(plan, self.seed)) + b"\n")
            _sync(self._intents)
        else:
            self._same_plan(rows[0], plan)
        self.intended = frozenset(msgspec.json.decode(row, type=_Intent).intent for row in rows[1:])
        try:
            self.done = frozenset(
                msgspec.json.decode(row, type=_Key).target for row in _whole_lines(self._results)
            )
        except msgspec.MsgspecError as error:
            raise StoreError(
                f"{self.out} holds something else than results of a scan: {error}.",
                tip="Name another file with --out.",
            ) from error

    def _same_plan(self, row: bytes, plan: str) -> None:
        try:
            begun = msgspec.json.decode(row, type=_Begun)
        except msgspec.MsgspecError:
            begun = _Begun("", 0)
        self.seed = begun.seed
        if begun.plan != plan:
            raise StoreError(
                f"{self.out} was begun with other targets or options.",
                tip="Give the same targets, shard and opt-ins (--webshells ...) as before, or name another file.",
            )

    def _lock(self) -> None:
        if not lock(self._intents):
            os.close(self._intents)
            raise StoreError(f"Another scan is writing to {self.out}.", tip="Wait for it.")

    def _write(self, file: int, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(file, data) :]
        except OSError as error:
            raise StoreError(
                f"Cannot write {self.out}: {error.strerror}.",
                tip="Free space there, then run the same command with --resume.",
            ) from error


def seal(targets: Iterable[Target], wishes: Wishes, shard: tuple[int, int]) -> str:
    """SHA-256 over all that decides who is asked what; the seed, which the journal keeps, left out."""
    asked = (wishes.manifest, wishes.webshells, wishes.contacts, wishes.smtp)
    total = hashlib.sha256(f"{asked} {shard}".encode())
    for key in sorted(each.key for each in targets):
        total.update(key.encode() + b"\n")
    return total.hexdigest()


def _whole_lines(file: int) -> list[bytes]:
    """All lines; a torn last one is cut off the file. Leaves the file at its end."""
    os.lseek(file, 0, os.SEEK_SET)
    data = bytearray()
    while block := os.read(file, _BLOCK):
        data += block
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.ftruncate(file, whole)
    os.lseek(file, 0, os.SEEK_END)
    return bytes(data[:whole]).splitlines()


def _sync(file: int) -> None:
    getattr(os, "fdatasync", os.fsync)(file)
