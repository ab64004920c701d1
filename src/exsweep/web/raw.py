"""Lines of the evidence as they stand there, passwords and all: shown to who gives a reason, and where it is asked for with
the word of a second person. The line is read again each time and kept nowhere; who saw it and why stands in the audit log.
"""

import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec

from exsweep.assess.quoting import Place, RawLine
from exsweep.errors import StoreError
from exsweep.fleet.lake import Lake
from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored
from exsweep.judge import fits
from exsweep.model import Finding, Origin
from exsweep.web.laid_out import laid_out
from exsweep.web.problem import Problem, not_found
from exsweep.web.raw_record import record
from exsweep.web.viewer import Viewer

GOOD_FOR_S = 24 * 3_600
"""After that the line has to be asked for anew."""
_SECONDS = 300
_QUOTED = 3_900
_LONGEST = 64 << 10


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants to see one line. Names and reason are text of people: shown as text only."""

    raw: str
    server: str
    finding: str
    place: int
    """Which line of the finding; 0 is the first."""
    reason: str
    who: str
    user: str | None
    """Account; None on one's own computer."""
    asked: int
    word: bool | None = None
    """What the second person said; None: nobody was asked, or nobody answered yet."""
    second: str | None = None
    """Who said it."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the evidence, or why it is not shown. Hostile text."""

    line: str | None = None
    cut: bool = False
    compared: bool = False
    """It was compared with what the finding quotes, and is that line."""
    fields: bool = False
    """Not the bytes of the evidence: the fields of the record, as JSON, out of the saved events."""
    why_not: str = ""


def ask_for(
    fleet: Fleet, viewer: Viewer, *, server: str, finding: Finding, place: int, reason: str, now: int
) -> str:
    """Note the wish with its reason; returns its id.

    Raises:
        Problem: the finding has no such place, or it is no line and no record.
    """
    if place >= len(finding.origins):
        raise Problem(422, f"The finding names {len(finding.origins)} places.", tip="Give one of them.")
    if finding.origins[place].offset is None and finding.origins[place].record is None:
        raise Problem(
            422,
            "This place is a whole file, neither a line nor a record.",
            tip="What it holds stands on the page of the finding.",
        )
    wish = Wish(
        raw=f"raw_{secrets.token_hex(6)}",
        server=server,
        finding=finding.id,
        place=place,
        reason=stored(reason.strip(), 1_000) or "",
        who=viewer.name,
        user=viewer.user,
        asked=now,
    )
    where = finding.origins[place]
    detail = f"{server}, {where.path} byte {where.offset}: {wish.reason}"
    with fleet.act("raw line asked for", wish.raw, time=now, detail=detail):
        fleet.database.run("DELETE FROM pending WHERE until < ?", (now,))
        fleet.database.run(
            "INSERT INTO pending (hash, kind, body, until) VALUES (?, 'raw', ?, ?)",
            (wish.raw, msgspec.json.encode(wish).decode(), now + GOOD_FOR_S),
        )
    return wish.raw


def wish(fleet: Fleet, server: str, raw: str, now: int) -> Wish:
    """A wish about this server.

    Raises:
        Problem: there is none, or it is older than a day.
    """
    row = fleet.database.one(
        "SELECT body FROM pending WHERE hash = ? AND kind = 'raw' AND until >= ?", (raw, now)
    )
    found = msgspec.json.decode(row[0], type=Wish) if row else None
    if found is None or found.server != server:
        raise not_found()
    return found


def waiting(fleet: Fleet, now: int) -> tuple[Wish, ...]:
    """Wishes without a word yet, oldest first; of every tenant: the caller leaves out what is not the viewer's."""
    rows = fleet.database.run("SELECT body FROM pending WHERE kind = 'raw' AND until >= ?", (now,))
    found = (msgspec.json.decode(body, type=Wish) for (body,) in rows)
    return tuple(
        sorted((each for each in found if each.word is None), key=lambda each: (each.asked, each.raw))
    )


