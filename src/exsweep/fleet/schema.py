"""Tables of the store, as steps from one version to the next; a step that was published is never changed.

Times are seconds since 1970 UTC. Words in braces are spelt by the dialect.
"""

from collections.abc import Callable

from exsweep.errors import StoreError
from exsweep.fleet.dialect import Database
from exsweep.fleet.schema_lists import lists
from exsweep.fleet.schema_walls import walls, walls_of_hunts
from exsweep.fleet.schema_web import ACCESS, INTERRUPTED, TOLD, WEB

_FIRST = """
CREATE TABLE tenant (id {id}, name TEXT NOT NULL UNIQUE);
CREATE TABLE server (
  id {id}, public_id TEXT NOT NULL UNIQUE, tenant_id BIGINT NOT NULL REFERENCES tenant(id),
  name TEXT, organisation TEXT, domain TEXT, sector TEXT NOT NULL DEFAULT 'other', region TEXT, product TEXT, build TEXT,
  created BIGINT NOT NULL, known_at BIGINT, cleaned_at BIGINT,
  level TEXT NOT NULL DEFAULT 'cannot_tell', confidence TEXT, tier BIGINT NOT NULL DEFAULT 5, tier_since BIGINT NOT NULL,
  score {real} NOT NULL DEFAULT 0, place {real} NOT NULL DEFAULT 0, why TEXT NOT NULL DEFAULT '',
  bod TEXT, bod_for TEXT, ssvc TEXT, mission TEXT, no_answer BIGINT, no_staff BIGINT, no_backup BIGINT,
  contact_state TEXT NOT NULL DEFAULT 'not_told',
  broken_from BIGINT, broken_to BIGINT, last_act BIGINT, evidence_end BIGINT, cover_from BIGINT, cover_to BIGINT,
  covered BIGINT NOT NULL DEFAULT 0, inside_id BIGINT, outside_id BIGINT
);
CREATE INDEX server_queue ON server (tier, place DESC, id);
CREATE INDEX server_bands ON server (tier, level, covered);
CREATE INDEX server_sector ON server (sector, level);
CREATE INDEX server_broken ON server (broken_to);
CREATE TABLE server_key (
  tenant_id BIGINT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, server_id BIGINT NOT NULL REFERENCES server(id),
  PRIMARY KEY (tenant_id, kind, value, server_id)
);
CREATE INDEX server_key_server ON server_key (server_id);
CREATE TABLE question (
  id {id}, one_id BIGINT NOT NULL REFERENCES server(id), other_id BIGINT NOT NULL REFERENCES server(id),
  reason TEXT NOT NULL, asked BIGINT NOT NULL, answer TEXT, UNIQUE (one_id, other_id)
);
CREATE TABLE assessment (
  id {id}, server_id BIGINT NOT NULL REFERENCES server(id), sha256 TEXT NOT NULL UNIQUE, manifest TEXT NOT NULL,
  outside BIGINT NOT NULL, received BIGINT NOT NULL, evidence_end BIGINT, level TEXT NOT NULL, tier BIGINT NOT NULL,
  broken_from BIGINT, broken_to BIGINT,
  version TEXT NOT NULL, knowledge TEXT NOT NULL, findings BIGINT NOT NULL, size BIGINT NOT NULL, body {blob} NOT NULL
);
CREATE INDEX assessment_server ON assessment (server_id, received);
CREATE TABLE finding (
  assessment_id BIGINT NOT NULL REFERENCES assessment(id), place BIGINT NOT NULL, server_id BIGINT NOT NULL,
  finding TEXT NOT NULL, rule TEXT NOT NULL, stage TEXT NOT NULL, strength TEXT NOT NULL, severity TEXT NOT NULL,
  campaign TEXT, kind TEXT NOT NULL, first_seen BIGINT, last_seen BIGINT, events BIGINT NOT NULL,
  path TEXT, address TEXT, PRIMARY KEY (assessment_id, place)
) {packed};
CREATE TABLE rule_day (
  rule TEXT NOT NULL, day BIGINT NOT NULL, findings BIGINT NOT NULL, PRIMARY KEY (rule, day)
) {packed};
CREATE TABLE link (
  server_id BIGINT NOT NULL REFERENCES server(id), kind TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (server_id, kind, value)
) {packed};
CREATE INDEX link_value ON link (kind, value, server_id);
CREATE TABLE cluster (
  id {id}, public_id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, servers BIGINT NOT NULL, computed BIGINT NOT NULL
);
CREATE TABLE cluster_server (
  cluster_id BIGINT NOT NULL REFERENCES cluster(id), server_id BIGINT NOT NULL REFERENCES server(id),
  PRIMARY KEY (cluster_id, server_id)
) {packed};
CREATE INDEX cluster_server_server ON cluster_server (server_id);
CREATE TABLE cluster_key (
  cluster_id BIGINT NOT NULL REFERENCES cluster(id), place BIGINT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
  servers BIGINT NOT NULL, elsewhere BIGINT NOT NULL, weight {real} NOT NULL, PRIMARY KEY (cluster_id, place)
) {packed};
CREATE TABLE exposure (
  server_id BIGINT NOT NULL REFERENCES server(id), campaign TEXT NOT NULL, first_open BIGINT, last_open BIGINT,
  first_fixed BIGINT, PRIMARY KEY (server_id, campaign)
) {packed};
CREATE TABLE contact (
  id {id}, server_id BIGINT NOT NULL REFERENCES server(id), name TEXT NOT NULL, role TEXT, channel TEXT NOT NULL,
  address TEXT NOT NULL, UNIQUE (server_id, channel, address)
);
CREATE TABLE notice (
  id {id}, server_id BIGINT NOT NULL REFERENCES server(id), assessment_id BIGINT, state TEXT NOT NULL,
  drafted BIGINT NOT NULL, changed BIGINT NOT NULL, plain TEXT NOT NULL, technical TEXT NOT NULL, channels TEXT NOT NULL
);
CREATE INDEX notice_server ON notice (server_id, id);
CREATE TABLE pin (
  id {id}, server_id BIGINT NOT NULL REFERENCES server(id), who TEXT NOT NULL, reason TEXT NOT NULL,
  made BIGINT NOT NULL, until BIGINT NOT NULL
);
CREATE INDEX pin_until ON pin (until);
CREATE TABLE recheck (
  server_id BIGINT NOT NULL REFERENCES server(id), due BIGINT NOT NULL, done_by BIGINT, PRIMARY KEY (server_id, due)
) {packed};
CREATE INDEX recheck_due ON recheck (due);
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE weights (sha256 TEXT PRIMARY KEY, since BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE audit (
  seq BIGINT PRIMARY KEY, time BIGINT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, object TEXT NOT NULL,
  detail TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL UNIQUE
);
"""


