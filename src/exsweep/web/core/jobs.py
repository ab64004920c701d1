"""Views: how far a job is, what it found so far, stopping it and going on."""

import msgspec

from exsweep.export import EXPORTERS
from exsweep.export.report import findings
from exsweep.fleet import hunt
from exsweep.model import Assessment, Finding, Gap, Verdict
from exsweep.web import jobs as queue
from exsweep.web.answers import Document
from exsweep.web.ask import Ask
from exsweep.web.early import is_news
from exsweep.web.ids import JobId
from exsweep.web.jobs import Job
from exsweep.web.pages.case import said
from exsweep.web.problem import Problem
from exsweep.web.routes import Nothing, route, url

_SHOWN = 50


class OneJob(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    job: JobId


class Jobs(msgspec.Struct, frozen=True):
    jobs: tuple[Job, ...]


@route("GET", "/jobs", may="case.upload")
def jobs(ask: Ask, asked: Nothing) -> Jobs:
    """The newest jobs one may see."""
    return Jobs(tuple(_seen(ask, each) for each in queue.listed(ask.fleet, ask.within("case.upload"))))


@route("GET", "/jobs/{job}", may="case.upload")
def job(ask: Ask, asked: OneJob) -> Job:
    """How far it is, as a list; and what can be said already."""
    return _seen(ask, queue.job(ask.fleet, asked.job))


def _seen(ask: Ask, one: Job) -> Job:
    if not ask.may("case.read"):
        one = msgspec.structs.replace(one, early=None, report=None)
    if not one.watched:
        return one
    within = ask.within("hunt.run") if ask.may("hunt.run") else ()
    mine = {each.hunt for each in hunt.saved(ask.fleet, may=None if within is None else frozenset(within))}
    return msgspec.structs.replace(one, watched=tuple(each for each in one.watched if each.hunt in mine))


class SoFar(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in the part that is read. Everything quoted from evidence is hostile text."""

    job: Job
    verdict: Verdict
    """Never `no_signs` or `attacked`: nothing is ruled out before the end."""
    news: bool
    """The level may be named already."""
    findings: tuple[Finding, ...]
    """The strongest 50."""
    total: int
    gaps: tuple[Gap, ...]


@route("GET", "/jobs/{job}/so-far", may="case.evidence")
def job_so_far(ask: Ask, asked: OneJob) -> SoFar:
    """What was found up to now, while the rest is still being read."""
    of = said(ask, ask.seen(_early(ask, asked.job)))
    found = findings.ordered(of)
    return SoFar(
        job=_seen(ask, queue.job(ask.fleet, asked.job)),
        verdict=of.verdict,
        news=is_news(of),
        findings=tuple(found[:_SHOWN]),
        total=len(found),
        gaps=of.coverage.gaps,
    )


@route("GET", "/jobs/{job}/report", may="case.evidence", rate="heavy")
def job_report(ask: Ask, asked: OneJob) -> Document:
    """The report of what was read so far."""
    return Document(body=EXPORTERS["html"].export(ask.seen(_early(ask, asked.job))))


def _early(ask: Ask, public_id: str) -> Assessment:
    found = queue.early(ask.fleet, public_id)
    if found is None:
        raise Problem(
            404, "There is nothing to read yet.", tip="Wait until something was found, or until it is done."
        )
    return found


@route("POST", "/jobs/{job}/stop", may="case.upload", then=lambda of: url("job", job=of.job))
def job_stop(ask: Ask, asked: OneJob) -> Job:
    """Stop; what was read is kept."""
    queue.stop(ask.fleet, asked.job, ask.now)
    return queue.job(ask.fleet, asked.job)


@route("POST", "/jobs/{job}/resume", may="case.upload", then=lambda of: url("job", job=of.job))
def job_resume(ask: Ask, asked: OneJob) -> Job:
    """Go on where it stopped."""
    queue.resume(ask.fleet, asked.job, ask.now)
    return queue.job(ask.fleet, asked.job)
