"""Evidence that is sent: in chunks, each with its hash; kept under the hash of the whole; nothing counts until it matches.

Layout below the service's folder: `uploads/<upl>.part` while it comes, then `evidence/tenant-<n>/<aa>/<sha256>` (read-only), and
`sendings/<snd>/custody.jsonl`, the log of what came from whom.
"""

import hashlib
import os
import secrets
import shutil
import threading
from contextlib import suppress
from pathlib import Path

import msgspec

from exsweep.assess.custody import NAME as LOG_NAME
from exsweep.assess.custody import CustodyLog, Entry, entries
from exsweep.errors import EvidenceError, StoreError
from exsweep.fleet.reach import within
from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored
from exsweep.web.problem import Problem

CHUNK = 8 << 20
LARGEST = 4 << 40
_BLOCK = 1 << 20
_MOST_FILES = 200_000
_FREE_SHARE, _FREE_BYTES = 0.15, 20 << 30
"""What evidence never takes of the disk, whichever is less: running jobs need it."""
_locks: dict[str, threading.Lock] = {}
_locks_lock = threading.Lock()


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """One file. The name is hostile text."""

    upload: str
    name: str
    size: int
    """-1: not known before its end."""
    offset: int
    """Bytes that are safely here; the next chunk begins there."""
    state: str
    """open | received."""
    sha256: str | None = None
    chunk_bytes: int = CHUNK


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """All files of one drop."""

    sending: str
    state: str
    """open | reading | deleted."""
    name: str | None
    organisation: str | None
    sector: str | None
    files: tuple[Upload, ...]
    bytes: int
    job: str | None = None


def new_id(kind: str) -> str:
    """`upl_` and twelve random hex digits: ids of what is sent cannot be guessed."""
    return f"{kind}_{secrets.token_hex(6)}"


def create(
    fleet: Fleet,
    *,
    tenant: int,
    who: str,
    now: int,
    name: str | None = None,
    organisation: str | None = None,
    sector: str | None = None,
    server: int | None = None,
) -> str:
    """Begin a sending; returns its id."""
    public_id = new_id("snd")
    with fleet.act("sending", public_id, time=now):
        fleet.database.run(
            "INSERT INTO sending (public_id, tenant_id, who, server_id, name, organisation, sector, state, created) "
            "VALUES (?,?,?,?,?,?,?,'open',?)",
            (
                public_id,
                tenant,
                stored(who, 300),
                server,
                stored(name, 300) or None,
                stored(organisation, 300) or None,
                stored(sector, 100) or None,
                now,
            ),
        )
    return public_id


def add_file(
    fleet: Fleet, folder: Path, sending: str, name: str, size: int, *, quota: int, now: int
) -> Upload:
    """Announce a file. The same name and size again gives the same upload, so that a page loaded anew goes on.

    Raises:
        Problem: the sending is closed, or there is no room.
    """
    database = fleet.database
    kept = stored(name, 4_000) or "file"
    row = database.one("SELECT id, tenant_id, state FROM sending WHERE public_id = ?", (sending,))
    number, tenant, state = row or (0, 0, "deleted")
    if state != "open":
        raise Problem(409, "This is being read already.", tip="Begin a new one for further files.")
    again = database.one(
        "SELECT public_id FROM upload WHERE sending_id = ? AND name = ? AND size = ?", (number, kept, size)
    )
    if again is not None and size >= 0:
        return upload(fleet, str(again[0]))
    _room(fleet, folder, int(tenant), max(size, 0), quota)
    if database.number("SELECT COUNT(*) FROM upload WHERE sending_id = ?", (number,)) >= _MOST_FILES:
        raise Problem(
            413, f"More than {_MOST_FILES:,} files.", tip="Pack them into an archive and send that."
        )
    public_id = new_id("upl")
    with database.transaction():
        database.run(
            "INSERT INTO upload (public_id, sending_id, name, size, done, state, created) VALUES (?,?,?,?,0,'open',?)",
            (public_id, number, kept, size, now),
        )
    return upload(fleet, public_id)


