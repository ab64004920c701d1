"""A run of the command line that is killed while its workers are at work."""

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_LOOK_S = 0.01
_PATIENCE_S = 120


class Victim(StrEnum):
    RUN = "the run"
    WORKER = "one worker"
    WORKERS = "all workers"
    BOTH = "the run and its workers"


@dataclass
class Killed:
    """What was hit over all tries."""

    runs: int = 0
    workers: int = 0
    """Worker processes that got the signal."""
    empty: int = 0
    """Runs that had ended, or had no worker just then."""

    def add(self, workers: int, *, run: bool) -> None:
        self.runs += run
        self.workers += workers
        self.empty += not run and not workers


def workers_of(process: "subprocess.Popen[bytes]") -> list[int]:
    try:
        return [
            int(one) for one in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        ]
    except (OSError, ValueError):
        return []


@dataclass(frozen=True)
class Spans:
    """Seconds from the first worker on, of an undisturbed run."""

    workers: float
    """Until the last worker is gone: then it judges and writes."""
    whole: float


def spans_of(command: Sequence[str]) -> Spans:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _until_workers(process)
    begun = time.monotonic()
    last = 0.0
    while process.poll() is None:
        if workers_of(process):
            last = time.monotonic() - begun
        time.sleep(_LOOK_S)
    return Spans(last, time.monotonic() - begun)


def killed(command: Sequence[str], victim: Victim, dice: random.Random, spans: Spans, total: Killed) -> None:
    """Start the run, wait until it has workers and a while longer, and send SIGKILL."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _until_workers(process)
    # A run that goes on from an earlier one has less for its workers to do.
    time.sleep(dice.uniform(0, spans.whole if victim is Victim.RUN else 0.5 * spans.workers))
    workers = workers_of(process)
    born = {child: began for child in workers if (began := _began(child))}
    if victim in (Victim.RUN, Victim.BOTH):
        hit = process.poll() is None
        process.kill()
    else:
        hit = False
    chosen = [] if victim is Victim.RUN else workers[:1] if victim is Victim.WORKER else workers
    struck = 0
    for child in chosen:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
            struck += 1
    process.wait()
    total.add(struck, run=hit)
    if hit:
        _gone(born)


def _until_workers(process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _PATIENCE_S
    while process.poll() is None and not workers_of(process):
        assert time.monotonic() < until, "no worker came"
        time.sleep(_LOOK_S)


def _gone(born: dict[int, bytes]) -> None:
    """Workers whose run was killed do not live on. A number may be given to another process soon: its birth tells."""
    until = time.monotonic() + _PATIENCE_S
    while any(_began(child) == began for child, began in born.items()):
        assert time.monotonic() < until, "a worker outlived its run"
        time.sleep(_LOOK_S)


def _began(process: int) -> bytes:
    """When a process was born, in the kernel's ticks; empty for one that is gone, or dead and not yet collected."""
    try:
        words = Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return b""
    return b"" if words[0] == b"Z" else words[19]
