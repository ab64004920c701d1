"""Notices to other programs (webhooks): something is new (`notices` says what), read on there. Nothing of the evidence leaves.

Off unless the operator names receivers in a file. A notice holds ids, levels and the name of the tenant, all of them our own
words; no name of a server, no finding, no text that anybody sent. It is signed (Standard Webhooks: HMAC-SHA256 over id, time and
body), goes only to the addresses in the file, follows no redirect, and is repeated until the receiver says 2xx: a receiver that
knows an id already has had it.

What is told is worked out from the store, and remembered for each receiver when it was taken: nothing is lost by a kill.
Source: https://www.standardwebhooks.com (specification read 2026-11-28).
"""

import base64
import binascii
import hashlib
import hmac
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from exsweep.errors import StoreError, UsageError
from exsweep.fleet import audit
from exsweep.fleet.store import Fleet
from exsweep.web import notices, settings_file
from exsweep.web.notices import EVENTS, Event, Pending
from exsweep.web.outside import Door, Refused, host_of

_log = logging.getLogger("exsweep.web")
_EVERY_S = 5.0
_FIRST_S, _LONGEST_S = 10, 3_600
GIVEN_UP_S = 3 * 86_400
_SECRET = "whsec_"  # noqa: S105 - the beginning of every such secret


class Hook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One receiver."""

    url: Annotated[str, Meta(min_length=1, max_length=500)]
    secret_file: Path
    tenants: tuple[str, ...] = ()
    """Names of those whose cases are told of; of all only with `all_tenants`."""
    all_tenants: bool = False
    events: tuple[Event, ...] = EVENTS
    private: bool = False
    """The receiver lies inside one's own network."""
    trust: Path | None = None
    """Certificates (PEM) of whoever signs the receiver's certificate."""
    key: bytes = b""
    """Content of `secret_file`; never written in the file itself."""


