"""The one answer: level, how sure, since when, what speaks against it and what would change it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from exsweep.judge.coverage import Seen
from exsweep.judge.dating import dating
from exsweep.judge.patches import BuildHistory
from exsweep.judge.saying import day, kinds_in_words, wanted
from exsweep.knowledge import languages
from exsweep.knowledge.builds import newest, product_of
from exsweep.knowledge.judging import judging
from exsweep.knowledge.words import gaps, has, render
from exsweep.model import Chain, Confidence, Finding, Level, Patch, Phrase, Said, Stage, Strength, Verdict

_REASONS = 12
_PAGE = "served_file"
_DISK = "disk"
_NO_DOUBT = ("none", "not seen", "unknown")
"""How rules say that nothing harmless is known to look like this."""
_TELLING = (Stage.WEBSHELL_USE, Stage.DROP, Stage.POST_EXPLOITATION, Stage.EXPLOITATION)
"""Stages in the order in which they convince a reader; others follow."""
_HOSTILE = frozenset({Level.SUSPICIOUS, Level.BROKEN_INTO, Level.IN_USE})


@dataclass(frozen=True)
class _Case:
    """What the sentences are filled from."""

    level: Level
    carrying: tuple[Finding, ...]
    chains: tuple[Chain, ...]
    seen: Seen
    patch: Patch
    since: datetime | None
    last: datetime | None
    quiet: bool
    """No rule found anything, however slight."""
    mail_server: bool
    """Something in the evidence is of a mail server, or of a web server."""

    def stage(self, *stages: Stage, strength: Strength | None = None) -> bool:
        return any(item.stage in stages and strength in (None, item.strength) for item in self.carrying)


def decide(
    chains: Sequence[Chain],
    findings: Sequence[Finding],
    seen: Seen,
    patch: Patch,
    builds: BuildHistory,
    *,
    mail_server: bool = True,
) -> Verdict:
    """Strongest chain; without any, `no_signs` only where the days that matter are covered and readable."""
    level = level_of_all(chains, seen)
    leading = tuple(chain for chain in chains if chain.level is level)
    carrying = _carrying(level, leading, findings)
    case = _Case(
        level=level,
        carrying=carrying,
        chains=leading,
        seen=seen,
        patch=patch,
        since=_since(level, leading, _carrying(level, _broken(chains) or leading, findings)),
        last=max((chain.last_seen for chain in leading if chain.last_seen), default=None),
        quiet=not findings,
        mail_server=mail_server,
    )
    confidence, kinds = _confidence(level, carrying, seen)
    do_now = _do_now(case)
    said = Said(
        headline=_headline(case),
        text=(*_meaning(case), *_sure(level, confidence, kinds), *_unseen(case)),
        do_now=do_now,
    )
    return Verdict(
        level=level,
        confidence=confidence,
        since=case.since,
        last_activity=case.last,
        headline=languages.say(said.headline),
        text=tuple(languages.say(phrase) for phrase in said.text),
        do_now=languages.say_list(do_now),
        said=said,
        reasons=tuple(item.id for item in carrying[:_REASONS]),
        against=_against(case),
        would_change=_would_change(case),
        evidence_end=seen.end,
        dating=dating(level, leading, case.since, case.last, seen, builds),
    )


def _broken(chains: Sequence[Chain]) -> tuple[Chain, ...]:
    """All break-ins: another intruder at work today does not make an earlier one younger."""
    return tuple(chain for chain in chains if chain.level in (Level.BROKEN_INTO, Level.IN_USE))


def _since(level: Level, leading: Sequence[Chain], carrying: Sequence[Finding]) -> datetime | None:
    """First proven act of a break-in; else the first sign of any kind."""
    proven = [item.first_seen for item in carrying if item.first_seen and item.strength is Strength.SUCCESS]
    if level in (Level.BROKEN_INTO, Level.IN_USE) and proven:
        return min(proven)
    return min((chain.first_seen for chain in leading if chain.first_seen), default=None)


def level_of_all(chains: Sequence[Chain], seen: Seen) -> Level:
    """Of the worst chain; without one that counts, whether "nothing found" may be said."""
    strongest = max((chain.level for chain in chains), key=lambda level: level.rank, default=None)
    if strongest is not None and strongest.rank >= Level.ATTACKED.rank:
        return strongest
    return Level.CANNOT_TELL if limited(seen) else Level.NO_SIGNS


def limited(seen: Seen) -> bool:
    """Something that could hide a break-in was not read."""
    nothing = not any(source.matters and source.events for source in seen.coverage.sources)
    return nothing or bool(seen.blind) or any(gap.limits_verdict for gap in seen.coverage.gaps)


def _carrying(level: Level, leading: Sequence[Chain], findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings of the leading chains, strongest first."""
    ids = {chain.id for chain in leading}
    found = [item for item in findings if item.chain in ids]
    if level in _HOSTILE:
        found = [item for item in found if item.strength is not Strength.ASSESSMENT] or found
    return tuple(sorted(found, key=_weight))


