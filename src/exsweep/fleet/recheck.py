"""Looking again: what is due, and what became of each thing between two assessments of one server."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from exsweep.errors import UsageError
from exsweep.fleet.clock import moment
from exsweep.fleet.reach import Tenants, within
from exsweep.fleet.store import Fleet
from exsweep.model import Assessment, Finding, Stage, Strength
from exsweep.model.files import FileVerdict


class Change(StrEnum):
    """What became of a thing."""

    STILL_THERE = "still_there"
    CAME_BACK = "came_back"
    """Seen anew after the server was cleaned."""
    NEW = "new"
    CANNOT_TELL = "cannot_tell"
    """The records or files that showed it were not read this time."""
    GONE = "gone"


class Cause(StrEnum):
    """Why two assessments differ."""

    EVIDENCE = "evidence"
    RULES = "rules"
    BOTH = "both"
    """Rules and evidence changed, and the thing alone does not say which did it."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was found: a page, or what one rule saw of one address. Hostile text."""

    what: str
    """Id of the rule, or `file`."""
    title: str = ""
    """Title of the rule; empty for a file."""
    where: str
    change: Change
    cause: Cause | None
    """None where nothing changed."""
    last_seen: datetime | None = None


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """Two assessments side by side, worst news first."""

    before: str
    """Level."""
    after: str
    evidence_changed: bool
    rules_changed: bool
    items: tuple[Item, ...]


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A re-check that is to be made."""

    server: str
    name: str | None
    tenant: str
    due: datetime | None
    week: int
    """1 to 4 after cleaning."""


_SHOWS = frozenset(
    {Stage.DROP, Stage.WEBSHELL, Stage.WEBSHELL_USE, Stage.POST_EXPLOITATION, Stage.PERSISTENCE}
)
Thing = tuple[str, str]


def diff(
    before: Assessment,
    after: Assessment,
    *,
    cleaned: datetime | None = None,
    earlier: Sequence[Assessment] = (),
) -> Diff:
    """What became of everything that either of the two found. `cleaned`: when the server was.

    `earlier`: assessments from before the cleaning; what they found, was gone and is there again came back.

    Files decide about files: a page is gone where pages were looked at again and it is not among them. What a log showed
    stays true for its day: it is only `still there` when it was seen after the cleaning, and gone when the same kind of
    log covers days behind it and shows it no more.
    """
    old, new = dict(_things(before)), dict(_things(after))
    same_evidence = before.manifest_sha256 == after.manifest_sha256 and bool(after.manifest_sha256)
    rules_changed = _rules(before) != _rules(after)
    known = {thing for one in earlier for thing, _ in _things(one)}
    titles = {each.rule.id: each.rule.title for one in (before, after) for each in one.findings}
    items = []
    for thing in sorted({*old, *new}):
        change = _change(thing, old.get(thing), new.get(thing), after, cleaned, same_evidence)
        if change is Change.NEW and thing in known and _since(new[thing], cleaned):
            change = Change.CAME_BACK
        cause = None if change is Change.STILL_THERE else _cause(thing, before, after, same_evidence)
        seen = (new.get(thing) or old[thing])[1]
        title = titles.get(thing[0], "")
        items.append(
            Item(what=thing[0], title=title, where=thing[1], change=change, cause=cause, last_seen=seen)
        )
    order = (Change.CAME_BACK, Change.NEW, Change.STILL_THERE, Change.CANNOT_TELL, Change.GONE)
    items.sort(key=lambda each: (order.index(each.change), each.what, each.where))
    return Diff(
        before=before.verdict.level.value,
        after=after.verdict.level.value,
        evidence_changed=not same_evidence,
        rules_changed=rules_changed,
        items=tuple(items),
    )


Seen = tuple[str, datetime | None]
"""(kind of record, last time)"""


def _things(of: Assessment) -> Iterator[tuple[Thing, Seen]]:
    for file in of.files.remarkable if of.files else ():
        if file.verdict in (FileVerdict.MALICIOUS, FileVerdict.SUSPICIOUS):
            yield ("file", file.path.replace("\\", "/").lower()), ("file", None)
    found: dict[Thing, Seen] = {}
    for finding in of.findings:
        if finding.strength in (Strength.SUCCESS, Strength.AMBIGUOUS) and finding.stage in _SHOWS:
            if finding.kind == "served_file":
                continue  # told above, as a file
            thing = (finding.rule.id, _where(finding))
            last = max(filter(None, (finding.last_seen, found.get(thing, ("", None))[1])), default=None)
            found[thing] = (finding.kind, last)
    yield from found.items()


def _where(finding: Finding) -> str:
    return next((finding.fields[name] for name in ("url.path", "file.path") if name in finding.fields), "")


def _change(
    thing: Thing,
    old: Seen | None,
    new: Seen | None,
    after: Assessment,
    cleaned: datetime | None,
    same_evidence: bool,
) -> Change:
    if new is not None:
        if old is None:
            return Change.NEW
        # The same evidence judged anew shows nothing that was not there before.
        return Change.CAME_BACK if _since(new, cleaned) and not same_evidence else Change.STILL_THERE
    if same_evidence:
        return Change.GONE  # by the rules alone
    kind, last = old or ("", None)
    if kind == "file":
        return Change.GONE if after.files is not None and after.files.looked_at else Change.CANNOT_TELL
    since = max(filter(None, (last, cleaned)), default=None)
    covered = any(
        row.kind == kind and row.last is not None and (since is None or row.last > since)
        for row in after.coverage.sources
    )
    return Change.GONE if covered else Change.CANNOT_TELL


def _since(seen: Seen, cleaned: datetime | None) -> bool:
    """Was it seen after the cleaning? A file has no time: it lies there now."""
    return cleaned is not None and (seen[1] is None or seen[1] > cleaned)


def _cause(thing: Thing, before: Assessment, after: Assessment, same_evidence: bool) -> Cause:
    if same_evidence:
        return Cause.RULES
    rule = thing[0]
    versions = [
        {each.rule.version for each in one.findings if each.rule.id == rule} for one in (before, after)
    ]
    if before.run.knowledge == after.run.knowledge and before.run.version == after.run.version:
        return Cause.EVIDENCE
    return Cause.EVIDENCE if all(versions) and versions[0] == versions[1] else Cause.BOTH


def _rules(of: Assessment) -> tuple[str, str]:
    return of.run.version, of.run.knowledge


def of_server(fleet: Fleet, server: int) -> Diff:
    """The two assessments from inside that were received last.

    Raises:
        UsageError: there are not two.
    """
    rows = fleet.database.run(
        "SELECT id FROM assessment WHERE server_id = ? AND outside = 0 ORDER BY received DESC, id DESC LIMIT 2",
        (server,),
    )
    if len(rows) < 2:
        raise UsageError("There is only one assessment of this server.", tip="Add a second one first.")
    row = fleet.database.one("SELECT cleaned_at FROM server WHERE id = ?", (server,))
    after, before = (fleet.assessment(int(number)) for (number,) in rows)
    cleaned = moment(row[0]) if row else None
    old = fleet.database.run(
        "SELECT id FROM assessment WHERE server_id = ? AND outside = 0 AND evidence_end <= ? ORDER BY id DESC LIMIT 20",
        (server, int(row[0]) if row and row[0] is not None else -1),
    )
    return diff(before, after, cleaned=cleaned, earlier=[fleet.assessment(int(number)) for (number,) in old])


def due(
    fleet: Fleet, now: int, limit: int = 100, *, tenants: Tenants = None, since: int = 0
) -> tuple[Due, ...]:
    """Re-checks whose day has come (none before `since`) and for which no records that go on so far have been received,
    oldest first."""
    ours, values = within(tenants, "s.tenant_id")
    rows = fleet.database.run(
        "SELECT s.public_id, s.name, t.name, r.due, s.cleaned_at FROM recheck r JOIN server s ON s.id = r.server_id "
        "JOIN tenant t ON t.id = s.tenant_id WHERE r.due BETWEEN ? AND ? "
        "AND NOT EXISTS (SELECT 1 FROM assessment a WHERE a.server_id = r.server_id AND a.outside = 0 "
        f"AND a.evidence_end >= r.due) AND {ours} ORDER BY r.due, s.id LIMIT ?",
        (since, now, *values, limit),
    )
    return tuple(
        Due(
            server=server,
            name=name,
            tenant=tenant,
            due=moment(at),
            week=round((int(at) - int(cleaned)) / (7 * 86_400)) if cleaned is not None else 0,
        )
        for server, name, tenant, at, cleaned in rows
    )