class Hooks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file. See docs/how-to/webhooks.md."""

    webhooks: tuple[Hook, ...]


def hooks(path: Path) -> tuple[Hook, ...]:
    """The receivers in a file.

    Raises:
        UsageError: something in it does not fit.
    """
    found = []
    for each in settings_file.read(path, Hooks).webhooks:
        host_of(each.url, f"{path}: url")
        if each.key:
            raise UsageError(
                f"{path}: `key` does not belong here.", tip="Write the secret into a file: secret_file."
            )
        if bool(each.tenants) == each.all_tenants:
            raise UsageError(f"{path}: whose cases?", tip="Give `tenants: [...]`, or `all_tenants: true`.")
        secret = settings_file.secret(path.parent / each.secret_file)
        key = _key(secret, path.parent / each.secret_file)
        trust = settings_file.certificates(path.parent, each.trust)
        found.append(msgspec.structs.replace(each, key=key, trust=trust))
    return tuple(found)


def _key(secret: str, path: Path) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_SECRET), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(_SECRET) or not 24 <= len(key) <= 64:
        raise UsageError(
            f"{path} holds no secret of a webhook.",
            tip=f"Write {_SECRET} and 24 to 64 random bytes in base64: echo {_SECRET}$(openssl rand -base64 32)",
        )
    return key


def signed(key: bytes, name: str, at: int, body: bytes) -> dict[str, str]:
    """The headers that prove from whom a notice is."""
    mark = hmac.new(key, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "Webhook-Id": name,
        "Webhook-Timestamp": str(at),
        "Webhook-Signature": f"v1,{base64.b64encode(mark).decode()}",
    }


class Sender:
    """Tells the receivers, one after the other, until it is stopped. One thread, one connection at a time."""

    def __init__(
        self, store: str, receivers: tuple[Hook, ...], origin: str, *, clock: Callable[[], float]
    ) -> None:
        self._store, self._receivers, self._origin, self._clock = store, receivers, origin, clock
        self._wait: dict[str, tuple[int, float]] = {}
        self._stop = threading.Event()

    def stop(self) -> None:
        """End after the call at hand."""
        self._stop.set()

    def run(self) -> None:
        """Tell what there is to tell, every few seconds."""
        while not self._stop.wait(_EVERY_S):
            try:
                with Fleet.open(self._store, who="notices") as fleet:
                    self.once(fleet)
            except StoreError as error:
                _log.error("notices: %s", error)

    def once(self, fleet: Fleet) -> int:
        """One round over all receivers; returns how many notices were taken."""
        return sum(self._tell(fleet, each) for each in self._receivers)

    def _tell(self, fleet: Fleet, hook: Hook) -> int:
        now, place, done = int(self._clock()), _place_of(hook), 0
        failures, next_try = self._wait.get(place, (0, 0.0))
        if now < next_try or self._stop.is_set():
            return 0
        tenants = None if hook.all_tenants else _numbers(fleet, hook)
        fleet.database.see(tenants)
        door = Door(hosts=frozenset({host_of(hook.url, "url")}), private=hook.private, trust=hook.trust)
        for each in self._pending(fleet, hook, tenants, place, now):
            said = self._call(door, hook, each, now) if each.notice is not None else ""
            if said and now - each.at < GIVEN_UP_S:
                failures += 1
                self._wait[place] = failures, now + min(_LONGEST_S, _FIRST_S * 2 ** min(failures - 1, 12))
                _log.warning("notice to %s: %s", ", ".join(sorted(door.hosts)), said)
                return done
            self._remember(fleet, hook, each, place, said, now)
            done += each.notice is not None and not said
            failures = 0
            self._wait.pop(place, None)
        return done

    def _pending(
        self, fleet: Fleet, hook: Hook, tenants: tuple[int, ...] | None, place: str, now: int
    ) -> Iterator[Pending]:
        last = int(fleet.setting(place, str(fleet.database.number("SELECT MAX(id) FROM assessment"))))
        since = int(fleet.setting(f"{place} since", str(now)))
        yield from notices.cases(fleet, hook.events, tenants, last, self._origin)
        yield from notices.others(fleet, hook.events, tenants, since, place, now, self._origin)

    def _remember(self, fleet: Fleet, hook: Hook, of: Pending, place: str, said: str, now: int) -> None:
        """The place and the line of the log together, or none of both."""
        with fleet.database.transaction():
            if of.number is not None:
                fleet.database.run("UPDATE setting SET value = ? WHERE name = ?", (str(of.number), place))
            else:
                fleet.database.run("DELETE FROM told WHERE time < ?", (now - 2 * notices.LONGEST_S,))
                fleet.database.run(
                    "INSERT INTO told (receiver, what, time) VALUES (?,?,?) ON CONFLICT DO NOTHING",
                    (place, of.name, now),
                )
            if of.notice is not None:
                what = "notice given up" if said else "notice sent"
                detail = f"{of.notice.type} to {hook.url} {said}".strip()
                audit.log(
                    fleet.database, time=now, who=fleet.who, what=what, object_=of.object, detail=detail
                )

    def _call(self, door: Door, hook: Hook, of: Pending, now: int) -> str:
        """Empty when it was taken; else why not."""
        body = msgspec.json.encode(of.notice)
        try:
            status = door.ask(
                "POST", hook.url, headers=signed(hook.key, of.name, now, body), body=body
            ).status
        except Refused as error:
            return str(error)[:300]
        return "" if 200 <= status < 300 else f"status {status}"


def _place_of(hook: Hook) -> str:
    """Name of the setting that says how far a receiver was told; who it is in the table of what was told."""
    return f"notices {hashlib.sha256(hook.url.encode()).hexdigest()[:32]}"


def _numbers(fleet: Fleet, hook: Hook) -> tuple[int, ...]:
    rows = (fleet.database.one("SELECT id FROM tenant WHERE name = ?", (name,)) for name in hook.tenants)
    return tuple(sorted(int(row[0]) for row in rows if row is not None))
