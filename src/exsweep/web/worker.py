"""Workers: a loop that claims jobs, and one supervised child process for each; a dead child is a fact, not a disaster."""

import contextlib
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from exsweep.errors import StoreError
from exsweep.fleet.store import Fleet
from exsweep.web import jobs
from exsweep.web.scanning import SCOPE

_BEAT_S = 5.0
_IDLE_S = 1.0
_GONE_S = 10.0


class Worker:
    """Claims jobs until told to stop. One thread, one job at a time, one connection."""

    def __init__(
        self,
        store: str,
        folder: Path,
        *,
        scope: Path | None = None,
        said: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`scope` names the file that says what may be looked at from outside; None: nothing may."""
        self._store, self._folder, self._said = store, folder.resolve(), said
        self._scope = str(scope.resolve()) if scope is not None else ""
        self.name = jobs.worker_name()
        self._stop = threading.Event()

    def stop(self) -> None:
        """Finish: the running child is ended, its job given back with what it has read."""
        self._stop.set()

    def run(self, *, once: bool = False) -> None:
        """Work. With `once`: until nothing waits any more."""
        while not self._stop.is_set():
            try:
                with Fleet.open(self._store, who=f"worker {self.name}") as fleet:
                    if self._serve(fleet, once) and once:
                        return
            except StoreError as error:  # gone for a while (F30): jobs are in the store, evidence on the disk
                self._said(f"{error.message} Trying again.")
                self._stop.wait(_GONE_S * (0.5 + random.random()))  # noqa: S311 - jitter

    def _serve(self, fleet: Fleet, once: bool) -> bool:
        while not self._stop.is_set():
            one = jobs.claim(fleet.database, self.name, int(time.time()))
            if one is None:
                if once:
                    return True
                self._stop.wait(_IDLE_S)
                continue
            self._said(f"{one.job}: begins")
            self._supervise(fleet, one)
            self._said(f"{one.job}: {jobs.job(fleet, one.job).state}")
        return False

    def _supervise(self, fleet: Fleet, one: jobs.Claimed) -> None:
        """One child for the job. It ends by itself when its standard input closes: an orphan does not go on working."""
        home = self._folder / "jobs" / one.job
        home.mkdir(parents=True, exist_ok=True)
        words = [sys.executable, "-m", "exsweep.web.run_job", str(self._folder), str(one.number), self.name]
        with (home / "said.log").open("ab") as said:
            # The store's address may hold a password: it goes through the environment, not the list of processes.
            child = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                env={**os.environ, "EXSWEEP_JOB_STORE": self._store, SCOPE: self._scope},
            )
            try:
                while True:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        code = child.wait(_BEAT_S)
                        break
                    if self._stop.is_set() or self._lost(fleet, one):
                        child.terminate()
                        code = _ended(child)
                        break
            finally:
                if child.poll() is None:
                    child.kill()
                    child.wait()
                if child.stdin:
                    child.stdin.close()
        if self._stop.is_set():
            jobs.give_back(fleet.database, one.number, self.name)
        elif code != 0:
            jobs.died(fleet.database, one.number, self.name, int(time.time()))

    def _lost(self, fleet: Fleet, one: jobs.Claimed) -> bool:
        return jobs.beat(fleet.database, one.number, self.name, int(time.time())) == "lost"


def _ended(child: "subprocess.Popen[bytes]") -> int:
    try:
        return child.wait(_GONE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()
