"""The sentence of a scan: resolve and pin, ask the scope, wait for the turn, note the intent, visit, judge, keep."""

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from exsweep.errors import ScanRefused
from exsweep.knowledge.scanning import Limits, Rates
from exsweep.scan.addresses import Address, address, neighbourhood, wide_network
from exsweep.scan.heard import Heard
from exsweep.scan.identify import BEHIND
from exsweep.scan.journal import Journal
from exsweep.scan.names import MOST_AT_ONCE, Names
from exsweep.scan.networks import Networks
from exsweep.scan.places import Places, Stay
from exsweep.scan.plan import Wishes
from exsweep.scan.politeness import Place
from exsweep.scan.replies import PASSING, Failure, Reply
from exsweep.scan.results import ScanResult, not_asked, result
from exsweep.scan.scope import Scope
from exsweep.scan.smtp import Smtp, hello
from exsweep.scan.targets import Target, in_order
from exsweep.scan.transport import mail_service
from exsweep.scan.turns import Job, Turns
from exsweep.scan.visit import visit

_TICK_S = 0.02  # contacts of one tick share one note of intent on disk
_MOST_A_TICK = 500


class Watcher(Protocol):
    """Called from one thread, in the order in which things become known."""

    def planned(self, targets: int, resumed: int) -> None:
        """So many are to be asked, so many have a result already."""

    def told(self, one: ScanResult) -> None:
        """One target is done."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run needs; nothing is read from elsewhere."""

    scope: Scope
    targets: Sequence[Target]
    wishes: Wishes
    rates: Rates
    limits: Limits
    clock: Callable[[], datetime]
    """Wall clock, UTC."""
    networks: Networks = field(default_factory=Networks)
    scope_again: Callable[[], Scope] | None = None
    """Reads the scope anew, so that whoever asks to be left out while the run goes on is."""


def scan(
    settings: Settings, watcher: Watcher, keep: Callable[[ScanResult], None], journal: Journal | None
) -> None:
    """Visit every target once; each gives exactly one result to `keep`.

    Raises:
        ScanRefused: the permission ended during the run, or can no longer be read; or AS are excluded and no table
            says which addresses are theirs.
        StoreError: the results cannot be written.
    """
    asyncio.run(_Run(settings, watcher, keep, journal).whole())


@dataclass(slots=True)
class _Talk:
    """What a visit asks of the run, and tells it."""

    turns: Turns
    places: Places
    where: Place
    stay: Stay
    now: Callable[[], float]

    async def turn(self) -> bool:
        free = await self.turns.further(self.where)
        self.places.ask(self.stay, self.now())
        return free

    def agreed(self) -> None:
        self.places.heard(self.stay, self.now())
        self.places.ask(self.stay, self.now())

    def told(self, answer: Reply | Failure) -> None:
        self.turns.mind(self.where, answer)
        if isinstance(answer, Reply):
            self.places.heard(self.stay, self.now())


