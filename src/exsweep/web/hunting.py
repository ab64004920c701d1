"""Hunts that pages started: each runs in a thread of its own with a connection of its own, and can be stopped.

What a run has done is kept by the store server group by server group, so that a run whose program ended goes on by `begin`.
"""

import logging
import threading

from exsweep.errors import ExsweepError
from exsweep.fleet import hunt
from exsweep.fleet.lake import Lake
from exsweep.fleet.store import Fleet
from exsweep.web.service import Service

_log = logging.getLogger("exsweep.web")
_lock = threading.Lock()
_stops: dict[str, threading.Event] = {}
_ONE = threading.Semaphore(1)
"""One hunt reads at a time: the others wait for its end, as they would wait for the disk."""


def begin(service: Service, run: str, who: str) -> None:
    """Go on with a run in the background; nothing happens when it is at work here already."""
    with _lock:
        if run in _stops:
            return
        stop = _stops[run] = threading.Event()
    threading.Thread(target=_work, args=(service, run, who, stop), name=f"hunt-{run}", daemon=True).start()


def stop(run: str) -> None:
    """Ask a run to stop; it does so after the servers at hand."""
    with _lock:
        event = _stops.get(run)
    if event is not None:
        event.set()


def at_work(run: str) -> bool:
    """Whether it runs, or waits for its turn, in this program."""
    with _lock:
        return run in _stops


def lake(service: Service) -> Lake:
    """Where the saved events are."""
    return Lake.of_service(service.settings.store, service.settings.folder)


def _work(service: Service, run: str, who: str, stop: threading.Event) -> None:
    store = service.settings.store
    try:
        with _ONE, Fleet.open(store, who=who) as fleet:
            if not stop.is_set():
                fleet.database.see(hunt.tenants_of(fleet, run))
                hunt.run(fleet, lake(service), run, now=service.now(), stop=stop.is_set)
    except ExsweepError as error:
        _log.error("hunt %s: %s", run, error)
    finally:
        with _lock:
            _stops.pop(run, None)
