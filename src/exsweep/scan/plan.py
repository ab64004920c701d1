"""The next request is data: a pure function of what was heard so far. It knows no socket and no clock."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from exsweep.knowledge.scanning import checks, fingerprints
from exsweep.scan.addresses import TargetError, host_name
from exsweep.scan.asks import SHELL, SHELL_CANARY, Ask, of_check
from exsweep.scan.heard import Facts, Heard
from exsweep.scan.identify import EXCHANGE, Kind, build_of, identify
from exsweep.scan.replies import Failure
from exsweep.scan.targets import Target
from exsweep.scan.webshells import next_page

_IDENTIFY = ("owa", "ews", "autodiscover", "logon")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What this run may do beyond ordinary requests; each also needs the word of the scope file."""

    manifest: bool = False
    webshells: bool = False
    contacts: bool = False
    smtp: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Reasoned:
    """A request and why it is made."""

    ask: Ask
    why: str


def next_ask(target: Target, heard: Sequence[Heard], wishes: Wishes) -> Reasoned | None:
    """The next request to a host that answered `heard` so far; None when nothing more is to be asked.

    Asks at most `requests_per_host` times to tell what it is, `pool_requests` times more over new connections
    where several servers answer, once for the manifest, and then only for published names of back doors.
    """
    plain = [each for each in heard if each.ask.check not in (SHELL, SHELL_CANARY)]
    if len(plain) == len(heard):
        step = _identify(target, plain, wishes)
        if step is not None:
            return step
    if not wishes.webshells or _over(heard):
        return None
    if identify(plain, target.host).kind not in EXCHANGE:
        return None
    page = next_page(target, heard, wishes.seed)
    return Reasoned(page, _why_page(page)) if page else None


def canary_of(target: Target, seed: int, salt: str = "", length: int = 12) -> str:
    """A random name that this run asks this host for: the same after a resume, unlike any other host's."""
    text = f"{seed}\0{target.key}\0{salt}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()[:length]


def _why_page(page: Ask) -> str:
    if page.check == SHELL_CANARY:
        return "A name that nobody has, to know how this folder answers for missing pages."
    return "A published name of a back door; asked once, with nothing in the request."


def _identify(target: Target, heard: Sequence[Heard], wishes: Wishes) -> Reasoned | None:
    named = next((each.ask.server_name for each in reversed(heard) if each.ask.server_name), None)
    current = [each for each in heard if each.ask.server_name == named]
    if not heard:
        return _say("owa")
    if _over(heard):
        return None
    again = _by_certificate(target, heard)
    if again:
        return Reasoned(of_check("owa", fresh=True, server_name=again), "The certificate names the site.")
    limits = checks().limits
    if len(heard) < limits.requests_per_host:
        step = _step([each for each in current if each.reply], target, wishes, named)
        if step:
            return step
    more = sum(each.ask.check == "owa" for each in current) - 1
    if more < limits.pool_requests and _pool_open(heard):
        return Reasoned(
            of_check("owa", fresh=True, server_name=named),
            "Two servers answered under one address; over a new connection another may.",
        )
    if wishes.manifest and not _asked(heard, "manifest") and _manifest_helps(heard, target):
        return _say("manifest", named)
    if wishes.contacts and not _asked(heard, "security_txt") and _has_owner(heard, target):
        return _say("security_txt", named)
    return None


def _step(heard: Sequence[Heard], target: Target, wishes: Wishes, named: str | None) -> Reasoned | None:
    seen = [found for each in heard if (found := each.shown) is not None]
    if not seen or _online(seen):
        return None
    if seen[0].status == 200 and not _asked(heard, "control"):
        return _say("control", named, canary=canary_of(target, wishes.seed))
    if _answers_all(heard) and not any(each.exchange for each in seen):
        return None
    build, _ = build_of(seen)
    if build is not None:
        # One more answer shows whether page and header agree, and whether another server answers.
        return None if _asked(heard, "logon") or len(heard) > 1 else _say("logon", named)
    return next((_say(check, named) for check in _order(seen) if not _asked(heard, check)), None)


def _order(seen: Sequence[Facts]) -> tuple[str, ...]:
    old = any(each.iis is not None and each.iis <= fingerprints().old_iis for each in seen)
    if old:
        return ("logon", "logon_2003")
    if any(each.exchange for each in seen):
        return ("ews", "logon", "health")
    if any(each.portal for each in seen):
        return ("ews", "autodiscover", "activesync")  # what portals for people often let through
    if all(each.status == 404 for each in seen):
        return ("ews", "autodiscover", "root")
    if len(seen) > 1 and all(each.status in fingerprints().front_statuses for each in seen):
        return ()  # a filter that refuses twice refuses everything: leave it alone
    return ("ews", "autodiscover", "logon")


def _say(check: str, named: str | None = None, canary: str = "") -> Reasoned:
    return Reasoned(of_check(check, canary=canary, server_name=named), checks().check(check).why)


def _asked(heard: Sequence[Heard], check: str) -> bool:
    return any(each.ask.check == check for each in heard)


def _over(heard: Sequence[Heard]) -> bool:
    """Silence, or a wish to be left alone, ends the visit."""
    if not heard:
        return False
    last = heard[-1]
    if isinstance(last.answer, Failure):
        return True
    return last.answer.status in fingerprints().push_back_statuses


def _online(seen: Sequence[Facts]) -> bool:
    return any(each.online for each in seen)


def _answers_all(heard: Sequence[Heard]) -> bool:
    return any(each.ask.check == "control" and each.reply and each.reply.status == 200 for each in heard)


def _pool_open(heard: Sequence[Heard]) -> bool:
    """Several server names were seen, and the last answers still brought a new one."""
    names = [found.front_end for each in heard if (found := each.shown) is not None and found.front_end]
    return len(set(names)) > 1 and not any(
        found.online for each in heard if (found := each.shown) is not None
    )


def _manifest_helps(heard: Sequence[Heard], target: Target) -> bool:
    found = identify(heard, target.host)
    return found.kind in EXCHANGE and (found.build is None or found.build.count(".") < 3)


def _has_owner(heard: Sequence[Heard], target: Target) -> bool:
    """Somebody who runs a server of their own: not the cloud, not one who only pretends."""
    return identify(heard, target.host).kind not in (Kind.EXCHANGE_ONLINE, Kind.IMPOSTOR)


def _by_certificate(target: Target, heard: Sequence[Heard]) -> str | None:
    """For a bare address that shows no Exchange: the certificate's first name, asked once at the same address."""
    if target.name is not None or any(each.ask.server_name for each in heard) or len(heard) > 1:
        return None
    first = heard[0].shown
    if first is None or first.exchange or first.online:
        return None
    certificate = heard[0].line.certificate
    if certificate is None or certificate.self_signed:
        return None  # a server's own certificate names the server, not a site
    for text in (*certificate.names, certificate.common_name or ""):
        try:
            return host_name(text)
        except TargetError:
            continue
    return None
