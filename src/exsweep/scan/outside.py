"""A scan's result as an Assessment, so that fleet and pages take it; it speaks only of what is seen from outside.

The level is `cannot_tell` whatever the build, for no look from outside shows that nobody is in; only a page that
shows itself to be a back door raises it.
"""

import hashlib
from datetime import UTC, datetime

import exsweep
from exsweep.judge.remedies import remedies
from exsweep.knowledge import builds, languages
from exsweep.knowledge import version as knowledge_version
from exsweep.knowledge.languages import ENGLISH
from exsweep.knowledge.scanning import say
from exsweep.model import (
    Assessment,
    Confidence,
    ContactPoint,
    Coverage,
    Finding,
    Gap,
    Impact,
    ImpactItem,
    ImpactState,
    Level,
    Origin,
    Patch,
    PatchCves,
    Phrase,
    RuleRef,
    Run,
    Said,
    SeenBuild,
    Server,
    Severity,
    Stage,
    Strength,
    Verdict,
)
from exsweep.scan.identify import EXCHANGE, Kind
from exsweep.scan.networks import Networks
from exsweep.scan.owner import owner_of
from exsweep.scan.rdap import Rdap
from exsweep.scan.reach import By, Sites, ways
from exsweep.scan.results import ScanResult
from exsweep.scan.webshells import PageSeen, Proof, Sight

_RULE = "SCAN-PAGE-SEEN"
_STRENGTH = {
    Proof.STRONG: (Strength.SUCCESS, Severity.CRITICAL, Confidence.VERY_LIKELY),
    Proof.MEDIUM: (Strength.AMBIGUOUS, Severity.HIGH, Confidence.POSSIBLE),
    Proof.WEAK: (Strength.AMBIGUOUS, Severity.MEDIUM, Confidence.POSSIBLE),
}


def assessment(of: ScanResult, *, command: str = "", sites: Sites | None = None) -> Assessment:
    """The same facts in the shape that all reports read; lists add only whose it is and whom to tell.

    `sites` are what the sites of the same scan say of their contacts.
    """
    owner = owner_of(of, Networks())
    said = Said(headline=_headline(of), text=_text(of), do_now=_do_now(of))
    findings = tuple(_finding(of, page) for page in of.pages)
    level = _level(of)
    patch = _patch(of)
    return Assessment(
        server=Server(
            name=of.name or of.address,
            sector=owner.sector if owner.sector_from else None,
            product=of.identity.product,
            builds=_builds(of),
            contacts=tuple(
                ContactPoint(by=way.by.value, to=way.to, source=way.source)
                for way in ways(of, owner, Rdap(), sites or {})
                if way.by is not By.PERSON
            ),
        ),
        verdict=Verdict(
            level=level,
            confidence=Confidence.VERY_LIKELY if level is Level.BROKEN_INTO else Confidence.POSSIBLE,
            headline=languages.say(said.headline),
            text=tuple(languages.say(phrase) for phrase in said.text),
            do_now=languages.say_list(said.do_now) if said.do_now else (),
            reasons=tuple(item.id for item in findings),
            would_change=(say("do_records"),),
            evidence_end=of.time,
            said=said,
        ),
        findings=findings,
        coverage=Coverage(
            gaps=(Gap(kind="outside", reason=say("gap"), effect=say("gap_effect"), limits_verdict=True),)
        ),
        patch=patch,
        impact=_impact(),
        remediation=remedies(level, findings, patch) if of.kind in EXCHANGE else (),
        run=Run(
            version=exsweep.__version__,
            knowledge=knowledge_version(),
            command=command,
            started=of.time,
            evidence=(f"scan of {of.target}, allowed by {of.scope}",),
        ),
    )


def headline(of: ScanResult, language: str = ENGLISH) -> str:
    """The one sentence for people."""
    return languages.say(_headline(of), language)


def patch_state(of: ScanResult) -> str:
    """`open`: some flaw is open for certain, or support has ended; `up_to_date`: the newest build that we know
    or a later one; else `unknown`. A flaw that only a setting decides does not make a server look open."""
    if of.opinion is None or of.kind not in EXCHANGE:
        return "unknown"
    if of.opinion.certain or of.opinion.support_ended:
        return "open"
    newest = of.opinion.newest
    build = of.identity.build
    if of.opinion.judged and newest and build and builds.at_or_after(build, newest):
        return "up_to_date"
    return "unknown"


def _level(of: ScanResult) -> Level:
    proofs = {page.proof for page in of.pages}
    if Proof.STRONG in proofs:
        return Level.BROKEN_INTO
    return Level.SUSPICIOUS if proofs else Level.CANNOT_TELL


