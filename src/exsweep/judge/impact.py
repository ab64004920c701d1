"""What was touched or left: mail, passwords, files, computers, ways back in; seen, possible or not, and what was checked."""

from collections.abc import Sequence

from exsweep.judge import facts
from exsweep.judge.chains import Group
from exsweep.knowledge.judging import judging
from exsweep.knowledge.words import render
from exsweep.model import CoverageSource, Finding, Impact, ImpactItem, ImpactState, Level, Stage, Strength

_SYSTEM_RIGHTS = frozenset({Stage.DROP, Stage.WEBSHELL, Stage.WEBSHELL_USE, Stage.POST_EXPLOITATION})

_LEAVES = frozenset({Stage.DROP, Stage.WEBSHELL, Stage.PERSISTENCE})
"""Stages of what stays behind; the use of a back door leaves nothing new."""


def impact_of(
    groups: Sequence[tuple[Group, Level | None]],
    findings: Sequence[Finding],
    sources: Sequence[CoverageSource],
) -> Impact:
    """A web shell runs with the rights of the server: from there on everything is possible until shown otherwise."""
    hostile = [group for group, level in groups if level in (Level.BROKEN_INTO, Level.IN_USE)]
    inside = any(group.has(_SYSTEM_RIGHTS) for group in hostile)
    entered = bool(hostile)
    checked = ", ".join(source.title for source in sources) or "nothing"
    return Impact(
        mailboxes=_item("mailboxes", findings, hostile, possible=entered, checked=checked),
        credentials=_item("credentials", findings, hostile, possible=inside, checked=checked),
        files=_item("files", findings, hostile, possible=inside, checked=checked),
        hosts=_item("hosts", findings, hostile, possible=inside, checked=checked),
        persistence=_item("persistence", findings, hostile, possible=inside, checked=checked),
    )


def _item(
    what: str, findings: Sequence[Finding], hostile: Sequence[Group], *, possible: bool, checked: str
) -> ImpactItem:
    techniques = frozenset(judging().impact[what])
    stages = _LEAVES if what == "persistence" else frozenset(Stage)
    rules = {
        item.rule.id
        for group in hostile
        for item in group.members
        if techniques & set(item.rule.attack)
        and item.stage in stages
        and item.strength in (Strength.SUCCESS, Strength.AMBIGUOUS)
    }
    proofs = tuple(item for item in findings if item.rule.id in rules and techniques & set(item.attack))
    names = _names(what, hostile, rules)
    seen = any(item.strength is Strength.SUCCESS for item in proofs) and bool(names or what != "hosts")
    state = ImpactState.SEEN if seen else ImpactState.POSSIBLE if possible or proofs else ImpactState.NOT_SEEN
    return ImpactItem(
        what=what,
        state=state,
        text=_text(what, state, names, checked),
        findings=tuple(item.id for item in proofs),
        items=names,
    )


def _text(what: str, state: ImpactState, names: Sequence[str], checked: str) -> str:
    if state is ImpactState.SEEN and what == "mailboxes":
        return (
            render("impact.mailboxes.seen", n=len(names)) if names else render("impact.mailboxes.seen_some")
        )
    text = render(f"impact.{what}.{state.value}")
    return f"{text} We checked: {checked}." if state is ImpactState.NOT_SEEN else text


def _names(what: str, hostile: Sequence[Group], rules: set[str]) -> tuple[str, ...]:
    members = [item for group in hostile for item in group.members if item.rule.id in rules]
    if what == "persistence":
        # The address that a write was sent to stays nobody's way back in; the file that was written does.
        members = [
            item for item in members if item.stage is not Stage.DROP or not item.hit.fields.get("url.path")
        ]
    hits = [item.hit for item in members]
    if what == "mailboxes":
        names = [name for hit in hits for name in facts.mailboxes(hit)]
    else:
        columns = judging().impact_names[what]
        names = [
            value for hit in hits if (value := next((v for c in columns if (v := hit.fields.get(c))), None))
        ]
    if what == "hosts":
        names = [name for name in names if not facts.is_this_server(name)]
    return tuple(dict.fromkeys(names))[:200]
