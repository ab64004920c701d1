"""Views: who did what, and how the service is."""

import shutil
from typing import Annotated

import msgspec
from msgspec import Meta

import exsweep
from exsweep.fleet import audit as log
from exsweep.fleet.audit import Entry
from exsweep.knowledge import version
from exsweep.web.ask import Ask
from exsweep.web.routes import Nothing, route


class AuditParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 100
    before: Annotated[int, Meta(ge=1)] | None = None
    """Rows before this one."""
    verify: bool = False
    """Read the whole log, and say whether it is whole."""


class AuditView(msgspec.Struct, frozen=True, kw_only=True):
    entries: tuple[Entry, ...]
    next: int | None
    """`before` of the next page."""
    verified: bool | None = None
    broken_at: int | None = None


class HealthView(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    knowledge: str
    jobs: dict[str, int]
    """State -> jobs."""
    oldest_waiting_s: int | None
    workers: int
    """Workers that hold a job now."""
    evidence_bytes: int
    disk_free: int
    disk_total: int


@route("GET", "/audit", may="audit.read")
def audit(ask: Ask, asked: AuditParams) -> AuditView:
    """The log, newest first."""
    rows = log.entries(ask.fleet.database, asked.limit + 1, before=asked.before)
    broken = log.broken_at(ask.fleet.database) if asked.verify else None
    return AuditView(
        entries=rows[: asked.limit],
        next=rows[asked.limit - 1].seq if len(rows) > asked.limit else None,
        verified=broken is None if asked.verify else None,
        broken_at=broken,
    )


@route("GET", "/health", may="system.read")
def health(ask: Ask, asked: Nothing) -> HealthView:
    """Queue, workers, room: counts over all tenants, without a name."""
    with ask.fleet.database.seeing(None):
        return _health(ask)


def _health(ask: Ask) -> HealthView:
    database = ask.fleet.database
    rows = database.run("SELECT state, COUNT(*) FROM job GROUP BY state ORDER BY state")
    oldest = database.one("SELECT MIN(created) FROM job WHERE state = 'waiting'")
    folder = ask.service.settings.folder
    folder.mkdir(parents=True, exist_ok=True)
    disk = shutil.disk_usage(folder)
    return HealthView(
        version=exsweep.__version__,
        knowledge=version(),
        jobs={str(state): int(count) for state, count in rows},
        oldest_waiting_s=ask.now - int(oldest[0]) if oldest and oldest[0] is not None else None,
        workers=database.number("SELECT COUNT(DISTINCT worker) FROM job WHERE state = 'running'"),
        evidence_bytes=database.number(
            "SELECT COALESCE(SUM(u.done), 0) FROM upload u JOIN sending s ON s.id = u.sending_id WHERE s.state <> 'deleted'"
        ),
        disk_free=disk.free,
        disk_total=disk.total,
    )
