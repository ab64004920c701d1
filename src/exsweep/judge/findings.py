"""Findings: what one rule says about one intruder, with every origin that proves it."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from exsweep.judge import facts
from exsweep.judge.chains import Group
from exsweep.judge.outcome import Weighed
from exsweep.knowledge.judging import judging
from exsweep.model import Confidence, Finding, RuleRef, Severity, Stage, Strength


def findings_of(group: Group, chain: str) -> tuple[Finding, ...]:
    """One finding per rule, page or file, and outcome; in order of first moment, then weight."""
    bundles: dict[tuple[str, str, bool, bool], list[Weighed]] = defaultdict(list)
    for item in group.members:
        name = (
            facts.shell(item.hit, item.stage)
            or facts.lone_file(item.hit)
            or facts.told_by_disk(item.hit)
            or ""
        )
        bundles[item.rule.id, name, item.strength is Strength.ASSESSMENT, item.doubt is not None].append(item)
    found = [_finding(items, chain) for items in bundles.values()]
    return tuple(
        sorted(
            found, key=lambda item: (item.first_seen is None, item.first_seen, -item.strength.rank, item.id)
        )
    )


def _finding(items: Sequence[Weighed], chain: str) -> Finding:
    first = items[0]
    rule, keep = first.rule, judging().origins_kept
    times = [item.hit.time for item in items if item.hit.time]
    lasts = [time for item in items if (time := facts.last_time(item.hit))]
    failed = Counter(item.failed for item in items if item.failed)
    return Finding(
        id="F-"
        + _digest(
            rule.id,
            chain,
            *(
                f"{item.hit.origin.sha256}:{item.hit.origin.offset}:{item.hit.origin.record}"
                for item in items[:keep]
            ),
        ),
        rule=RuleRef(id=rule.id, version=rule.version, title=rule.title),
        stage=first.stage,
        strength=max((item.strength for item in items), key=lambda value: value.rank),
        severity=Severity(rule.level),
        confidence=_confidence(first),
        campaign=rule.campaign,
        cves=tuple(rule.cves),
        attack=tuple(rule.attack),
        first_seen=min(times, default=None),
        last_seen=max(lasts, default=None),
        count=sum(item.hit.count for item in items),
        origins=tuple(item.hit.origin for item in items[:keep]),
        excerpt=first.hit.excerpt,
        excerpts=tuple(item.hit.excerpt for item in items[1:keep]),
        fields=dict(sorted(first.hit.fields.items())),
        kind=first.hit.kind,
        explanation=rule.explanation,
        failed=tuple(reason for reason, _ in failed.most_common()),
        scanner=next((item.scanner for item in items if item.scanner), None),
        false_positives=tuple(rule.false_positives),
        remarks=tuple(dict.fromkeys(item.doubt for item in items if item.doubt)),
        tip=rule.tip or None,
        chain=chain,
        source=tuple(rule.source),
    )


def _confidence(item: Weighed) -> Confidence:
    if item.strength is Strength.SUCCESS and not item.rule.false_positives:
        return Confidence.SURE
    return (
        Confidence.VERY_LIKELY
        if item.strength in (Strength.SUCCESS, Strength.ASSESSMENT)
        else Confidence.POSSIBLE
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def group_id(group: Group) -> str:
    """Id of a chain from the places it rests on: the same evidence gives the same id."""
    places = sorted(
        f"{item.hit.origin.sha256}:{item.hit.origin.offset}:{item.hit.rule}" for item in group.members
    )
    return "C-" + _digest(*places)[:8]


def by_id(findings: Sequence[Finding]) -> Mapping[str, Finding]:
    return {item.id: item for item in findings}


def stages(findings: Sequence[Finding]) -> frozenset[Stage]:
    return frozenset(item.stage for item in findings)
