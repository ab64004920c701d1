"""Supervised worker processes: a task that kills its worker is tried once more alone, then given up with a reason.

The stock process pool breaks as a whole when one worker dies; hostile evidence must not do that (F23).
"""

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_TRIES = 2


@dataclass(frozen=True, slots=True)
class Done(Generic[T, R]):
    """A task that is over: `result`, or `failure` in words when its workers died or it raised."""

    task: T
    result: R | None
    failure: str = ""
    error: BaseException | None = None


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    task: Any = None
    tries: int = 0


def _serve(pipe: Connection, start: Callable[..., Callable[[Any], Any]], arguments: tuple[Any, ...]) -> None:
    """Body of a worker: build the tools once, then answer tasks until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    try:
        work = start(*arguments)
    except Exception as error:  # noqa: BLE001 - handed to the parent whole: no worker could do better
        pipe.send(("broken", error))
        return
    with contextlib.suppress(EOFError, OSError):  # the parent closed the pipe: done
        while True:
            task = pipe.recv()
            try:
                answer: tuple[str, Any] = ("done", work(task))
            except Exception as error:  # noqa: BLE001 - handed to the parent whole, which raises or reports it
                answer = ("failed", error)
            pipe.send(answer)


def run(
    tasks: Sequence[T], start: Callable[..., Callable[[T], R]], arguments: tuple[Any, ...], jobs: int
) -> Iterator[Done[T, R]]:
    """Work through `tasks` with `jobs` processes; results come as they are ready.

    `start(*arguments)` is called once in each process and returns the function that does one task; all three must be
    importable or picklable. With one job the work is done in this process.
    """
    if jobs <= 1:
        work = start(*arguments)
        for task in tasks:
            yield _tried(task, work)
        return
    context = multiprocessing.get_context("spawn")
    waiting: deque[tuple[T, int]] = deque((task, 0) for task in tasks)
    workers: list[_Worker] = []
    try:
        workers = [_hire(context, start, arguments) for _ in range(min(jobs, len(tasks)))]
        while waiting or any(worker.task is not None for worker in workers):
            for worker in workers:
                if worker.task is None and waiting:
                    worker.task, worker.tries = waiting.popleft()
                    worker.pipe.send(worker.task)
            busy = {worker.pipe: worker for worker in workers if worker.task is not None}
            for ready in wait(list(busy)):
                worker = busy[ready]  # type: ignore[index]
                try:
                    kind, value = worker.pipe.recv()
                except (EOFError, OSError):
                    task, tries = worker.task, worker.tries + 1
                    worker.process.join()
                    code = worker.process.exitcode
                    workers[workers.index(worker)] = _hire(context, start, arguments)
                    if tries < _TRIES:
                        waiting.append((task, tries))
                    else:
                        yield Done(task, None, f"the process reading it died twice (exit code {code})")
                    continue
                if kind == "broken":
                    raise value
                task, worker.task = worker.task, None
                yield (
                    Done(task, value)
                    if kind == "done"
                    else Done(task, None, f"{type(value).__name__}: {value}", value)
                )
    finally:
        for worker in workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in workers:
            worker.process.join(5)


def _tried(task: T, work: Callable[[T], R]) -> Done[T, R]:
    try:
        return Done(task, work(task))
    except Exception as error:  # noqa: BLE001 - handed on whole; the caller raises or reports it
        return Done(task, None, f"{type(error).__name__}: {error}", error)


def _hire(context: Any, start: Callable[..., Callable[[Any], Any]], arguments: tuple[Any, ...]) -> _Worker:
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, start, arguments), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)