def _headline(of: ScanResult) -> Phrase:
    if of.pages:
        strong = any(page.proof is Proof.STRONG for page in of.pages)
        return _phrase("shell_strong" if strong else "shell_other")
    match of.kind:
        case Kind.NOT_EXCHANGE:
            return _phrase("no_server")
        case Kind.EXCHANGE_ONLINE:
            return _phrase("online")
        case Kind.FRONTED:
            name = of.identity.front
            front = languages.recognised("front", name) if name else Phrase(key="front.other")
            return _phrase("fronted", front=(front,))
        case Kind.UNREACHABLE:
            return _phrase("unreachable", why=tuple(_said(why) for why in of.identity.why))
        case Kind.IMPOSTOR:
            return _phrase("impostor")
    return _phrase(patch_state(of))


def _said(text: str) -> Phrase:
    """What a result says in English, so that it can be said in any language."""
    return languages.recognised("outside", text)


def _phrase(key: str, **gaps: int | str | tuple[Phrase, ...]) -> Phrase:
    return Phrase(key=f"from_outside.{key}", params=dict(gaps))


def _text(of: ScanResult) -> tuple[Phrase, ...]:
    lines = [_said(why) for why in of.identity.why]
    if of.kind in EXCHANGE:
        lines.append(_phrase("by_build"))
    missed = sum(page.sight is Sight.NOT_SEEN for page in of.webshells)
    if missed:
        lines.append(_phrase("not_seen", n=missed))
    notes = of.opinion.notes if of.opinion is not None else ()
    return (*lines, *(_said(note) for note in (*notes, *of.identity.doubts)))


def _do_now(of: ScanResult) -> Phrase | None:
    """Key of a list; None where no Exchange of their own was seen."""
    if of.pages:
        return _phrase("do.seen")
    if of.kind not in EXCHANGE:
        return None
    if patch_state(of) != "open" or of.opinion is None:
        return _phrase("do.other")
    newest = builds.find(of.opinion.newest) if of.opinion.newest else None
    if of.opinion.support_ended or newest is None:
        return _phrase("do.ended")
    return _phrase("do.open", update=newest.name)


def _builds(of: ScanResult) -> tuple[SeenBuild, ...]:
    if of.kind is not Kind.EXACT or of.identity.build is None:
        return ()
    return (SeenBuild(build=of.identity.build, first=of.time, last=of.time, source="scan"),)


def _patch(of: ScanResult) -> Patch:
    if of.opinion is None:
        return Patch()
    return Patch(
        build=of.identity.build,
        build_name=of.opinion.build_name or None,
        cves=PatchCves(
            certain=of.opinion.certain,
            possible=tuple(sorted((*of.opinion.possible, *of.opinion.unknown))),
            fixed=of.opinion.fixed,
        ),
        support_end=of.opinion.support_end,
        advice=languages.say(_phrase(patch_state(of))),
    )


def _finding(of: ScanResult, page: PageSeen) -> Finding:
    strength, severity, confidence = _STRENGTH[page.proof or Proof.WEAK]
    url = f"https://{of.name or of.address}:{of.port}{page.path}"
    return Finding(
        id=hashlib.sha256(f"{_RULE}\0{url}\0{page.sha256}".encode()).hexdigest()[:16],
        rule=RuleRef(id=_RULE, version=exsweep.__version__, title=say("seen_title")),
        stage=Stage.WEBSHELL,
        strength=strength,
        severity=severity,
        confidence=confidence,
        campaign=page.campaign or None,
        attack=("T1505.003",),
        first_seen=_created(page) or of.time,
        last_seen=of.time,
        origins=(Origin(path=url, sha256=page.sha256),),
        excerpt=page.excerpt,
        fields={"url.path": page.path, "http.response.status_code": str(page.status or ""), **page.facts},
        kind="scan",
        explanation=say("seen_text", why=page.why[:1].upper() + page.why[1:]),
        tip=say("do_records"),
    )


def _created(page: PageSeen) -> datetime | None:
    """Time of the drop as the page prints it (`3/4/2021 2:17:56 AM`, UTC); other languages print it otherwise."""
    text = page.facts.get("created", "")
    try:
        return datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC)
    except ValueError:
        return None


def _impact() -> Impact:
    """Nothing of it can be seen from outside, and what cannot be seen is possible."""

    def item(what: str) -> ImpactItem:
        return ImpactItem(what=what, state=ImpactState.POSSIBLE, text=say("impact"))

    return Impact(**{what: item(what) for what in Impact.__struct_fields__})
