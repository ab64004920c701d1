"""Which objects go into the bundle, and how they hang together."""

from typing import Any

import msgspec
import stix2.v21 as v21

from exsweep.export.stix import objects
from exsweep.export.stix.ids import Case, case
from exsweep.model import Assessment, Finding, Level

_MOST_FINDINGS = 2_000
"""Observed-data of the strongest findings; platforms import bundles of this size without trouble."""


class _Collection:
    """Objects in order of arrival, each id once."""

    def __init__(self) -> None:
        self.items: dict[str, Any] = {}

    def add(self, item: Any) -> str:
        self.items.setdefault(item["id"], item)
        return str(item["id"])


def _findings(assessment: Assessment) -> list[Finding]:
    return sorted(
        assessment.findings, key=lambda f: (-f.strength.rank, -f.severity.rank, f.first_seen is None, f.id)
    )[:_MOST_FINDINGS]


def _chains(
    assessment: Assessment, kept: _Collection, seen: dict[str, str], victim: str, stamp: Case
) -> None:
    """Campaigns, indicators and links; `seen` is finding id -> id of its observed-data."""
    by_id = {finding.id: finding for finding in assessment.findings}
    for chain in assessment.chains:
        if chain.level.rank < Level.SUSPICIOUS.rank:
            continue
        campaign = kept.add(objects.campaign(chain, stamp))
        kept.add(objects.link("targets", campaign, victim, stamp))
        own = {name for step in chain.steps for name in step.findings}
        findings = [by_id[name] for name in sorted(own) if name in by_id]
        for cve in sorted({cve for finding in findings for cve in finding.cves}):
            kept.add(objects.link("targets", campaign, kept.add(objects.vulnerability(cve)), stamp))
        for technique in sorted({technique for finding in findings for technique in finding.attack}):
            kept.add(objects.link("uses", campaign, kept.add(objects.attack_pattern(technique)), stamp))
        for indicator, value in objects.indicators(chain, stamp):
            name = kept.add(indicator)
            kept.add(objects.link("indicates", name, campaign, stamp))
            for finding in findings:
                quoted = value in (finding.fields.get("source.ip"), finding.fields.get("url.path"))
                if quoted and finding.id in seen:
                    kept.add(objects.link("based-on", name, seen[finding.id], stamp))


def bundle(assessment: Assessment) -> bytes:
    """The bundle as UTF-8 JSON, two-space indent; the same assessment gives the same bytes."""
    stamp = case(assessment)
    kept = _Collection()
    kept.add(objects.MARKING)
    kept.add(objects.producer())
    victim = kept.add(objects.victim(assessment, stamp))
    seen: dict[str, str] = {}
    for finding in _findings(assessment):
        for item in objects.observed(finding, stamp):
            kept.add(item)
            seen.setdefault(finding.id, str(item["id"]))
        for cve in finding.cves:
            kept.add(objects.vulnerability(cve))
        for technique in finding.attack:
            kept.add(objects.attack_pattern(technique))
    _chains(assessment, kept, seen, victim, stamp)
    refs = [name for name, item in kept.items.items() if item["type"] != "marking-definition"]
    kept.add(objects.report(assessment, stamp, refs, len(assessment.findings) - len(seen)))
    whole = v21.Bundle(id=stamp.id("bundle", "bundle"), objects=list(kept.items.values()))
    text: str = whole.serialize()
    return msgspec.json.format(text.encode(), indent=2) + b"\n"
