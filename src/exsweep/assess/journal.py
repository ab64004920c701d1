"""Finished tasks on disk, so that an interrupted run goes on where it stopped with nothing lost or doubled."""

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from exsweep.assess.results import TaskResult
from exsweep.errors import StoreError
from exsweep.locks import lock

_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(TaskResult)


class Journal:
    """Folder `.work` below the output folder: one file per finished task, written whole or not at all."""

    def __init__(self, out: Path) -> None:
        self.folder = out / ".work"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the output folder for this run alone.

        Raises:
            StoreError: another run is at work there, or the folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(
                f"Cannot write to {self.folder.parent}: {error.strerror}.",
                tip="Name another folder with --out.",
            ) from error
        if not lock(handle):
            os.close(handle)
            raise StoreError(
                f"Another exsweep is writing to {self.folder.parent}.",
                tip="Wait for it, or name another folder with --out.",
            )
        try:
            yield
        finally:
            os.close(handle)

    def result(self, task: str) -> TaskResult | None:
        """Result of a finished task; None when it is not finished, or its file cannot be trusted."""
        try:
            data = (self.folder / f"{task}.done").read_bytes()
        except OSError:
            return None
        seal, body = data[:32], data[32:]
        if hashlib.sha256(body).digest() != seal:
            return None
        try:
            return _decoder.decode(body)
        except msgspec.MsgspecError:
            return None

    def keep(self, task: str, result: TaskResult) -> None:
        body = _encode(result)
        write_whole(self.folder / f"{task}.done", hashlib.sha256(body).digest() + body)

    def forget(self, but: Sequence[str] = ()) -> None:
        """Remove the notes of finished tasks, except those named."""
        kept = {f"{task}.done" for task in but}
        for file in self.folder.glob("*.done"):
            if file.name not in kept:
                file.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write a file (from pieces, where it is big) so that it is there whole or not at all, also after a power cut.

    Raises:
        StoreError: the disk is full or not writable.
    """
    hidden = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with hidden.open("wb") as file:
            file.writelines((data,) if isinstance(data, bytes) else data)
            file.flush()
            os.fsync(file.fileno())
        hidden.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            hidden.unlink()
        raise StoreError(
            f"Cannot write {path}: {error.strerror or error}.",
            tip="Free space there or name another place, then run the same command again: it goes on where it stopped.",
        ) from error
