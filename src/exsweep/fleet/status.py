"""What one server's assessments say together: written into its row, so that every list reads it and computes nothing.

Which assessment counts: of those of the same evidence the one judged last; none whose records end before the server was
cleaned; and of the rest the worst. So weaker evidence that comes later takes nothing back: only cleaning does.
"""

import hashlib

import msgspec

from exsweep.fleet.clock import DAY, seconds
from exsweep.fleet.history import cover, exposures
from exsweep.fleet.keys import link_keys
from exsweep.fleet.situation import Told, situation_of
from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored
from exsweep.fleet.tiers import place
from exsweep.knowledge.fleet import QueueRules, queue_rules
from exsweep.knowledge.sectors import OTHER, sector_named, sector_of
from exsweep.model import Assessment


def refresh(fleet: Fleet, server: int, now: int, fresh: dict[int, Assessment] | None = None) -> None:
    """Write the server's row anew from all that is kept of it. Belongs into a transaction.

    `fresh`: assessments by number that need not be read from the store again.
    """
    database = fleet.database
    chosen = {outside: _current(fleet, server, outside) for outside in (False, True)}
    loaded = {
        outside: (fresh or {}).get(number) or fleet.assessment(number)
        for outside, number in chosen.items()
        if number is not None
    }
    inside, outside = loaded.get(False), loaded.get(True)
    main = inside or outside
    if main is None:
        return
    rules = queue_rules()
    told, sector, region = _told(fleet, server, rules, main)
    of, decisions = situation_of(inside, outside)
    where = place(of, told, rules)
    mission = told.mission or "medium"
    old = database.one("SELECT tier, tier_since FROM server WHERE id = ?", (server,))
    # Waiting begins anew only when it became more urgent; less urgent news does not send anyone back.
    since = int(old[1]) if old and where.tier.number >= int(old[0]) else now
    first, last = cover(inside) if inside else (None, None)
    database.run(
        "UPDATE server SET level=?, confidence=?, tier=?, tier_since=?, score=?, place=?, why=?, bod=?, bod_for=?, ssvc=?, "
        "sector=?, region=COALESCE(region, ?), product=?, build=?, broken_from=?, broken_to=?, known_at=?, last_act=?, "
        "evidence_end=?, cover_from=?, cover_to=?, covered=?, inside_id=?, outside_id=? WHERE id=?",
        (
            of.level.value,
            main.verdict.confidence.value,
            where.tier.number,
            since,
            where.score.points,
            standing(where.score.points, since, rules),
            where.why,
            decisions.bod,
            decisions.bod_for,
            decisions.ssvc(mission),
            sector,
            region,
            stored(main.server.product, 100),
            stored(main.patch.build, 40),
            *_broken(fleet, server),
            of.last_act,
            seconds(main.verdict.evidence_end),
            first,
            last,
            int(of.covered),
            chosen[False],
            chosen[True],
            server,
        ),
    )
    _rows(fleet, server, [each for each in (inside, outside) if each is not None])


def standing(points: float, since: int, rules: QueueRules) -> float:
    """What a tier is sorted by: points, and one more for each day of waiting.

    All wait equally fast, so the order holds without being computed again: points now = standing + days since 1970.
    """
    return points - rules.points_per_day * since / DAY


def rules_in_use(fleet: Fleet, now: int) -> QueueRules:
    """The weights. When they are not those of the last time, that is logged and every server is placed anew."""
    rules = queue_rules()
    body = msgspec.json.encode(rules, order="sorted")
    digest = hashlib.sha256(body).hexdigest()
    last = fleet.setting("weights", "")
    if last != digest:
        with fleet.act("weights", digest[:12], time=now, detail="first" if not last else "changed"):
            fleet.database.run(
                "INSERT INTO weights (sha256, since, body) VALUES (?,?,?) ON CONFLICT DO NOTHING",
                (digest, now, body.decode()),
            )
            fleet.database.run("UPDATE setting SET value = ? WHERE name = 'weights'", (digest,))
            place_all(fleet, now)
    return rules


