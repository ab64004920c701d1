"""Names become addresses: each is looked up once and its address pinned; a vain look-up is made once more, behind all others."""

from collections import deque
from collections.abc import Callable

from exsweep.scan.addresses import Address
from exsweep.scan.replies import Failure
from exsweep.scan.scope import Scope
from exsweep.scan.targets import Target
from exsweep.scan.transport import resolve

Admit = Callable[[Target, Address], None]
Refuse = Callable[[Target, Failure, str | None], None]

MOST_AT_ONCE = 32


class Names:
    """The names of a run, worked off by any number of `work`."""

    def __init__(self, scope: Scope, timeout_s: float, admit: Admit, refuse: Refuse) -> None:
        self._scope = scope
        self._timeout_s = timeout_s
        self._admit = admit
        self._refuse = refuse
        self._left: deque[tuple[Target, bool]] = deque()
        """(target, was it looked up before)."""

    def __len__(self) -> int:
        return len(self._left)

    def add(self, target: Target) -> None:
        """One more name."""
        self._left.append((target, False))

    async def work(self) -> None:
        """Look up name after name until none is left. What the scope does not allow is not even looked up."""
        while self._left:
            target, before = self._left.popleft()
            name = target.name or ""
            reason = self._scope.refuses_name(name)
            if reason:
                self._refuse(target, Failure.REFUSED_BY_SCOPE, reason)
                continue
            found = await resolve(name, self._timeout_s)
            if found:
                allowed = (one for one in found if self._scope.refuses(name, one, from_dns=True) is None)
                self._admit(target, next(allowed, found[0]))
            elif before:
                self._refuse(target, Failure.NAME, None)
            else:
                self._left.append((target, True))
