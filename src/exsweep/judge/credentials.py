"""Whose passwords to treat as known: the accounts and places that a stolen secret stands for."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from exsweep.judge import facts
from exsweep.judge.chains import Group
from exsweep.judge.sessions import Session
from exsweep.knowledge import languages
from exsweep.knowledge.judging import judging
from exsweep.model import ImpactItem, ImpactState, Phrase, Strength, Touched

_MEMORY = "memory"
_NAMED = 200


def with_accounts(item: ImpactItem, hostile: Sequence[Group], logged_on: Sequence[Session]) -> ImpactItem:
    """What is said of passwords, with the accounts that were in the memory that was or may have been copied."""
    taken = _taken(hostile)
    said: list[Phrase] = []
    named: Sequence[Session] = ()
    if _MEMORY in taken:
        named = [one for one in logged_on if _before(one, taken[_MEMORY])]
        said.append(_counted("memory" if named else "memory_unknown", named))
    elif item.state is ImpactState.POSSIBLE and hostile and logged_on:
        named = logged_on
        said.append(_counted("memory_possible", named))
    said += [
        Phrase(key=f"impact.credentials.{name}")
        for name in judging().secrets_of
        if name in taken.keys() - {_MEMORY}
    ]
    if not said:
        return item
    kept = named[: max(0, _NAMED - len(item.items))]
    touched = item.touched or tuple(Touched(count=0) for _ in item.items)
    phrases = (*item.said, *said)
    return msgspec.structs.replace(
        item,
        items=(*item.items, *(one.account for one in kept)),
        touched=(*touched, *(one.logons for one in kept)),
        said=phrases,
        text=" ".join(languages.say(phrase) for phrase in phrases),
    )


def _counted(name: str, accounts: Sequence[Session]) -> Phrase:
    return Phrase(key=f"impact.credentials.{name}", params={"n": len(accounts)} if accounts else {})


def _taken(hostile: Sequence[Group]) -> dict[str, datetime | None]:
    """Kind of secret -> when it was taken for the last time (None: not known); proven acts only."""
    found: dict[str, datetime | None] = {}
    for group in hostile:
        for member in group.members:
            if member.strength is not Strength.SUCCESS:
                continue
            when = facts.last_time(member.hit)
            for name, techniques in judging().secrets_of.items():
                if set(member.rule.attack) & set(techniques):
                    known = found.get(name, when)
                    found[name] = None if known is None or when is None else max(known, when)
    return found


def _before(session: Session, moment: datetime | None) -> bool:
    """The account had logged on by then; of later ones the memory could not hold the password."""
    return moment is None or session.logons.first is None or session.logons.first <= moment