class _Run:
    def __init__(
        self,
        settings: Settings,
        watcher: Watcher,
        keep: Callable[[ScanResult], None],
        journal: Journal | None,
    ) -> None:
        self._settings = settings
        self._watcher = watcher
        self._keep = keep
        self._journal = journal
        self._scope = settings.scope
        """The one that was read last."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._fault: BaseException | None = None

    async def whole(self) -> None:
        settings = self._settings
        self._turns = Turns(settings.rates)
        self._places = Places(settings.rates, settings.limits.slow_s)
        self._scope_read_at = asyncio.get_running_loop().time()
        _asn_table(settings.scope, settings.networks)
        done = self._journal.done if self._journal else frozenset()
        left = [each for each in settings.targets if each.key not in done]
        self._watcher.planned(len(settings.targets), len(settings.targets) - len(left))
        names = Names(settings.scope, settings.limits.connect_s, self._admit_found, self._refused)
        for target in in_order(left, settings.wishes.seed):
            if target.address is None:
                names.add(target)
            else:
                self._admit(target, address(target.address), from_dns=False)
        for _ in range(min(MOST_AT_ONCE, len(names))):
            self._start(names.work())
        try:
            await self._dispatch()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _admit_found(self, target: Target, to: Address) -> None:
        self._admit(target, to, from_dns=True)

    def _admit(self, target: Target, to: Address, *, from_dns: bool) -> None:
        """Ask the scope; the address given here is the only one that is ever contacted."""
        origin = self._settings.networks.origin(to)
        asn = origin.asn if origin else None
        reason = self._scope.refuses(target.name, to, from_dns=from_dns, asn=asn)
        if reason is None and target.port not in self._settings.scope.ports:
            reason = f"port {target.port} is not in the scope file"
        if reason:
            self._refused(target, Failure.REFUSED_BY_SCOPE, reason)
            return
        place = Place(network=asn or wide_network(to), neighbourhood=neighbourhood(to))
        intended = self._journal.intended if self._journal else frozenset()
        self._turns.offer(Job(target, str(to), place, target.key in intended))

    async def _dispatch(self) -> None:
        turns, places = self._turns, self._places
        loop = asyncio.get_running_loop()
        while self._tasks or turns.left:
            self._raise_fault()
            turns.changed.clear()
            room = min(places.room(loop.time()), _MOST_A_TICK)
            batch = turns.due(room)
            if batch:
                self._in_force()
                fresh = [job.target.key for job in batch if not job.before]
                if self._journal and fresh:
                    await asyncio.to_thread(self._journal.intend, fresh)
                for job in batch:
                    self._start(self._visited(job, places.begin(loop.time())))
                await asyncio.sleep(_TICK_S)
            else:
                await turns.rest(room=room > 0, until=None if room else places.changes_at())
        self._raise_fault()

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _in_force(self) -> None:
        now = asyncio.get_running_loop().time()
        again = self._settings.scope_again
        if again is not None and now - self._scope_read_at >= self._settings.limits.scope_again_s:
            self._scope = again()
            _asn_table(self._scope, self._settings.networks)
            self._scope_read_at = now
        if self._settings.clock() >= self._scope.until:
            raise ScanRefused(
                "The permission ended while the scan ran; it was stopped.",
                tip="Ask for a new one, then go on with --resume.",
            )

    async def _visited(self, job: Job, stay: Stay) -> None:
        settings = self._settings
        try:
            if self._turns.is_stopped(job.place):
                self._refused(job.target, Failure.NOT_ASKED, None)
                return
            if self._scope is not settings.scope and (reason := self._changed_mind(job)):
                self._refused(job.target, Failure.REFUSED_BY_SCOPE, reason)
                return
            talk = _Talk(self._turns, self._places, job.place, stay, asyncio.get_running_loop().time)
            heard = await visit(job.target, job.to, settings.scope, settings.wishes, settings.limits, talk)
            one = self._judged(job, heard)
            if one.identity.failure in PASSING and not job.before and settings.limits.visits > 1:
                self._turns.again(dataclasses.replace(job, before=heard), settings.limits.again_after_s)
                return
            if settings.wishes.smtp and one.kind in BEHIND and await talk.turn():
                said = hello(settings.scope.page)
                smtp = await mail_service(job.to, settings.scope.smtp_port, said, settings.limits)
                one = self._judged(job, heard, smtp)
            self._tell(one)
        finally:
            self._places.leave(stay)

    def _changed_mind(self, job: Job) -> str | None:
        """What a scope that was read since says of a target that was admitted before."""
        to = address(job.to)
        origin = self._settings.networks.origin(to)
        asn = origin.asn if origin else None
        by_name = job.target.address is None
        return self._scope.refuses(job.target.name, to, from_dns=by_name, asn=asn)

    def _judged(self, job: Job, heard: tuple[Heard, ...], smtp: Smtp | None = None) -> ScanResult:
        return result(
            job.target,
            heard,
            time=self._settings.clock(),
            address=job.to,
            before=job.before,
            smtp=smtp,
            repeated=job.repeated,
            scope=self._settings.scope.who,
        )

    def _refused(self, target: Target, failure: Failure, reason: str | None) -> None:
        settings = self._settings
        self._tell(not_asked(target, failure, reason, time=settings.clock(), scope=settings.scope.who))

    def _tell(self, one: ScanResult) -> None:
        self._keep(one)
        self._watcher.told(one)

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None and self._fault is None:
            self._fault = task.exception()
        self._turns.changed.set()


def _asn_table(scope: Scope, networks: Networks) -> None:
    if scope.excluded.asns and not (networks.rows or networks.others):
        raise ScanRefused(
            "The scope excludes an AS, and no table says which addresses are its.",
            tip="Name a table with --networks, or exclude its networks.",
        )
