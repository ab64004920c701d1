"""The words of a letter: one page for the owner, one for the technician. Evidence in it is one line each, without control
characters; the texts are knowledge."""

import msgspec

from exsweep.fleet.clock import said
from exsweep.fleet.people import FOUND, Channel, Contact
from exsweep.fleet.show import Shown
from exsweep.fleet.situation import is_outside
from exsweep.knowledge import cves
from exsweep.knowledge.languages import day, in_language, say, text
from exsweep.knowledge.words import fill
from exsweep.model import Assessment

_MOST_FINDINGS = 10
_MOST_FLAWS = 12


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Who signs, and how the reader can check that."""

    name: str
    who: str
    phone: str
    page: str


def write(
    shown: Shown,
    of: Assessment,
    people: tuple[Contact, ...],
    sender: Sender,
    sha256: str,
    language: str,
) -> tuple[str, str, str]:
    """(subject, plain letter, page for the technician)."""
    verdict = in_language(of.verdict, language)
    reasons = {each.id: each for each in of.findings}
    strongest = [reasons[name] for name in of.verdict.reasons if name in reasons][:_MOST_FINDINGS]
    unknown = text("letter_words.unknown", language)
    known = next((each.name for each in people if each.role != FOUND), None)
    to = known or shown.organisation or text("letter_words.owner", language)
    outside = is_outside(of)
    plain = _fill(
        "letter.plain_outside" if outside else "letter.plain",
        language,
        to=_line(to),
        server=_line(shown.name or shown.server),
        headline=_line(verdict.headline),
        do_now="\n".join(f"{at}. {_line(step)}" for at, step in enumerate(verdict.do_now, 1))
        or text("letter_words.call", language),
        case=shown.server,
        phone=_line(sender.phone),
        who=_line(sender.who),
        page=_line(sender.page),
        signed=_line(sender.name),
        seen=_day(of, language),
    )
    subject = _fill("letter.subject", language, server=_line(shown.name or shown.server))
    if outside:
        return subject, plain, _outside(shown, of, people, sha256, language)
    technical = _fill(
        "letter.technical",
        language,
        case=shown.server,
        server=_line(shown.name or ""),
        tier=shown.tier,
        why=shown.why,
        level=shown.level,
        confidence=shown.confidence,
        since=of.verdict.since or unknown,
        last=of.verdict.last_activity or unknown,
        end=said(shown.situation.end),
        build=_line(shown.build or unknown),
        bod=shown.bod or unknown,
        ssvc=shown.ssvc or unknown,
        findings="\n".join(
            f"- {each.rule.id} {each.first_seen or ''} {_line(each.origins[0].path if each.origins else '')}"
            for each in strongest
        )
        or text("letter_words.none", language),
        sha256=sha256,
    )
    return subject, plain, technical


def _outside(shown: Shown, of: Assessment, people: tuple[Contact, ...], sha256: str, language: str) -> str:
    """What a scan saw, in full: nothing of it is secret to the server's own technician."""
    patch = of.patch
    pages = (
        f"- {_line(each.origins[0].path)} (status {_line(each.fields.get('http.response.status_code', '?'))}, "
        f"SHA-256 {each.origins[0].sha256 or '?'})"
        for each in of.findings
        if each.origins
    )
    return _fill(
        "letter.technical_outside",
        language,
        case=shown.server,
        server=_line(shown.name or ""),
        seen=_day(of, language),
        build=_line(f"{patch.build_name or ''} {patch.build or ''}".strip())
        or text("letter_words.unknown", language),
        certain=_flaws(patch.cves.certain, language),
        possible=_flaws(patch.cves.possible, language),
        findings="\n".join(pages) or text("letter_words.none", language),
        reach="; ".join(_line(each.address) for each in people if each.channel is Channel.PAGE)
        or text("letter_words.unknown", language),
        sha256=sha256,
    )


def _flaws(found: tuple[str, ...], language: str) -> str:
    """Those that intruders are known to use first; the rest as a number."""
    if not found:
        return text("letter_words.no_flaws", language)
    known = {each.cve for each in cves.cves() if each.exploited or each.kev_added}
    used = [each for each in found if each in known]
    shown = (*used, *(each for each in found if each not in used))[:_MOST_FLAWS]
    more = len(found) - len(shown)
    return ", ".join(shown) + (_fill("letter_words.more", language, n=more) if more else "")


def _day(of: Assessment, language: str) -> str:
    return say(day(of.verdict.evidence_end, clock=True), language)


def _fill(key: str, language: str, **values: object) -> str:
    return fill(key, text(key, language), values)


def _line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)[:500]
