"""By which common events the clocks of two logs are compared, from `data/clocks.yml`."""

import re
from functools import cache
from importlib.resources import files

import msgspec

from exsweep.errors import KnowledgeError
from exsweep.knowledge.clock_keys import NORMS


class Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rows of which logs tell of a common event."""

    formats: tuple[str, ...]
    columns: dict[str, str]
    """Column (ECS or native) -> how its values are written alike; `guid` alone: a random id."""
    where: dict[str, tuple[str, ...]] = {}
    pattern: str = ""
    """Only values of the first column in which this is found; its group, where it has one, is the value."""
    sample: str = ""
    """Text in one of 16 values of a random id; `^` at its start: there only."""


class ClockKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    words: str
    tolerance_s: int
    """Two clocks that agree show such an event at most so far apart."""
    fewest: int
    gap_s: int = 0
    """Of events that follow each other within these seconds the first one counts."""
    kept: int | None = None
    repeats: int | None = None
    """In place of those for all kinds."""
    told: tuple[Told, ...] = msgspec.field(name="from")


class Clocks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See the comments in `data/clocks.yml`."""

    version: int
    source: tuple[str, ...]
    reach_hours: int
    zone_step_minutes: int
    share: float
    rival: float
    kept: int
    repeats: int
    sample_from: int
    sample_less_from: int
    trusted: tuple[str, ...]
    kinds: tuple[ClockKind, ...]
    dated_files: tuple[str, ...]
    web_server: str


@cache
def clocks() -> Clocks:
    """The shipped values.

    Raises:
        KnowledgeError: the file does not fit this program.
    """
    file = files("exsweep.knowledge") / "data" / "clocks.yml"
    try:
        found = msgspec.yaml.decode(file.read_bytes(), type=Clocks)
        patterns = [told.pattern for kind in found.kinds for told in kind.told]
        for pattern in (found.web_server, *patterns):
            re.compile(pattern)
        ways = {way for kind in found.kinds for told in kind.told for way in told.columns.values()}
    except (msgspec.MsgspecError, re.error) as error:
        raise KnowledgeError(f"{file}: {error}.", tip="Reinstall exsweep, or mend the file.") from error
    if unknown := sorted(ways - {"guid", *NORMS}):
        raise KnowledgeError(f"{file}: unknown ways to write a value: {', '.join(unknown)}.")
    return found
