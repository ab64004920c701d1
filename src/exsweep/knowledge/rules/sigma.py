"""One Sigma document -> our own records. The only module that knows pySigma, and only as a parser."""

import re
from typing import Any

from sigma import types as st
from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionItem,
    CorrelationConditionNOT,
    CorrelationConditionOR,
    SigmaCorrelationCondition,
    SigmaCorrelationRule,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)
from sigma.filters import SigmaFilter
from sigma.rule import SigmaDetections, SigmaRule

from exsweep.knowledge.rules import tree
from exsweep.knowledge.rules.correlation import AllOf, AnyOf, Correlation, Expression, NoneOf, Seen

_OPERATORS = {
    st.CompareOperators.LT: "<",
    st.CompareOperators.LTE: "<=",
    st.CompareOperators.GT: ">",
    st.CompareOperators.GTE: ">=",
    st.CompareOperators.NEQ: "<>",
}
_CORRELATION_OPERATORS = {"LT": "<", "LTE": "<=", "GT": ">", "GTE": ">=", "EQ": "==", "NEQ": "!="}
_PLACEHOLDER = re.compile(r"%[\w.-]+%")


class UnusableError(Exception):
    """The rule is valid Sigma that can never be true here; the text says why (`%admins%` is not filled in ...)."""


def condition(document: dict[str, Any]) -> tree.Node:
    """Tree of the detection section; several conditions are alternatives.

    Raises:
        SigmaError: not Sigma. ValueError: valid, but nothing here can evaluate it. UnusableError: see there.
    """
    return _alternatives(SigmaRule.from_dict(document).detection)


def filter_of(document: dict[str, Any]) -> tuple[tuple[str, ...], tree.Node]:
    """A Sigma filter: the rules it narrows (`any`: all of its log source) and the condition that is added with `and`."""
    made = SigmaFilter.from_dict(document)
    rules = made.filter.rules
    names = ("any",) if isinstance(rules, str) else tuple(str(rule.reference) for rule in rules)
    return names, _alternatives(made.filter)


def correlation(document: dict[str, Any]) -> Correlation:
    """A Sigma correlation rule.

    Raises:
        SigmaError: not Sigma.
    """
    made = SigmaCorrelationRule.from_dict(document)
    op, threshold = ">=", 1.0
    compared: tuple[str, ...] = ()
    percentile: int | None = None
    expression: Expression | None = None
    if isinstance(made.condition, SigmaCorrelationCondition):
        op = _CORRELATION_OPERATORS[made.condition.op.name]
        threshold = float(made.condition.count)
        named = made.condition.fieldref
        compared = tuple(named) if isinstance(named, list) else (named,) if named else ()
        percentile = made.condition.percentile
    elif isinstance(made.condition, SigmaExtendedCorrelationCondition):
        expression = _expression(made.condition.parsed)
    rules = tuple(rule.reference for rule in made.rules or ())
    if not rules and isinstance(made.condition, SigmaExtendedCorrelationCondition):
        rules = tuple(made.condition.get_referenced_rules())
    return Correlation(
        type=made.type.name.lower(),
        rules=rules,
        generate=made.generate,
        timespan_ms=made.timespan.seconds * 1000,
        group_by=tuple(made.group_by or ()),
        aliases={
            alias.alias: {reference.reference: name for reference, name in alias.mapping.items()}
            for alias in made.aliases
        },
        op=op,
        threshold=threshold,
        fields=compared,
        percentile=percentile,
        expression=expression,
    )


def _expression(item: CorrelationConditionItem | SigmaRuleReference) -> Expression:
    if isinstance(item, SigmaRuleReference):
        return Seen(item.reference)
    of = tuple(_expression(one) for one in item.args)
    if isinstance(item, CorrelationConditionAND):
        return AllOf(of)
    if isinstance(item, CorrelationConditionOR):
        return AnyOf(of)
    if isinstance(item, CorrelationConditionNOT):
        return NoneOf(of)
    raise ValueError(f"correlation condition {type(item).__name__} is not known")


