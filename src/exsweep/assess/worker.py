"""What a worker process does: build the tools, go into the jail, answer tasks until the supervisor is gone."""

import contextlib
import ctypes
import faulthandler
import gc
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import msgspec
import numpy.ma  # noqa: F401 - numpy.unique asks for it late: loaded here, each forked worker has it
import pyarrow as pa

from exsweep.assess.jail import Jail, confine, die_with_parent
from exsweep.errors import EvidenceError, ExsweepError, KnowledgeError, StoreError, UsageError

FORKS = sys.platform.startswith("linux")
"""A forked worker has its tools already (10 ms); a spawned one imports and builds them (2 s)."""
_ARENA_MAX = -8
"""mallopt(3): each further arena takes 64 MiB of address space."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 32 << 20
"""Memory given back below this is taken again for the next piece of a log: a fresh page costs as much as reading it."""
_OURS: dict[str, type[ExsweepError]] = {
    kind.__name__: kind for kind in (StoreError, KnowledgeError, EvidenceError, UsageError)
}


class Answer(msgspec.Struct, frozen=True):
    """What a worker sends: `ready`, `broken`, `done` or `failed`."""

    kind: str
    body: bytes = b""
    error: str = ""
    """Name of the error's class."""
    message: str = ""
    tip: str | None = None
    active: tuple[str, ...] = ()


_pack = msgspec.msgpack.Encoder().encode
answers = msgspec.msgpack.Decoder(Answer)


def serve(
    pipe: Connection,
    start: Callable[..., Callable[[Any], Any]],
    arguments: tuple[Any, ...],
    jail: Jail,
    parent: int,
    last_words: int | None,
) -> None:
    """Body of a worker: build the tools once, go into the jail, then answer tasks until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if FORKS:
        die_with_parent(parent)
    _one_thread()
    try:
        work = start(*arguments)
        # Knowledge stays to the end: to look for cycles in it again and again costs more than is ever found.
        # Only set aside and not gone through first: that would copy every page that the parent shares with this process.
        gc.freeze()
        _silence(last_words)
        active = confine(jail, [pipe.fileno()])
    except Exception as error:  # noqa: BLE001 - handed to the parent: no worker could do better
        pipe.send_bytes(_pack(_failed("broken", error)))
        return
    with contextlib.suppress(EOFError, OSError):  # the parent closed the pipe: done
        pipe.send_bytes(_pack(Answer("ready", active=active)))
        while True:
            task = pipe.recv()
            try:
                answer = Answer("done", _pack(work(task)))
            except Exception as error:  # noqa: BLE001 - handed to the parent, which raises or reports it
                answer = _failed("failed", error)
            pipe.send_bytes(_pack(answer))


def _failed(kind: str, error: Exception) -> Answer:
    name = "MemoryError" if isinstance(error, MemoryError) else type(error).__name__
    if isinstance(error, ExsweepError):
        return Answer(kind, error=name, message=error.message, tip=error.tip)
    return Answer(kind, error=name, message=f"{name}: {error}")


def error_of(answer: Answer) -> ExsweepError | None:
    """The error that has to end the run, made anew from its words; None for any other."""
    kind = _OURS.get(answer.error)
    return kind(answer.message, tip=answer.tip) if kind is not None else None


def _one_thread() -> None:
    """A worker is one thread: pools that libraries would start take address space that the jail's limit counts."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    with contextlib.suppress(AttributeError, OSError, TypeError):  # only glibc has it
        limits = {_ARENA_MAX: 1, _TRIM_THRESHOLD: 2 * _KEPT_BYTES, _MMAP_THRESHOLD: _KEPT_BYTES}
        for option, value in limits.items():
            ctypes.CDLL(None).mallopt(option, value)


def _silence(last_words: int | None) -> None:
    """Native libraries write past Python: their words go where the supervisor finds them, not to the terminal."""
    faulthandler.disable()
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.dup2(nothing if last_words is None else last_words, 2)
    os.close(nothing)
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - until this process ends
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
