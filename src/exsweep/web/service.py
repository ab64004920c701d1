"""A running service: its settings, its folder of data, and the threads in which blocking work is done."""

import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import msgspec

from exsweep.fleet.store import Fleet
from exsweep.web.limits import Limiter
from exsweep.web.oidc import Organisation
from exsweep.web.oidc_settings import Provider

THREADS = 8


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How the service was started."""

    store: str
    """Path of the fleet's store, or `postgresql://...`."""
    folder: Path
    """Evidence that is sent, work of jobs, results."""
    accounts: bool = False
    """Several people, who sign in; else one person at this computer."""
    secure: bool = False
    """Reached through https: cookies are `__Host-` and Secure."""
    hosts: frozenset[str] = frozenset()
    """Names (with port where it is not the usual one) under which it may be reached; others are turned away."""
    port: int = 8420
    origin: str = ""
    """Address as people type it, without a path: https://exsweep.example.org. Passkeys and OIDC belong to it."""
    oidc: Provider | None = None
    """The sign-in of an organisation."""
    allow_scan: Path | None = None
    """Scope file of looks from outside that pages may start; None: they may start none."""
    second_person: bool = False
    """A line as it stands in the evidence is shown only when a second person has said yes; where people sign in."""
    quota_bytes: int = 500 << 30
    """Most bytes of evidence that one tenant may keep."""
    jobs: int = 1
    """Jobs that run here at the same time; 0: workers run elsewhere."""


class Service:
    """What all requests share. Thread-safe."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self.clock = clock
        self.start_token = secrets.token_urlsafe(24)
        """Opens the pages on this computer; printed with the address at start."""
        self.limiter = Limiter()
        self.organisation = Organisation(settings.oidc, settings.origin) if settings.oidc else None
        self._local = threading.local()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="exsweep-web")

    def now(self) -> int:
        """Seconds since 1970 UTC."""
        return int(self.clock())

    def fleet(self) -> Fleet:
        """The store, as opened for this thread."""
        found: Fleet | None = getattr(self._local, "fleet", None)
        if found is None:
            found = Fleet.open(self.settings.store, who="web")
            found.database.see(())  # until it is known who asks
            self._local.fleet = found
        return found

    def forget(self) -> None:
        """Close this thread's connection: it may be broken (F30). The next request opens a new one."""
        found: Fleet | None = getattr(self._local, "fleet", None)
        self._local.fleet = None
        if found is not None:
            with suppress(Exception):
                found.database.close()

    @property
    def pool(self) -> ThreadPoolExecutor:
        """Where requests are worked on."""
        return self._pool

    def close(self) -> None:
        """Wait for what is running, and close every connection in its own thread."""
        barrier = threading.Barrier(THREADS)

        def leave() -> None:
            with suppress(threading.BrokenBarrierError):
                barrier.wait(5)
            self.forget()

        with suppress(RuntimeError):
            for _ in range(THREADS):
                self._pool.submit(leave)
        self._pool.shutdown(wait=True)