def _weight(item: Finding) -> tuple[object, ...]:
    """Proof first, then what nothing shows to have failed, then by severity, by the stage that says most, by time."""
    when = item.first_seen.timestamp() if item.first_seen else float("inf")
    telling = _TELLING.index(item.stage) if item.stage in _TELLING else len(_TELLING)
    proof = item.strength is Strength.SUCCESS
    return (
        not proof,
        bool(item.failed),
        -item.severity.rank,
        -item.strength.rank,
        telling,
        when,
        item.id,
    )


def _confidence(level: Level, carrying: Sequence[Finding], seen: Seen) -> tuple[Confidence, int]:
    """Sure: two independent kinds of record prove it. Very likely: one strong one. Else possible.

    That nothing happened is possible at most while a whole kind of witness was not heard.
    """
    kinds = _independent(item for item in carrying if item.strength is Strength.SUCCESS)
    if level in (Level.BROKEN_INTO, Level.IN_USE):
        return (Confidence.SURE, len(kinds)) if len(kinds) >= 2 else (Confidence.VERY_LIKELY, 1)
    if level in (Level.SUSPICIOUS, Level.CANNOT_TELL) or (level is Level.NO_SIGNS and seen.unheard):
        return Confidence.POSSIBLE, 0
    return Confidence.VERY_LIKELY, 0


def _independent(proofs: Iterable[Finding]) -> set[str]:
    """Kinds of record; a page that is also read as the settings written into it is one record, not two.

    What the disk says of its files is one kind, in however many of its own records it says so.
    """
    found = list(proofs)
    pages = {origin.path for item in found if item.kind == _PAGE for origin in item.origins}
    return {
        _PAGE
        if pages and all(origin.path in pages for origin in item.origins)
        else _DISK
        if item.kind in judging().disk_kinds
        else item.kind
        for item in found
    }


def _sure(level: Level, confidence: Confidence, kinds: int) -> tuple[Phrase, ...]:
    return (_phrase(f"sure.{confidence.value}", n=kinds),) if level in _HOSTILE else ()


def _meaning(case: _Case) -> tuple[Phrase, ...]:
    dates = {
        "since": languages.day(case.since),
        "last": languages.day(case.last, clock=True),
        "evidence_end": languages.day(case.seen.end),
        "first": languages.day(case.seen.start),
    }
    at = f"verdict.{case.level.value}."
    match case.level:
        case Level.IN_USE:
            used = case.stage(Stage.WEBSHELL_USE, strength=Strength.SUCCESS)
            key = at + (("shell" if _page_known(case) else "ran") if used else "other")
            said = [_phrase(_of_computer(key, case), **dates)]
            if case.seen.old:
                said.append(_phrase(at + "old", **dates))
        case Level.BROKEN_INTO:
            said = [_phrase(_of_computer(at + _shell_state(case), case), **dates), _phrase(at + "patched")]
        case Level.SUSPICIOUS:
            said = [_suspicion(case, dates)]
        case Level.ATTACKED:
            said = _attacked(case, dates)
        case Level.NO_SIGNS:
            said = [_read(case, at + "meaning", dates)]
            if case.seen.old:
                said.append(_phrase(at + "old"))
        case Level.CANNOT_TELL:
            said = [_cannot(case)]
            if (
                case.quiet
                and case.seen.end is not None
                and any(source.events for source in case.seen.coverage.sources)
            ):
                # What is missing decides; a frightened reader still wants to know what the rest showed.
                said.append(_read(case, at + ("read" if case.seen.days else "read_part"), dates))
    return tuple(said)


def _headline(case: _Case) -> Phrase:
    """Old records without a sign say nothing of today: the first line has their last day in it."""
    key = f"verdict.{case.level.value}.headline"
    if case.level is Level.NO_SIGNS and case.seen.old:
        return _phrase(f"{key}_old", evidence_end=languages.day(case.seen.end))
    return Phrase(key=_of_computer(key, case))


def _of_computer(key: str, case: _Case) -> str:
    """Words for a computer of which nothing shows that it is the mail server, where there are some."""
    return f"{key}_computer" if not case.mail_server and has(f"{key}_computer") else key


