"""The sentence of a scan: resolve and pin, ask the scope, wait for the turn, note the intent, visit, judge, keep."""

import asyncio
import dataclasses
import functools
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from exsweep.errors import ScanRefused
from exsweep.knowledge.scanning import Limits, Rates, fingerprints
from exsweep.scan.addresses import Address, address, neighbourhood, wide_network
from exsweep.scan.heard import Heard
from exsweep.scan.identify import BEHIND
from exsweep.scan.journal import Journal
from exsweep.scan.networks import Networks
from exsweep.scan.plan import Wishes
from exsweep.scan.politeness import Place, Politeness
from exsweep.scan.replies import PASSING, Failure, Reply
from exsweep.scan.results import ScanResult, not_asked, result
from exsweep.scan.scope import Scope
from exsweep.scan.smtp import Smtp, hello
from exsweep.scan.targets import Target, in_order
from exsweep.scan.transport import mail_service, resolve
from exsweep.scan.visit import visit

_TICK_S = 0.02  # contacts of one tick share one note of intent on disk
_MOST_A_TICK = 500
_RESOLVERS = 32


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


@dataclass(frozen=True, slots=True)
class _Job:
    target: Target
    to: str
    place: Place
    repeated: bool
    before: tuple[Heard, ...] = ()
    """Of a first visit that got no answer."""


