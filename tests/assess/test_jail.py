"""What a worker can no longer do once it reads evidence, and what its end costs."""

import ctypes
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from exsweep.assess.jail import Jail
from exsweep.assess.pool import Failure, Pool
from exsweep.errors import KnowledgeError

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the jail has its walls on Linux")


def answers(do, jail: Jail, tasks=("task",), **more):
    """What `do(task)` gives in a jailed worker, as Done records in the order of the tasks."""
    pool = Pool(_start, (do,), str, 2, jail=jail, **more)
    return sorted(pool.run(list(tasks)), key=lambda done: list(tasks).index(done.task))


def _start(do):
    return do


def refused(act) -> str:
    """The word for what happens when a worker does this."""
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return "done"


@pytest.fixture
def places(tmp_path):
    """Evidence, a folder for results, and a neighbour that is none of the worker's business."""
    for name in ("evidence", "events", "private"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(name.encode())
    jail = Jail(readable=(str(tmp_path / "evidence"),), writable=(str(tmp_path / "events"),))
    return tmp_path, jail


def _connect():
    socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def _talk_locally():
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)


def _run_a_program():
    os.execv(sys.executable, [sys.executable, "-c", ""])  # noqa: S606 - which is refused


def _fork():
    if os.fork() == 0:
        os._exit(0)


def _spawn():
    subprocess.run([sys.executable, "-c", ""], check=False)


def _signal_the_parent():
    os.kill(os.getppid(), 0)


