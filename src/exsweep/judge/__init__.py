"""From what was seen to one assessment. Looks at many hits at once; opens nothing, reads no clock."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from exsweep.judge import facts
from exsweep.judge.chains import Group, join
from exsweep.judge.clocks import Compared, compare
from exsweep.judge.config_history import with_history
from exsweep.judge.coverage import Seen, measure
from exsweep.judge.disk import credible
from exsweep.judge.files import look
from exsweep.judge.findings import findings_of, group_id
from exsweep.judge.guessing import guessers, signed_in
from exsweep.judge.impact import impact_of
from exsweep.judge.levels import level_of
from exsweep.judge.outcome import settle, weigh
from exsweep.judge.patches import BuildHistory, history, patch
from exsweep.judge.remedies import remedies
from exsweep.judge.secrets import fits, kept, masked
from exsweep.judge.sessions import sessions
from exsweep.judge.story import chain_of
from exsweep.judge.timeline import timeline
from exsweep.judge.verdict import decide
from exsweep.judge.whose import of_a_mail_server
from exsweep.knowledge.baselines import Baseline
from exsweep.knowledge.builds import product_of
from exsweep.knowledge.formats import LogFormat
from exsweep.knowledge.judging import judging
from exsweep.knowledge.rules import Rule
from exsweep.model import (
    Assessment,
    Chain,
    CustodyItem,
    FileVerdict,
    Finding,
    Hit,
    Level,
    Observations,
    Run,
    Server,
    SourceReport,
    SourceState,
    Stage,
    Strength,
    UnusedRule,
)

__all__ = ["Traces", "fits", "intruders", "judge", "kept", "masked"]


def judge(
    seen: Observations,
    rules: Mapping[str, Rule],
    formats: Sequence[LogFormat],
    *,
    now: datetime,
    run: Run,
    server: Server | None = None,
    rule_counts: Mapping[str, int] | None = None,
    rules_unused: Sequence[UnusedRule] = (),
    rule_problems: Sequence[str] = (),
    shipped: Baseline | None = None,
) -> Assessment:
    """The sentence: builds, coverage, worth of each hit, chains, findings, verdict, impact, what to do."""
    builds = history(seen.sources, now)
    named = _server_name(seen.sources)
    covered = measure(seen.sources, formats, builds, now, nobodys=seen.nobodys, server=named)
    hits = (*(credible(hit, now) for hit in seen.hits), *signed_in(seen, rules))
    clocks, groups = _on_one_clock(hits, compare(seen, rules, covered.coverage), rules, builds, covered)
    context = clocks.moved(seen.context)
    mail_server = of_a_mail_server(seen)
    findings: list[Finding] = []
    chains: list[Chain] = []
    for group, level in groups:
        told = findings_of(group, group_id(group))
        findings += told
        if level is not None:
            chains.append(chain_of(group, told, level, covered, mail_server=mail_server))
    chains.sort(key=lambda chain: (-chain.level.rank, chain.first_seen is None, chain.first_seen, chain.id))
    state = patch(builds, seen.sources)
    verdict = decide(chains, findings, covered, state, builds, mail_server=mail_server)
    events = _events(findings, [group for group, _ in groups])
    findings = clocks.remarked(with_history(findings, events, seen.hits, seen.sources))
    custody = tuple(
        _custody(report) for report in sorted(seen.sources, key=lambda report: (report.path, report.sha256))
    )
    name = server or Server()
    return Assessment(
        server=Server(
            name=name.name or named,
            organisation=name.organisation,
            sector=name.sector,
            product=product_of(builds.last) if builds.last else None,
            builds=builds.seen,
        ),
        verdict=verdict,
        chains=tuple(chains),
        findings=tuple(
            sorted(findings, key=lambda item: (item.first_seen is None, item.first_seen, item.id))
        ),
        timeline=timeline(findings, events, context),
        files=look(seen.files, [*seen.hits, *seen.context], builds.last, shipped),
        coverage=msgspec.structs.replace(covered.coverage, clocks=clocks.clocks),
        patch=state,
        impact=impact_of(groups, findings, covered, sessions(seen.sources), mail_server=mail_server),
        remediation=remedies(verdict.level, _leading(chains, findings, verdict.level), state),
        custody=custody,
        manifest_sha256=_manifest(custody),
        rules=dict(sorted((rule_counts or {}).items())),
        rules_unused=tuple(rules_unused),
        rule_problems=tuple(rule_problems),
        run=run,
    )


class Traces(msgspec.Struct, frozen=True):
    """What a pivot looks for in all logs; each part sorted."""

    addresses: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    """Canonical URL paths of web shells."""
    keys: tuple[str, ...] = ()
    """Ids of requests and sessions, lower case."""
    guessers: tuple[str, ...] = ()
    """Addresses that guessed passwords: of them only what was asked for with a password that fits."""

    def __bool__(self) -> bool:
        return bool(self.addresses or self.pages or self.keys or self.guessers)


def intruders(
    seen: Observations, rules: Mapping[str, Rule], formats: Sequence[LogFormat], *, now: datetime
) -> Traces:
    """What the proven intruders left behind: their addresses, web shells, and the ids of their requests."""
    builds = history(seen.sources, now)
    covered = measure(seen.sources, formats, builds, now)
    clocks = compare(seen, rules, covered.coverage)
    addresses: set[str] = set()
    pages: set[str] = set()
    keys: set[str] = set()
    for group, level in _on_one_clock(seen.hits, clocks, rules, builds, covered)[1]:
        if level in (Level.BROKEN_INTO, Level.IN_USE):
            users = [item for item in group.members if item.strength is not Strength.ASSESSMENT]
            pages |= {value for item in users if (value := facts.shell(item.hit, item.stage))}
            users = [item for item in users if item.stage is not Stage.WEBSHELL]
            senders = {value for item in users if (value := facts.address(item.hit))}
            addresses |= {value for value in senders if not facts.is_private(value)}
            keys |= {key.split(":", 1)[1] for item in users for key in facts.sessions(item.hit)}
    # Who asked for a page that looks wrong is wanted too, before anybody knows whether it is a back door.
    doubtful = [
        one.path for one in seen.files if one.verdict in (FileVerdict.MALICIOUS, FileVerdict.SUSPICIOUS)
    ]
    pages |= {url for path in doubtful if (url := facts.served_as(path))}
    most = judging().pivot_keys
    return Traces(
        tuple(sorted(addresses)), tuple(sorted(pages)), tuple(sorted(keys)[:most]), guessers(seen.hits, rules)
    )


def _on_one_clock(
    hits: Sequence[Hit], clocks: Compared, rules: Mapping[str, Rule], builds: BuildHistory, seen: Seen
) -> tuple[Compared, list[tuple[Group, Level | None]]]:
    """Groups of hits by the times of one clock. Moving times must not make the verdict better: else they stay as recorded."""

    def gathered(some: Sequence[Hit]) -> list[tuple[Group, Level | None]]:
        return _gather(join(settle([weigh(hit, rules, builds) for hit in some])), seen)

    groups = gathered(clocks.moved(hits))
    if clocks.shifts:
        plain = gathered(hits)
        if _worst(plain) > _worst(groups):
            return clocks.left_alone(), plain
    return clocks, groups


def _worst(groups: Sequence[tuple[Group, Level | None]]) -> int:
    return max((level.rank for _, level in groups if level is not None), default=-1)


def _gather(groups: Sequence[Group], seen: Seen) -> list[tuple[Group, Level | None]]:
    """Senders who only tried are told together once there are many: one group per campaign and level, with its level.

    The level is that of each alone: telling single records of daily work in one place must not make them a pattern.
    """
    levels = [(group, level_of(group, seen.end)) for group in groups]
    number = Counter(level for group, level in levels if level is not None and _only_tried(group, level))
    crowded = {level for level in number if number[level] > judging().attempt_chains_kept}
    kept: list[tuple[Group, Level | None]] = []
    crowd: dict[str, tuple[Group, Level | None]] = {}
    for group, level in levels:
        assessed = all(item.strength is Strength.ASSESSMENT for item in group.members)
        if assessed or not (level is None or (level in crowded and _only_tried(group, level))):
            kept.append((group, level))
            continue
        name = f"{level or 'quiet'}:{'/'.join(sorted(group.campaigns()))}"
        reason = "senders who only tried, told together" if level else "single records, told together"
        crowd.setdefault(name, (Group(reasons=[reason]), level))[0].members.extend(group.members)
    return kept + [crowd[name] for name in sorted(crowd)]


def _only_tried(group: Group, level: Level) -> bool:
    """Refused or harmless altogether, or tries of which nothing shows how they ended."""
    return level is Level.ATTACKED or all(
        item.strength in (Strength.ATTEMPT, Strength.ASSESSMENT) for item in group.members
    )


def _events(findings: Sequence[Finding], groups: Sequence[Group]) -> dict[str, list[Hit]]:
    """Events of each finding, for the timeline."""
    by_place: dict[tuple[str, str, int | None], Hit] = {}
    for group in groups:
        for item in group.members:
            origin = item.hit.origin
            by_place[item.hit.rule, origin.path, origin.offset] = item.hit
    return {
        item.id: [
            hit
            for origin in item.origins
            if (hit := by_place.get((item.rule.id, origin.path, origin.offset)))
        ]
        for item in findings
    }


def _leading(chains: Sequence[Chain], findings: Sequence[Finding], level: Level) -> list[Finding]:
    """Findings of the chains that make the verdict."""
    ids = {chain.id for chain in chains if chain.level is level}
    return [item for item in findings if item.chain in ids]


def _server_name(sources: Sequence[SourceReport]) -> str | None:
    """The name that most files use; shortest spelling first among equals."""
    votes: dict[str, int] = {}
    for report in sources:
        for name in report.servers:
            votes[name.split(".")[0].upper()] = votes.get(name.split(".")[0].upper(), 0) + max(
                report.events, 1
            )
    return min(votes, key=lambda name: (-votes[name], len(name), name)) if votes else None


def _custody(report: SourceReport) -> CustodyItem:
    # A copy inside an archive has its own reason; every other reason stands among the gaps.
    copied = report.state is SourceState.DUPLICATE and report.duplicate_of is None and report.reason
    notes = (report.reason, *report.notes) if copied else report.notes
    return CustodyItem(
        path=report.path,
        size=report.size,
        sha256=report.sha256,
        kind=report.kind,
        state=report.state.value,
        duplicate_of=report.duplicate_of,
        notes=notes or msgspec.UNSET,
    )


def _manifest(items: Sequence[CustodyItem]) -> str:
    """SHA-256 over `sha256  size  path` lines in order of path: seals the whole evidence."""
    digest = hashlib.sha256()
    for item in items:
        digest.update(f"{item.sha256}  {item.size}  {item.path}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