def scan(
    settings: Settings, watcher: Watcher, keep: Callable[[ScanResult], None], journal: Journal | None
) -> None:
    """Visit every target once; each gives exactly one result to `keep`.

    Raises:
        ScanRefused: the permission ended during the run.
        StoreError: the results cannot be written.
    """
    asyncio.run(_Run(settings, watcher, keep, journal).whole())


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
        self._polite: Politeness[_Job | asyncio.Future[None]] = Politeness(settings.rates)
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._live = self._slow = self._resolving = 0
        self._again: deque[tuple[float, _Job]] = deque()
        """(moment, visit to make once more), in order of the moments."""
        self._vain: set[str] = set()
        """Names that gave no address when first looked up."""
        self._met: set[str] = set()
        self._judges = ThreadPoolExecutor(
            max_workers=1
        )  # more would take the interpreter from the connections
        self._fault: BaseException | None = None

    async def whole(self) -> None:
        done = self._journal.done if self._journal else frozenset()
        left = [each for each in self._settings.targets if each.key not in done]
        self._watcher.planned(len(self._settings.targets), len(self._settings.targets) - len(left))
        ordered = in_order(left, self._settings.wishes.seed)
        names = asyncio.Queue[Target]()
        for target in ordered:
            if target.address is None:
                names.put_nowait(target)
            else:
                self._admit(target, address(target.address), from_dns=False)
        self._resolving = min(_RESOLVERS, names.qsize())
        for _ in range(self._resolving):
            self._start(self._resolve(names))
        try:
            await self._dispatch()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._judges.shutdown(cancel_futures=True)

    async def _resolve(self, names: "asyncio.Queue[Target]") -> None:
        """Resolve names one after another; the pinned address is the only one that is ever contacted.

        A name without an answer is looked up once more, when all others had their turn.
        """
        try:
            while not names.empty():
                target = names.get_nowait()
                assert target.name is not None
                reason = self._settings.scope.refuses_name(target.name)
                if reason:
                    self._refused(target, Failure.REFUSED_BY_SCOPE, reason)
                    continue
                found = await resolve(target.name, self._settings.limits.connect_s)
                if not found and target.key not in self._vain:
                    self._vain.add(target.key)
                    names.put_nowait(target)
                    continue
                if not found:
                    self._refused(target, Failure.NAME, None)
                    continue
                refuses = self._settings.scope.refuses
                allowed = (one for one in found if refuses(target.name, one, from_dns=True) is None)
                self._admit(target, next(allowed, found[0]), from_dns=True)
        finally:
            self._resolving -= 1
            self._changed.set()

    def _admit(self, target: Target, to: Address, *, from_dns: bool) -> None:
        reason = self._settings.scope.refuses(target.name, to, from_dns=from_dns)
        if reason is None and target.port not in self._settings.scope.ports:
            reason = f"port {target.port} is not in the scope file"
        if reason:
            self._refused(target, Failure.REFUSED_BY_SCOPE, reason)
            return
        origin = self._settings.networks.origin(to)
        place = Place(network=(origin and origin.asn) or wide_network(to), neighbourhood=neighbourhood(to))
        intended = self._journal.intended if self._journal else frozenset()
        self._polite.offer(_Job(target, str(to), place, target.key in intended), place)
        self._changed.set()

    async def _dispatch(self) -> None:
        loop = asyncio.get_running_loop()
        rates = self._settings.rates
        while self._tasks or self._polite.waiting_first or self._resolving or self._again:
            if self._fault is not None:
                raise self._fault
            self._changed.clear()
            self._serve_later()
            self._serve_again()
            batch: list[_Job] = []
            while len(batch) < _MOST_A_TICK and self._live + len(batch) < rates.connections:
                item = self._polite.take(loop.time())
                if isinstance(item, _Job):
                    batch.append(item)
                elif item is None:
                    break
                elif not item.done():
                    item.set_result(None)
            if batch:
                self._in_force()
                fresh = [job.target.key for job in batch if not job.before]
                if self._journal and fresh:
                    await asyncio.to_thread(self._journal.intend, fresh)
                for job in batch:
                    self._start(self._one(job))
                await asyncio.sleep(_TICK_S)
            else:
                moments = (
                    self._polite.ready_at(first=self._live < rates.connections),
                    self._again[0][0] if self._again and not self._polite.waiting_first else None,
                )
                await self._rest(min((each for each in moments if each is not None), default=None))
        if self._fault is not None:
            raise self._fault

    async def _rest(self, until: float | None) -> None:
        loop = asyncio.get_running_loop()
        timer = (
            loop.call_at(max(until, loop.time() + 0.001), self._changed.set) if until is not None else None
        )
        await self._changed.wait()
        if timer is not None:
            timer.cancel()

    def _in_force(self) -> None:
        if self._settings.clock() >= self._settings.scope.until:
            raise ScanRefused(
                "The permission ended while the scan ran; it was stopped.",
                tip="Ask for a new one, then go on with --resume.",
            )

    async def _one(self, job: _Job) -> None:
        loop = asyncio.get_running_loop()
        self._live += 1
        old = False

        def grow_old() -> None:
            nonlocal old
            if self._slow < self._settings.rates.slow_connections:
                old = True
                self._live, self._slow = self._live - 1, self._slow + 1
                self._changed.set()

        timer = loop.call_later(self._settings.limits.slow_s, grow_old)
        try:
            await self._visited(job)
        finally:
            timer.cancel()
            if old:
                self._slow -= 1
            else:
                self._live -= 1
            self._changed.set()

    async def _visited(self, job: _Job) -> None:
        if self._polite.is_stopped(job.place):
            self._refused(job.target, Failure.NOT_ASKED, None)
            return
        settings = self._settings
        heard = await visit(
            job.target,
            job.to,
            settings.scope,
            settings.wishes,
            settings.limits,
            lambda: self._turn(job.place),
            lambda answer: self._mind(job.place, answer),
        )
        one = await self._judged(job, heard)
        if one.identity.failure in PASSING and not job.before and settings.limits.visits > 1:
            moment = asyncio.get_running_loop().time() + settings.limits.again_after_s
            self._again.append((moment, dataclasses.replace(job, before=heard)))
            return
        if settings.wishes.smtp and one.kind in BEHIND and await self._turn(job.place):
            said = hello(settings.scope.page)
            smtp = await mail_service(job.to, settings.scope.smtp_port, said, settings.limits)
            one = await self._judged(job, heard, smtp)
        self._tell(one)

    async def _judged(self, job: _Job, heard: tuple[Heard, ...], smtp: Smtp | None = None) -> ScanResult:
        """The result; beside the loop where a build is met for the first time, for that takes long to look up."""
        settings = self._settings
        judge = functools.partial(
            result,
            job.target,
            heard,
            time=settings.clock(),
            address=job.to,
            before=job.before,
            smtp=smtp,
            repeated=job.repeated,
            scope=settings.scope.who,
        )
        met = {
            build for each in heard if each.shown for build in (each.shown.build, each.shown.theme) if build
        }
        if met <= self._met:
            return judge()
        one = await asyncio.get_running_loop().run_in_executor(self._judges, judge)
        self._met |= met
        return one

    async def _turn(self, place: Place) -> bool:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._polite.offer(turn, place, later=True)
        self._serve_later()
        if not turn.done():
            self._changed.set()  # the dispatcher must know when it is due
        await turn
        return not self._polite.is_stopped(place)

    def _serve_later(self) -> None:
        """Give further requests whose turn has come their turn at once; the rest is for the dispatcher."""
        now = asyncio.get_running_loop().time()
        while isinstance(item := self._polite.take(now, first=False), asyncio.Future):
            if not item.done():
                item.set_result(None)

    def _serve_again(self) -> None:
        """Put second visits that are due in line, behind all first ones: hosts that answer wait for nobody."""
        now = asyncio.get_running_loop().time()
        if self._polite.waiting_first:
            return
        while self._again and self._again[0][0] <= now:
            job = self._again.popleft()[1]
            self._polite.offer(job, job.place)

    def _mind(self, place: Place, answer: Reply | Failure) -> None:
        now = asyncio.get_running_loop().time()
        if isinstance(answer, Reply) and answer.status in fingerprints().push_back_statuses:
            self._polite.pushed_back(place, now, answer.retry_after_s)
        elif isinstance(answer, Reply):
            self._polite.answered(place)
        elif answer is Failure.RESET:
            self._polite.broke_off(place, now)

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
        self._changed.set()