def _read(case: _Case, key: str, dates: dict[str, Phrase]) -> Phrase:
    """How much was read, and of which days."""
    files = sum(source.files for source in case.seen.coverage.sources)
    return _phrase(key, days=case.seen.days, files=files, **dates)


def _shell_state(case: _Case) -> str:
    """What is known of the back door; records without any time get sentences without one."""
    if case.seen.end is None and case.since is not None and case.stage(Stage.DROP, strength=Strength.SUCCESS):
        return "shell_put"  # the disk dates what no log does
    if case.seen.end is None or case.since is None:
        if case.stage(Stage.WEBSHELL_USE, strength=Strength.SUCCESS):
            return "used_undated" if _page_known(case) else "ran_undated"
        shell = case.stage(Stage.DROP, Stage.WEBSHELL, strength=Strength.SUCCESS)
        return "shell_undated" if shell else "undated"
    if case.stage(Stage.WEBSHELL_USE, strength=Strength.SUCCESS):
        return "shell_used" if _page_known(case) else "ran"
    if case.stage(Stage.DROP, strength=Strength.SUCCESS):
        return "shell_unused"
    if case.stage(Stage.WEBSHELL):
        return "shell_present" if _asked_for(case) else "shell_listed"
    return "no_shell"


def _page_known(case: _Case) -> bool:
    """A page or its file is named; commands that the web server ran do not say through what they came."""
    stages = (Stage.DROP, Stage.WEBSHELL, Stage.WEBSHELL_USE)
    return any(
        item.stage in stages and (item.fields.get("url.path") or item.fields.get("file.path"))
        for item in case.carrying
    )


def _asked_for(case: _Case) -> bool:
    """Somebody asked for the page; else its file was only named in a list."""
    return any(item.stage is Stage.WEBSHELL and item.fields.get("url.path") for item in case.carrying)


def _suspicion(case: _Case, dates: dict[str, Phrase]) -> Phrase:
    if not case.carrying:
        return _phrase("verdict.suspicious.meaning_short", reason=Phrase(key="phrase.signs"))
    first = case.carrying[0]
    if first.strength is Strength.ATTEMPT:
        return (
            _phrase("verdict.suspicious.open_build", **dates)
            if case.patch.build
            else _phrase("verdict.suspicious.meaning_short", reason=_reason(first))
        )
    if first.false_positives:
        return _phrase(
            "verdict.suspicious.meaning",
            reason=_reason(first),
            harmless=languages.quoted(first.false_positives[0]),
        )
    return _phrase("verdict.suspicious.meaning_short", reason=_reason(first))


def _reason(item: Finding) -> Phrase:
    return languages.quoted(item.rule.title)


def _attacked(case: _Case, dates: dict[str, Phrase]) -> list[Phrase]:
    tries = [item for item in case.carrying if item.strength is not Strength.ASSESSMENT]
    if not tries:
        names = sorted({item.scanner or item.rule.title for item in case.carrying})[:3]
        said = [_phrase("verdict.attacked.scan_only", scanner=tuple(map(languages.quoted, names)))]
    else:
        reason = (
            languages.recognised("reason", tries[0].failed[0])
            if tries[0].failed
            else Phrase(key="reason.nothing_followed")
        )
        if case.since is None or case.last is None:
            when = "meaning_undated"
        else:
            when = "meaning_day" if case.since.date() == case.last.date() else "meaning"
        said = [
            _phrase(
                f"verdict.attacked.{when}",
                n=_events(tries),
                reason=reason,
                **dates,
            )
        ]
    if case.seen.start and case.seen.end:
        said.append(_phrase("verdict.attacked.limits", **dates))
    return said


def _events(findings: Sequence[Finding]) -> int:
    """Events behind findings, each row once although several rules may name it."""
    shown = {(origin.path, origin.offset) for item in findings for origin in item.origins}
    return max([len(shown), *(item.count for item in findings)])


def _cannot(case: _Case) -> Phrase:
    if not any(source.events for source in case.seen.coverage.sources):
        if case.quiet and case.seen.pages:
            return _phrase("verdict.cannot_tell.only_pages", files=case.seen.pages)
        return _phrase("verdict.cannot_tell.nothing")
    blind = case.seen.blind
    if blind and case.seen.end is not None:
        window = blind[0]  # campaigns stand in the order of their weight
        return _phrase(
            "verdict.cannot_tell.meaning",
            range=_phrase("phrase.range", first=languages.day(window.first), last=languages.day(window.last))
            if window.first != window.last
            else languages.day(window.first),
        )
    if blind:
        return _phrase("verdict.cannot_tell.meaning_sources", kinds=kinds_in_words(blind[0].uncovered))
    lost = sorted({gap.kind for gap in case.seen.coverage.gaps if gap.limits_verdict})
    return _phrase("verdict.cannot_tell.meaning_sources", kinds=kinds_in_words(lost))


