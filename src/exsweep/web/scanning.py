"""Looks from outside that a page starts: the same scan as `exsweep scan`, of what the scope file of the service allows."""

import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from exsweep.errors import ScanRefused, StoreError
from exsweep.fleet.dialect import Database
from exsweep.fleet.store import Fleet
from exsweep.knowledge.scanning import checks
from exsweep.scan import (
    Journal,
    ScanResult,
    Scope,
    Settings,
    Target,
    Wishes,
    headline,
    rates_of,
    read_targets,
    scan,
    scope_in,
    seal,
)
from exsweep.web import jobs

MOST = 1_000
"""Addresses of one look; longer lists are for the command line."""
SCOPE = "EXSWEEP_JOB_SCOPE"
"""Names the scope file to the process that does the work."""
_EVERY_S = 1.0
_SHOWN = 50


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a job is asked to do."""

    lines: tuple[str, ...]
    authority: str
    """`own` or `written`: by what right, as the person said."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A scope in force, and the targets of it."""

    scope: Scope
    targets: tuple[Target, ...]


def scope_for(given: Path | None, tenant: str) -> Path | None:
    """The scope file of a tenant: what was given where that is a file, else `<name of the tenant>.yml` in the folder.

    None where there is none: then nothing may be asked for that tenant.
    """
    if given is None or not given.is_dir():
        return given
    return next((each for each in given.iterdir() if each.name == f"{tenant}.yml" and each.is_file()), None)


def planned(file: Path | None, lines: Sequence[str], *, now: datetime) -> Plan:
    """Who would be asked. Whether a name leads where the scope allows is known only when it is looked up.

    Raises:
        ScanRefused: no scope file, none in force, or a line that is no address, too many, or outside the scope.
    """
    if file is None:
        raise ScanRefused(
            "Looks from outside are not switched on here.",
            tip="Whoever runs this service gives `exsweep serve` a scope file: --allow-scan SCOPE.yml.",
        )
    scope = scope_in(file, Wishes(), now=now)
    listed = read_targets(lines, ports=sorted(scope.ports), most=min(MOST, scope.most_addresses))
    for entry, reason in listed.samples:
        raise ScanRefused(f"{entry!r} is no address of a server: {reason}.", tip="Write mail.example.org.")
    for target in listed.targets:
        why = scope.refuses_name(target.name) if target.name is not None else None
        if why is not None:
            raise ScanRefused(
                f"{target.host} may not be asked: {why}.",
                tip="Whoever runs this service keeps the list of what may be asked. Nothing was sent.",
            )
    if not listed.targets:
        raise ScanRefused("No address was given.", tip="Write mail.example.org.")
    return Plan(scope, listed.targets)


class _Told:
    """The `Watcher` of a job: a line for each address, and a stop that is heard while nobody answers."""

    def __init__(self, database: Database, one: jobs.Claimed, worker: str) -> None:
        self._database, self._job, self._worker = database, one.number, worker
        self._total = self._done = 0
        self._lines: list[jobs.Step] = []
        self._at = 0.0

    def planned(self, targets: int, resumed: int) -> None:
        self._total, self._done = targets, resumed
        self._tell()

    def told(self, one: ScanResult) -> None:
        self._done += 1
        state = "gap" if one.identity.failure is not None else "done"
        if len(self._lines) < _SHOWN:
            name = one.name or one.address or one.target
            self._lines.append(jobs.Step(state=state, title=f"{name}, port {one.port}: {headline(one)}"))
        if self._done == self._total or time.monotonic() - self._at > _EVERY_S:
            self._tell()

    def _tell(self) -> None:
        self._at = time.monotonic()
        words = f"Asking from outside: {self._done:,} of {self._total:,} done"
        steps = (*self._lines, jobs.Step(state="now", title=words))
        share = self._done / self._total if self._total else None
        told = jobs.Progress(steps=steps, share=share, found=0)
        jobs.tell(self._database, self._job, self._worker, words, told)


def looked(database: Database, one: jobs.Claimed, worker: str, home: Path, store: str) -> Path:
    """Do the job; the file with the results. Run again after a death it goes on, and asks nobody twice without need.

    Raises:
        ScanRefused: the scope file is gone, has ended, or never allowed this.
        KeyboardInterrupt: the job was stopped, or is another worker's now.
    """
    wanted = msgspec.json.decode(one.asked, type=Wanted)
    named = os.environ.get(SCOPE)
    plan = planned(scope_for(Path(named) if named else None, one.tenant), wanted.lines, now=datetime.now(UTC))
    wishes = Wishes(seed=one.number)
    out = home / "scan.jsonl"
    over = threading.Event()
    watch = threading.Thread(target=_stop_when_told, args=(store, one.number, worker, over), daemon=True)
    watch.start()
    try:
        with Journal(out, seal(plan.targets, wishes, (1, 1)), wishes.seed, resume=out.exists()) as journal:
            settings = Settings(
                scope=plan.scope,
                targets=plan.targets,
                wishes=wishes,
                rates=rates_of(plan.scope),
                limits=checks().limits,
                clock=lambda: datetime.now(UTC),
            )
            scan(settings, _Told(database, one, worker), journal.keep, journal)
    finally:
        over.set()
        watch.join()
    return out


def _stop_when_told(store: str, number: int, worker: str, over: threading.Event) -> None:
    """A look waits for others most of the time: a signal wakes it when it is to end."""
    try:
        with Fleet.open(store, who=f"worker {worker}") as fleet:
            while not over.wait(_EVERY_S):
                if jobs.beat(fleet.database, number, worker, int(time.time())) != "running":
                    if not over.is_set():
                        os.kill(os.getpid(), signal.SIGTERM)
                    return
    except StoreError:
        return  # gone for a while: the work goes on, and the supervisor beats too
