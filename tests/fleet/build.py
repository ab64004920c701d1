"""Small builders of assessments, so that tests of the fleet read as stories."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from exsweep.model import (
    Actor,
    Assessment,
    Chain,
    Confidence,
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
    RuleRef,
    Run,
    SeenBuild,
    Server,
    Severity,
    Stage,
    Step,
    Strength,
    Verdict,
)
from exsweep.model.assessment import CoverageSource, CustodyItem
from exsweep.model.files import FileReport, FilesLooked, FileVerdict

NOW = 1_615_500_000
"""2021-03-11 22:00 UTC."""
END = datetime(2021, 3, 9, 12, tzinfo=UTC)


def at(text: str) -> datetime:
    """`03-05 04:10` of 2021, UTC."""
    return datetime.fromisoformat(f"2021-{text}").replace(tzinfo=UTC)


def finding(
    rule: str,
    stage: Stage,
    time: str | None = "03-03 04:10",
    *,
    strength: Strength = Strength.SUCCESS,
    kind: str = "iis_w3c",
    attack: Sequence[str] = (),
    **fields: str,
) -> Finding:
    return Finding(
        id=f"F-{hashlib.sha256(f'{rule}{time}{sorted(fields.items())}'.encode()).hexdigest()[:12]}",
        rule=RuleRef(id=rule, version="0" * 12, title=rule),
        stage=stage,
        strength=strength,
        severity=Severity.HIGH,
        confidence=Confidence.SURE,
        campaign="ProxyLogon",
        attack=tuple(attack),
        first_seen=at(time) if time else None,
        last_seen=at(time) if time else None,
        origins=(Origin(path="u_ex.log", sha256="ab" * 32, line=1, offset=0),),
        excerpt="a line",
        fields={name.replace("_", "."): value for name, value in fields.items()},
        kind=kind,
        explanation="explained",
    )


def page(path: str, sha256: str = "cd" * 32, shape: str = "") -> FileReport:
    return FileReport(
        shape=shape,
        path=path,
        sha256=sha256,
        size=100,
        verdict=FileVerdict.MALICIOUS,
        confidence=Confidence.SURE,
        url=path,
    )


def assessed(
    level: Level = Level.NO_SIGNS,
    *findings: Finding,
    name: str | None = "mail.example.org",
    organisation: str | None = None,
    end: datetime | None = END,
    builds: Sequence[tuple[str, str, str]] = (),
    cves: Sequence[str] | None = None,
    gap: bool = False,
    pages: Sequence[FileReport] | None = None,
    addresses: Sequence[str] = ("203.0.113.9",),
    agents: Sequence[str] = (),
    shells: Sequence[str] = (),
    logs: Sequence[str] = (),
    manifest: str = "",
    knowledge: str = "k1",
    spread: ImpactState = ImpactState.NOT_SEEN,
    started: datetime | None = None,
) -> Assessment:
    """`cves` None: the build is not known."""
    item = ImpactItem(what="x", state=spread, text="x")
    ids = tuple(each.id for each in findings)
    chains = (
        (
            Chain(
                id="C1",
                title="someone",
                campaign="ProxyLogon (2021)",
                actor=Actor(addresses=tuple(addresses), agents=tuple(agents), shells=tuple(shells)),
                steps=(Step(stage=Stage.EXPLOITATION, title="x", findings=ids),),
                level=level,
                first_seen=min((each.first_seen for each in findings if each.first_seen), default=None),
            ),
        )
        if findings
        else ()
    )
    times = [each.last_seen for each in findings if each.last_seen]
    seed = repr((name, level, ids, end, manifest))
    return Assessment(
        server=Server(
            name=name,
            organisation=organisation,
            builds=tuple(
                SeenBuild(build=build, first=at(first), last=at(last), source="httpproxy")
                for build, first, last in builds
            ),
        ),
        verdict=Verdict(
            level=level,
            confidence=Confidence.SURE,
            since=min(times, default=None),
            last_activity=max(times, default=None),
            headline="A headline.",
            do_now=("Call.",),
            reasons=ids,
            evidence_end=end,
        ),
        chains=chains,
        findings=findings,
        files=FilesLooked(looked_at=10, remarkable=tuple(pages)) if pages is not None else None,
        coverage=Coverage(
            sources=(
                CoverageSource(
                    kind="iis_w3c", files=1, first=at("02-20 00:00"), last=end, events=100, matters=True
                ),
            ),
            gaps=(Gap(kind="iis_w3c", reason="r", effect="e", limits_verdict=True),) if gap else (),
        ),
        patch=Patch(build="15.1.2106.2", cves=PatchCves(certain=tuple(cves)))
        if cves is not None
        else Patch(),
        impact=Impact(mailboxes=item, credentials=item, files=item, hosts=item),
        custody=tuple(
            CustodyItem(
                path=log, size=100_000, sha256=hashlib.sha256(log.encode()).hexdigest(), kind="iis_w3c"
            )
            for log in logs
        ),
        manifest_sha256=manifest or hashlib.sha256(seed.encode()).hexdigest(),
        run=Run(version="0.1", knowledge=knowledge, started=started),
    )
