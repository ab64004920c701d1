"""An assessment for those who coordinate but may not see evidence: verdict, coverage and patches stay, quotations go."""

import msgspec

from exsweep.model import Assessment
from exsweep.model.assessment import Actor, Impact, ImpactItem

HIDDEN = "(not shown to your role)"


def without_evidence(of: Assessment) -> Assessment:
    """The assessment without anything quoted from evidence: lines, paths, addresses, names of mailboxes."""
    replace = msgspec.structs.replace
    return replace(
        of,
        findings=tuple(
            replace(each, excerpt=HIDDEN, excerpts=(), fields={}, origins=()) for each in of.findings
        ),
        chains=tuple(
            replace(each, actor=Actor(), title=each.campaign or "", joined_by=()) for each in of.chains
        ),
        timeline=(),
        files=None,
        coverage=replace(of.coverage, gaps=tuple(replace(each, path=None) for each in of.coverage.gaps)),
        impact=Impact(
            mailboxes=_bare(of.impact.mailboxes),
            credentials=_bare(of.impact.credentials),
            files=_bare(of.impact.files),
            hosts=_bare(of.impact.hosts),
            persistence=_bare(of.impact.persistence) if of.impact.persistence else None,
        ),
        custody=(),
        run=replace(of.run, command="", host="", evidence=()),
    )


def _bare(of: ImpactItem) -> ImpactItem:
    return msgspec.structs.replace(of, items=(), touched=(), text="", said=())
