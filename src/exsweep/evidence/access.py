"""Bytes by place: a file of the evidence, bytes in memory, or a nested archive spooled to an unnamed file."""

import errno
import os
import shutil
import stat
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from typing import IO, Self

from exsweep.evidence.records import Budgets, EvidenceReadError
from exsweep.model import SourceState

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
)
_KEEP_ACCESS_TIME = getattr(os, "O_NOATIME", 0)
_WINDOWS = sys.platform == "win32"


class Access(ABC):
    """Random access to bytes that do not change while we look."""

    size: int
    starts: tuple[int, ...] = (0,)
    """Where each of its files begins, for an archive in several."""

    def at(self, offset: int, size: int) -> bytes:
        """At most `size` bytes from `offset`; nothing outside. Raises EvidenceReadError."""
        size = min(size, self.size - offset)
        return self._at(offset, size) if offset >= 0 and size > 0 else b""

    @abstractmethod
    def _at(self, offset: int, size: int) -> bytes:
        """At least one byte; nothing if the file has shrunk. Raises EvidenceReadError."""

    def stretch(self, offset: int) -> tuple[int, int]:
        """Where data go on at or after `offset`, and where the next hole begins."""
        return offset, self.size

    def verify(self) -> str:
        """Called when all was read: a note, or nothing. Raises EvidenceReadError when it has changed."""
        return ""

    @abstractmethod
    def close(self) -> None:
        """Give back what is held."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Memory(Access):
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def _at(self, offset: int, size: int) -> bytes:
        return self._data[offset : offset + size]

    def close(self) -> None:
        self._data = b""


class Part(Access):
    """A stretch of something, as a thing of its own."""

    def __init__(self, whole: Access, start: int, end: int) -> None:
        self._whole, self._start = whole, start
        self.size = end - start

    def _at(self, offset: int, size: int) -> bytes:
        return self._whole.at(self._start + offset, size)

    def close(self) -> None:
        """The whole is closed by who opened it."""


class DiskFile(Access):
    """A regular file, opened for reading only, following no link, waiting for nobody."""

    def __init__(self, path: bytes, budgets: Budgets) -> None:
        self._path = path
        self._budgets = budgets
        self._closed = False
        try:
            self._fd = _open(path)
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                raise  # it says nothing of the evidence: this computer is to be mended
            raise EvidenceReadError(SourceState.UNREADABLE, _why_not_open(error)) from error
        self._first = os.fstat(self._fd)
        if not stat.S_ISREG(self._first.st_mode):
            os.close(self._fd)
            raise EvidenceReadError(SourceState.UNREADABLE, "no regular file; not read")
        self._place = _file_id(path)
        self.size = self._first.st_size
        self.stamp = stamp_of(self._first)
        blocks: int = getattr(self._first, "st_blocks", -1)
        self._sparse = hasattr(os, "SEEK_DATA") and 0 <= blocks * 512 < self.size

    def _at(self, offset: int, size: int) -> bytes:
        if self._closed:
            raise ValueError("this source was left: read it before asking for the next one")
        tries = 0
        while True:
            try:
                os.lseek(self._fd, offset, os.SEEK_SET)
                return os.read(self._fd, size)
            except OSError as error:
                if tries == self._budgets.retries:
                    reason = (
                        f"read error at byte {offset:,} after {tries + 1} tries: {error.strerror or error}"
                    )
                    raise EvidenceReadError(SourceState.PARTIAL, reason) from error
                time.sleep(0.02 * 4**tries)
                tries += 1

    def stretch(self, offset: int) -> tuple[int, int]:
        if not self._sparse:
            return offset, self.size
        try:
            data = os.lseek(self._fd, offset, os.SEEK_DATA)
            return data, os.lseek(self._fd, data, os.SEEK_HOLE)
        except OSError as error:
            # ENXIO: nothing but hole until the end. Anything else: this file system cannot say.
            return (self.size if error.errno == errno.ENXIO else offset), self.size

    def verify(self) -> str:
        now = os.fstat(self._fd)
        if now.st_size < self._first.st_size:
            raise EvidenceReadError(
                SourceState.CHANGED,
                f"shrank from {self._first.st_size:,} to {now.st_size:,} bytes while it was read",
            )
        place = _file_id(self._path)
        if place is None:
            raise EvidenceReadError(SourceState.CHANGED, "was removed while it was read")
        if place != self._place:
            raise EvidenceReadError(SourceState.CHANGED, "was replaced by another file while it was read")
        if now.st_size > self._first.st_size:
            return f"grew while it was read; the first {self._first.st_size:,} bytes were read"
        if now.st_mtime_ns != self._first.st_mtime_ns:
            raise EvidenceReadError(SourceState.CHANGED, "was written to while it was read")
        return ""

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            os.close(self._fd)


class Spool(Access):
    """A nested archive in an unnamed temporary file, for zip needs to be read from its end."""

    def __init__(self, budgets: Budgets) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self.size = 0
        self._room = int(shutil.disk_usage(tempfile.gettempdir()).free * budgets.spool_share)

    def add(self, data: bytes) -> None:
        """Append. Raises EvidenceReadError (`limit`) when the share of the free space is used up."""
        if self.size + len(data) > self._room:
            raise EvidenceReadError(
                SourceState.LIMIT, "the nested archive does not fit on the temporary volume"
            )
        try:
            self._file.write(data)
        except OSError as error:
            raise EvidenceReadError(
                SourceState.LIMIT, f"the nested archive cannot be spooled: {error.strerror}"
            ) from error
        self.size += len(data)

    def _at(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(size)

    def close(self) -> None:
        self._file.close()


def stamp_of(state: os.stat_result) -> str:
    """What tells cheaply, beside its path, whether a file is still the same."""
    return f"{state.st_size}|{state.st_mtime_ns}"


def _file_id(path: bytes) -> tuple[int, int] | None:
    # By name both times: on Windows a handle and a name may give different ids for one file.
    try:
        state = os.lstat(path)
    except OSError:
        return None
    return state.st_dev, state.st_ino


def _open(path: bytes) -> int:
    if _KEEP_ACCESS_TIME:
        try:
            return os.open(path, _FLAGS | _KEEP_ACCESS_TIME)
        except PermissionError:
            # Only the owner may leave the access time alone; everybody else reads as everybody reads.
            return os.open(path, _FLAGS)
    return os.open(path, _FLAGS)


def _why_not_open(error: OSError) -> str:
    if isinstance(error, PermissionError) and _WINDOWS:
        # Its C library says the same of both.
        return (
            "locked by another program, or not yours to read: run as administrator; if that does not help, export it"
            " (event logs: wevtutil epl) or give the same folder of a shadow copy (docs/how-to/live-server.md)"
        )
    if isinstance(error, PermissionError):
        return "permission denied: run as a user who may read it, or copy it with its owner's rights"
    if error.errno == errno.ELOOP:
        return "symbolic link; links are never followed"
    if error.errno == errno.ENOENT:
        return "was removed after it had been listed"
    return f"cannot be opened: {error.strerror or error}"
