"""Chains as people read them: the steps in order, and for every missing link the reason why it is not seen."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache

from exsweep.judge import facts
from exsweep.judge.chains import Group
from exsweep.judge.coverage import Seen
from exsweep.judge.findings import group_id
from exsweep.judge.unseen import kinds_for, look_for, of_any_computer
from exsweep.knowledge import languages
from exsweep.knowledge.campaigns import Campaign, campaigns
from exsweep.knowledge.judging import judging
from exsweep.knowledge.words import join, render
from exsweep.model import Actor, Chain, Finding, Hit, Level, Phrase, Stage, Step, Strength

_LINKS = tuple(sorted(Stage, key=lambda stage: stage.rank))
"""Every stage: a step that only a missing record shows must not go without a word."""
_ON_ANY_COMPUTER = (Stage.EXPLOITATION, Stage.POST_EXPLOITATION, Stage.PERSISTENCE, Stage.CLEANUP)
"""Those that concern a computer of which nothing shows that it is a mail server."""
_EPOCH = datetime.fromtimestamp(0, UTC)
_NAMED = 3
"""Findings that one sentence names."""
_BROKEN = frozenset({Level.BROKEN_INTO, Level.IN_USE})


def chain_of(
    group: Group, findings: Sequence[Finding], level: Level, seen: Seen, *, mail_server: bool = True
) -> Chain:
    """Steps seen, in order of time; for a break-in also the links that are not seen."""
    actor = _actor(group)
    campaign = _campaign(group)
    by_stage: dict[Stage, list[Finding]] = {}
    for item in findings:
        by_stage.setdefault(item.stage, []).append(item)
    steps = [
        _seen_step(stage, items) for stage, items in sorted(by_stage.items(), key=lambda pair: pair[0].rank)
    ]
    if level in _BROKEN:
        steps += _missing(by_stage, campaign, seen, findings, mail_server=mail_server)
    return Chain(
        id=group_id(group),
        title=_title(group, actor, campaign, level),
        campaign=campaign.title if campaign else None,
        actor=actor,
        steps=_in_order(steps),
        joined_by=tuple(sorted(set(group.reasons))),
        level=level,
        first_seen=_start(findings),
        last_seen=max((item.last_seen for item in findings if item.last_seen), default=None),
    )


def _in_order(steps: Sequence[Step]) -> tuple[Step, ...]:
    """By time; steps as near to each other as two clocks may differ, by stage.

    A step without a time (a file that nobody dates, a link that is not seen) follows the last step that comes before it
    in an attack: a log that was cleared first does not put the way in behind it.
    """
    timed = sorted(
        (step for step in steps if step.time), key=lambda step: (step.time or _EPOCH, step.stage.rank)
    )
    ordered: list[Step] = []
    near: list[Step] = []
    for step in timed:
        if near and _seconds(near[0], step) > judging().clock_seconds:
            ordered += sorted(near, key=lambda one: one.stage.rank)
            near = []
        near.append(step)
    ordered += sorted(near, key=lambda one: one.stage.rank)
    for step in sorted((step for step in steps if not step.time), key=lambda step: step.stage.rank):
        earlier = [place for place, one in enumerate(ordered, 1) if one.stage.rank < step.stage.rank]
        ordered.insert(max(earlier, default=0), step)
    return tuple(ordered)


def _seconds(one: Step, other: Step) -> float:
    return ((other.time or _EPOCH) - (one.time or _EPOCH)).total_seconds()


def _title(group: Group, actor: Actor, campaign: Campaign | None, level: Level) -> str:
    if all(item.strength is Strength.ASSESSMENT for item in group.members):
        return "Scanners and responders"
    who = actor.addresses
    name = _named(who)
    if campaign:
        return render("chain.title", campaign=campaign.title, who=name)
    if level in _BROKEN:
        return render("chain.title_unknown", who=name)
    if any(item.strength is Strength.ATTEMPT for item in group.members):
        return render("chain.title_tried", who=name)
    # Nobody tried anything that we know of: an act that an account of the house may have done.
    return render("chain.title_doubtful", who=_named(who or actor.users))


def _named(who: tuple[str, ...]) -> str:
    if not who:
        return render("chain.nobody")
    return join(who) if len(who) <= 3 else render("chain.several", n=len(who))


def _start(findings: Sequence[Finding]) -> datetime | None:
    return min((item.first_seen for item in findings if item.first_seen), default=None)


def _actor(group: Group) -> Actor:
    """Visitors of a shell who never used it are not the intruder, unless nobody else is there."""
    users = [item for item in group.members if item.stage is not Stage.WEBSHELL] or group.members
    hits = [item.hit for item in users]
    shells = [value for item in group.members if (value := facts.shell(item.hit, item.stage))]
    shells += [
        path for item in group.members if item.stage is Stage.DROP for path in facts.dropped_paths(item.hit)
    ]
    named = facts.without_tails(shells)[:200]
    keys = [key for hit in hits for key in sorted(facts.sessions(hit)) if not key.startswith("request:")]
    return Actor(
        addresses=_unique(value for hit in hits if (value := facts.address(hit))),
        agents=_unique(value for hit in hits if (value := facts.agent(hit))),
        users=_users(hits),
        shells=named,
        pages=_unique(value for value in shells if value.startswith("/") and value not in named),
        sessions=_unique(keys),
    )


def _users(hits: Sequence[Hit]) -> tuple[str, ...]:
    """Accounts, each once, without those of the system and of the computer itself: its own programs act under them.

    The account of another computer stays: somebody made that one log on here.
    """
    names = _unique(value for hit in hits if (value := hit.fields.get("user.name")))
    hosts = {facts.short_name(host) for hit in hits if (host := hit.fields.get("host.name"))}

    def own(name: str) -> bool:
        account = name.rpartition("\\")[2]
        if _system().search(name) or (name == account and any(one.endswith(f"\\{name}") for one in names)):
            return True
        return account.endswith("$") and (not hosts or facts.short_name(account[:-1]) in hosts)

    return tuple(name for name in names if not own(name))


@cache
def _system() -> re.Pattern[str]:
    return re.compile(judging().accounts_of_the_system)


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))[:200]


def _campaign(group: Group) -> Campaign | None:
    """The campaign that most of the group's proofs name.

    What is known to have failed names the way in only where nothing else happened: an intruder came in by another.
    """
    votes: dict[str, int] = {}
    settled = any(item.strength is Strength.SUCCESS for item in group.members)
    for item in group.members:
        if item.rule.campaign and not (settled and item.failed):
            votes[item.rule.campaign] = votes.get(item.rule.campaign, 0) + 1 + 10 * item.strength.rank
    known = {name: entry for entry in campaigns() for name in (entry.id, entry.title)}
    named = [(-weight, name) for name, weight in votes.items() if name in known]
    return known[min(named)[1]] if named else None


def _seen_step(stage: Stage, items: Sequence[Finding]) -> Step:
    """A step that worked is dated by its first proof: tries before it did not work."""
    worked = [item for item in items if item.strength is Strength.SUCCESS]
    proven = bool(worked)
    return Step(
        stage=stage,
        time=_start(worked) or _start(items),
        last_time=max((item.last_seen for item in items if item.last_seen), default=None),
        title=render(f"stage.{stage.value}.{'done' if proven else 'tried'}"),
        findings=tuple(item.id for item in items),
        proven=proven,
    )


def _missing(
    by_stage: Mapping[Stage, Sequence[Finding]],
    campaign: Campaign | None,
    seen: Seen,
    findings: Sequence[Finding],
    *,
    mail_server: bool,
) -> list[Step]:
    span, other = _span(findings), _sideways(findings)
    steps = []
    for stage in _LINKS if mail_server else _ON_ANY_COMPUTER:
        if stage in by_stage or (stage is Stage.WEBSHELL and Stage.WEBSHELL_USE in by_stage):
            continue
        kinds = kinds_for(stage, campaign)
        said = look_for(kinds if mail_server else of_any_computer(kinds), seen, span).sentences()
        if stage is Stage.EXPLOITATION and other:
            said = (*said, other)
        steps.append(
            Step(
                stage=stage,
                title=render(f"stage.{stage.value}.name"),
                missing=True,
                why_missing=" ".join(languages.say(phrase) for phrase in said),
                said=said,
            )
        )
    return steps


def _span(findings: Sequence[Finding]) -> tuple[date, date] | None:
    times = [time for item in findings for time in (item.first_seen, item.last_seen) if time]
    return (min(times).date(), max(times).date()) if times else None


def _sideways(findings: Sequence[Finding]) -> Phrase | None:
    """The other way in that fits: acts that one computer does on another."""
    ways = judging().impact["hosts"]
    found = [item.id for item in findings if any(one.partition(".")[0] in ways for one in item.attack)]
    return Phrase(key="missing.sideways", params={"findings": ", ".join(found[:_NAMED])}) if found else None
