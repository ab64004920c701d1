"""The saved events of all servers one may see, asked at once: what, where, what it costs, what was hit, what could not be."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from exsweep.errors import UsageError
from exsweep.fleet import hunt as hunts
from exsweep.fleet.hunt import Cost, Question, Report, RunLine, Saved, Scope
from exsweep.fleet.hunt import export as exports
from exsweep.web import hunting
from exsweep.web.answers import Download
from exsweep.web.ask import Ask
from exsweep.web.problem import Problem, not_found
from exsweep.web.routes import Nothing, route, url

_MOST_LINES = 10_000
_SHOWN = 300


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form: a question in words, lines of indicators, or a Sigma rule; and where to look."""

    query: str = ""
    lines: str = ""
    sigma: str = ""
    cluster: str | None = None
    tier: int | None = None
    since: date | None = None
    until: date | None = None


class HuntView(msgspec.Struct, frozen=True, kw_only=True):
    """The form, what was hunted before, and what is kept."""

    asked: Asked
    runs: tuple[RunLine, ...]
    saved: tuple[Saved, ...]
    cost: Cost | None = None
    """What it would take, after a dry run."""
    why_not: tuple[tuple[str, int], ...] = ()
    """Reason -> servers that could not be checked."""


class OneRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    run: str


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """A hunt, as far as it is. Lines of hits are hostile text."""

    report: Report
    working: bool
    """In this program; else it can go on."""
    new: int
    why_not: tuple[tuple[str, int], ...]
    hits: int
    shown: int


class Keep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    run: str
    name: str
    watch: bool = False


