"""The closed sets of the field. Each order is the order of weight, weakest first."""

from enum import StrEnum


class _Ordered(StrEnum):
    """A closed set whose members compare by the place where they stand."""

    @property
    def rank(self) -> int:
        """0 for the weakest member."""
        return list(type(self)).index(self)


class Level(_Ordered):
    """The verdict of one server , weakest first."""

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
    """Looked for a way in."""
    EXPLOITATION = "exploitation"
    """Used a way in, or tried to."""
    DROP = "drop"
    """Left a file, or wrote one into a setting."""
    WEBSHELL = "webshell"
    """A back door page was there and answered."""
    WEBSHELL_USE = "webshell_use"
    """A back door page was sent input."""
    POST_EXPLOITATION = "post_exploitation"
    """Went on from there: commands, mail, files."""
    PERSISTENCE = "persistence"
    """Made sure to come back."""
    CLEANUP = "cleanup"
    """Removed traces."""


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
