"""One server: where it stands and why, with the parts of its score, and everything that is kept of it."""

from datetime import datetime

import msgspec

from exsweep.fleet.clock import moment
from exsweep.fleet.situation import Situation, Told, situation_of
from exsweep.fleet.store import Fleet
from exsweep.fleet.tiers import Score, place
from exsweep.knowledge.fleet import Weights, queue_rules


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One kept assessment."""

    number: int
    received: datetime | None
    from_outside: bool
    level: str
    knowledge: str
    findings: int
    counts: bool
    """The server's place rests on it."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one server. Names and headline are hostile text."""

    server: str
    name: str | None
    organisation: str | None
    sector: str
    tier: str
    why: str
    score: Score
    weights: Weights
    situation: Situation
    """What tier and sentence were made from."""
    told: Told
    level: str
    confidence: str | None
    headline: str
    bod: str | None
    bod_for: str | None
    ssvc: str | None
    build: str | None
    broken_from: datetime | None
    broken_to: datetime | None
    known: datetime | None
    cleaned: datetime | None
    contact_state: str
    clusters: tuple[str, ...]
    assessments: tuple[Kept, ...]


def show(fleet: Fleet, server: int) -> Shown:
    """Look one server up; the place is computed anew from what is kept, by the function that wrote the queue."""
    names = (
        "public_id, name, organisation, sector, level, confidence, bod, bod_for, ssvc, build, broken_from, broken_to, "
        "known_at, cleaned_at, contact_state, inside_id, outside_id, mission, no_answer, no_staff, no_backup"
    )
    found = fleet.database.one(f"SELECT {names} FROM server WHERE id = ?", (server,))
    row = dict(zip(names.split(", "), found or (), strict=True))
    inside = fleet.assessment(row["inside_id"]) if row["inside_id"] else None
    outside = fleet.assessment(row["outside_id"]) if row["outside_id"] else None
    main = inside or outside
    rules = queue_rules()
    mission = row["mission"] or (
        rules.mission_of_sector.get(row["sector"]) if row["sector"] != "other" else None
    )
    flags = [
        None if row[name] is None else bool(row[name]) for name in ("no_answer", "no_staff", "no_backup")
    ]
    told = Told(mission=mission, no_answer=flags[0], no_staff=flags[1], no_backup=flags[2])
    of, _ = situation_of(inside, outside)
    where = place(of, told, rules)
    return Shown(
        server=row["public_id"],
        name=row["name"],
        organisation=row["organisation"],
        sector=row["sector"],
        tier=where.tier.value,
        why=where.why,
        score=where.score,
        weights=rules.weights,
        situation=of,
        told=told,
        level=row["level"],
        confidence=row["confidence"],
        headline=main.verdict.headline if main else "",
        bod=row["bod"],
        bod_for=row["bod_for"],
        ssvc=row["ssvc"],
        build=row["build"],
        broken_from=moment(row["broken_from"]),
        broken_to=moment(row["broken_to"]),
        known=moment(row["known_at"]),
        cleaned=moment(row["cleaned_at"]),
        contact_state=row["contact_state"],
        clusters=tuple(
            str(name)
            for (name,) in fleet.database.run(
                "SELECT c.public_id FROM cluster c JOIN cluster_server m ON m.cluster_id = c.id WHERE m.server_id = ? "
                "ORDER BY c.id",
                (server,),
            )
        ),
        assessments=tuple(
            Kept(
                number=int(number),
                received=moment(received),
                from_outside=bool(from_outside),
                level=level,
                knowledge=knowledge,
                findings=int(findings),
                counts=number in (row["inside_id"], row["outside_id"]),
            )
            for number, received, from_outside, level, knowledge, findings in fleet.database.run(
                "SELECT id, received, outside, level, knowledge, findings FROM assessment WHERE server_id = ? "
                "ORDER BY received DESC, id DESC",
                (server,),
            )
        ),
    )
