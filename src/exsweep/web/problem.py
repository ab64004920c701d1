"""What went wrong, for people and programs: what, and what to do next; never a traceback (RFC 9457)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from exsweep.errors import EvidenceError, ExsweepError, StoreError, UsageError


class Again(NamedTuple):
    """A form to show once more, filled in as it came, instead of a page that only says what was wrong."""

    page: str
    view: Any
    place: str = "/"
    """Its address, for links that come back to it."""


class Problem(ExsweepError):  # noqa: N818 - the word of RFC 9457
    """Stops a request. `title` is for every reader; `tip` says what to do next."""

    def __init__(
        self,
        status: int,
        title: str,
        *,
        tip: str | None = None,
        headers: Mapping[str, str] | None = None,
        again: Again | None = None,
    ) -> None:
        super().__init__(title, tip=tip)
        self.status = status
        self.headers = dict(headers or {})
        self.again = again


class ProblemView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Body of an error, `application/problem+json`; the template `problem` shows it to people."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    """What to do next."""
    offset: int | None = None
    """Where an upload really stands."""


def not_found() -> Problem:
    """The same for what is not there and for what belongs to others (H68)."""
    return Problem(404, "There is nothing here.", tip="Check the address, or go back to the start page.")


def with_form(error: ExsweepError, form: Again) -> Problem:
    """The error, told above the form that is to be mended."""
    problem = problem_of(error)
    return Problem(problem.status, problem.message, tip=problem.tip, headers=problem.headers, again=form)


def problem_of(error: Exception) -> Problem:
    """Any exception as something that may be shown; ours keep their words, others give none away."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, StoreError):
        return Problem(
            503,
            "The store cannot be reached at the moment.",
            tip="Nothing is lost. Try again in a minute.",
            headers={"Retry-After": "10"},
        )
    if isinstance(error, (UsageError, EvidenceError)):
        return Problem(422, error.message, tip=error.tip)
    if isinstance(error, ExsweepError):
        return Problem(500, error.message, tip=error.tip)
    return Problem(
        500, "An error of ours, sorry.", tip="Try again. If it stays, tell whoever runs this service."
    )
