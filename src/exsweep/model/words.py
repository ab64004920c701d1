"""The closed sets of the field. Each order is the order of weight, weakest first."""

from enum import StrEnum


class _Ordered(StrEnum):
    """A closed set whose members compare by the place where they stand."""

    @property
    def rank(self) -> int:
        """0 for the weakest member."""
        return list(type(self)).index(self)


class Level(_Ordered):
    """The verdict of one server (design contract; law: removing evidence never lowers towards `no_signs`)."""

    NO_SIGNS = "no_signs"
    """Nothing in what could be read, and what could be read covers the days that matter."""
    CANNOT_TELL = "cannot_tell"
    """The days that matter are not covered, or the sources that matter are unreadable."""
    ATTACKED = "attacked"
    """Attempts only, each with proof or good reason that it failed; or assessment traffic only."""
    SUSPICIOUS = "suspicious"
    """Signs that need a person; or attempts on a build open that day without proof either way."""
    BROKEN_INTO = "broken_into"
    """A step succeeded."""
    IN_USE = "in_use"
    """A web shell or the intruder was active in the last days of the evidence."""


class Stage(_Ordered):
    """Where in the chain a finding stands."""

    PROBE = "probe"
    EXPLOITATION = "exploitation"
    DROP = "drop"
    WEBSHELL = "webshell"
    WEBSHELL_USE = "webshell_use"
    POST_EXPLOITATION = "post_exploitation"
    PERSISTENCE = "persistence"
    CLEANUP = "cleanup"


class Strength(_Ordered):
    """What one finding proves by itself."""

    ASSESSMENT = "assessment"
    """A scanner or responder, recognised."""
    ATTEMPT = "attempt"
    """Somebody tried."""
    AMBIGUOUS = "ambiguous"
    """Needs context."""
    SUCCESS = "success"
    """The step worked."""


class Severity(_Ordered):
    """Weight of a rule; Sigma's levels."""

    INFORMATIONAL = "informational"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Confidence(_Ordered):
    """*We are sure* (two independent kinds of record) / *very likely* (one strong) / *possible*."""

    POSSIBLE = "possible"
    VERY_LIKELY = "very_likely"
    SURE = "sure"
