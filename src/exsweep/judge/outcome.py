"""What one hit is worth in the light of the answer it got and of the build that ran that day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from exsweep.judge import facts
from exsweep.judge.patches import BuildHistory, open_on
from exsweep.knowledge.judging import judging
from exsweep.knowledge.rules import Rule
from exsweep.knowledge.scanners import scanner_of
from exsweep.knowledge.words import render
from exsweep.model import Hit, Stage, Strength


@dataclass(frozen=True, slots=True)
class Weighed:
    """A hit with its worth."""

    hit: Hit
    rule: Rule
    stage: Stage
    strength: Strength
    failed: str | None
    """Why an attempt is known to have failed; None = nothing shows that."""
    scanner: str | None = None
    """Name of the assessment tool or service, where it is recognised."""
    doubt: str | None = None
    """Why what looks like a success is not proven by itself."""


def weigh(hit: Hit, rules: Mapping[str, Rule], builds: BuildHistory) -> Weighed:
    """Scanner's traffic is labelled, never dropped; what succeeded stays a success whoever sent it."""
    rule = rules[hit.rule]
    stage, strength = Stage(rule.stage), Strength(rule.strength)
    name = scanner_of(hit.fields)
    if strength is not Strength.SUCCESS and name:
        return Weighed(hit, rule, stage, Strength.ASSESSMENT, render("reason.scanner", scanner=name), name)
    if strength is Strength.ASSESSMENT:
        name = name or rule.title
        return Weighed(hit, rule, stage, strength, render("reason.scanner", scanner=name), name)
    if strength is Strength.SUCCESS and (doubt := _doubt(hit, rule, builds)):
        return Weighed(hit, rule, stage, Strength.AMBIGUOUS, None, doubt=doubt)
    return Weighed(hit, rule, stage, strength, _failed(hit, rule, stage, strength, builds))


def settle(items: Sequence[Weighed]) -> list[Weighed]:
    """What one record says of a request holds for the other records of the same request.

    A front end log may show that a request went no further than the first step; the web server's row of the same
    request, or a broader rule on the same row, is then the same first step and nothing more.
    """
    known: dict[tuple[object, ...], str] = {}
    for item in items:
        if item.stage is Stage.PROBE and item.strength is Strength.ATTEMPT and item.failed:
            for key in _request(item.hit):
                known.setdefault(key, item.failed)
    settled = []
    for item in items:
        if item.failed is None and item.strength in (Strength.ATTEMPT, Strength.AMBIGUOUS):
            reason = next((known[key] for key in _request(item.hit) if key in known), None)
            item = replace(item, failed=reason) if reason else item
        settled.append(item)
    return settled


def _request(hit: Hit) -> list[tuple[object, ...]]:
    """The row itself, and the ids that name its request in other logs."""
    keys: list[tuple[object, ...]] = [(hit.origin.sha256, hit.origin.path, hit.origin.offset)]
    return keys + [(key,) for key in sorted(facts.sessions(hit)) if key.startswith("request:")]


def _failed(hit: Hit, rule: Rule, stage: Stage, strength: Strength, builds: BuildHistory) -> str | None:
    if strength is Strength.SUCCESS:
        return None
    if rule.stopped:
        return render("reason.stopped")
    code = facts.status(hit)
    refused = code is not None and code >= judging().refused_status_from
    if code is not None and refused and not _works_anyway(code, rule, stage, strength):
        return render("reason.refused", status=code)
    build = builds.surely_at(hit.time)
    # What is done behind the way in (a role given, an order removed) did happen: it needs no flaw that a fix could close.
    way_in = strength is Strength.ATTEMPT or stage in (Stage.PROBE, Stage.EXPLOITATION)
    if way_in and open_on(rule.cves, build) is False:
        return render("reason.build_fixed", build=build)
    if stage is Stage.PROBE:
        return render(f"reason.{rule.harmless_by or 'first_step'}")
    return None


def _doubt(hit: Hit, rule: Rule, builds: BuildHistory) -> str | None:
    """An answer that only a flaw explains proves nothing where the build surely had the fix of each flaw that could give it.

    It stays a sign that needs a person: an update may be half installed, and what followed may stand in other records.
    """
    build = builds.surely_at(hit.time)
    if rule.proof_needs and open_on(rule.proof_needs, build) is False:
        return render("against.build_fixed", build=build)
    return None


def _works_anyway(code: int, rule: Rule, stage: Stage, strength: Strength) -> bool:
    """An error of the server's own (5xx) is no refusal where the step works although the answer is an error.

    So it is for the named campaigns, and for a page that should not be there: a missing page does not fail, it is missing.
    """
    if code < judging().server_error_from:
        return False
    named = any(name in (rule.campaign or "") for name in judging().works_despite_error)
    return named or (strength is Strength.AMBIGUOUS and stage in (Stage.WEBSHELL, Stage.WEBSHELL_USE))
