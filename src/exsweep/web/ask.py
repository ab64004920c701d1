"""What a view gets besides its parameters: who asks, the store, the moment, and the one door to an assessment."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from exsweep.fleet import audit
from exsweep.fleet.store import Fleet
from exsweep.model import Assessment
from exsweep.web.problem import not_found
from exsweep.web.redact import without_evidence
from exsweep.web.viewer import Viewer

if TYPE_CHECKING:
    from exsweep.web.routes import Route
    from exsweep.web.service import Service


class Ask:
    """One request, as far as a view may know it. Lives in one thread of the pool."""

    def __init__(
        self,
        *,
        viewer: Viewer,
        fleet: Fleet,
        service: "Service",
        route: "Route",
        now: int,
        tenants: frozenset[int] = frozenset(),
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        address: str = "",
        session: str = "",
        csrf: str = "",
        asked: str = "",
        language: str = "en",
        fragment: bool = False,
    ) -> None:
        self.viewer = viewer
        self.fleet = fleet
        self.service = service
        self.route = route
        self.now = now
        """Seconds since 1970 UTC."""
        self.tenants = tenants
        """Tenants of the things that the parameters name: looked up and allowed."""
        self.body = body
        """Raw body, for routes that take one (`takes_bytes`)."""
        self.headers = headers or {}
        self.address = address
        """Where the request came from."""
        self.session = session
        """Number of the session that carried the request; empty for keys and visitors."""
        self.csrf = csrf
        """Goes into every form, as `csrf`."""
        self.asked = asked
        """Secret of a browser that was sent to its organisation to sign in; empty for all others."""
        self.language = language
        self.fragment = fragment
        """htmx asks for a part of a page."""
        self.limits: dict[str, str] = {}
        """Headers that say how often one may still ask."""
        self.cookies: dict[str, str | None] = {}
        """Cookies that the answer sets (None: takes away), `session` and `asked`; used by signing in only."""

    def may(self, action: str) -> bool:
        """Whether the viewer may do this to the things that the parameters name (or, where they name none, anywhere)."""
        if not self.tenants:
            return self.viewer.may(action)
        return all(self.viewer.may(action, tenant) for tenant in self.tenants)

    def within(self, action: str) -> tuple[int, ...] | None:
        """Tenants to list things of; None: all."""
        return self.viewer.within(action)

    def server(self, public_id: str) -> int:
        """Number of a server whose id has passed the central check."""
        number = self.fleet.database.number("SELECT id FROM server WHERE public_id = ?", (public_id,))
        if not number:
            raise not_found()
        return number

    def assessment(self, number: int) -> Assessment:
        """A kept assessment, without evidence where the viewer may not see it. The only way for a view to get one."""
        return self.seen(self.fleet.assessment(number))

    def seen(self, of: Assessment) -> Assessment:
        """What the viewer may see of an assessment."""
        return of if self.may("case.evidence") else without_evidence(of)

    def note(self, what: str, object_: str, detail: str = "") -> None:
        """A line in the audit log: for what was looked at; changes write theirs with `fleet.act`."""
        with self.fleet.database.transaction():
            audit.log(
                self.fleet.database, time=self.now, who=self.who, what=what, object_=object_, detail=detail
            )

    @cached_property
    def who(self) -> str:
        """How the audit log names the viewer: name, id, and where from."""
        return f"{self.viewer.name} ({self.viewer.user or 'no account'}) from {self.address or 'here'}"


View = Callable[[Ask, msgspec.Struct], object]
