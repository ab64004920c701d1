"""Views: sending evidence in parts, and having it read."""

from typing import Annotated

import msgspec
from msgspec import Meta

from exsweep.errors import UsageError
from exsweep.fleet import reach
from exsweep.web import evidence, jobs
from exsweep.web.answers import Download
from exsweep.web.ask import Ask
from exsweep.web.evidence import LARGEST, Sending, Upload
from exsweep.web.ids import SendingId, ServerId, UploadId
from exsweep.web.jobs import Job
from exsweep.web.problem import Problem, not_found
from exsweep.web.routes import route, url

Hash = Annotated[str, Meta(pattern="^[0-9a-fA-F]{64}$")]


class NewSending(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str | None = None
    organisation: str | None = None
    sector: str | None = None
    tenant: str | None = None
    """Whose it is; needed only by those who act for several."""
    server: ServerId | None = None
    """New evidence of a server that is known."""


class OneSending(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sending: SendingId


class NewFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sending: SendingId
    name: Annotated[str, Meta(min_length=1, max_length=4_096)]
    size: Annotated[int, Meta(ge=0, le=LARGEST)]


class OneUpload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    upload: UploadId


class Chunk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    upload: UploadId
    offset: Annotated[int, Meta(ge=0, le=LARGEST)]


class Finish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    upload: UploadId
    sha256: Hash | None = None
    """Of the whole file."""
    chunks_sha256: Hash | None = None
    """Over the digests of the chunks, in order: what a browser can compute."""


class Delete(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sending: SendingId
    dry_run: bool = False
    """Only say what would be deleted."""


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    sending: str
    files: int
    bytes: int
    dry_run: bool


def tenants_of(ask: Ask, action: str) -> tuple[str, ...]:
    """Names of the tenants for which the viewer may do something, sorted; none where he may for all."""
    if not ask.may(action) or (within := ask.within(action)) is None:
        return ()
    ours, values = reach.within(within, "id")
    rows = ask.fleet.database.run(f"SELECT name FROM tenant WHERE {ours} ORDER BY name", values)
    return tuple(str(name) for (name,) in rows)


def tenant_for(ask: Ask, name: str | None) -> int:
    """The tenant that new things belong to: the one named, or the only one the viewer acts for.

    Raises:
        UsageError: he acts for several and named none.
        Problem: not his.
    """
    within = ask.within(ask.route.may)
    if within is None:
        return ask.fleet.tenant(name or "")
    if name is not None:
        row = ask.fleet.database.one("SELECT id FROM tenant WHERE name = ?", (name,))
        if row is None or int(row[0]) not in within:
            raise not_found()
        return int(row[0])
    if len(within) != 1:
        raise UsageError("You act for more than one group.", tip="Say for which one (`tenant`).")
    return within[0]


@route("POST", "/sendings", may="case.upload", html=False, rate="sending")
def sending_new(ask: Ask, asked: NewSending) -> Sending:
    """Begin: then announce files, send their parts, and have it read."""
    server, tenant = None, None
    if asked.server is not None:
        server = ask.server(asked.server)
        tenant = ask.fleet.database.number("SELECT tenant_id FROM server WHERE id = ?", (server,))
    public_id = evidence.create(
        ask.fleet,
        tenant=tenant or tenant_for(ask, asked.tenant),
        who=ask.who,
        now=ask.now,
        name=asked.name,
        organisation=asked.organisation,
        sector=asked.sector,
        server=server,
    )
    return evidence.sending(ask.fleet, public_id)


@route("GET", "/sendings/{sending}", may="case.upload")
def sending(ask: Ask, asked: OneSending) -> Sending:
    """What was sent so far."""
    return evidence.sending(ask.fleet, asked.sending)


@route("POST", "/sendings/{sending}/files", may="case.upload", html=False, rate="sending")
def upload_new(ask: Ask, asked: NewFile) -> Upload:
    """Announce a file by name and size; announced again, it is the same upload and says where to go on."""
    settings = ask.service.settings
    return evidence.add_file(
        ask.fleet,
        settings.folder,
        asked.sending,
        asked.name,
        asked.size,
        quota=settings.quota_bytes,
        now=ask.now,
    )


@route("GET", "/uploads/{upload}", may="case.upload", html=False, rate="sending")
def upload(ask: Ask, asked: OneUpload) -> Upload:
    """Where an upload stands."""
    return evidence.upload(ask.fleet, asked.upload)


@route(
    "PATCH", "/uploads/{upload}", may="case.upload", html=False, takes_bytes=evidence.CHUNK, rate="sending"
)
def upload_part(ask: Ask, asked: Chunk) -> Upload:
    """Send the part that begins at `offset`; its SHA-256 stands in the header `X-Chunk-SHA256`."""
    sha256 = ask.headers.get("x-chunk-sha256", "")
    if not ask.body:
        raise Problem(422, "The part is empty.", tip="Send at least one byte.")
    return evidence.write_chunk(
        ask.fleet, ask.service.settings.folder, asked.upload, asked.offset, ask.body, sha256
    )


@route("GET", "/uploads/{upload}/file", may="case.download", rate="heavy")
def upload_file(ask: Ask, asked: OneUpload) -> Download:
    """The file as it was sent: hostile bytes, never shown as a page."""
    there = evidence.upload(ask.fleet, asked.upload)
    number = ask.fleet.database.number("SELECT id FROM upload WHERE public_id = ?", (asked.upload,))
    kept = evidence.kept(ask.fleet, ask.service.settings.folder, number)
    if kept is None:
        raise not_found()
    return Download(file_name=there.name.replace("\\", "/").rpartition("/")[2], path=kept)


@route("POST", "/uploads/{upload}/finish", may="case.upload", html=False, rate="sending")
def upload_finish(ask: Ask, asked: Finish) -> Upload:
    """All parts are here: compare the hash of the whole, and keep it."""
    if not (asked.sha256 or asked.chunks_sha256):
        raise Problem(422, "The hash is missing.", tip="Give sha256, or chunks_sha256.")
    return evidence.finish(
        ask.fleet,
        ask.service.settings.folder,
        asked.upload,
        who=ask.who,
        sha256=asked.sha256,
        chunks_sha256=asked.chunks_sha256,
    )


@route(
    "POST",
    "/sendings/{sending}/read",
    may="case.upload",
    then=lambda of: url("job", job=of.job),
    rate="heavy",
)
def sending_read(ask: Ask, asked: OneSending) -> Job:
    """Everything is here: read and judge it. Asked twice, it is the same job."""
    return start_reading(ask, asked.sending)


def start_reading(ask: Ask, public_id: str) -> Job:
    """Queue the job of a sending.

    Raises:
        Problem: files are missing, or none came.
    """
    there = evidence.sending(ask.fleet, public_id)
    missing = [each for each in there.files if each.state != "received"]
    if missing or not there.files:
        what = f"{len(missing)} files are not whole yet." if there.files else "No file was sent."
        raise Problem(409, what, tip="Send what is missing, then have it read.")
    if there.state == "deleted":
        raise Problem(409, "This was deleted.", tip="Send it again.")
    row = ask.fleet.database.one("SELECT id, tenant_id FROM sending WHERE public_id = ?", (public_id,))
    number, tenant = row or (0, 0)
    made = jobs.create(
        ask.fleet, kind="triage", tenant=int(tenant), sending=int(number), who=ask.who, now=ask.now
    )
    return jobs.job(ask.fleet, made)


@route(
    "POST",
    "/sendings/{sending}/delete",
    may="case.delete",
    then=lambda of: url("sending", sending=of.sending),
)
def sending_delete(ask: Ask, asked: Delete) -> Deleted:
    """Delete the evidence of a sending; what was found out and the custody log stay."""
    there = evidence.sending(ask.fleet, asked.sending)
    if there.job and not jobs.job(ask.fleet, there.job).over:
        raise Problem(409, "It is being read.", tip="Stop the job first.")
    if not asked.dry_run:
        evidence.forget(ask.fleet, ask.service.settings.folder, asked.sending, now=ask.now)
    return Deleted(sending=asked.sending, files=len(there.files), bytes=there.bytes, dry_run=asked.dry_run)
