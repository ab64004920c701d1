"""Detection rules as typed records: Sigma text in, condition trees out; what cannot run is named with the reason."""

from exsweep.knowledge.rules.compiled import Examples, LogSource
from exsweep.knowledge.rules.correlation import Correlation
from exsweep.knowledge.rules.load import load_rules
from exsweep.knowledge.rules.rule import Rule, RuleProblem, RuleSet, RuleState

__all__ = [
    "Correlation",
    "Examples",
    "LogSource",
    "Rule",
    "RuleProblem",
    "RuleSet",
    "RuleState",
    "load_rules",
]
