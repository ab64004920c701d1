"""A detection rule, what becomes of it, and the set of all."""

from enum import StrEnum

import msgspec

from exsweep.knowledge.rules import tree
from exsweep.knowledge.rules.compiled import Examples, LogSource
from exsweep.knowledge.rules.correlation import Correlation
from exsweep.knowledge.rules.need import Need
from exsweep.model import Severity, Stage, Strength


class RuleState(StrEnum):
    """Whether a rule is asked, and where not, why."""

    RUNS = "runs"
    WAITING = "waiting"
    """For a log that an Exchange server writes but exsweep does not read yet."""
    NOT_APPLICABLE = "not_applicable"
    FOLLOWS = "follows"
    """Looked for only among the lines of senders that another rule found: by itself it would name every second line."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One detection. Small, without pySigma: it can be sent to other processes and kept."""

    id: str
    """Own rules: `exsweep.id`; the user's: the Sigma id, else the title."""
    version: str
    """First 12 hex digits of the SHA-256 of the file's text."""
    title: str
    logsource: LogSource
    level: Severity
    stage: Stage
    strength: Strength
    campaign: str | None = None
    cves: tuple[str, ...] = ()
    attack: tuple[str, ...] = ()
    """ATT&CK technique ids, `T1190`."""
    explanation: str = ""
    false_positives: tuple[str, ...] = ()
    tip: str | None = None
    source: tuple[str, ...] = ()
    examples: Examples = Examples()
    file: str
    """`path:line`."""
    own: bool
    """Shipped with exsweep: its fields are native column names first."""
    sigma_id: str | None = None
    name: str | None = None
    condition: tree.Node | None = None
    needs: Need | None = None
    """What a row must hold for `condition` to be true; None: not told yet."""
    correlation: Correlation | None = None
    state: RuleState = RuleState.RUNS
    reason: str = ""
    """Why it waits or is not applicable."""
    formats: tuple[str, ...] = ()
    """Ids of the log formats that it runs on."""
    follows: str | None = None
    """Campaign whose senders it is about, where it does not stand by itself."""
    stopped: bool = False
    """The record itself says that the attempt was stopped."""
    harmless_by: str = ""
    """Of a first look: why it did nothing, a key of the words `reason`; else that only the first step was made."""
    proof_needs: tuple[str, ...] = ()
    """Flaws of which one must be open for a success to be proven; none: it proves itself."""


class RuleProblem(msgspec.Struct, frozen=True):
    """A rule that cannot run, and why. A value, never an exception."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class RuleSet(msgspec.Struct, frozen=True, kw_only=True):
    """All rules of a run, and what could not be used of the files named."""

    rules: tuple[Rule, ...]
    """In order of their ids; no two have the same id."""
    problems: tuple[RuleProblem, ...]
    compiled: int
    """Rule files that had to be compiled; 0 when all were kept from an earlier run."""

    @property
    def running(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.state is RuleState.RUNS)

    @property
    def counts(self) -> dict[str, int]:
        """Rules that run, wait, are not applicable, and that could not be used."""
        states = {str(state): sum(rule.state is state for rule in self.rules) for state in RuleState}
        states[RuleState.RUNS] += states.pop(RuleState.FOLLOWS)
        return states | {"problems": len(self.problems)}
