"""What answers here: Exchange of which build or range, Exchange Online, a portal, a pretender, or nothing.

Source: decision procedure of the outside-in research (sections 2 and 4 of its notes, read 2026-11-20).
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from exsweep.knowledge.scanning import Front, fingerprints
from exsweep.knowledge.words import render
from exsweep.scan.heard import Facts, Heard, elsewhere
from exsweep.scan.known import product_of
from exsweep.scan.pretence import pretence
from exsweep.scan.replies import Failure
from exsweep.scan.smtp import Smtp


class Kind(StrEnum):
    """The answer to `what is there`."""

    EXACT = "exact"
    """Exchange, all four parts of the build known."""
    INTERVAL = "interval"
    """Exchange, cumulative update known, its security updates not."""
    HIDDEN = "hidden"
    """Exchange, build not shown."""
    NOT_EXCHANGE = "not_exchange"
    EXCHANGE_ONLINE = "exchange_online"
    FRONTED = "fronted"
    """Something else answered in its place; Exchange may be behind."""
    UNREACHABLE = "unreachable"
    """No answer that says anything; `why` says what happened."""
    IMPOSTOR = "impostor"
    """Dressed up as Exchange: honeypot, command server, server that answers everything."""


EXCHANGE = frozenset({Kind.EXACT, Kind.INTERVAL, Kind.HIDDEN})
BEHIND = frozenset({Kind.FRONTED, Kind.NOT_EXCHANGE, Kind.UNREACHABLE})
"""Where Exchange may be all the same, and only its mail service shows it."""


class PoolMember(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of several servers behind an address."""

    server: str
    build: str | None = None