def _room(fleet: Fleet, folder: Path, tenant: int, size: int, quota: int) -> None:
    used = fleet.database.number(
        "SELECT COALESCE(SUM(CASE WHEN u.size > u.done THEN u.size ELSE u.done END), 0) FROM upload u "
        "JOIN sending s ON s.id = u.sending_id WHERE s.tenant_id = ? AND s.state <> 'deleted'",
        (tenant,),
    )
    if used + size > quota:
        raise Problem(
            413,
            "There is no room left for you here.",
            tip="Delete what you need no more, or ask your operator.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    disk = shutil.disk_usage(folder)
    if disk.free - size < min(disk.total * _FREE_SHARE, _FREE_BYTES):
        raise Problem(
            507,
            "The disk of this service is nearly full.",
            tip="Nothing is lost. Free space or choose another --data folder, then go on.",
            headers={"Retry-After": "600"},
        )


def upload(fleet: Fleet, public_id: str) -> Upload:
    """Where an upload stands; the id has passed the check."""
    row = fleet.database.one(
        "SELECT name, size, done, state, sha256 FROM upload WHERE public_id = ?", (public_id,)
    )
    name, size, done, state, sha256 = row or ("", 0, 0, "open", None)
    return Upload(upload=public_id, name=name, size=int(size), offset=int(done), state=state, sha256=sha256)


def sending(fleet: Fleet, public_id: str) -> Sending:
    """A sending with its files; the id has passed the check."""
    row = fleet.database.one(
        "SELECT id, state, name, organisation, sector FROM sending WHERE public_id = ?", (public_id,)
    )
    number, state, name, organisation, sector = row or (0, "deleted", None, None, None)
    files = tuple(
        Upload(upload=each, name=called, size=int(size), offset=int(done), state=how, sha256=sha256)
        for each, called, size, done, how, sha256 in fleet.database.run(
            "SELECT public_id, name, size, done, state, sha256 FROM upload WHERE sending_id = ? ORDER BY id",
            (number,),
        )
    )
    job = fleet.database.one(
        "SELECT public_id FROM job WHERE sending_id = ? ORDER BY id DESC LIMIT 1", (number,)
    )
    return Sending(
        sending=public_id,
        state=state,
        name=name,
        organisation=organisation,
        sector=sector,
        files=files,
        bytes=sum(each.offset for each in files),
        job=str(job[0]) if job else None,
    )


def write_chunk(fleet: Fleet, folder: Path, public_id: str, offset: int, data: bytes, sha256: str) -> Upload:
    """Take one chunk. On disk first, then in the store: after a kill the store says less than the disk, never more.

    Raises:
        Problem: 422 for bytes that are not what their hash says; 409 for a chunk from elsewhere in the file.
    """
    if hashlib.sha256(data).hexdigest() != sha256.lower():
        raise Problem(422, "This part came damaged.", tip="Send it again.")
    with _lock(public_id):
        there = upload(fleet, public_id)
        if there.state != "open" or offset != there.offset:
            known = fleet.database.one(
                "SELECT c.sha256 FROM upload_chunk c JOIN upload u ON u.id = c.upload_id "
                "WHERE u.public_id = ? AND c.start = ? AND c.size = ?",
                (public_id, offset, len(data)),
            )
            if known and known[0] == sha256.lower():
                return there  # sent twice: it is here already
            raise Problem(
                409,
                f"The next part begins at byte {there.offset:,}, not at {offset:,}.",
                tip="Ask where it stands, and go on from there.",
                headers={"Upload-Offset": str(there.offset)},
            )
        if there.size >= 0 and offset + len(data) > there.size:
            raise Problem(413, "This is more than was announced.", tip="Send the file anew.")
        _write(_part(folder, public_id), offset, data)
        with fleet.database.transaction():
            number = fleet.database.number("SELECT id FROM upload WHERE public_id = ?", (public_id,))
            fleet.database.run(
                "INSERT INTO upload_chunk (upload_id, start, size, sha256) VALUES (?,?,?,?)",
                (number, offset, len(data), sha256.lower()),
            )
            fleet.database.run("UPDATE upload SET done = ? WHERE id = ?", (offset + len(data), number))
        return upload(fleet, public_id)


def _write(path: Path, offset: int, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(handle, "r+b") as file:
            file.truncate(offset)
            file.seek(offset)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(f"Cannot write {path}: {error.strerror}.", tip="Free space there.") from error


def finish(
    fleet: Fleet,
    folder: Path,
    public_id: str,
    *,
    who: str,
    sha256: str | None = None,
    chunks_sha256: str | None = None,
) -> Upload:
    """Read the file once whole, compare every hash, and keep it under its own. Done twice, it is done once.

    Raises:
        Problem: 409 where something is missing or differs; what differs is to be sent again from the offset it names.
    """
    with _lock(public_id):
        there = upload(fleet, public_id)
        if there.state == "received":
            return there
        if there.size >= 0 and there.offset != there.size:
            raise _go_on(there.offset, "The file is not whole yet.")
        number = fleet.database.number("SELECT id FROM upload WHERE public_id = ?", (public_id,))
        chunks = fleet.database.run(
            "SELECT start, size, sha256 FROM upload_chunk WHERE upload_id = ? ORDER BY start", (number,)
        )
        part = _part(folder, public_id)
        tenant = _tenant_of(fleet, number)
        if there.sha256 and not part.exists() and blob(folder, tenant, there.sha256).exists():
            # Killed between keeping and noting; the log may have its line already.
            return _received(fleet, folder, number, there, there.sha256, who, again=True)
        if not chunks:
            _write(part, 0, b"")
        whole, digests, bad = _hashes(part, [(int(a), int(b), str(c)) for a, b, c in chunks])
        if bad is not None:
            with fleet.database.transaction():
                fleet.database.run(
                    "DELETE FROM upload_chunk WHERE upload_id = ? AND start >= ?", (number, bad)
                )
                fleet.database.run("UPDATE upload SET done = ? WHERE id = ?", (bad, number))
            raise _go_on(bad, "A part was damaged on the disk of this service.")
        if (sha256 and sha256.lower() != whole) or (chunks_sha256 and chunks_sha256.lower() != digests):
            with fleet.database.transaction():
                fleet.database.run("DELETE FROM upload_chunk WHERE upload_id = ?", (number,))
                fleet.database.run("UPDATE upload SET done = 0 WHERE id = ?", (number,))
            raise _go_on(0, "What came is not the file that was meant.")
        with fleet.database.transaction():
            fleet.database.run("UPDATE upload SET sha256 = ? WHERE id = ?", (whole, number))
        _keep(part, blob(folder, tenant, whole))
        return _received(fleet, folder, number, there, whole, who)


def _received(
    fleet: Fleet, folder: Path, number: int, there: Upload, sha256: str, who: str, *, again: bool = False
) -> Upload:
    row = fleet.database.one(
        "SELECT s.public_id FROM sending s JOIN upload u ON u.sending_id = s.id WHERE u.id = ?", (number,)
    )
    sending = str(row[0] if row else "")
    home = folder / "sendings" / sending
    with _lock(sending):  # the chain of the log has one end
        home.mkdir(parents=True, exist_ok=True)
        log = CustodyLog(home)
        if not (again and _logged(home, there.name, sha256)):
            log.add("received", path=there.name, sha256=sha256, detail=f"{there.offset} bytes from {who}")
    with fleet.database.transaction():
        fleet.database.run(
            "UPDATE upload SET state = 'received', size = ? WHERE id = ?", (there.offset, number)
        )
    return upload(fleet, there.upload)


def _logged(home: Path, name: str, sha256: str) -> bool:
    """The log of the sending says already that this file came."""
    try:
        return any(
            isinstance(each, Entry) and (each.path, each.sha256) == (name, sha256)
            for each in entries(home / LOG_NAME)
        )
    except EvidenceError:
        return False  # no log yet


def _hashes(part: Path, chunks: list[tuple[int, int, str]]) -> tuple[str, str, int | None]:
    """(SHA-256 of the file, SHA-256 over the digests of its chunks, start of the first chunk that differs)."""
    whole, digests = hashlib.sha256(), hashlib.sha256()
    try:
        with part.open("rb") as file:
            for start, size, expected in chunks:
                one, left = hashlib.sha256(), size
                while left and (block := file.read(min(_BLOCK, left))):
                    one.update(block)
                    whole.update(block)
                    left -= len(block)
                if left or one.hexdigest() != expected:
                    return "", "", start
                digests.update(one.digest())
    except FileNotFoundError:
        return "", "", 0
    except OSError as error:
        raise StoreError(f"Cannot read {part}: {error.strerror}.") from error
    return whole.hexdigest(), digests.hexdigest(), None


def _keep(part: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            part.unlink()
            return
        part.chmod(0o400)
        part.replace(target)
    except OSError as error:
        raise StoreError(
            f"Cannot keep {target}: {error.strerror}.", tip="Look at the --data folder."
        ) from error


def forget(fleet: Fleet, folder: Path, public_id: str, *, now: int) -> int:
    """Delete the evidence of a sending; returns the bytes. Its custody log and what was found out stay."""
    files = sending(fleet, public_id).files
    tenant = fleet.database.number("SELECT tenant_id FROM sending WHERE public_id = ?", (public_id,))
    with fleet.act("evidence deleted", public_id, time=now, detail=f"{len(files)} files"):
        fleet.database.run("UPDATE sending SET state = 'deleted' WHERE public_id = ?", (public_id,))
    for each in files:
        with suppress(FileNotFoundError):
            _part(folder, each.upload).unlink()
        if each.sha256 and not _still(fleet, each.sha256, tenant):
            _unlink(_own(folder, tenant, each.sha256))
            with fleet.database.seeing(
                None
            ):  # one place for all, once: a file that others sent too stays for them
                if not _still(fleet, each.sha256, None):
                    _unlink(_common(folder, each.sha256))
    for (job,) in fleet.database.run(
        "SELECT j.public_id FROM job j JOIN sending s ON s.id = j.sending_id WHERE s.public_id = ?",
        (public_id,),
    ):
        shutil.rmtree(folder / "jobs" / str(job) / "evidence", ignore_errors=True)
    return sum(each.offset for each in files)


def blob(folder: Path, tenant: int, sha256: str) -> Path:
    """Where a received file is kept: each tenant's below a folder of its own, so that it can be moved, counted or given
    to other owners by itself. What an earlier program kept in one place for all is read there."""
    own, common = _own(folder, tenant, sha256), _common(folder, sha256)
    return common if common.exists() and not own.exists() else own


def kept(fleet: Fleet, folder: Path, upload: int) -> Path | None:
    """Where a received file stands; None where it is not whole yet, or was deleted."""
    row = fleet.database.one(
        "SELECT u.sha256, s.tenant_id FROM upload u JOIN sending s ON s.id = u.sending_id "
        "WHERE u.id = ? AND u.state = 'received' AND s.state <> 'deleted'",
        (upload,),
    )
    place = blob(folder, int(row[1]), str(row[0])) if row else None
    return place if place is not None and place.exists() else None


def _own(folder: Path, tenant: int, sha256: str) -> Path:
    return folder / "evidence" / f"tenant-{tenant}" / sha256[:2] / sha256


def _common(folder: Path, sha256: str) -> Path:
    return folder / "evidence" / sha256[:2] / sha256


def _unlink(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.chmod(0o600)
        path.unlink()


def _still(fleet: Fleet, sha256: str, tenant: int | None) -> int:
    """Sendings that hold the file: of a tenant, or (None) of anybody."""
    ours, values = within(None if tenant is None else (tenant,), "s.tenant_id")
    return fleet.database.number(
        "SELECT COUNT(*) FROM upload u JOIN sending s ON s.id = u.sending_id "
        f"WHERE u.sha256 = ? AND s.state <> 'deleted' AND {ours}",
        (sha256, *values),
    )


def _tenant_of(fleet: Fleet, upload: int) -> int:
    return fleet.database.number(
        "SELECT s.tenant_id FROM sending s JOIN upload u ON u.sending_id = s.id WHERE u.id = ?", (upload,)
    )


def _part(folder: Path, public_id: str) -> Path:
    return folder / "uploads" / f"{public_id}.part"


def _lock(public_id: str) -> threading.Lock:
    with _locks_lock:
        return _locks.setdefault(public_id, threading.Lock())


def _go_on(offset: int, title: str) -> Problem:
    return Problem(409, title, tip=f"Go on from byte {offset:,}.", headers={"Upload-Offset": str(offset)})
