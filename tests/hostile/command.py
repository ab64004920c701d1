"""The command line in a fresh process, with memory and time that no evidence may exceed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exsweep.model import Assessment, decode

NOW = "2021-03-09T15:00:00Z"
MEMORY = 2 << 30
SECONDS = 60.0


@dataclass(frozen=True)
class Ran:
    """What one run left."""

    code: int
    out: str
    err: str
    seconds: float
    cpu_s: float
    folder: Path

    @property
    def assessment(self) -> Assessment:
        return decode((self.folder / "assessment.json").read_bytes())

    @property
    def judged(self) -> bool:
        return (self.folder / "assessment.json").exists()


def arguments(evidence: Sequence[Path | str], out: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "exsweep", "triage", *map(str, evidence)),
        *("--out", str(out), "--now", NOW, *more),
    ]


def run(
    command: Sequence[str],
    folder: Path,
    *,
    memory: int | None = MEMORY,
    seconds: float = SECONDS,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
    limits: Mapping[int, int] | None = None,
    cwd: Path | None = None,
) -> Ran:
    """Run a command to its end; the test fails where it takes longer than `seconds`.

    `limits`: more of them, by the numbers of the module `resource`.
    """
    import resource

    wanted = {**({resource.RLIMIT_AS: memory} if memory else {}), **(limits or {})}

    def confined() -> None:
        for what, value in wanted.items():
            resource.setrlimit(what, (value, value))

    if limits:
        # What Python compiles for the first time would be kept cut short, for every later run to stumble over.
        environment = {**(os.environ if environment is None else environment), "PYTHONDONTWRITEBYTECODE": "1"}
    before = time.monotonic()
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=confined,
        start_new_session=True,
        env=dict(environment) if environment is not None else None,
        cwd=cwd,
    )
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        out, err = process.communicate(stdin, timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # the group that this test started
        out, err = process.communicate()
        raise AssertionError(f"not over after {seconds} s: {err[-400:]!r}") from None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Ran(
        process.returncode,
        out.decode("utf-8", "replace"),
        err.decode("utf-8", "replace"),
        time.monotonic() - before,
        after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime,
        folder,
    )


def triaged(evidence: Path | Sequence[Path | str], out: Path, *more: str, **how: object) -> Ran:
    """`exsweep triage` over this evidence; checks what must hold of every run (I1)."""
    named = [evidence] if isinstance(evidence, Path) else evidence
    ran = run(arguments(named, out, *more), out, **how)  # type: ignore[arg-type]
    well_behaved(ran)
    return ran


_MEASURE = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10)"
)


def peak_of(evidence: Path, out: Path, *more: str, seconds: float) -> int:
    """Most memory in use by one process of a triage, in bytes.

    A small process stands between: the child of a fork counts as large as its parent, and a test run's is large.
    """
    command = [sys.executable, "-c", _MEASURE, *arguments([evidence], out, *more)]
    return int(subprocess.run(command, capture_output=True, timeout=seconds, check=True).stdout)


def well_behaved(ran: Ran) -> None:
    """I1: an exit code of the table, words instead of a traceback, nothing that a terminal would obey."""
    assert ran.code in (0, 1, 2, 3, 4), (ran.code, ran.err[-2000:])
    assert "Traceback" not in ran.err + ran.out, ran.err[-2000:]
    assert "an error of ours" not in ran.err, ran.err[-2000:]
    for text in (ran.out, ran.err):
        assert not {one for one in text if (ord(one) < 32 and one != "\n") or one in "\x7f\x9b\u202e\u200b"}