class Identity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is there, as exact as is honest."""

    kind: Kind
    why: tuple[str, ...]
    """What the kind rests on, in sentences."""
    build: str | None = None
    """Four parts (exact) or three (interval); the lowest where several servers answer."""
    claimed: str | None = None
    """What a pretender or Exchange Online says of itself; it is not rated."""
    build_from: str = ""
    """`header`, `manifest` or `picture` (the addresses of a page's pictures)."""
    product: str | None = None
    hybrid: bool = False
    front: str | None = None
    """Who stands before the server, whether it hides it or not."""
    pool: tuple[PoolMember, ...] = ()
    server_names: tuple[str, ...] = ()
    """How the servers call themselves; hostile text."""
    doubts: tuple[str, ...] = ()
    """What does not fit, though not enough to call it an impostor."""
    failure: Failure | None = None
    """Why nothing was heard, for `unreachable`."""


def identify(heard: Sequence[Heard], host: str) -> Identity:
    """Judge all answers of one host together. `host` is the name or address that was asked."""
    seen = [found for each in heard if (found := each.shown) is not None]
    settled, doubts = pretence(heard)
    common = _Common(seen, doubts)
    enough = len(doubts) >= fingerprints().pretenders.enough_doubts
    if settled or enough:
        return common.as_kind(Kind.IMPOSTOR, (*settled, *(doubts if enough else ())))
    if not seen:
        return _silent(heard)
    if _is_online(seen):
        return common.as_kind(Kind.EXCHANGE_ONLINE, (render("outside.online"),))
    if any(each.exchange for each in seen):
        return _exchange(seen, common)
    return _other(heard, seen, common, host)


def with_mail_service(of: Identity, smtp: Smtp | None) -> Identity:
    """Exchange takes mail where the web does not show it: then it is there, and its build is hidden."""
    if smtp is None or not smtp.exchange or of.kind not in BEHIND:
        return of
    why = (*of.why, render("outside.mail", port=smtp.port))
    return msgspec.structs.replace(of, kind=Kind.HIDDEN, why=why, failure=None)


def build_of(seen: Sequence[Facts]) -> tuple[str | None, str]:
    """(build, `header`, `manifest` or `picture`): of each server four parts before three, and of several servers the lowest.

    The page of a server may come without the header: then the header of another one of the same cumulative update
    speaks for it.
    """
    exact = {each.front_end: (each.build, each.build_from) for each in seen if each.build}
    lines = {build.rpartition(".")[0] for build, _ in exact.values()}
    found = list(exact.values())
    for each in seen:
        # A page of 2013 and later that shows four parts was rewritten by hand; only three of them are Exchange's.
        three = ".".join(str(int(part)) for part in each.theme.split(".")[:3]) if each.theme else None
        if three and three not in lines and each.front_end not in exact:
            found.append((three, "picture"))
    return min(found, key=lambda pair: _number(pair[0])) if found else (None, "")


def _number(build: str) -> tuple[int, ...]:
    return tuple(int(part) for part in build.split("."))


class _Common:
    """What every kind of answer carries."""

    def __init__(self, seen: Sequence[Facts], doubts: tuple[str, ...]) -> None:
        self.seen = seen
        self.doubts = doubts

    def as_kind(
        self, kind: Kind, why: tuple[str, ...], *, failure: Failure | None = None, front: str | None = None
    ) -> Identity:
        build, source = build_of(self.seen)
        members = {each.front_end: each.build for each in self.seen if each.front_end}
        names = [name for each in self.seen for name in (each.front_end, each.server_name) if name]
        fronts = [_name(each.front) for each in self.seen if each.front]
        own = kind in EXCHANGE
        several = len(members) > 1 and own
        return Identity(
            kind=kind,
            why=why,
            build=build if own else None,
            claimed=None if own else build,
            build_from=source,
            product=_product(build, self.seen) if own else None,
            hybrid=any(each.hybrid for each in self.seen) and own,
            front=front or (fronts[0] if fronts else None),
            pool=tuple(PoolMember(server=name, build=one) for name, one in sorted(members.items()))
            if several
            else (),
            server_names=tuple(dict.fromkeys(names)),
            doubts=() if kind is Kind.IMPOSTOR else self.doubts,
            failure=failure,
        )


def _exchange(seen: Sequence[Facts], common: _Common) -> Identity:
    build, source = build_of(seen)
    if build is None:
        blanked = any(each.build_blanked for each in seen)
        return common.as_kind(Kind.HIDDEN, (render("outside.blanked" if blanked else "outside.hidden"),))
    if build.count(".") == 3:
        return common.as_kind(Kind.EXACT, (render(f"outside.exact.{source}", build=build),))
    return common.as_kind(Kind.INTERVAL, (render("outside.interval", build=build),))


def _is_online(seen: Sequence[Facts]) -> bool:
    own = any(each.build and not each.build.startswith(fingerprints().online.line) for each in seen)
    return any(each.online for each in seen) and not own


def _other(heard: Sequence[Heard], seen: Sequence[Facts], common: _Common, host: str) -> Identity:
    portal = next((_name(each.front) for each in seen if each.portal and each.front), None)
    if portal:
        return common.as_kind(Kind.FRONTED, (render("outside.portal", front=portal),), front=portal)
    pushed = [each for each in seen if each.status in fingerprints().push_back_statuses]
    if pushed and len(pushed) == len(seen):
        return common.as_kind(
            Kind.UNREACHABLE,
            (render("outside.later", status=pushed[0].status),),
            failure=Failure.NOT_ASKED,
        )
    if all(each.status in fingerprints().front_statuses for each in seen):
        front = next((_name(each.front) for each in seen if each.front), render("front.filter"))
        why = render("outside.refuses", front=front, status=seen[0].status)
        return common.as_kind(Kind.FRONTED, (why,), front=front)
    away = next((each.location for each in seen if each.location and elsewhere(each.location, host)), None)
    if away and not any(each.status == 200 for each in seen):
        return common.as_kind(Kind.FRONTED, (render("outside.away"),))
    answers_all = any(
        each.status == 200 and one.ask.check == "control" for one in heard if (each := one.shown) is not None
    )
    why = render("outside.answers_all" if answers_all else "outside.no_mark")
    return common.as_kind(Kind.NOT_EXCHANGE, (why,))


def _name(front: Front) -> str:
    return render(f"front.{front.id}")


def silent_words(failure: Failure) -> tuple[str, ...]:
    """Why nothing was heard, as a sentence."""
    return (render(f"outside.silent.{failure.value}"),)


def _silent(heard: Sequence[Heard]) -> Identity:
    last = heard[-1].answer if heard else Failure.NOT_ASKED
    failure = last if isinstance(last, Failure) else Failure.NOT_ASKED
    return Identity(kind=Kind.UNREACHABLE, why=silent_words(failure), failure=failure)


def _product(build: str | None, seen: Sequence[Facts]) -> str | None:
    if build is None:
        return next((each.old_product for each in seen if each.old_product), None)
    known = product_of(build)
    old = next((each.product for each in fingerprints().old_products if build.startswith(each.line)), None)
    return known or old
