"""One chain per intruder: hits joined over address, session, web shell, name of the file and time."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from exsweep.judge import facts
from exsweep.judge.outcome import Weighed
from exsweep.knowledge.judging import judging
from exsweep.model import Severity, Stage, Strength

_NEVER = float("inf")
"""The moment of a record without time."""
_RUNS_BACK = 4
"""Runs of other campaigns that may lie between two rows of one run."""


@dataclass(slots=True)
class Group:
    """Hits of one intruder, and why they are one."""

    members: list[Weighed] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def start(self) -> float:
        return min((facts.moment(item.hit) for item in self.members), default=float("inf"))

    @property
    def end(self) -> float:
        return max(
            (moment for item in self.members if (moment := facts.moment(item.hit)) != float("inf")),
            default=float("inf"),
        )

    def places(self) -> set[str]:
        """Files that the records stand in."""
        return {item.hit.origin.path for item in self.members}

    def addresses(self) -> set[str]:
        return {value for item in self.members if (value := facts.address(item.hit))}

    def campaigns(self) -> set[str]:
        return {
            item.rule.campaign for item in self.members if item.rule.campaign and item.rule.campaign != "all"
        }

    def shells(self) -> set[str]:
        return {
            facts.file_name(value) for item in self.members if (value := facts.shell(item.hit, item.stage))
        } | {
            facts.file_name(path)
            for item in self.members
            if item.stage is Stage.DROP
            for path in facts.dropped_paths(item.hit)
        }

    def has(self, stages: Iterable[Stage], strength: Strength = Strength.SUCCESS) -> bool:
        wanted = frozenset(stages)
        return any(item.stage in wanted and item.strength is strength for item in self.members)


class _Union:
    """Disjoint sets over the positions of a list, with the reason of each join."""

    def __init__(self, size: int) -> None:
        self.parent = list(range(size))
        self.why: dict[int, list[str]] = defaultdict(list)

    def find(self, place: int) -> int:
        while self.parent[place] != place:
            self.parent[place] = self.parent[self.parent[place]]
            place = self.parent[place]
        return place

    def join(self, one: int, other: int, reason: str) -> None:
        a, b = sorted((self.find(one), self.find(other)))
        if a != b:
            self.parent[b] = a
            self.why[a] += self.why.pop(b, [])
            if reason not in self.why[a]:
                self.why[a].append(reason)


def join(hits: Sequence[Weighed]) -> list[Group]:
    """Groups in order of their first moment. Assessment traffic is never joined with an intruder."""
    ordered = sorted(
        hits,
        key=lambda item: (
            facts.moment(item.hit),
            item.hit.origin.path,
            item.hit.origin.line or 0,
            item.hit.rule,
        ),
    )
    hostile = [item for item in ordered if item.strength is not Strength.ASSESSMENT]
    union = _Union(len(hostile))
    _by_key(hostile, union)
    _lone_visitors(hostile, union)
    groups = _collect(hostile, union)
    groups = _by_time(groups)
    groups = _only_files(_write_to_shell(groups))
    seen = [item for item in ordered if item.strength is Strength.ASSESSMENT]
    if seen:
        groups.append(Group(seen, ["scanners and responders, each recognised by what it sends"]))
    return sorted(groups, key=lambda group: group.start)


def _by_key(hits: Sequence[Weighed], union: _Union) -> None:
    """Join on equal keys: session or request id, address, and shell for those who used it."""
    last: dict[str, int] = {}
    reaches = {
        "private": judging().private_join_seconds,
        "process": judging().process_join_seconds,
        "logon": judging().process_join_seconds,
    }
    moments = [facts.moment(item.hit) for item in hits]
    for place, item in enumerate(hits):
        for key, reason in _keys(item):
            before = last.get(key)
            reach = reaches.get(key.split(":")[0])
            if before is not None and (reach is None or moments[place] - moments[before] <= reach):
                union.join(before, place, reason)
            last[key] = place


def _lone_visitors(hits: Sequence[Weighed], union: _Union) -> None:
    """A shell that one address alone asked for, and nobody used, belongs to what else that address did."""
    senders: dict[int, set[str]] = {}
    others: dict[str, int] = {}
    for place, item in enumerate(hits):
        sender = facts.address(item.hit)
        if sender:
            senders.setdefault(union.find(place), set()).add(sender)
            if item.stage is not Stage.WEBSHELL and not facts.is_private(sender):
                others.setdefault(sender, place)
    for place, item in enumerate(hits):
        sender = facts.address(item.hit)
        if item.stage is Stage.WEBSHELL and sender in others and senders[union.find(place)] == {sender}:
            union.join(others[sender], place, f"the same address {sender}")


def _keys(item: Weighed) -> list[tuple[str, str]]:
    keys = [
        (key, f"the same {key.split(':')[0]} id in several records")
        for key in sorted(facts.sessions(item.hit))
    ]
    keys += [
        (
            key,
            "the same process in several events"
            if key.startswith("process")
            else "the same logon in several events",
        )
        for key in sorted(facts.processes(item.hit))
    ]
    name = facts.shell(item.hit, item.stage)
    if name:
        keys.append((f"shell:{facts.file_name(name)}", f"the same page {facts.file_name(name)}"))
    if item.stage is Stage.DROP or facts.told_by_disk(item.hit):
        keys += [
            (
                f"shell:{facts.file_name(path)}",
                f"the file {facts.file_name(path)} that was written is the page asked for",
            )
            for path in facts.dropped_paths(item.hit)
        ]
    if facts.lone_file(item.hit) or (item.hit.time is None and item.stage is Stage.DROP):
        keys.append((f"file:{item.hit.origin.path}", "the same file"))
    text = facts.text_in_setting(item.hit) if item.stage is Stage.DROP else ""
    if text and (item.hit.time is None or text.count("<") > 1):
        # Many intruders begin with the same tag: a record of the act is joined by the whole text.
        keys.append((f"setting:{text}", "the same program text as the address of a web folder"))
    sender = facts.address(item.hit)
    if sender and item.stage is not Stage.WEBSHELL:  # a mere visitor of a shell is not its user
        kind = "private" if facts.is_private(sender) else "address"
        keys.append((f"{kind}:{sender}", f"the same address {sender}"))
    return keys


def _collect(hits: Sequence[Weighed], union: _Union) -> list[Group]:
    groups: dict[int, Group] = {}
    for place, item in enumerate(hits):
        root = union.find(place)
        groups.setdefault(root, Group(reasons=union.why.get(root, []))).members.append(item)
    return list(groups.values())


def _by_time(groups: list[Group]) -> list[Group]:
    """Rows without an address: to the intruder at work at that moment, else to a run of their own kind."""
    named = [group for group in groups if group.addresses()]
    nameless = sorted((group for group in groups if not group.addresses()), key=lambda group: group.start)
    clock = sorted(
        (facts.moment(item.hit), place) for place, group in enumerate(named) for item in group.members
    )
    moments = [moment for moment, _ in clock]
    campaigns = [group.campaigns() for group in named]
    runs: list[Group] = []
    quiet: list[Group] = []
    for group in nameless:
        if _of_every_day(group):
            quiet.append(group)
            continue
        home = _at_work(group, clock, moments, campaigns)
        if home is not None:
            _merge(
                named[home],
                group,
                f"records without an address, within {judging().join_seconds} seconds of this intruder's requests",
            )
            continue
        run = next((run for run in reversed(runs[-_RUNS_BACK:]) if _follows(group, run)), None)
        if run is not None:
            _merge(
                run,
                group,
                f"records without an address that follow each other within {judging().run_seconds // 60} minutes"
                if group.start != _NEVER
                else "records without time and address in the same text",
            )
        else:
            runs.append(group)
    return named + runs + quiet


def _of_every_day(group: Group) -> bool:
    """Slight signs of no campaign: there are thousands a day, so that they happened in the same minutes proves nothing."""
    least = Severity(judging().joins_by_time_from)
    return not group.campaigns() and all(
        item.strength is Strength.AMBIGUOUS and Severity(item.rule.level).rank < least.rank
        for item in group.members
    )


def _at_work(
    group: Group, clock: list[tuple[float, int]], moments: list[float], campaigns: list[set[str]]
) -> int | None:
    """The named group with an event nearest in time, of a campaign that fits."""
    own, reach = group.campaigns(), judging().join_seconds
    best: tuple[float, int] | None = None
    for item in group.members:
        moment = facts.moment(item.hit)
        if moment == _NEVER:
            continue
        for at in range(bisect_left(moments, moment - reach), bisect_right(moments, moment + reach)):
            other = campaigns[clock[at][1]]
            if not own or not other or own & other:
                found = (abs(clock[at][0] - moment), clock[at][1])
                best = found if best is None or found < best else best
    return best[1] if best else None


def _follows(group: Group, run: Group) -> bool:
    """The run is of a fitting campaign and ended shortly before; what has no time: stands in the same text."""
    a, b = group.campaigns(), run.campaigns()
    if a and b and not a & b:
        return False
    if group.start == _NEVER:
        return run.start == _NEVER and bool(group.places() & run.places())
    return group.start - run.end <= judging().run_seconds


def _merge(home: Group, guest: Group, reason: str) -> None:
    home.members += guest.members
    home.members.sort(key=lambda item: facts.moment(item.hit))
    home.reasons += [why for why in [*guest.reasons, reason] if why not in home.reasons]


def _write_to_shell(groups: list[Group]) -> list[Group]:
    """A write whose file name the log does not show is joined with the shell that is asked for next."""
    window = judging().drop_to_shell_days * 86_400
    writers = [group for group in groups if _wrote(group)]
    for group in sorted(groups, key=lambda item: item.start):
        if any(group is writer for writer in writers) or not group.has({Stage.WEBSHELL, Stage.WEBSHELL_USE}):
            continue
        first = min(
            facts.moment(item.hit)
            for item in group.members
            if item.stage in (Stage.WEBSHELL, Stage.WEBSHELL_USE)
        )
        earlier = [
            (
                max(
                    moment
                    for item in writer.members
                    if item.stage is Stage.DROP and (moment := facts.moment(item.hit)) <= first
                ),
                place,
            )
            for place, writer in enumerate(writers)
            if any(item.stage is Stage.DROP and facts.moment(item.hit) <= first for item in writer.members)
        ]
        if not earlier:
            continue
        moment, place = max(earlier)
        if first - moment <= window:
            _merge(
                writers[place],
                group,
                f"the page was first asked for {_span(first - moment)} after a file was written",
            )
            groups = [other for other in groups if other is not group]
    return groups


def _wrote(group: Group) -> bool:
    """A record of the act says when a file was written; that the file lies there does not.

    Nor does the file table: it gives the page its date, not its writer, and a page with a date still looks for one.
    """
    return any(
        item.stage is Stage.DROP
        and item.strength is Strength.SUCCESS
        and facts.moment(item.hit) != _NEVER
        and not facts.told_by_disk(item.hit)
        for item in group.members
    )


def _only_files(groups: list[Group]) -> list[Group]:
    """Files of which no record tells who put them there or asked for them stand together: they may be anybody's."""
    lone = [group for group in groups if all(facts.lone_file(item.hit) for item in group.members)]
    if len(lone) < 2:
        return groups
    home, taken = Group(), {id(group) for group in lone}
    for group in lone:
        _merge(home, group, "files that no record links with anybody")
    return [group for group in groups if id(group) not in taken] + [home]


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3_600:.0f} hours" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"
