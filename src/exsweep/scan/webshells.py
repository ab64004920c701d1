"""Is a back door seen at a published name? Seen, not seen, or cannot tell; never `absent`.

Each name is asked for once, after two random siblings in its folder showed how missing pages are answered.
Source: outside-in research section 3 (read 2026-11-20); features in `data/scan/webshells.yml`.
"""

import hashlib
import re
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from urllib.parse import urlsplit

import msgspec

from exsweep.knowledge.scanning import Folder, webshells
from exsweep.knowledge.webshell_paths import published_urls
from exsweep.knowledge.words import render
from exsweep.scan.asks import SHELL, SHELL_CANARY, Ask, of_page
from exsweep.scan.heard import Heard
from exsweep.scan.replies import Failure, Reply
from exsweep.scan.targets import Target


class Sight(StrEnum):
    """The only three answers from outside."""

    SEEN = "seen"
    NOT_SEEN = "not_seen"
    CANNOT_TELL = "cannot_tell"


class Proof(StrEnum):
    """How strong a sight is."""

    STRONG = "strong"
    """The page shows the settings of an address book folder: its script ran."""
    MEDIUM = "medium"
    """A page is there and answers as back doors do."""
    WEAK = "weak"
    """A page is there; what it is for is not known."""


class PageSeen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What asking for one published name showed."""

    path: str
    sight: Sight
    why: str
    proof: Proof | None = None
    campaign: str = ""
    status: int | None = None
    sha256: str | None = None
    """Of the kept body."""
    size: int = 0
    excerpt: str = ""
    """First characters of the body; hostile text."""
    facts: dict[str, str] = {}
    """Build, server, times of the drop, as the page says; hostile text."""


@cache
def pages() -> tuple[str, ...]:
    """Published names in folders where an answer can settle something, one spelling each, in order."""
    return tuple(path for path in _published() if folder_of(path).decidable)[: webshells().most_paths]


def folder_of(path: str) -> Folder:
    """What is known of the folder around a path."""
    fits = [each for each in webshells().folders if path.lower().startswith(each.path)]
    return max(fits, key=lambda each: len(each.path))


def next_page(target: Target, heard: Sequence[Heard], seed: int) -> Ask | None:
    """The next name or canary to ask for; None when all were. Folders whose canaries settle nothing are left."""
    asked = {each.ask.path.lower() for each in heard}
    named = next((each.ask.server_name for each in reversed(heard) if each.ask.server_name), None)
    useless: set[tuple[str, str]] = set()
    for path in pages():
        place = _place(path)
        if path.lower() in asked or place in useless:
            continue
        siblings = _siblings(path, heard)
        if len(siblings) < webshells().canaries:
            return of_page(SHELL_CANARY, _canary(target, path, seed, len(siblings)), named)
        if _baseline(siblings)[0] is not None:
            return of_page(SHELL, path, named)
        useless.add(place)
    return None


def pages_seen(heard: Sequence[Heard]) -> tuple[PageSeen, ...]:
    """What asking for each published name showed; also of those that were not asked, with the reason.

    Empty where no name and no canary was asked for.
    """
    if not any(each.ask.check in (SHELL, SHELL_CANARY) for each in heard):
        return ()
    answers = {each.ask.path.lower(): each for each in heard if each.ask.check == SHELL}
    return tuple(_judge(path, answers.get(path.lower()), heard) for path in _published())


@cache
def _published() -> tuple[str, ...]:
    found = (each.url_path for each in published_urls().values())
    return tuple(sorted(path for path in found if path.rpartition(".")[2].lower() in webshells().extensions))


def _judge(path: str, heard: Heard | None, all_heard: Sequence[Heard]) -> PageSeen:
    campaign = published_urls()[path.lower()].campaign

    def said(sight: Sight, why: str, proof: Proof | None = None) -> PageSeen:
        reply = heard.reply if heard else None
        body = reply.body if reply and sight is Sight.SEEN else b""
        return PageSeen(
            path=path,
            sight=sight,
            why=why,
            proof=proof,
            campaign=campaign,
            status=reply.status if reply else None,
            sha256=hashlib.sha256(body).hexdigest() if body else None,
            size=len(body),
            excerpt=reply.text[:400] if reply and body else "",
            facts=_dump_facts(reply.text) if reply and proof is Proof.STRONG else {},
        )

    folder = folder_of(path)
    if not folder.decidable:
        return said(Sight.CANNOT_TELL, _page("not_asked", why=folder.why))
    baseline, why_not = _baseline(_siblings(path, all_heard))
    if heard is None:
        why = _page("not_asked", why=why_not) if why_not else _page("not_reached")
        return said(Sight.CANNOT_TELL, why)
    if isinstance(heard.answer, Failure):
        return said(Sight.CANNOT_TELL, _page("no_answer", why=render(f"outside.silent.{heard.answer.value}")))
    reply = heard.answer
    if _answer_class(reply, heard.ask.path) == baseline:
        return said(Sight.NOT_SEEN, _page("like_nobody"))
    if reply.status in webshells().refusing_statuses or _to_logon(reply):
        return said(Sight.CANNOT_TELL, _page("refused", status=reply.status))
    if reply.status == 404 or _to_error_page(reply):
        return said(Sight.NOT_SEEN, _page("not_found"))
    return said(*_content(reply))


def _page(key: str, **gaps: object) -> str:
    return render(f"outside.page.{key}", **gaps)


def _content(reply: Reply) -> tuple[Sight, str, Proof | None]:
    known = webshells()
    if reply.status >= 500:
        return Sight.SEEN, _page("fails"), Proof.WEAK
    if reply.status != 200:
        return Sight.CANNOT_TELL, _page("unsettled", status=reply.status), None
    text = reply.text
    if re.search(known.own_pages, text, re.IGNORECASE):
        return Sight.NOT_SEEN, _page("own"), None
    dump = sum(re.search(word, text) is not None for word in known.dump.words)
    if dump >= known.dump.enough:
        return Sight.SEEN, _page("dump"), Proof.STRONG
    runs = reply.header(known.runs_header) is not None
    if re.search(known.upload_form, text, re.IGNORECASE):
        return Sight.SEEN, _page("upload"), Proof.MEDIUM
    if len(reply.body) <= known.tiny_bytes and reply.whole and runs:
        return Sight.SEEN, _page("tiny"), Proof.MEDIUM
    return Sight.SEEN, _page("some"), Proof.WEAK


def _dump_facts(text: str) -> dict[str, str]:
    found = {
        name: re.search(rf"^\s{{0,4}}{shape}", text, re.MULTILINE)
        for name, shape in webshells().dump.facts.items()
    }
    return {name: match[1].strip() for name, match in found.items() if match}


def _baseline(siblings: Sequence[Heard]) -> tuple[str | None, str]:
    """(class of the answer for missing names, why there is none)."""
    if len(siblings) < webshells().canaries:
        return None, render("outside.canary.unknown")
    classes = set()
    for each in siblings:
        reply = each.reply
        if reply is None:
            return None, render("outside.canary.silent")
        if reply.status == 200:
            return None, render("outside.canary.page")
        if reply.status in webshells().refusing_statuses or reply.status >= 500:
            return None, render("outside.canary.refused", status=reply.status)
        if _to_logon(reply):
            return None, render("outside.canary.logon")
        classes.add(_answer_class(reply, each.ask.path))
    if len(classes) != 1:
        return None, render("outside.canary.two_ways")
    return classes.pop(), ""


def _answer_class(reply: Reply, path: str) -> str:
    """Status, and for a redirect where it leads: without host and query, and without the name that was asked."""
    location = reply.header("location")
    if location is None:
        return str(reply.status)
    name = path.rpartition("/")[2].lower()
    return f"{reply.status} {_path_of(location).lower().replace(name, '*')}"


def _path_of(location: str) -> str:
    try:
        return urlsplit(location).path
    except ValueError:
        return "?"


def _to_logon(reply: Reply) -> bool:
    location = reply.header("location")
    return bool(location and re.search(webshells().logon_locations, location, re.IGNORECASE))


def _to_error_page(reply: Reply) -> bool:
    location = reply.header("location")
    return bool(location and re.search(webshells().not_found_locations, location, re.IGNORECASE))


def _place(path: str) -> tuple[str, str]:
    """Folder and extension: names there are served by the same handler."""
    return path.lower().rpartition("/")[0], path.lower().rpartition(".")[2]


def _siblings(path: str, heard: Sequence[Heard]) -> list[Heard]:
    place = _place(path)
    return [each for each in heard if each.ask.check == SHELL_CANARY and _place(each.ask.path) == place]


def _canary(target: Target, path: str, seed: int, number: int) -> str:
    folder, _, name = path.rpartition("/")
    stem, _, extension = name.rpartition(".")
    length = min(max(len(stem), 8), 16)
    digest = hashlib.blake2b(f"{seed}\0{target.key}\0{folder}\0{number}".encode(), digest_size=16).hexdigest()
    return f"{folder}/{digest[:length]}.{extension.lower()}"
