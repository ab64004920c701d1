"""Adding assessments: each is kept once, whole, under the server it is about."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import msgspec

from exsweep.errors import EvidenceError
from exsweep.fleet import audit, identity, people
from exsweep.fleet.body import Packed, pack
from exsweep.fleet.clock import DAY, seconds
from exsweep.fleet.history import broken
from exsweep.fleet.lake import Lake, keep
from exsweep.fleet.situation import Told, is_outside, situation_of
from exsweep.fleet.sources import Read, Refused, events_of
from exsweep.fleet.status import refresh, rules_in_use
from exsweep.fleet.store import DEFAULT_TENANT, Fleet
from exsweep.fleet.text import stored
from exsweep.fleet.tiers import place
from exsweep.knowledge.fleet import queue_rules
from exsweep.model import Assessment, Finding

_BATCH = 200
"""Assessments of one transaction: what a killed run has done is whole, what it has not is done by the next."""
_SAMPLES = 20
_ADDRESS, _PATHS = "source.ip", ("url.path", "file.path", "TargetFilename")


class Added(msgspec.Struct, kw_only=True):
    """What one `add` did."""

    assessments: int = 0
    again: int = 0
    """Already there."""
    servers: int = 0
    """New ones."""
    findings: int = 0
    refused: int = 0
    samples: list[Refused] = []
    """At most 20 of what was refused."""
    questions: int = 0
    """Servers that may be one and the same: somebody has to say."""
    events: int = 0
    """Rows of events taken into the lake."""
    sets: list[int] = []
    """Numbers of the new sets of events."""


def add(
    fleet: Fleet,
    reads: Iterable[Read],
    *,
    now: int,
    tenant: str = DEFAULT_TENANT,
    server: int | None = None,
    lake: Lake | None = None,
    seen: Callable[[Added], None] = lambda _: None,
) -> Added:
    """Keep what `reads` gives. The same assessment twice is kept once, whoever brings it.

    Args:
        now: seconds since 1970 UTC: when we learned of it.
        server: the server they are about, where somebody knows; else it is recognised.
        lake: takes the events that were saved beside an assessment; those that cannot be taken are told as refused.
        seen: is told after each batch.
    """
    done = Added()
    rules_in_use(fleet, now)
    source = iter(reads)
    while batch := list(islice(source, _BATCH)):
        good = [each for each in batch if not isinstance(each, Refused)]
        for each in batch:
            if isinstance(each, Refused):
                done.refused += 1
                if len(done.samples) < _SAMPLES:
                    done.samples.append(each)
        packed = [(one, pack(one)) for _, one in good]
        before = done.assessments
        with fleet.database.transaction():
            number = fleet.tenant(tenant)
            days: Counter[tuple[str, int]] = Counter()
            for one, kept in packed:
                if _one(fleet, one, kept, number, server, now, done):
                    days.update(_days(one))
            _count(fleet, days)
            if new := done.assessments - before:
                audit.log(fleet.database, time=now, who=fleet.who, what="add", object_=f"{new} assessments")
        if lake is not None:
            for (where, _), (_, kept) in zip(good, packed, strict=True):
                _events(fleet, lake, where, _digest(kept, number), now, done)
        seen(done)
    return done


def _digest(kept: Packed, tenant: int) -> str:
    # One tenant's copy never answers for another's (I12): whose it is belongs to what it is.
    return kept.sha256 if tenant == 1 else f"{tenant}:{kept.sha256}"


def _events(fleet: Fleet, lake: Lake, where: str, digest: str, now: int, done: Added) -> None:
    """Take the events beside an assessment into the lake; the assessment itself is kept whatever becomes of them."""
    row = fleet.database.one("SELECT id, server_id FROM assessment WHERE sha256 = ?", (digest,))
    if row is None:
        return
    try:
        with events_of(where) as folder:
            if folder is None:
                return
            kept = keep(fleet, lake, int(row[1]), int(row[0]), folder, now=now)
    except EvidenceError as error:
        done.refused += 1
        if len(done.samples) < _SAMPLES:
            done.samples.append(Refused(f"{where} (its events)", error.message))
        return
    if kept.new:
        done.sets.append(kept.number)
        done.events += kept.events


def _one(
    fleet: Fleet, one: Assessment, kept: Packed, tenant: int, server: int | None, now: int, done: Added
) -> bool:
    database = fleet.database
    digest = _digest(kept, tenant)
    if database.one("SELECT 1 FROM assessment WHERE sha256 = ?", (digest,)) is not None:
        done.again += 1
        return False
    keys = identity.keys_of(one)
    known = identity.Known(server=server) if server else identity.recognise(database, tenant, keys)
    home = known.server
    if home is None:
        home = _new_server(fleet, one, kept, tenant, now)
        done.servers += 1
    database.many(
        "INSERT INTO server_key (tenant_id, kind, value, server_id) VALUES (?,?,?,?) ON CONFLICT DO NOTHING",
        [(tenant, kind, value, home) for kind, value in keys],
    )
    for other, reason in known.ask:
        if other != home:
            database.run(
                "INSERT INTO question (one_id, other_id, reason, asked) VALUES (?,?,?,?) ON CONFLICT DO NOTHING",
                (min(home, other), max(home, other), reason, now),
            )
            done.questions += 1
    people.keep_found(fleet, home, one.server.contacts)
    number = _keep(fleet, one, kept, digest, home, now)
    refresh(fleet, home, now, {number: one})
    done.assessments += 1
    done.findings += len(one.findings)
    return True


def _days(of: Assessment) -> Iterator[tuple[str, int]]:
    for each in of.findings:
        at = seconds(each.first_seen)
        if at is not None:
            yield stored(each.rule.id, 100) or "", at // DAY


def _count(fleet: Fleet, days: Counter[tuple[str, int]]) -> None:
    """Findings by rule and day: counted as they come, for counting millions when asked takes seconds."""
    fleet.database.many(
        "INSERT INTO rule_day (rule, day, findings) VALUES (?,?,?) "
        "ON CONFLICT (rule, day) DO UPDATE SET findings = rule_day.findings + excluded.findings",
        [(rule, day, count) for (rule, day), count in sorted(days.items())],
    )


def _new_server(fleet: Fleet, one: Assessment, kept: Packed, tenant: int, now: int) -> int:
    name = stored(one.server.name, 300)
    row = fleet.database.one(
        "INSERT INTO server (public_id, tenant_id, name, organisation, domain, created, tier, tier_since) "
        "VALUES (?,?,?,?,?,?,?,?) RETURNING id",
        (
            identity.public_id(tenant, kept.sha256),
            tenant,
            name,
            stored(one.server.organisation, 300),
            name if name and "." in name else None,
            now,
            9,
            now,
        ),
    )
    return int(row[0]) if row else 0


def _keep(fleet: Fleet, one: Assessment, kept: Packed, digest: str, server: int, now: int) -> int:
    outside = is_outside(one)
    of, _ = situation_of(None if outside else one, one if outside else None)
    span = broken(one)
    row = fleet.database.one(
        "INSERT INTO assessment (server_id, sha256, manifest, outside, received, evidence_end, level, tier, broken_from, "
        "broken_to, version, knowledge, findings, size, body) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) RETURNING id",
        (
            server,
            digest,
            stored(one.manifest_sha256, 64) or "",
            int(outside),
            now,
            seconds(one.verdict.evidence_end),
            one.verdict.level.value,
            place(of, Told(), queue_rules()).tier.number,
            span.earliest if span else None,
            span.latest if span else None,
            stored(one.run.version, 60) or "",
            stored(one.run.knowledge, 100) or "",
            len(one.findings),
            kept.size,
            kept.body,
        ),
    )
    number = int(row[0]) if row else 0
    fleet.database.many(
        "INSERT INTO finding (assessment_id, place, server_id, finding, rule, stage, strength, severity, campaign, kind, "
        "first_seen, last_seen, events, path, address) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (_finding(number, at, server, each) for at, each in enumerate(one.findings)),
    )
    return number


def _finding(assessment: int, at: int, server: int, of: Finding) -> tuple[str | int | None, ...]:
    path = next((of.fields[name] for name in _PATHS if name in of.fields), None)
    return (
        assessment,
        at,
        server,
        stored(of.id, 64),
        stored(of.rule.id, 100),
        of.stage.value,
        of.strength.value,
        of.severity.value,
        stored(of.campaign, 60),
        stored(of.kind, 60),
        seconds(of.first_seen),
        seconds(of.last_seen),
        of.count,
        stored(path, 300),
        stored(of.fields.get(_ADDRESS), 64),
    )