def _ring():
    """io_uring can open sockets without the system call of that name."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(425, 8, ctypes.create_string_buffer(256)) < 0:
        raise OSError(ctypes.get_errno(), "io_uring_setup")


def _watch_the_parent():
    Path(f"/proc/{os.getppid()}/environ").read_bytes()


@linux
@pytest.mark.parametrize(
    "act",
    [
        *(_connect, _talk_locally, _run_a_program, _fork, _spawn, _signal_the_parent, _ring),
        _watch_the_parent,
    ],
)
def test_a_worker_reaches_neither_the_network_nor_other_programs(act, places):
    _, jail = places
    (done,) = answers(lambda task: refused(act), jail)
    assert done.result == "PermissionError", done


@linux
def test_a_worker_reads_its_evidence_and_nothing_else(places):
    folder, jail = places
    tasks = ["evidence", "events", "private"]
    got = answers(lambda name: refused((folder / name / "file").read_bytes), jail, tasks)
    assert [done.result for done in got] == ["done", "done", "PermissionError"]
    (done,) = answers(lambda task: refused(lambda: list(folder.iterdir())), jail)
    assert done.result == "PermissionError"


@linux
def test_a_worker_writes_only_into_the_event_store_and_never_touches_evidence(places):
    folder, jail = places
    file = folder / "evidence" / "file"
    acts = {
        "events": lambda: (folder / "events" / "new").write_bytes(b"row"),
        "append": lambda: file.open("ab"),
        "truncate": lambda: os.truncate(file, 0),
        "remove": file.unlink,
        "times": lambda: os.utime(file, (0, 0)),
        "mode": lambda: file.chmod(0o600),
        "link": lambda: (folder / "events" / "link").symlink_to("/etc/passwd"),
        "beside": lambda: (folder / "new").write_bytes(b""),
        "temporary": lambda: (folder.parent / "new").write_bytes(b""),
    }
    got = answers(lambda name: refused(acts[name]), jail, list(acts))
    assert {done.task: done.result for done in got} == {
        name: "done" if name == "events" else "PermissionError" for name in acts
    }
    assert file.read_bytes() == b"evidence"


@linux
def test_spooled_archives_have_a_place_of_their_own_that_is_gone_afterwards(places):
    import tempfile

    def spool(task):
        with tempfile.TemporaryFile() as file:
            file.write(b"nested")
        return tempfile.gettempdir()

    (done,) = answers(spool, places[1])
    assert done.result
    assert not Path(done.result).exists()


@linux
def test_what_holds_is_said_in_words(places):
    said = []
    answers(lambda task: "", places[1], said=said.extend)
    assert any("Landlock" in words for words in said)
    assert any("seccomp" in words for words in said)
    assert any("MiB of memory" in words for words in said)


def _misbehave(task):
    match task:
        case "memory":
            return str(len(bytearray(8 << 30)))
        case "hang":
            time.sleep(600)
        case "crash":
            os.abort()
        case "exit":
            os._exit(3)
        case "flood":
            sys.stdout.write("evidence on the terminal")
            os.write(2, b"\x1b[2J")
    return "read"


@linux
def test_memory_time_and_a_crash_end_one_file_and_not_its_neighbours(places, capfd):
    tasks = ["before", "memory", "hang", "crash", "exit", "flood", "after"]
    limits = {"hang": 0.6}
    got = {
        done.task: done
        for done in answers(_misbehave, places[1], tasks, seconds=lambda task: limits.get(task, 60.0))
    }
    assert [name for name, done in got.items() if done.result == "read"] == ["before", "flood", "after"]
    assert got["memory"].why is Failure.MEMORY
    assert "more than 1,536 MiB of memory" in got["memory"].failure
    assert got["hang"].why is Failure.TIME
    assert got["crash"].why is Failure.DIED and "SIGABRT" in got["crash"].failure
    assert got["exit"].why is Failure.DIED and "exit code 3" in got["exit"].failure
    assert capfd.readouterr() == ("", "")


@linux
def test_memory_that_grows_little_by_little_is_watched_from_outside(places):
    def grow(task):
        held = []
        while len(held) < 1_000:
            held.append(b"x" * (4 << 20))
            time.sleep(0.01)
        return "read"

    (done,) = answers(grow, msgspec.structs.replace(places[1], memory_bytes=100 << 20))
    assert done.why is Failure.MEMORY
    assert "more than 100 MiB" in done.failure


@linux
def test_an_allocation_that_a_native_library_cannot_have_is_named_as_memory(places):
    def as_rust_does(task):
        os.write(2, b"memory allocation of 14000000000 bytes failed\n")
        os.abort()

    (done,) = answers(as_rust_does, places[1])
    assert done.why is Failure.MEMORY


def test_a_death_is_tried_again_where_that_is_asked_for(places):
    folder, jail = places
    mark = folder / "events" / "mark"

    def once(task):
        if not mark.exists():
            mark.write_bytes(b"")
            os._exit(9)
        return "read"

    (done,) = answers(once, jail, tries=2)
    assert done.result == "read"


def test_what_a_worker_sends_is_checked_and_never_unpickled(places):
    (done,) = answers(lambda task: 7, places[1])
    assert done.result is None
    assert done.why is Failure.DIED

    class PlantedError(KnowledgeError):
        pass

    def plant(task):
        raise PlantedError("a class that only the worker knows")

    (done,) = answers(plant, places[1])
    assert done.error is None
    assert "a class that only the worker knows" in done.failure


@linux
def test_workers_end_with_the_run_that_started_them(tmp_path):
    program = (
        "import os, sys, time\n"
        "from exsweep.assess.jail import Jail\n"
        "from exsweep.assess.pool import Pool\n"
        "def start():\n"
        "    print(os.getpid(), flush=True)\n"
        "    return lambda task: time.sleep(600)\n"
        "list(Pool(start, (), str, 1, jail=Jail()).run(['task']))\n"
    )
    run = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    worker = int(run.stdout.readline())
    run.kill()
    run.wait()
    run.stdout.close()
    for _ in range(100):
        if (
            not Path(f"/proc/{worker}").exists()
            or "Z" in Path(f"/proc/{worker}/stat").read_text().split(")")[1]
        ):
            return
        time.sleep(0.05)
    pytest.fail("the worker lives on without its run")


@pytest.mark.parametrize(
    ("busy", "passed", "over"),
    [(3.0, 30.0, False), (11.0, 30.0, True), (0.1, 30.0, True), (9.0, 201.0, True), (None, 11.0, True)],
    ids=["slow for others are busy", "its time is used up", "it waits", "no end of patience", "nobody knows"],
)
def test_f23_a_task_has_processor_time_and_not_wall_clock(
    monkeypatch: pytest.MonkeyPatch, busy: float | None, passed: float, over: bool
) -> None:
    from types import SimpleNamespace
    from typing import Any, cast

    from exsweep.assess import pool

    monkeypatch.setattr(pool, "busy_seconds", lambda process: busy)
    any_pool: pool.Pool[int, int] = pool.Pool(lambda: int, (), int, 1)
    worker = pool._Worker(cast(Any, SimpleNamespace(pid=1)), cast(Any, None), cast(Any, None), deadline=10.0)
    supervisor = pool._Supervisor(any_pool, Jail(readable=(), writable=()))
    assert supervisor._too_long(worker, passed) is over
