"""Indicators as rules: they ride in the same pass as Sigma rules, and are evaluated as exactly."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from ipaddress import ip_network

from exsweep.knowledge.formats import LogFormat
from exsweep.knowledge.rules import LogSource, Rule, tree
from exsweep.knowledge.rules.indicators import Indicator
from exsweep.model import Severity, Stage, Strength

_WORDS = {
    "ip": ("An address that intruders used", "source.ip"),
    "user_agent": ("A program name that intruders used", "user_agent.original"),
    "domain": ("A domain that intruders used", None),
    "email": ("A mail address that intruders used", None),
    "url": ("A web address that intruders used", None),
    "file_name": ("The name of a file that intruders left", None),
    "file_path": ("The path of a file that intruders left", None),
    "md5": ("The hash of a file that intruders left", None),
    "sha1": ("The hash of a file that intruders left", None),
    "sha256": ("The hash of a file that intruders left", None),
}
_ADDRESS_FIELDS = ("source.ip", "network.forwarded_ip")
SHORTEST_NAME = 5
"""A file name below this length is too common to prove anything."""


def indicator_rules(indicators: Iterable[Indicator], formats: Sequence[LogFormat]) -> tuple[Rule, ...]:
    """One rule for each indicator that text logs can show; several reports of one value are one rule.

    Left out: file extensions, and names shorter than SHORTEST_NAME. A match is never more than ambiguous: addresses
    change hands and names are free to choose.
    """
    found: dict[str, Rule] = {}
    for one in indicators:
        condition = _condition(one)
        if condition is None:
            continue
        number = f"IOC-{one.kind.upper()}-{hashlib.sha256(one.value.lower().encode()).hexdigest()[:8]}"
        if number not in found:
            found[number] = _rule(number, one, condition, formats)
    return tuple(found[number] for number in sorted(found))


def sought(one: Indicator) -> tree.Node | None:
    """What to look for in rows when somebody asks where an indicator was seen; None: nothing that rows can show.

    Wider than a rule: an address is looked for in every column, and a short name is looked for too.
    """
    if one.kind == "ip" and "/" not in one.value:
        narrow = _condition(one)
        return (
            None
            if narrow is None
            else tree.Or((narrow, _in_line(one.value, r"[^0-9A-Fa-f.:]", r"[^0-9A-Fa-f.]")))
        )
    if one.kind == "file_name":
        return _file(one.value) if one.value.strip("*?") else None
    return _condition(one)


def _rule(number: str, one: Indicator, condition: tree.Node, formats: Sequence[LogFormat]) -> Rule:
    words, field = _WORDS[one.kind]
    served = tuple(form.id for form in formats if field is None or field in form.ecs)
    return Rule(
        id=number,
        version=hashlib.sha256(repr(one).encode()).hexdigest()[:12],
        title=f"{words}: {one.value}",
        logsource=LogSource(),
        level=Severity.MEDIUM if one.confidence == "high" else Severity.LOW,
        stage=Stage.PROBE if one.kind in ("ip", "user_agent", "domain") else Stage.DROP,
        strength=Strength.AMBIGUOUS,
        campaign=one.campaign,
        cves=one.cves,
        explanation=f"{words}{f' ({one.campaign})' if one.campaign else ''}. {one.context}".strip(),
        false_positives=("addresses change hands, and anyone may choose the same name",),
        tip="Look at what else this address or file name did on those days.",
        source=(one.source,) if one.source else (),
        file=f"indicator {one.value}",
        own=True,
        condition=condition,
        formats=served,
    )


def _condition(one: Indicator) -> tree.Node | None:
    value = one.value
    if one.kind == "ip":
        try:
            network = str(ip_network(value, strict=False))
        except ValueError:
            return None
        return tree.Or(tuple(tree.Network(field, network) for field in _ADDRESS_FIELDS))
    if one.kind == "user_agent":
        return tree.Text("user_agent.original", (value,))
    if one.kind in ("domain", "email"):
        return _in_line(value, r"[^a-zA-Z0-9-]", r"[^a-zA-Z0-9.-]")
    if one.kind in ("md5", "sha1", "sha256"):
        return _in_line(value, r"[^a-zA-Z0-9]", r"[^a-zA-Z0-9]")
    if one.kind == "url":
        return _in_line(re.sub(r"^https?://", "", value), r"[^a-zA-Z0-9.-]", r"[^a-zA-Z0-9.-]")
    if one.kind == "file_path":
        name = re.split(r"[\\/]", value.rstrip("\\/"))[-1]
        return _file(value.rstrip("\\/")) if len(name) >= 3 else None
    if one.kind == "file_name":
        return _file(value) if len(value.strip("*?")) >= SHORTEST_NAME else None
    return None


def _file(path: str) -> tree.Node:
    """The path at the end of a URL path, or anywhere in the line as a whole name; `\\` and `/` are alike."""
    bare = re.sub(r"^[a-zA-Z]:", "", path).replace("\\", "/").lstrip("/")
    pattern = "".join(
        r"[\\/]+" if letter == "/" else "[^/]*" if letter == "*" else re.escape(letter) for letter in bare
    )
    return tree.Regex(None, rf"(?i)[\\/]{pattern}(?:[^a-zA-Z0-9._-]|$)")


def _in_line(value: str, before: str, behind: str) -> tree.Regex:
    return tree.Regex(None, rf"(?i)(?:^|{before}){re.escape(value)}(?:{behind}|$)")
