"""Views: how far a job is, what it found so far, stopping it and going on."""

import msgspec

from exsweep.export import EXPORTERS
from exsweep.web import jobs as queue
from exsweep.web.answers import Document
from exsweep.web.ask import Ask
from exsweep.web.ids import JobId
from exsweep.web.jobs import Job
from exsweep.web.problem import Problem
from exsweep.web.routes import Nothing, route, url


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
    return one if ask.may("case.read") else msgspec.structs.replace(one, early=None, report=None)


@route("GET", "/jobs/{job}/report", may="case.evidence", rate="heavy")
def job_report(ask: Ask, asked: OneJob) -> Document:
    """The report of what was read so far."""
    early = queue.early(ask.fleet, asked.job)
    if early is None:
        raise Problem(
            404, "There is nothing to read yet.", tip="Wait until something was found, or until it is done."
        )
    return Document(body=EXPORTERS["html"].export(ask.seen(early)))


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
