"""Identifiers and times of STIX objects, from the assessment alone.

Source: STIX 2.1 section 2.9 (identifiers; UUIDv5 is allowed for objects of one producer).
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid5

import msgspec

from exsweep.export.times import utc
from exsweep.model import Assessment

_NAMESPACE = UUID("6d2c1d6e-3f0b-5b1a-9a63-0e7c4b8f52a9")
TIMELESS = datetime(2021, 1, 1, tzinfo=UTC)
"""`created` of what is the same in every case (a CVE, a technique), so that its id never has two versions."""


def global_id(kind: str, name: str) -> str:
    """Id of something that is the same thing in every assessment."""
    return f"{kind}--{uuid5(_NAMESPACE, f'{kind}:{name}')}"


@dataclass(frozen=True, slots=True)
class Case:
    """What sets ids of this assessment apart from those of another, and the moment all of it is dated to."""

    digest: str
    moment: datetime

    def id(self, kind: str, name: str) -> str:
        """Id of something that belongs to this assessment."""
        return f"{kind}--{uuid5(_NAMESPACE, f'{kind}:{self.digest}:{name}')}"


def case(assessment: Assessment) -> Case:
    """Ids hang on the evidence and on what was found in it, not on run, wording or new keys."""
    verdict, server = assessment.verdict, assessment.server
    known = [verdict.evidence_end, verdict.last_activity, verdict.since]
    known += [finding.last_seen or finding.first_seen for finding in assessment.findings]
    known += [source.last for source in assessment.coverage.sources] + [
        gap.last for gap in assessment.coverage.gaps
    ]
    moments = [utc(moment) for moment in known if moment is not None]
    facts = [
        [assessment.manifest_sha256, server.name, server.organisation, verdict.level, verdict.confidence],
        [[chain.id, chain.level, *chain.actor.addresses, *chain.actor.shells] for chain in assessment.chains],
        [[finding.id, finding.rule.version, str(finding.count)] for finding in assessment.findings],
    ]
    return Case(hashlib.sha256(msgspec.json.encode(facts)).hexdigest(), max(moments, default=TIMELESS))