def say(fleet: Fleet, viewer: Viewer, of: Wish, *, yes: bool, now: int) -> None:
    """A second person says yes or no.

    Raises:
        Problem: it is the same person, or somebody has spoken already.
    """
    if of.user is None or viewer.user == of.user:
        raise Problem(409, "Nobody approves his own wish.", tip="Ask somebody else who has this right.")
    if of.word is not None:
        raise Problem(
            409, f"{of.second} has said {'yes' if of.word else 'no'} already.", tip="Load the page again."
        )
    told = msgspec.structs.replace(of, word=yes, second=viewer.name)
    what = "raw line approved" if yes else "raw line refused"
    with fleet.act(what, of.raw, time=now, detail=f"asked for by {of.who}: {of.reason}"):
        fleet.database.run(
            "UPDATE pending SET body = ?, until = ? WHERE hash = ? AND kind = 'raw'",
            (msgspec.json.encode(told).decode(), now + GOOD_FOR_S, of.raw),
        )


def read(fleet: Fleet, folder: Path, lake: Lake, server: str, finding: Finding, place: int) -> Found:
    """Read the line where it stands, in what was sent of this server, the newest first; a record that is no text, or was
    brought without its evidence, out of the saved events. What somebody deleted is not shown out of them."""
    origin = finding.origins[place]
    quoted = (finding.excerpt, *finding.excerpts)[place] if place <= len(finding.excerpts) else ""
    sent = _sendings(fleet, server)
    for sending, job in sent if origin.offset is not None else ():
        line = _line(fleet, folder, sending, job, origin)
        if line is None or b"\0" in line.line:
            continue
        compare = (
            origin.record is None
            and bool(quoted)
            and quoted.isascii()
            and quoted.isprintable()
            and "\\" not in quoted
        )
        if compare and not fits(quoted[:_QUOTED], line.line.decode("latin-1")):
            continue
        return Found(line=line.line.decode("utf-8", "backslashreplace"), cut=line.cut, compared=compare)
    deleted = not sent and _deleted(fleet, server)
    kept = None if deleted else record(fleet, lake, fleet.server(server), finding.kind, origin)
    if kept is not None:
        return Found(line=kept[:_LONGEST], cut=len(kept) > _LONGEST, fields=True)
    if not sent:
        return Found(
            why_not="The evidence of this case is not kept here. Whoever has it finds the line at the place that is named "
            "above, or has it quoted in full: exsweep triage EVIDENCE --keep-secrets."
        )
    return Found(why_not="What is kept here does not hold this line at this place.")


def _sendings(fleet: Fleet, server: str) -> list[tuple[str, str]]:
    """(sending, job) of what is kept of a server, newest first; of several servers in one sending each is named.

    Of its own tenant only: names of servers stand in that list too, and whoever sends evidence chooses them.
    """
    rows = fleet.database.run(
        "SELECT s.public_id, j.public_id FROM job j JOIN sending s ON s.id = j.sending_id "
        "LEFT JOIN server v ON v.id = j.server_id WHERE s.state <> 'deleted' AND j.state = 'done' "
        "AND j.tenant_id = (SELECT tenant_id FROM server WHERE public_id = ?) "
        "AND (v.public_id = ? OR j.progress LIKE ?) ORDER BY j.id DESC",
        (server, server, f'%"{server}"%'),
    )
    return [(str(sending), str(job)) for sending, job in rows]


def _deleted(fleet: Fleet, server: str) -> bool:
    return (
        fleet.database.number(
            "SELECT COUNT(*) FROM sending s JOIN job j ON j.sending_id = s.id JOIN server v ON v.id = j.server_id "
            "WHERE v.public_id = ? AND s.state = 'deleted'",
            (server,),
        )
        > 0
    )


def _line(fleet: Fleet, folder: Path, sending: str, job: str, origin: Origin) -> RawLine | None:
    """In a process of its own: what unpacks evidence runs in a jail, and jails begin by a fork."""
    below = folder / "jobs" / job / f"raw-{secrets.token_hex(6)}"
    try:
        evidence = laid_out(fleet, folder, sending, below, only=origin.path)
        place = Place(path=origin.path, offset=origin.offset or 0)
        asked = msgspec.json.encode((str(evidence), place))
        done = subprocess.run(
            [sys.executable, "-m", "exsweep.web.read_line"],
            input=asked,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Problem(
            503,
            "Reading the evidence takes too long here.",
            tip="The line stands at the place that is named.",
        ) from None
    except OSError as error:
        raise StoreError(f"The evidence cannot be read: {error}.", tip="Try again.") from error
    finally:
        shutil.rmtree(below, ignore_errors=True)
    if done.returncode != 0:
        raise StoreError(
            "The evidence could not be read again.", tip="Try again; the log of the service says why."
        )
    return msgspec.json.decode(done.stdout, type=RawLine | None)
