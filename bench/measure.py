"""Run a command and measure it: wall clock, CPU of the process tree, memory of one process and of all."""

import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SAMPLE_S = 0.05


@dataclass(frozen=True, slots=True)
class Measured:
    """One run. `cpu_s` is user and system time of the command and of every child it waited for."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    """Largest single process (`ru_maxrss`)."""
    tree_mib: float
    """Largest sum over all processes at one moment, sampled; shared pages count for each process."""
    code: int
    output: str


def measure(command: list[str]) -> Measured:
    """Run `command` to its end, its output kept in memory."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    sampler = _Sampler(process.pid)
    sampler.start()
    if process.stdout is None:
        raise RuntimeError("the pipe of a process just started is missing")
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    sampler.stop()
    cpu = usage.ru_utime + usage.ru_stime
    peak = usage.ru_maxrss / 1024
    text = output.decode("utf-8", "replace").strip()
    return Measured(wall, cpu, peak, max(sampler.peak_mib, peak), process.returncode, text)


class _Sampler(threading.Thread):
    """Sums the resident memory of a process and its descendants every `SAMPLE_S` seconds."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak_mib = 0.0
        self._done = threading.Event()

    def run(self) -> None:
        while not self._done.wait(SAMPLE_S):
            self.peak_mib = max(self.peak_mib, sum(_resident_mib(pid) for pid in _tree(self.pid)))

    def stop(self) -> None:
        self._done.set()
        self.join()


def _tree(root: int) -> list[int]:
    """The process and all its descendants that live now."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # The name may hold blanks and brackets: the parent is the second field after the last `)`.
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue  # it ended between the listing and the reading
            children.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


def _resident_mib(pid: int) -> float:
    try:
        pages = int((Path("/proc") / str(pid) / "statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0  # it ended meanwhile
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_048_576