def _first(database: Database) -> str:
    return _FIRST.format(**database.types, packed=_packed(database)) + database.append_only("audit")


_EVENTS = """
CREATE TABLE event_set (
  id {id}, server_id BIGINT NOT NULL REFERENCES server(id), sha256 TEXT NOT NULL, assessment_id BIGINT, folder TEXT NOT NULL,
  received BIGINT NOT NULL, first_seen BIGINT, last_seen BIGINT, events BIGINT NOT NULL, size BIGINT NOT NULL,
  removed BIGINT, reason TEXT NOT NULL DEFAULT '', UNIQUE (server_id, sha256)
);
CREATE TABLE event_file (
  set_id BIGINT NOT NULL REFERENCES event_set(id), place BIGINT NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL,
  kind TEXT NOT NULL, natives TEXT NOT NULL, events BIGINT NOT NULL, size BIGINT NOT NULL, first_seen BIGINT,
  last_seen BIGINT, PRIMARY KEY (set_id, place)
) {packed};
CREATE TABLE hunt (
  id {id}, public_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, who TEXT NOT NULL, made BIGINT NOT NULL,
  asked TEXT NOT NULL, scope TEXT NOT NULL, may TEXT NOT NULL, watch BIGINT NOT NULL, removed BIGINT
);
CREATE TABLE hunt_run (
  id {id}, public_id TEXT NOT NULL UNIQUE, hunt_id BIGINT REFERENCES hunt(id), who TEXT NOT NULL, started BIGINT NOT NULL,
  ended BIGINT, state TEXT NOT NULL, asked TEXT NOT NULL, scope TEXT NOT NULL, may TEXT NOT NULL, engine TEXT NOT NULL,
  problems TEXT NOT NULL DEFAULT '[]', events BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX hunt_run_hunt ON hunt_run (hunt_id, id);
CREATE TABLE hunt_server (
  run_id BIGINT NOT NULL REFERENCES hunt_run(id), server_id BIGINT NOT NULL REFERENCES server(id), state TEXT NOT NULL,
  why TEXT NOT NULL DEFAULT '', PRIMARY KEY (run_id, server_id)
) {packed};
CREATE INDEX hunt_server_state ON hunt_server (run_id, state);
CREATE TABLE hunt_hit (
  run_id BIGINT NOT NULL REFERENCES hunt_run(id), server_id BIGINT NOT NULL REFERENCES server(id), rule TEXT NOT NULL,
  title TEXT NOT NULL, first_seen BIGINT, last_seen BIGINT, events BIGINT NOT NULL, kinds TEXT NOT NULL,
  samples TEXT NOT NULL, fresh BIGINT NOT NULL, PRIMARY KEY (run_id, server_id, rule)
) {packed};
"""


def _web(database: Database) -> str:
    return WEB.format(**database.types, packed=_packed(database))


def _told(database: Database) -> str:
    return TOLD.format(packed=_packed(database))


def _access(database: Database) -> str:
    return ACCESS.format(**database.types)


def _packed(database: Database) -> str:
    return "WITHOUT ROWID" if database.types["id"].startswith("INTEGER") else ""


def _events(database: Database) -> str:
    return _EVENTS.format(**database.types, packed=_packed(database))


STEPS: tuple[Callable[[Database], str], ...] = (
    _first,
    _events,
    _web,
    lists,
    walls,
    _access,
    walls_of_hunts,
    _told,
    lambda _: INTERRUPTED,
)
"""Step n leads from version n to n + 1."""


def migrate(database: Database) -> None:
    """Bring the store to the version of this program; nothing happens when it is there.

    Raises:
        StoreError: the store was written by a newer program.
    """
    version = _version(database)
    if version > len(STEPS):
        raise StoreError(
            f"This store has version {version}; this exsweep knows versions up to {len(STEPS)}.",
            tip="Update exsweep. The store was not changed.",
        )
    if version == len(STEPS):
        return
    if not database.may_build():
        raise StoreError(
            f"This store has version {version}, and this user of the database may not bring it to {len(STEPS)}.",
            tip="Open it once as its owner: exsweep fleet --store postgresql://OWNER@... queue",
        )
    with database.transaction():
        database.run("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)")
        done = database.number(
            "SELECT MAX(version) FROM schema_version"
        )  # another program may have been quicker
        for number, step in enumerate(STEPS[done:], start=done + 1):
            database.script(step(database))
            database.run("INSERT INTO schema_version VALUES (?)", (number,))


def _version(database: Database) -> int:
    return (
        database.number("SELECT MAX(version) FROM schema_version")
        if database.has_table("schema_version")
        else 0
    )
