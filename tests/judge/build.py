"""Small builders of hits and reports, so that tests of the judge read as stories."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count

import msgspec

from exsweep.judge import judge
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import LogSource, Rule
from exsweep.model import (
    Assessment,
    Hit,
    Observations,
    Origin,
    Run,
    SeenBuild,
    Severity,
    SourceReport,
    Stage,
    Strength,
)

NOW = datetime(2021, 3, 9, 12, tzinfo=UTC)
_places = count(1)


def at(text: str) -> datetime:
    """`02-28 04:10:22` of 2021, or a whole ISO stamp."""
    if text[:4].isdigit() and text[4] == "-":
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    return datetime.fromisoformat(f"2021-{text}").replace(tzinfo=UTC)


def rule(
    name: str,
    stage: Stage,
    strength: Strength,
    *,
    level: Severity = Severity.CRITICAL,
    campaign: str | None = "ProxyLogon",
    cves: Sequence[str] = ("CVE-2021-26855",),
    attack: Sequence[str] = (),
) -> Rule:
    return Rule(
        id=name,
        version="0" * 12,
        title=name.replace("-", " "),
        logsource=LogSource(),
        level=level,
        stage=stage,
        strength=strength,
        campaign=campaign,
        cves=tuple(cves),
        attack=tuple(attack),
        explanation=f"{name} explained.",
        file="own.yml:1",
        own=True,
    )


RULES = {
    item.id: item
    for item in (
        rule("ANCHOR", Stage.EXPLOITATION, Strength.ATTEMPT),
        rule("AUTODISCOVER", Stage.PROBE, Strength.ATTEMPT),
        rule("SESSION", Stage.EXPLOITATION, Strength.SUCCESS),
        msgspec.structs.replace(
            rule("ANSWERED", Stage.EXPLOITATION, Strength.SUCCESS), proof_needs=("CVE-2021-26855",)
        ),
        rule("ORDERS", Stage.EXPLOITATION, Strength.SUCCESS, attack=("T1190", "T1059.001")),
        rule("WRITE", Stage.DROP, Strength.SUCCESS),
        rule("VISIT", Stage.WEBSHELL, Strength.SUCCESS, campaign=None, cves=()),
        rule("USE", Stage.WEBSHELL_USE, Strength.SUCCESS, campaign=None, cves=()),
        rule("ROLE-GIVEN", Stage.PERSISTENCE, Strength.AMBIGUOUS, level=Severity.HIGH),
        rule(
            "ADMIN-WORK", Stage.PERSISTENCE, Strength.AMBIGUOUS, level=Severity.MEDIUM, campaign=None, cves=()
        ),
        rule(
            "DAILY", Stage.POST_EXPLOITATION, Strength.AMBIGUOUS, level=Severity.LOW, campaign=None, cves=()
        ),
        rule("CLEARED", Stage.CLEANUP, Strength.SUCCESS, campaign=None, cves=(), attack=("T1070.001",)),
        rule("ODD", Stage.EXPLOITATION, Strength.AMBIGUOUS, level=Severity.HIGH, campaign=None, cves=()),
        rule(
            "EXPORT", Stage.POST_EXPLOITATION, Strength.SUCCESS, campaign=None, cves=(), attack=("T1114.002",)
        ),
        rule(
            "TUNNEL-SIGN",
            Stage.POST_EXPLOITATION,
            Strength.AMBIGUOUS,
            level=Severity.HIGH,
            campaign=None,
            cves=(),
            attack=("T1021.001",),
        ),
        rule(
            "REACHED",
            Stage.POST_EXPLOITATION,
            Strength.SUCCESS,
            campaign=None,
            cves=(),
            attack=("T1021.002",),
        ),
        rule(
            "DUMP", Stage.POST_EXPLOITATION, Strength.SUCCESS, campaign=None, cves=(), attack=("T1003.001",)
        ),
        rule(
            "NTDS", Stage.POST_EXPLOITATION, Strength.SUCCESS, campaign=None, cves=(), attack=("T1003.003",)
        ),
        rule("FETCHED", Stage.POST_EXPLOITATION, Strength.SUCCESS, campaign=None, cves=(), attack=("T1041",)),
        rule("NMAP", Stage.PROBE, Strength.ASSESSMENT),
    )
}


def hit(
    name: str,
    time: str | None,
    *,
    ip: str | None = "203.0.113.9",
    kind: str = "iis_w3c",
    excerpt: str = "",
    **fields: str,
) -> Hit:
    """Fields: `status`, `path`, or native names."""
    ecs = {
        "status": "http.response.status_code",
        "path": "url.path",
        "agent": "user_agent.original",
        "method": "http.request.method",
    }
    named = {ecs.get(key, key): value for key, value in fields.items()}
    if ip:
        named["source.ip"] = ip
    place = next(_places)
    return Hit(
        rule=name,
        kind=kind,
        origin=Origin(path=f"{kind}.log", sha256="ab" * 32, line=place, offset=place * 100),
        time=at(time) if time else None,
        fields=named,
        excerpt=excerpt or " ".join(named.values()),
    )


def log(
    kind: str,
    first: str,
    last: str,
    *,
    builds: Sequence[tuple[str, str, str]] = (),
    missing: Sequence[str] = (),
) -> SourceReport:
    start, end = at(first), at(last)
    gone = {date.fromisoformat(f"2021-{day}") for day in missing}
    days = {start.date() + timedelta(days=step): 100 for step in range((end.date() - start.date()).days + 1)}
    return SourceReport(
        path=f"{kind}.log",
        kind=kind,
        size=1000,
        sha256="ab" * 32,
        lines=100 * len(days),
        events=100 * len(days),
        days={day: number for day, number in days.items() if day not in gone},
        first=start,
        last=end,
        builds=tuple(
            SeenBuild(build=build, first=at(since), last=at(until), source=kind)
            for build, since, until in builds
        ),
    )


def judged(hits: Sequence[Hit], sources: Sequence[SourceReport] = (), now: datetime = NOW) -> Assessment:
    return judge(
        Observations(sources=tuple(sources), hits=tuple(hits)),
        RULES,
        load_formats(),
        now=now,
        run=Run(version="test", knowledge="test"),
    )
