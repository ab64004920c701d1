"""From what somebody types to rules: the same trees, and so the same translator and engine, as in triage.

`203.0.113.9` an address, `203.0.113.0/24` a network, 32, 40 or 64 hex digits a hash, `x.aspx` a name, `a/b.aspx` a path,
`evil.example` a domain; any other word: text anywhere in the line. `field:value`: the whole value of a field under its ECS
name or the log's own, `*` and `?` stand for any text and any letter. Several terms: all of them in one row. "..." keeps
blanks together. Letters compare without case.
"""

import hashlib
import re
from collections.abc import Iterator
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path

from exsweep.assess.temporary import temporary
from exsweep.assess.tools import cache_folder
from exsweep.detect import sought
from exsweep.errors import UsageError
from exsweep.fleet.hunt.records import Question
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import LogSource, Rule, RuleState, load_rules, tree
from exsweep.knowledge.rules.indicators import Indicator, kind_of
from exsweep.model import Severity, Stage, Strength

MOST_INDICATORS = 10_000
INDICATOR = "indicator"
"""Where the rule of an indicator comes from (`Rule.file`)."""
_SHORTEST = 3
_TERM = re.compile(r'(?:(?P<field>[\w.()-]+):)?(?:"(?P<quoted>[^"]*)"|(?P<bare>\S+))')
SHORT = {
    "ip": "source.ip",
    "address": "source.ip",
    "agent": "user_agent.original",
    "path": "url.path",
    "query": "url.query",
    "method": "http.request.method",
    "status": "http.response.status_code",
    "user": "user.name",
    "sha256": "file.hash.sha256",
    "md5": "file.hash.md5",
    "sha1": "file.hash.sha1",
    "name": "file.name",
    "file": "file.path",
    "host": "host.name",
}
"""Short names of fields."""
_ADDRESSES = ("source.ip", "server.ip", "destination.ip", "network.forwarded_ip")


def rules_of(question: Question) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """The rules of a question, and what of it cannot be asked, in words.

    Raises:
        UsageError: nothing is asked, or more indicators than MOST_INDICATORS.
    """
    if len(question.indicators) > MOST_INDICATORS:
        raise UsageError(
            f"{len(question.indicators):,} indicators; a hunt takes {MOST_INDICATORS:,}.",
            tip="Split the list.",
        )
    found: dict[str, Rule] = {}
    problems: list[str] = []
    if question.query.strip():
        found["query"] = _rule(question.query.strip(), query(question.query))
    for value in dict.fromkeys(one.strip() for one in question.indicators):
        kind = kind_of(value)
        node = sought(Indicator(value=_plain(value), kind=kind)) if kind else None
        if node is None:
            problems.append(
                f"{value[:100]!r} is no address, hash, name, path or domain that records can show."
            )
        else:
            rule = _rule(value, node, INDICATOR)
            found[rule.id] = rule
    for rule in _sigma(question.sigma, problems):
        found[rule.id] = rule
    if not found and not problems and not question.yara:
        raise UsageError(
            "Nothing is asked.", tip="Name an address, a hash, a path ... or --sigma, --ioc, --sql."
        )
    return tuple(sorted(found.values(), key=lambda one: one.id)), tuple(problems)


def _plain(value: str) -> str:
    return re.sub(r"(?i)^hxxp", "http", value.replace("[.]", ".").replace("[:]", ":"))


def _rule(title: str, node: tree.Node, file: str = "hunt") -> Rule:
    digest = hashlib.sha256(title.encode("utf-8", "replace")).hexdigest()[:12]
    return Rule(
        id=f"HUNT-{digest}",
        version=digest,
        title=title[:300],
        logsource=LogSource(),
        level=Severity.MEDIUM,
        stage=Stage.PROBE,
        strength=Strength.AMBIGUOUS,
        file=file,
        own=True,
        condition=node,
        formats=tuple(form.id for form in load_formats()),
    )


def query(text: str) -> tree.Node:
    """The tree of a query.

    Raises:
        UsageError: a term that is too short to look for, or a field without a value.
    """
    found = tuple(_TERM.finditer(text))
    for label, value in pairwise(found):
        # `address 203.0.113.9` is meant as one thing; two texts in one row would find nothing and look like "not there".
        if label["bare"] and label["field"] is None and label["bare"].lower() in SHORT and kind_of(value[0]):
            raise UsageError(
                f"{label[0]!r} is a word to look for, beside {value[0]!r} in the same row.",
                tip=f'Write {label[0]}:{value[0]}, only {value[0]}, or "{label[0]}" in quotes for the word.',
            )
    terms = tuple(_term(match) for match in found)
    if not terms:
        raise UsageError("The query is empty.", tip="Name an address, a hash, a path, or field:value.")
    return terms[0] if len(terms) == 1 else tree.And(terms)


def _term(match: re.Match[str]) -> tree.Node:
    field, quoted = match["field"], match["quoted"]
    value = quoted if quoted is not None else match["bare"]
    if field is not None and not (quoted is None and _is_whole(match[0])):
        if not value:
            raise UsageError(f"{match[0]!r} has no value.", tip="Write field:value.")
        return _field(SHORT.get(field.lower(), field), value)
    word = value if field is None else match[0]
    if quoted is None and not word.startswith(".") and (kind := kind_of(word)):
        node = sought(Indicator(value=_plain(word), kind=kind))
        if node is not None:
            return node
    if len(word.strip("*?")) < _SHORTEST:
        raise UsageError(f"{word!r} is in nearly every line.", tip=f"Give {_SHORTEST} letters or more.")
    parts = (tree.ANY_RUN, *_parts(word), tree.ANY_RUN)
    return tree.Text(None, parts)


def _is_whole(text: str) -> bool:
    """An IPv6 address or a web address has colons of its own."""
    return kind_of(text) in ("ip", "url")


def _field(field: str, value: str) -> tree.Node:
    if field in _ADDRESSES and "*" not in value:
        try:
            return tree.Network(field, str(ip_network(value, strict=False)))
        except ValueError:
            pass  # a host name: compared as text below
    return tree.Text(field, _parts(value))


def _parts(value: str) -> tuple[str | int, ...]:
    marks = {"*": tree.ANY_RUN, "?": tree.ANY_ONE}
    return tuple(marks.get(part, part) for part in re.split(r"([*?])", value) if part)


def _sigma(texts: tuple[str, ...], problems: list[str]) -> Iterator[Rule]:
    if not texts:
        return
    with temporary("hunt-") as folder:
        for number, text in enumerate(texts):
            (folder / f"{number:05}.yml").write_text(text, encoding="utf-8")
        loaded = load_rules(None, [folder], formats=load_formats(), cache_dir=cache_folder())
    for problem in loaded.problems:
        problems.append(f"Sigma rule {Path(problem.file).name}, line {problem.line}: {problem.reason}")
    for rule in loaded.rules:
        if rule.correlation is not None:
            problems.append(f"{rule.title}: it counts events; a hunt looks at each row by itself.")
        elif rule.state is not RuleState.RUNS:
            problems.append(f"{rule.title}: {rule.reason}")
        else:
            yield rule