def _alternatives(detections: SigmaDetections) -> tree.Node:
    trees = tuple(_node(one.parsed) for one in detections.parsed_condition)
    return trees[0] if len(trees) == 1 else tree.Or(trees)


def _node(item: Any) -> tree.Node:
    if isinstance(item, ConditionAND):
        return tree.And(tuple(_node(one) for one in item.args))
    if isinstance(item, ConditionOR):
        return tree.Or(tuple(_node(one) for one in item.args))
    if isinstance(item, ConditionNOT):
        return tree.Not(_node(item.args[0]))
    if isinstance(item, ConditionFieldEqualsValueExpression):
        return _leaf(item.field, item.value)
    if isinstance(item, ConditionValueExpression):
        return _leaf(None, item.value)
    raise ValueError("the condition is empty" if item is None else f"{type(item).__name__} in a condition")


def _leaf(field: str | None, value: st.SigmaType) -> tree.Node:
    if isinstance(value, st.SigmaExpansion):
        return tree.Or(tuple(_leaf(field, one) for one in value.values))
    if isinstance(value, st.SigmaString):
        return _text(field, value)
    if isinstance(value, st.SigmaRegularExpression):
        if value.contains_placeholder():
            raise UnusableError("it needs a list that your site fills in (placeholder)")
        flags = "".join(sorted(value.sigma_to_re_flag[flag] for flag in value.flags))
        return tree.Regex(field, (f"(?{flags})" if flags else "") + str(value.regexp))
    if isinstance(value, st.SigmaTimestampPart):
        return tree.TimePart(_needed(field), value.timestamp_part.name.lower(), int(value.number))
    if isinstance(value, st.SigmaNumber):
        return _plain(field, str(value.number))
    if isinstance(value, st.SigmaBool):
        return _plain(field, str(value.boolean).lower())
    if field is None:
        raise ValueError(f"{type(value).__name__} needs a field")
    if isinstance(value, st.SigmaNull):
        return tree.Null(field)
    if isinstance(value, st.SigmaExists):
        return tree.Exists(field, bool(value.exists))
    if isinstance(value, st.SigmaCIDRExpression):
        return tree.Network(field, str(value.network))
    if isinstance(value, st.SigmaCompareExpression):
        return tree.Compare(field, _OPERATORS[value.op], float(value.number.number))
    if isinstance(value, st.SigmaFieldReference):
        how = {(False, False): "equals", (True, False): "startswith", (False, True): "endswith"}
        return tree.SameAs(field, value.field, how.get((value.starts_with, value.ends_with), "contains"))
    raise ValueError(f"values of type {type(value).__name__} cannot be compared here")


def _needed(field: str | None) -> str:
    if field is None:
        raise ValueError("a time modifier needs a field")
    return field


def _plain(field: str | None, text: str) -> tree.Text:
    return tree.Text(field, (text,) if field is not None else (tree.ANY_RUN, text, tree.ANY_RUN))


def _text(field: str | None, value: st.SigmaString) -> tree.Text:
    parts: list[str | int] = []
    for part in value.s:
        if part is st.SpecialChars.WILDCARD_MULTI:
            if not parts or parts[-1] != tree.ANY_RUN:
                parts.append(tree.ANY_RUN)
        elif part is st.SpecialChars.WILDCARD_SINGLE:
            parts.append(tree.ANY_ONE)
        elif isinstance(part, str):
            parts.append(part)
        else:
            raise UnusableError(f"it needs a list that your site fills in (%{getattr(part, 'name', part)}%)")
    if field is None:  # keywords are looked for anywhere in the line
        parts = [tree.ANY_RUN, *parts] if not parts or parts[0] != tree.ANY_RUN else parts
        parts = [*parts, tree.ANY_RUN] if parts[-1] != tree.ANY_RUN else parts
    return tree.Text(field, tuple(parts), isinstance(value, st.SigmaCasedString))