class Format(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    run: str
    format: str = "csv"


class OneHunt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    hunt: str


class Started(msgspec.Struct, frozen=True):
    run: str


def _may(ask: Ask) -> frozenset[int] | None:
    within = ask.within("hunt.run")
    return None if within is None else frozenset(within)


def _question(asked: Asked) -> Question:
    lines = tuple(line.strip() for line in asked.lines.splitlines() if line.strip())
    if len(lines) > _MOST_LINES:
        raise UsageError(f"That is more than {_MOST_LINES:,} lines.", tip="Ask in several parts.")
    question = Question(
        query=asked.query.strip(),
        indicators=lines,
        sigma=(asked.sigma,) if asked.sigma.strip() else (),
    )
    if question == Question():
        raise UsageError("Nothing is looked for.", tip="Write an address, a hash, a path, or paste lines.")
    return question


def _scope(asked: Asked) -> Scope:
    day = timedelta(days=1)
    return Scope(
        cluster=asked.cluster,
        tiers=() if asked.tier is None else (asked.tier,),
        since=datetime.combine(asked.since, time(), UTC) if asked.since else None,
        until=datetime.combine(asked.until, time(), UTC) + day if asked.until else None,
    )


def _reasons(missed: tuple[hunts.Missed, ...]) -> tuple[tuple[str, int], ...]:
    return tuple(Counter(each.why for each in missed).most_common(12))


def _view(ask: Ask, asked: Asked, cost: Cost | None = None) -> HuntView:
    return HuntView(
        asked=asked,
        runs=hunts.runs(ask.fleet, 20, may=_may(ask)),
        saved=hunts.saved(ask.fleet, may=_may(ask)),
        cost=cost,
        why_not=_reasons(cost.could_not_check) if cost else (),
    )


@route("GET", "/hunt", may="hunt.run")
def hunt(ask: Ask, asked: Nothing) -> HuntView:
    """Ask the saved events of the whole fleet."""
    return _view(ask, Asked())


@route("POST", "/hunt/plan", may="hunt.run", rate="heavy")
def hunt_plan(ask: Ask, asked: Asked) -> HuntView:
    """Dry run: what it would take, without reading an event."""
    lake = hunting.lake(ask.service)
    return _view(ask, asked, hunts.plan(ask.fleet, _question(asked), _scope(asked), may=_may(ask), lake=lake))


@route("POST", "/hunt", may="hunt.run", then=lambda of: url("hunt_run", run=of.run), rate="heavy")
def hunt_start(ask: Ask, asked: Asked) -> Started:
    """Look."""
    run = hunts.start(ask.fleet, _question(asked), _scope(asked), now=ask.now, may=_may(ask))
    hunting.begin(ask.service, run, ask.who)
    return Started(run)


@route("GET", "/hunt/{run}", may="hunt.run")
def hunt_run(ask: Ask, asked: OneRun) -> RunView:
    """How far it is, what was hit, and what could not be checked."""
    found = _run(ask, asked.run)
    shown = found.hits[:_SHOWN]
    return RunView(
        report=msgspec.structs.replace(found, hits=shown, could_not_check=found.could_not_check[:_SHOWN]),
        working=hunting.at_work(asked.run),
        new=sum(each.new for each in found.hits),
        why_not=_reasons(found.could_not_check),
        hits=len({each.server for each in found.hits}),
        shown=len(shown),
    )


@route("POST", "/hunt/{run}/stop", may="hunt.run", then=lambda of: url("hunt_run", run=of.run))
def hunt_stop(ask: Ask, asked: OneRun) -> Started:
    """Stop; what was looked at is kept."""
    _run(ask, asked.run)
    hunting.stop(asked.run)
    return Started(asked.run)


@route("POST", "/hunt/{run}/resume", may="hunt.run", then=lambda of: url("hunt_run", run=of.run))
def hunt_resume(ask: Ask, asked: OneRun) -> Started:
    """Go on where it stopped."""
    _run(ask, asked.run)
    hunting.begin(ask.service, asked.run, ask.who)
    return Started(asked.run)


@route("POST", "/hunt/{run}/save", may="hunt.save", then=lambda _: url("hunt"))
def hunt_save(ask: Ask, asked: Keep) -> Started:
    """Keep the question; a watch tells when new evidence matches."""
    found = _run(ask, asked.run)
    hunts.save(
        ask.fleet, asked.name, found.question, found.scope, watch=asked.watch, now=ask.now, may=_may(ask)
    )
    return Started(asked.run)


@route(
    "POST", "/hunts/{hunt}/again", may="hunt.run", then=lambda of: url("hunt_run", run=of.run), rate="heavy"
)
def hunt_again(ask: Ask, asked: OneHunt) -> Started:
    """Ask a kept question again."""
    _own(ask, asked.hunt)
    run = hunts.again(ask.fleet, asked.hunt, now=ask.now)
    hunting.begin(ask.service, run, ask.who)
    return Started(run)


@route("POST", "/hunts/{hunt}/forget", may="hunt.save", then=lambda _: url("hunt"))
def hunt_forget(ask: Ask, asked: OneHunt) -> Started:
    """Keep a question no longer."""
    _own(ask, asked.hunt)
    hunts.forget(ask.fleet, asked.hunt, now=ask.now)
    return Started("")


def _run(ask: Ask, name: str) -> hunts.Report:
    """The run; another's is not there (H68).

    Raises:
        Problem: 404.
    """
    try:
        return hunts.report(ask.fleet, name, may=_may(ask))
    except UsageError:
        raise not_found() from None


def _own(ask: Ask, name: str) -> None:
    if name not in {each.hunt for each in hunts.saved(ask.fleet, may=_may(ask))}:
        raise Problem(404, "There is no such hunt.", tip="Open the list of hunts again.")


@route("GET", "/hunt/{run}/export", may="hunt.run", rate="heavy")
def hunt_export(ask: Ask, asked: Format) -> Download:
    """The hits for other tools."""
    writers = {
        "csv": (exports.to_csv, "text/csv; charset=utf-8"),
        "json": (exports.to_json, "application/json"),
        "stix": (exports.to_stix, "application/stix+json;version=2.1"),
    }
    if asked.format not in writers:
        raise Problem(422, "There is no such format.", tip=f"Choose from: {', '.join(writers)}.")
    write, kind = writers[asked.format]
    found = _run(ask, asked.run)
    ending = "json" if asked.format == "stix" else asked.format
    return Download(file_name=f"{asked.run}.{ending}", media_type=kind, body=write(found))
