"""Assessments of made-up servers: what would be seen of the truth, given the logs that they kept."""

import hashlib
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import exsweep
from exsweep.knowledge import version as knowledge_version
from exsweep.knowledge.builds import name_of
from exsweep.knowledge.cves import patched
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
from exsweep.model.assessment import CoverageSource
from exsweep.model.files import FileReport, FilesLooked, FileVerdict

_CAMPAIGN = "ProxyLogon"
_POOL = 5_000
_POSSIBLE = ImpactItem(what="hosts", state=ImpactState.POSSIBLE, text="Cannot be ruled out.")
_NOT_SEEN = ImpactItem(what="hosts", state=ImpactState.NOT_SEEN, text="Looked for, not seen.")
_SEEN = ImpactItem(what="credentials", state=ImpactState.SEEN, text="Passwords were dumped.")


class Bits:
    """Findings that every server on the internet has: surveys and attempts."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self._findings = findings

    def some(self, chance: random.Random, mean: int) -> tuple[Finding, ...]:
        """About `mean` of them."""
        return tuple(chance.choices(self._findings, k=chance.randint(mean // 2, mean + mean // 2)))


def noise(chance: random.Random) -> Bits:
    """A pool of findings of no consequence."""
    begin = datetime(2021, 1, 1, tzinfo=UTC)
    return Bits(
        [
            _finding(
                f"PROBE-{at % 40}",
                Stage.PROBE,
                begin + timedelta(seconds=chance.randint(0, 100 * 86_400)),
                Strength.ATTEMPT,
                fields={
                    "source.ip": f"192.0.2.{at % 256}",
                    "url.path": f"/owa/auth/{at % 300}.aspx",
                },
            )
            for at in range(_POOL)
        ]
    )


def _finding(
    rule: str,
    stage: Stage,
    when: datetime | None,
    strength: Strength = Strength.SUCCESS,
    attack: tuple[str, ...] = (),
    kind: str = "iis_w3c",
    fields: dict[str, str] | None = None,
) -> Finding:
    fields = fields or {}
    seed = f"{rule}\0{when}\0{sorted(fields.items())}"
    return Finding(
        id="F-" + hashlib.sha256(seed.encode()).hexdigest()[:12],
        rule=RuleRef(id=rule, version=exsweep.__version__, title=rule),
        stage=stage,
        strength=strength,
        severity=Severity.CRITICAL if strength is Strength.SUCCESS else Severity.LOW,
        confidence=Confidence.SURE,
        campaign=_CAMPAIGN,
        attack=attack,
        first_seen=when,
        last_seen=when,
        origins=(Origin(path="u_ex.log", sha256="00" * 32, line=1, offset=0),),
        excerpt="a made-up line of a made-up log",
        fields=fields,
        kind=kind,
        explanation="A made-up finding.",
    )


def assessment_of(
    *,
    name: str,
    sector: str,
    branch: tuple[str, str],
    start: datetime,
    end: datetime,
    updated: datetime | None,
    broken: datetime | None,
    address: str,
    agent: str,
    payload: str,
    task: str | None,
    page: str,
    shape: str,
    path: str,
    wave: str | None,
    used: bool,
    findings: tuple[Finding, ...],
) -> Assessment:
    """What triage would have said: the truth as far as logs from `start` to `end` and the files show it.

    `page`: SHA-256 of the back door where its folder was sent, else empty.
    """
    builds = _builds(branch, start, end, updated)
    seen: list[Finding] = []
    who = {"source.ip": address, "user_agent.original": agent}
    if broken is not None and broken >= start:
        seen.append(_finding("IN", Stage.EXPLOITATION, broken, fields={**who, "url.path": "/ecp/y.js"}))
        text = f"<script language=x>EXSWEEP-INERT-FIXTURE {payload}</script>"
        seen.append(
            _finding(
                "DROP",
                Stage.DROP,
                broken + timedelta(seconds=40),
                kind="ecp_server",
                fields={**who, "ExternalUrl": text},
            )
        )
    if broken is not None and (used or task) and end - timedelta(hours=30) > broken:
        when = max(end - timedelta(hours=30), start) if used else max(broken + timedelta(days=1), start)
        seen.append(_finding("USE", Stage.WEBSHELL_USE, when, fields={**who, "url.path": path}))
        if task:
            late = when + timedelta(minutes=20)
            seen.append(
                _finding(
                    "DUMP",
                    Stage.POST_EXPLOITATION,
                    late,
                    attack=("T1003.001",),
                    kind="event_process",
                    fields=who,
                )
            )
            seen.append(
                _finding(
                    "TASK",
                    Stage.PERSISTENCE,
                    late,
                    attack=("T1053.005",),
                    kind="event_process",
                    fields={"TaskName": task},
                )
            )
    if broken is not None and wave:
        seen.append(
            _finding(
                "PAGE", Stage.WEBSHELL, end - timedelta(hours=90), kind="iis_w3c", fields={"url.path": wave}
            )
        )
    files = (
        FilesLooked(looked_at=900, remarkable=_pages(page, path, shape)) if page or broken is None else None
    )
    found = bool(seen or (page and broken is not None))
    blind = start > datetime(2021, 2, 26, tzinfo=UTC)
    level = (
        (Level.IN_USE if used and any(each.rule.id == "USE" for each in seen) else Level.BROKEN_INTO)
        if found
        else Level.CANNOT_TELL
        if blind
        else Level.ATTACKED
    )
    return _assembled(
        name, sector, builds, start, end, level, tuple(seen), findings, files, address, agent, path, wave
    )


def _assembled(
    name: str,
    sector: str,
    builds: tuple[SeenBuild, ...],
    start: datetime,
    end: datetime,
    level: Level,
    seen: tuple[Finding, ...],
    others: tuple[Finding, ...],
    files: FilesLooked | None,
    address: str,
    agent: str,
    path: str,
    wave: str | None,
) -> Assessment:
    ids = tuple(each.id for each in seen)
    times = [each.first_seen for each in seen if each.first_seen is not None]
    broken = level.rank >= Level.BROKEN_INTO.rank
    chain = Chain(
        id="C-1",
        title=f"{_CAMPAIGN} by {address}",
        campaign=_CAMPAIGN,
        actor=Actor(
            addresses=(address,) if seen and any(each.fields.get("source.ip") for each in seen) else (),
            agents=(agent,),
            shells=tuple(each for each in (path, wave) if each),
        ),
        steps=(Step(stage=Stage.EXPLOITATION, title="Way in", findings=ids),),
        level=level,
        first_seen=min(times, default=None),
        last_seen=max(times, default=None),
    )
    build = builds[-1].build
    dumped = any("T1003.001" in each.attack for each in seen)
    return Assessment(
        server=Server(name=name, organisation=name.split(".")[1], sector=sector, builds=builds),
        verdict=Verdict(
            level=level,
            confidence=Confidence.SURE if broken else Confidence.POSSIBLE,
            since=min(times, default=None),
            last_activity=max(times, default=None),
            headline="A made-up verdict about a made-up server.",
            do_now=("This server is made up: do nothing.",),
            reasons=ids,
            evidence_end=end,
        ),
        chains=(chain,) if broken else (),
        findings=(*seen, *others),
        files=files,
        coverage=Coverage(
            sources=(
                CoverageSource(kind="iis_w3c", files=30, first=start, last=end, events=100_000, matters=True),
            ),
            gaps=(
                Gap(
                    kind="iis_w3c",
                    reason="Older records are gone.",
                    effect="Days unseen.",
                    limits_verdict=True,
                ),
            )
            if level is Level.CANNOT_TELL
            else (),
        ),
        patch=_patch(build),
        impact=Impact(
            mailboxes=_POSSIBLE if broken else _NOT_SEEN,
            credentials=_SEEN if dumped else _POSSIBLE if broken else _NOT_SEEN,
            files=_NOT_SEEN,
            hosts=_POSSIBLE if broken else _NOT_SEEN,
        ),
        manifest_sha256=hashlib.sha256(f"{name}{start}{end}".encode()).hexdigest(),
        run=Run(version=exsweep.__version__, knowledge=knowledge_version(), command="exsweep fleet simulate"),
    )


def _pages(page: str, path: str, shape: str) -> tuple[FileReport, ...]:
    if not page:
        return ()
    return (
        FileReport(
            path=f"inetpub/wwwroot{path}",
            sha256=page,
            size=2_000,
            verdict=FileVerdict.MALICIOUS,
            confidence=Confidence.SURE,
            url=path,
            shape=shape,
        ),
    )


def _builds(
    branch: tuple[str, str], start: datetime, end: datetime, updated: datetime | None
) -> tuple[SeenBuild, ...]:
    old, new = branch
    if updated is None or updated >= end:
        return (SeenBuild(build=old, first=start, last=end, source="httpproxy"),)
    if updated <= start:
        return (SeenBuild(build=new, first=start, last=end, source="httpproxy"),)
    return (
        SeenBuild(build=old, first=start, last=updated, source="httpproxy"),
        SeenBuild(build=new, first=updated, last=end, source="httpproxy"),
    )


@lru_cache(64)
def _patch(build: str) -> Patch:
    known = patched(build)
    return Patch(
        build=build,
        build_name=name_of(build),
        cves=PatchCves(
            certain=tuple(each.cve for each in known.certain),
            possible=tuple(each.cve for each in known.possible),
        ),
    )
