"""Supervised worker processes in a jail: a task that ends its worker, or takes too long, is given up with a reason.

The stock process pool breaks as a whole when one worker dies; hostile evidence must not do that (F23). Nothing that a
worker sends is unpickled: who has taken over a worker shall not get at the supervisor by its answer.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import IO, Any, Generic, TypeVar

import msgspec

from exsweep.assess.jail import Jail, busy_seconds, resident_bytes
from exsweep.assess.temporary import temporary
from exsweep.assess.worker import FORKS, answers, error_of, serve
from exsweep.errors import NO_MEMORY, ExsweepError, StoreError

T = TypeVar("T")
R = TypeVar("R")

_LOOK_S = 0.5
"""How often time and memory of busy workers are looked at."""
_AT_WORK = 0.02
"""Share of the time below which a task does not work but hang."""
_PATIENCE = 20
"""Times the wall clock of a task that it may take at most."""
_ANSWER_BYTES = 2 << 30
MOST = 60 if sys.platform == "win32" else 256
"""Processes at a time: Windows waits for at most 63 things at once."""
_LAST_WORDS = 4_096
_NO_MEMORY = (
    b"memory allocation of",
    b"bad_alloc",
    b"MemoryError",
    b"out of memory",
    b"Cannot allocate memory",
)
"""How native libraries take their leave: Rust, C++, Python, C."""


class Failure(StrEnum):
    """Why a task gave no result."""

    NONE = "none"
    ERROR = "error"
    """It raised."""
    DIED = "died"
    MEMORY = "memory"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Done(Generic[T, R]):
    """A task that is over: `result`, or `failure` in words. `error` is set where the whole run has to end."""

    task: T
    result: R | None
    failure: str = ""
    error: ExsweepError | None = None
    why: Failure = Failure.NONE


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    last_words: IO[bytes]
    task: Any = None
    tries: int = 0
    deadline: float = 0.0
    at_start: int = 0
    """Memory in use before the first task, most of it shared with the supervisor."""
    begun: float = 0.0
    """When the task was handed out ..."""
    busy_before: float = 0.0
    """... and processor time used up by then."""


@dataclass(frozen=True, slots=True)
class Pool(Generic[T, R]):
    """How tasks are worked through.

    `start(*arguments)` is called once in each process and returns the function that does one task; where the platform
    cannot fork, all three must be importable or picklable. `result` is the type of what that function returns.
    """

    start: Callable[..., Callable[[T], R]]
    arguments: tuple[Any, ...]
    result: Any
    jobs: int
    jail: Jail | None = None
    """None: the work is done in this process, and only an error that it raises can be caught."""
    seconds: Callable[[T], float] = lambda task: 3_600.0
    """Processor time that one task may take; wall clock where the system does not tell it, or the task waits."""
    tries: int = 1
    said: Callable[[tuple[str, ...]], None] = lambda active: None
    """Is told once what holds in the jail, in words."""

    def run(self, tasks: Iterable[T]) -> Iterator[Done[T, R]]:
        """Work through `tasks`, each of which is asked for when a worker has time for it; results come as they are ready."""
        if self.jail is None:
            work = self.start(*self.arguments)
            for task in tasks:
                yield _tried(task, work)
            return
        coming = iter(tasks)
        first = list(islice(coming, max(self.jobs, 1)))
        if first:
            with _asked_to_stop() as asked, temporary() as folder:
                jail = msgspec.structs.replace(self.jail, temporary=str(folder))
                yield from _Supervisor(self, jail).run(len(first), chain(first, coming), asked)


class _Supervisor(Generic[T, R]):
    """Hands out tasks, watches over the workers and replaces those that are gone."""

    def __init__(self, pool: Pool[T, R], jail: Jail) -> None:
        self._pool, self._jail = pool, jail
        self._decoder = msgspec.msgpack.Decoder(pool.result)
        self._context: Any = multiprocessing.get_context("fork" if FORKS else "spawn")
        self._workers: list[_Worker] = []
        self._coming: Iterator[T] = iter(())
        self._again: deque[tuple[T, int]] = deque()
        """Tasks whose worker died, and how often."""
        self._told = False

    def run(self, workers: int, tasks: Iterator[T], asked: Sequence[int]) -> Iterator[Done[T, R]]:
        self._coming = tasks
        try:
            for _ in range(min(workers, MOST)):
                self._workers.append(self._hire())
            while not asked:
                self._hand_out()
                if all(worker.task is None for worker in self._workers):
                    return
                yield from self._results()
                yield from self._late()
            raise KeyboardInterrupt
        finally:
            self._dismiss()

    def _hand_out(self) -> None:
        for place, worker in enumerate(self._workers):
            if worker.task is None:
                task, tries = self._again.popleft() if self._again else (next(self._coming, None), 0)
                if task is None:
                    continue
                try:
                    worker.pipe.send(task)
                except OSError:  # died while it had nothing to do: not the fault of this task
                    self._end(worker)
                    worker = self._workers[place] = self._hire()
                    worker.pipe.send(task)
                worker.task, worker.tries = task, tries
                worker.begun = time.monotonic()
                worker.busy_before = busy_seconds(worker.process.pid or 0) or 0.0
                worker.deadline = worker.begun + self._pool.seconds(task)

    def _results(self) -> Iterator[Done[T, R]]:
        busy = {worker.pipe: worker for worker in self._workers if worker.task is not None}
        for ready in wait(list(busy), timeout=_LOOK_S):
            worker = busy[ready]  # type: ignore[index]
            try:
                answer = answers.decode(worker.pipe.recv_bytes(_ANSWER_BYTES))
                result = self._decoder.decode(answer.body) if answer.kind == "done" else None
            except (EOFError, OSError, msgspec.MsgspecError):
                yield from self._lost(worker, *self._why(worker))
                continue
            if answer.kind == "ready":
                worker.at_start = resident_bytes(worker.process.pid or 0)
                if not self._told:
                    self._told = True
                    self._pool.said(answer.active)
                continue
            error = error_of(answer)
            if answer.kind == "broken":
                raise error or StoreError(f"A reading process could not start: {answer.message}.")
            task, worker.task = worker.task, None
            if answer.kind == "done":
                yield Done(task, result)
                continue
            memory = answer.error in NO_MEMORY
            if memory or (FORKS and error is None):
                self._replace(worker)  # what is left of it may be full
            failure = _too_much(self._jail) if memory else answer.message
            yield Done(task, None, failure, error, Failure.MEMORY if memory else Failure.ERROR)

    def _late(self) -> Iterator[Done[T, R]]:
        """Tasks whose workers take too long or too much."""
        now = time.monotonic()
        for worker in [one for one in self._workers if one.task is not None]:
            if now > worker.deadline and not worker.pipe.poll() and self._too_long(worker, now):
                took = self._pool.seconds(worker.task)
                yield from self._lost(
                    worker, Failure.TIME, f"reading it took longer than {took:,.0f} seconds"
                )
            elif resident_bytes(worker.process.pid or 0) - worker.at_start > self._jail.memory_bytes:
                yield from self._lost(worker, Failure.MEMORY, _too_much(self._jail))

    def _too_long(self, worker: _Worker, now: float) -> bool:
        """On a busy computer a task has time as long as it works: what counts is the processor time that it got."""
        busy, seconds = busy_seconds(worker.process.pid or 0), worker.deadline - worker.begun
        if busy is None:
            return True
        busy, passed = busy - worker.busy_before, now - worker.begun
        return busy > seconds or busy < _AT_WORK * passed or passed > _PATIENCE * seconds

    def _lost(self, worker: _Worker, why: Failure, failure: str) -> Iterator[Done[T, R]]:
        task, tries = worker.task, worker.tries + 1
        self._replace(worker)
        # What took all time or memory would take it again; a death may have been an accident.
        if why is Failure.DIED and tries < self._pool.tries:
            self._again.append((task, tries))
        else:
            yield Done(task, None, failure, None, why)

    def _why(self, worker: _Worker) -> tuple[Failure, str]:
        """Of what a worker died."""
        worker.process.join(5)
        worker.last_words.seek(0)
        said = worker.last_words.read()[-_LAST_WORDS:]
        if any(words in said for words in _NO_MEMORY):
            return Failure.MEMORY, _too_much(self._jail)
        return Failure.DIED, f"the process reading it died ({_exit_words(worker.process.exitcode)})"

    def _replace(self, worker: _Worker) -> None:
        self._end(worker)
        self._workers[self._workers.index(worker)] = self._hire()

    def _hire(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        last_words = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `_end`
        error = last_words.fileno() if FORKS else None
        pool = self._pool
        process = self._context.Process(
            target=serve,
            args=(theirs, pool.start, pool.arguments, self._jail, os.getpid(), error),
            daemon=True,
        )
        process.start()
        theirs.close()
        return _Worker(process, ours, last_words)

    @staticmethod
    def _end(worker: _Worker) -> None:
        worker.pipe.close()
        worker.process.kill()
        worker.process.join()
        worker.last_words.close()

    def _dismiss(self) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            self._end(worker)


@contextlib.contextmanager
def _asked_to_stop() -> Iterator[list[int]]:
    """Signals that came and should end the run, to be looked at: Python drops what a handler raises within the code that
    libraries run around a fork. The second one ends it at once."""
    asked: list[int] = []

    def noted(number: int, frame: FrameType | None) -> None:
        if asked:
            signal.default_int_handler(number, frame)
        asked.append(number)

    ours = []
    if threading.current_thread() is threading.main_thread():
        ours = [one for one in signal.Signals if signal.getsignal(one) is signal.default_int_handler]
    for one in ours:
        signal.signal(one, noted)
    try:
        yield asked
    finally:
        for one in ours:
            signal.signal(one, signal.default_int_handler)


def _tried(task: T, work: Callable[[T], R]) -> Done[T, R]:
    try:
        return Done(task, work(task))
    except ExsweepError as error:
        return Done(task, None, error.message, error, Failure.ERROR)
    except MemoryError as error:
        return Done(task, None, f"reading it needs too much memory: {error}", None, Failure.MEMORY)
    except Exception as error:  # noqa: BLE001 - handed on in words; the caller reports it
        return Done(task, None, f"{type(error).__name__}: {error}", None, Failure.ERROR)


def _too_much(jail: Jail) -> str:
    return f"reading it needs more than {jail.memory_bytes >> 20:,} MiB of memory"


def _exit_words(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"