def _unseen(case: _Case) -> tuple[Phrase, ...]:
    """Only where nothing was missed: the gaps themselves stand in the coverage, and every reader is shown them."""
    if case.level is Level.NO_SIGNS:
        silent = tuple(Phrase(key=f"witness.{name}") for name in case.seen.unheard)
        return (
            _phrase("verdict.no_signs.limits", gaps=silent)
            if silent
            else _phrase("verdict.no_signs.limits_none"),
        )
    if any(gap.limits_verdict for gap in case.seen.coverage.gaps):
        return ()
    return (_phrase("unseen.none"),)


def _do_now(case: _Case) -> Phrase:
    """The three or four things to do first, before the long list."""
    old = case.level is Level.NO_SIGNS and case.seen.old
    return _phrase(
        f"verdict.{case.level.value}.{'do_old' if old else 'do'}",
        update=_update(case.patch),
        wanted=wanted(case.seen, settling=case.level is Level.SUSPICIOUS),
    )


def _update(patch: Patch) -> Phrase:
    if patch.build is None:
        return _phrase("update.unknown")
    if not patch.cves.certain:
        return _phrase("update.done")
    product = product_of(patch.build)
    target = newest(product) if product else None
    return _phrase(
        "update.install",
        update=languages.quoted(f"{target.product} {target.cu} {target.update}".strip())
        if target
        else Phrase(key="phrase.any_update"),
    )


def _phrase(key: str, **values: int | Phrase | tuple[Phrase, ...]) -> Phrase:
    """The text under the key with its gaps; English and other languages are made of it."""
    text = languages.english()[key]
    asked = gaps(text if isinstance(text, str) else " ".join(text))
    return Phrase(
        key=key,
        params={
            name: (value,) if isinstance(value, Phrase) else value
            for name, value in values.items()
            if name in asked
        },
    )


def _against(case: _Case) -> tuple[str, ...]:
    if case.level not in _HOSTILE:
        return ()
    said = []
    if not case.stage(Stage.DROP, Stage.WEBSHELL, Stage.WEBSHELL_USE):
        said.append(render("against.no_shell"))
    elif not case.stage(Stage.WEBSHELL_USE) and case.stage(Stage.WEBSHELL) and _asked_for(case):
        said.append(render("against.only_visit"))
    if len(_independent(item for item in case.carrying if item.strength is Strength.SUCCESS)) < 2:
        said.append(render("against.one_record"))
    doubts: dict[str, list[str]] = {}
    for item in case.carrying[:_REASONS]:
        for doubt in item.remarks:
            doubts.setdefault(doubt, []).append(item.id)
        for reason in item.false_positives:
            if not reason.lower().startswith(_NO_DOUBT):
                doubts.setdefault(reason, []).append(item.id)
    said += [f"{reason} [{', '.join(ids)}]" for reason, ids in doubts.items()]
    return tuple(dict.fromkeys(said))[:10]


def _places(names: Sequence[str]) -> list[str]:
    """Each file once, by the longest of the paths that name it: a request shows the end of the path on disk."""
    ends = {name: name.replace("\\", "/").lstrip("./").casefold() for name in names}
    return [
        name
        for name, end in ends.items()
        if not any(other != end and f"/{other}".endswith(f"/{end}") for other in ends.values())
    ]


def _would_change(case: _Case) -> tuple[str, ...]:
    wanted: dict[str, list[date]] = {}
    for window in case.seen.blind[:6]:
        for kind in window.uncovered[:2]:
            if has(f"wanted.{kind}"):
                # Windows of several campaigns overlap: one line for each log, from the first day to the last.
                wanted.setdefault(kind, []).extend((window.first, window.last))
    said = [
        render(
            "would_change.more_days", kind=render(f"wanted.{kind}"), first=day(min(days)), last=day(max(days))
        )
        for kind, days in wanted.items()
    ]
    shells = _places([name for chain in case.chains for name in chain.actor.shells])
    said += [render("would_change.file", path=name) for name in shells[:3]]
    if case.level in _HOSTILE:
        said.append(render("would_change.admin"))
    return tuple(dict.fromkeys(said))
