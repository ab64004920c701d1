"""One question with its answer, and what the answer shows; the only memory that the plan has."""

import re
from functools import cache

import msgspec

from exsweep.knowledge import builds
from exsweep.knowledge.scanning import Front, fingerprints
from exsweep.scan.asks import Ask
from exsweep.scan.certificate import Certificate
from exsweep.scan.replies import Failure, Reply

_BUILD = re.compile(r"\d{1,2}\.\d{1,2}\.\d{1,5}\.\d{1,4}")
_REALM = re.compile(r'realm="([^"]{0,300})"', re.IGNORECASE)
_SCHEME = re.compile(r"(Basic|NTLM|Negotiate|Bearer)\b", re.IGNORECASE)


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The connection that carried an answer."""

    tls: str | None = None
    """`TLSv1.3`."""
    certificate: Certificate | None = None
    elapsed_ms: int = 0
    """From the request to the last byte that was read."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer shows, with the patterns of `fingerprints.yml`."""

    status: int
    exchange: bool
    """Some mark of Exchange is there; a pretender shows them too."""
    build: str | None
    """Four parts, from header, page of 2010 and before, or manifest."""
    build_from: str
    """`header`, `manifest` or `picture`."""
    theme: str | None
    """Three or four parts from the addresses of pictures."""
    build_blanked: bool
    """The header stands there empty or holds something that is no build."""
    front_end: str | None
    online: bool
    """Names or redirect of Exchange Online."""
    hybrid: bool
    front: Front | None
    """Who stands before the server."""
    portal: bool
    """And answered instead of it."""
    location: str | None
    request_id: str | None
    iis: float | None
    cookies: tuple[str, ...]
    schemes: tuple[str, ...]
    realms: tuple[str, ...]
    other_products: tuple[str, ...]
    server_name: str | None
    """From the health page."""
    old_product: str | None


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A request and what came of it."""

    ask: Ask
    answer: Reply | Failure
    line: Line = Line()
    shown: Facts | None = None
    """What the answer shows; None where there was none. Made once, by `hear`."""

    @property
    def reply(self) -> Reply | None:
        return self.answer if isinstance(self.answer, Reply) else None


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


@cache
def _lower_pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


@cache
def theme_pattern() -> re.Pattern[bytes]:
    """Where reading of the logon page may stop."""
    return re.compile(fingerprints().theme.encode(), re.IGNORECASE)


def hear(ask: Ask, answer: Reply | Failure, line: Line | None = None) -> Heard:
    """A request with its answer, and what that shows."""
    heard = Heard(ask=ask, answer=answer, line=line or Line())
    return heard if heard.reply is None else msgspec.structs.replace(heard, shown=_facts(heard, heard.reply))


def _facts(heard: Heard, reply: Reply) -> Facts:
    marks = fingerprints()
    page = reply.text
    every: dict[str, list[str]] = {}
    for name, value in reply.headers:
        every.setdefault(name, []).append(value)
    first = {name: values[0] for name, values in every.items()}
    location = first.get("location")
    header = first.get(marks.build_header)
    build, build_from = _build(heard, header, page)
    theme = _pattern(marks.theme).search(page)
    old = _pattern(marks.old_logon).search(page) if heard.ask.check == "logon_2003" else None
    names = [
        value for name in (marks.front_header, *marks.back_headers) for value in every.get(name, ()) if value
    ]
    front, portal = _front(first, page, location)
    auth = every.get("www-authenticate", ())
    iis = _pattern(marks.iis).match(first.get("server") or "")
    return Facts(
        status=reply.status,
        exchange=_is_exchange(heard, first, page, location) or old is not None,
        build=build,
        build_from=build_from,
        theme=theme[1] if theme else None,
        build_blanked=header is not None and not _BUILD.fullmatch(header.strip()),
        front_end=first.get(marks.front_header) or None,
        online=any(_pattern(marks.online.names).search(name) for name in names)
        or bool(location and _pattern(marks.online.location).match(location)),
        hybrid=any(_pattern(marks.hybrid).search(value) for value in auth),
        front=front,
        portal=portal,
        location=location,
        request_id=next((v.lower() for n in marks.request_headers if (v := first.get(n))), None),
        iis=float(iis[1]) if iis else None,
        cookies=tuple(value.partition("=")[0].strip().lower() for value in every.get("set-cookie", ())[:20]),
        schemes=tuple(dict.fromkeys(found[1] for value in auth if (found := _SCHEME.match(value)))),
        realms=tuple(found[1] for value in auth if (found := _REALM.search(value))),
        other_products=tuple(name for name in marks.pretenders.other_products if name in first),
        server_name=_health_name(heard, reply, page),
        old_product=f"Exchange Server {old[1]}" if old and old[1] else None,
    )


def elsewhere(location: str, host: str) -> bool:
    """Does a redirect lead off the host that was asked?"""
    found = re.match(
        r"(?:https?:)?//(?:[^/?#@]{0,100}@)?(\[[^\]]{1,60}\]|[^/?#:@]{1,253})", location, re.IGNORECASE
    )
    return found is not None and found[1].strip("[]").lower() != host.lower()


def _build(heard: Heard, header: str | None, page: str) -> tuple[str | None, str]:
    if header and _BUILD.fullmatch(header.strip()):
        return _spelt(header.strip()), "header"
    if heard.ask.check == "manifest":
        found = _pattern(fingerprints().manifest).search(page)
        if found:
            return _spelt(found[1]), "manifest"
    theme = _pattern(fingerprints().theme).search(page)
    if theme and theme[1].count(".") == 3 and int(theme[1].partition(".")[0]) < 15:
        return _spelt(theme[1]), "picture"  # 2010 and before write all four parts there
    return None, ""


def _spelt(text: str) -> str:
    return builds.spell(tuple(int(part) for part in text.split(".")))


def _is_exchange(heard: Heard, first: dict[str, str], page: str, location: str | None) -> bool:
    marks = fingerprints().marks
    if any(name in first for name in marks.headers):
        return True
    if location and heard.ask.check != "logon" and _pattern(marks.location).search(location):
        return True  # from the logon page itself it may be no more than an echo
    if heard.ask.check == "manifest":
        return _pattern(fingerprints().manifest).search(page) is not None
    return _pattern(marks.page).search(page) is not None


def _front(first: dict[str, str], page: str, location: str | None) -> tuple[Front | None, bool]:
    """(who stands before the server, did it answer in its place); the first of the table that fits."""
    low = page.lower()  # with it patterns need not mind the case, which is slow
    for each in fingerprints().fronts:
        if location and each.location and _pattern(each.location).search(location):
            return each, True
        if each.page and _lower_pattern(each.page).search(low):
            return each, True
    server = first.get("server") or ""
    for each in fingerprints().fronts:
        if each.server and _pattern(each.server).search(server):
            return each, False
        if each.header and each.header in first:
            return each, False
    return None, False


def _health_name(heard: Heard, reply: Reply, page: str) -> str | None:
    if heard.ask.check != "health" or reply.status != 200:
        return None
    found = _pattern(fingerprints().health_name).match(page)
    return found[1] if found else None