def place_all(fleet: Fleet, now: int) -> None:
    """Place every server anew, after a change of the weights."""
    for (server,) in fleet.database.run("SELECT id FROM server ORDER BY id"):
        refresh(fleet, int(server), now)


def _current(fleet: Fleet, server: int, outside: bool) -> int | None:
    row = fleet.database.one("SELECT cleaned_at FROM server WHERE id = ?", (server,))
    cleaned = int(row[0]) if row and row[0] is not None else None
    rows = fleet.database.run(
        "SELECT id, manifest, tier, evidence_end FROM assessment WHERE server_id = ? AND outside = ? "
        "ORDER BY received DESC, id DESC",
        (server, int(outside)),
    )
    last: dict[str, tuple[int, int, int]] = {}
    for number, manifest, tier, end in rows:
        last.setdefault(str(manifest) or f"#{number}", (int(tier), -int(end or 0), int(number)))
    if outside:
        row = min(last.values(), key=lambda each: (each[1], -each[2]), default=None)
        # What stood there before it was cleaned may be gone; a later look from inside knows better.
        return (
            row[2]
            if row and (cleaned is None or -row[1] > cleaned or not _seen_inside(fleet, server))
            else None
        )
    after = [each for each in last.values() if cleaned is None or -each[1] > cleaned]
    if not after and last:  # nothing since it was cleaned: the old judgement stands until somebody looks
        after = list(last.values())
    return min(after, key=lambda each: (each[0], each[1], -each[2]))[2] if after else None


def _seen_inside(fleet: Fleet, server: int) -> bool:
    return (
        fleet.database.number(
            "SELECT COUNT(*) FROM assessment WHERE server_id = ? AND outside = 0", (server,)
        )
        > 0
    )


def _broken(fleet: Fleet, server: int) -> tuple[int | None, int | None, int | None]:
    """(earliest, latest, known to us since) of the first break-in over all judgements that still stand."""
    rows = fleet.database.run(
        "SELECT manifest, id, broken_from, broken_to, received FROM assessment WHERE server_id = ? "
        "ORDER BY received DESC, id DESC",
        (server,),
    )
    standing_: dict[str, tuple[int | None, int | None]] = {}
    for manifest, number, earliest, latest, _ in rows:
        standing_.setdefault(str(manifest) or f"#{number}", (earliest, latest))
    spans = [(latest, earliest) for earliest, latest in standing_.values() if latest is not None]
    if not spans:
        return None, None, None
    latest, earliest = min(spans, key=lambda pair: pair[0])
    known = min(int(row[4]) for row in rows if row[3] is not None)
    return earliest, latest, known


def _told(fleet: Fleet, server: int, rules: QueueRules, main: Assessment) -> tuple[Told, str, str | None]:
    row = fleet.database.one(
        "SELECT mission, no_answer, no_staff, no_backup, domain, sector FROM server WHERE id = ?", (server,)
    )
    mission, *flags, domain, old = row or (None, None, None, None, None, OTHER)
    found = sector_of(str(domain or main.server.name or ""))
    sector = sector_named(main.server.sector) or (found.sector if found.sector != OTHER else str(old))
    answers = [None if flag is None else bool(flag) for flag in flags]
    told = Told(
        mission=mission or (rules.mission_of_sector.get(sector) if sector != OTHER else None),
        no_answer=answers[0],
        no_staff=answers[1],
        no_backup=answers[2],
    )
    return told, sector, found.region


def _rows(fleet: Fleet, server: int, of: list[Assessment]) -> None:
    database = fleet.database
    database.run("DELETE FROM link WHERE server_id = ?", (server,))
    keys = sorted({key for each in of for key in link_keys(each, fleet.secret)})
    if keys:
        database.many(
            "INSERT INTO link (server_id, kind, value) VALUES (?,?,?)",
            [(server, kind, value) for kind, value in keys],
        )
    database.run("DELETE FROM exposure WHERE server_id = ?", (server,))
    database.many(
        "INSERT INTO exposure (server_id, campaign, first_open, last_open, first_fixed) VALUES (?,?,?,?,?)",
        [
            (server, each.campaign, each.first_open, each.last_open, each.first_fixed)
            for each in exposures(of[0])
        ],
    )
