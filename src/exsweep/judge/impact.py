"""What was touched or left: mail, passwords, files, computers, ways back in; seen, possible or not, and what was checked."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache

from exsweep.judge import facts
from exsweep.judge.chains import Group
from exsweep.judge.coverage import Seen
from exsweep.judge.credentials import with_accounts
from exsweep.judge.outcome import Weighed
from exsweep.judge.sessions import Session
from exsweep.judge.unseen import look_for, of_any_computer
from exsweep.knowledge import languages
from exsweep.knowledge.judging import judging
from exsweep.knowledge.shown_by import shown_by
from exsweep.model import (
    Finding,
    Hit,
    Impact,
    ImpactItem,
    ImpactState,
    Level,
    Phrase,
    Severity,
    Stage,
    Strength,
    Touched,
)

_SYSTEM_RIGHTS = frozenset({Stage.DROP, Stage.WEBSHELL, Stage.WEBSHELL_USE, Stage.POST_EXPLOITATION})

_LEAVES = frozenset({Stage.DROP, Stage.WEBSHELL, Stage.WEBSHELL_USE, Stage.PERSISTENCE})
"""Stages of what stays behind: a back door that is only seen in use was left by somebody too."""
_NAMES_KEPT = 200
_DIGITS = 16
"""No answer has so many bytes: the number is no count."""


def impact_of(
    groups: Sequence[tuple[Group, Level | None]],
    findings: Sequence[Finding],
    seen: Seen,
    logged_on: Sequence[Session] = (),
    *,
    mail_server: bool = True,
) -> Impact:
    """A web shell runs with the rights of the server, and so does a way in that gives orders: from there on everything is
    possible until shown otherwise.

    Without a proven break-in a sign of one is no more than possible, and never "not seen".
    """
    hostile = [group for group, level in groups if level in (Level.BROKEN_INTO, Level.IN_USE)]
    doubtful = [group for group, level in groups if level is Level.SUSPICIOUS]
    inside = any(group.has(_SYSTEM_RIGHTS) or _gave_orders(group) for group in hostile)
    entered = bool(hostile)
    span = _span(hostile)

    def item(what: str, possible: bool) -> ImpactItem:
        heading = shown_by().impact[what]
        checked = look_for(heading.checked_by, seen, None).read
        # Without a break-in nobody needs the list of what else could have been sent.
        kinds = heading.kinds if mail_server else of_any_computer(heading.kinds)
        lacking = look_for(kinds, seen, span).lacking() if entered else ()
        possible = possible or (entered and not checked)
        return _item(what, findings, hostile, doubtful, possible=possible, checked=checked, lacking=lacking)

    return Impact(
        mailboxes=item("mailboxes", entered and mail_server),
        credentials=with_accounts(item("credentials", inside), hostile, logged_on),
        files=item("files", inside),
        hosts=item("hosts", inside),
        persistence=item("persistence", inside),
    )


def _gave_orders(group: Group) -> bool:
    """The way in itself runs orders, and it worked."""
    return any(
        item.strength is Strength.SUCCESS and facts.within(item.rule.attack, judging().runs_orders)
        for item in group.members
    )


def _span(groups: Sequence[Group]) -> tuple[date, date] | None:
    hits = [item.hit for group in groups for item in group.members]
    times = [time for hit in hits for time in (hit.time, facts.last_time(hit)) if time]
    return (min(times).date(), max(times).date()) if times else None


def _item(
    what: str,
    findings: Sequence[Finding],
    hostile: Sequence[Group],
    doubtful: Sequence[Group],
    *,
    possible: bool,
    checked: tuple[str, ...],
    lacking: tuple[Phrase, ...],
) -> ImpactItem:
    acts = [item for group in hostile for item in group.members if _tells(what, item)]
    hints = [item for group in doubtful for item in group.members if _tells(what, item, tries=True)]
    signs = [item for item in hints if Severity(item.rule.level).rank >= Severity.MEDIUM.rank]
    rules = {item.rule.id for item in (*acts, *signs)}
    proofs = tuple(item for item in findings if item.rule.id in rules and _touches(what, item.attack))
    # Where nobody is known to be inside, what the signs name is what a person must look at.
    told = acts if hostile else hints if signs else []
    names = _names(what, told)
    touched = _touched(what, told, names)
    seen = any(item.strength is Strength.SUCCESS for item in acts) and bool(names or what != "hosts")
    state = ImpactState.SEEN if seen else ImpactState.POSSIBLE if possible or proofs else ImpactState.NOT_SEEN
    said = _said(what, state, names, checked, signs_only=bool(signs) and not hostile)
    if lacking and state is ImpactState.SEEN:
        said = (*said, Phrase(key="impact.maybe_more"))
    if what == "files":
        answers = (("sent", Stage.WEBSHELL_USE), ("fetched", Stage.POST_EXPLOITATION))
        sizes = [(name, _sent(hostile, stage)) for name, stage in answers]
        said = (
            *said,
            *(Phrase(key=f"impact.files.{name}", params={"n": size}) for name, size in sizes if size),
        )
    return ImpactItem(
        what=what,
        state=state,
        text=" ".join(languages.say(phrase) for phrase in said),
        findings=tuple(item.id for item in proofs),
        items=names,
        touched=touched,
        said=said,
        lacking=" ".join(languages.say(phrase) for phrase in lacking),
        lacking_said=lacking,
    )


def _tells(what: str, item: Weighed, *, tries: bool = False) -> bool:
    """`tries`: a try of which nothing shows that it failed tells something, too."""
    if what == "persistence" and not _leaves(item):
        return False
    unsettled = tries and item.strength is Strength.ATTEMPT and item.failed is None
    return (unsettled or item.strength in (Strength.SUCCESS, Strength.AMBIGUOUS)) and _touches(
        what, item.rule.attack
    )


def _leaves(item: Weighed) -> bool:
    """A command that the web server ran names no back door: a flaw may have run it and left nothing."""
    if item.stage is Stage.WEBSHELL_USE:
        return facts.shell(item.hit, item.stage) is not None
    return item.stage in _LEAVES


def _touches(what: str, techniques: Iterable[str]) -> bool:
    return facts.within(techniques, judging().impact[what])


def _said(
    what: str, state: ImpactState, names: Sequence[str], checked: tuple[str, ...], *, signs_only: bool
) -> tuple[Phrase, ...]:
    if state is ImpactState.SEEN and what == "mailboxes":
        counted = Phrase(key="impact.mailboxes.seen", params={"n": len(names)})
        return (counted if names else Phrase(key="impact.mailboxes.seen_some"),)
    if state is ImpactState.POSSIBLE and signs_only:
        return (Phrase(key=f"impact.{what}.sign"),)
    found = Phrase(key=f"impact.{what}.{state.value}")
    unlooked = Phrase(key=f"impact.{what}.unchecked")
    if state is ImpactState.SEEN:
        return (found,)
    if not checked:
        return (found, unlooked) if state is ImpactState.POSSIBLE else (unlooked,)
    named = tuple(languages.quoted(title) for title in checked)
    return (found, Phrase(key="impact.checked", params={"checked": named}))


def _sent(hostile: Sequence[Group], stage: Stage) -> int:
    """Bytes of successful answers, at least; of the kind of log that counts most: one answer may be in two."""
    answers = {
        (item.hit.kind, item.hit.origin.path, item.hit.origin.offset): int(said)
        for group in hostile
        for item in group.members
        if item.stage is stage and item.strength is Strength.SUCCESS
        if stage is Stage.WEBSHELL_USE or _touches("files", item.rule.attack)
        if (said := item.hit.fields.get(judging().answer_bytes, "")).isascii()
        and said.isdigit()
        and len(said) < _DIGITS
    }
    sums: Counter[str] = Counter()
    for (kind, _, _), size in answers.items():
        sums[kind] += size
    return max(sums.values(), default=0)


def _names(what: str, members: Sequence[Weighed]) -> tuple[str, ...]:
    return facts.without_tails(name for item in members for name in _named(what, item))[:_NAMES_KEPT]


def _named(what: str, item: Weighed) -> Sequence[str]:
    """What one record names as touched."""
    hit = item.hit
    if what == "mailboxes":
        return facts.mailboxes(hit)
    if what == "hosts":
        return _hosts(hit)
    # The address that a write was sent to stays nobody's way back in; the file that was written does.
    if what == "persistence" and item.stage is Stage.DROP and hit.fields.get("url.path"):
        return ()
    value = next((v for c in judging().impact_names[what] if (v := facts.value_of(hit, c))), None)
    return (value,) if value else ()


def _touched(what: str, members: Sequence[Weighed], names: Sequence[str]) -> tuple[Touched, ...]:
    """How often, when, and in which folders; one record that two rules name counts once."""
    records: dict[str, dict[tuple[str, int | None, int | None], Hit]] = {name: {} for name in names}
    for item in members:
        place = (item.hit.origin.path, item.hit.origin.offset, item.hit.origin.record)
        for name in _named(what, item):
            if name in records:
                records[name].setdefault(place, item.hit)
    return tuple(_seen(tuple(records[name].values()), folders=what == "mailboxes") for name in names)


def _seen(hits: Sequence[Hit], *, folders: bool) -> Touched:
    named = [folder for hit in hits for folder in facts.mail_folders(hit)] if folders else []
    return Touched(
        count=sum(hit.count for hit in hits),
        first=min((hit.time for hit in hits if hit.time), default=None),
        last=max((time for hit in hits if (time := facts.last_time(hit))), default=None),
        folders=tuple(dict.fromkeys(named))[:_NAMES_KEPT],
    )


def _hosts(hit: Hit) -> list[str]:
    """Other computers that the event names: the one reached, the one that it came from, those in the command."""
    own = hit.fields.get("host.name", "").lower()
    said = [value for column in judging().impact_names["hosts"] if (value := facts.value_of(hit, column))][:1]
    text = facts.text(hit)
    said += [name for pattern in _host_patterns() for name in pattern.findall(text)]
    return [
        name
        for name in said
        if not facts.is_this_server(name) and facts.short_name(name) != facts.short_name(own)
    ]


@cache
def _host_patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in judging().host_patterns)
