"""The linter of knowledge: every fact typed, sourced and known to its neighbours; every example run."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_network

import msgspec

from exsweep.errors import KnowledgeError
from exsweep.knowledge import (
    builds,
    campaigns,
    collection,
    collectors,
    cves,
    event_exports,
    log_exports,
    mitigations,
    pages,
    remediation,
    scanners,
    scanning,
    webshell_paths,
)
from exsweep.knowledge.check_files import problems_of_baselines, problems_of_places, problems_of_yara
from exsweep.knowledge.check_fleet import problems_of_fleet
from exsweep.knowledge.check_languages import problems_of_languages
from exsweep.knowledge.check_shown_by import problems_of_shown_by
from exsweep.knowledge.check_webshells import problems_of_webshells
from exsweep.knowledge.check_words import problems_of_words, too_hard
from exsweep.knowledge.data_files import ROOT
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.problem import Problem
from exsweep.knowledge.rules import Rule, RuleState, load_rules
from exsweep.knowledge.rules.indicators import known_indicators
from exsweep.knowledge.secrets import problems_of_secrets
from exsweep.knowledge.words import FORBIDDEN
from exsweep.model import Severity

Example = tuple[Rule, Mapping[str, str]]
RunRules = Callable[[Sequence[Example]], Sequence[bool]]
"""Does each rule match its event? All at once: to make an engine ready costs more than to ask it."""
"""Does the rule match this event (native column -> value)? Evaluation belongs to a higher layer."""

_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")
_HARDEST_EXPLANATION = 9.0
_UNDER = {True: "match", False: "no_match"}


def check(run_rules: RunRules) -> tuple[Problem, ...]:
    """Everything that is wrong with the shipped knowledge, in order of the files; empty when all is well."""
    found: list[Problem] = []
    parts = (
        ("builds.csv", _builds),
        ("cves.csv", _cves),
        ("iocs.csv", _iocs),
        ("webshell_paths.csv", _webshell_paths),
        ("shipped_pages.csv", _pages),
        ("campaigns.yml", _campaigns),
        ("scanners.yml", _scanners),
        ("collectors.yml", _collectors),
        ("remediation", _remediation),
        ("words/en.yml", problems_of_words),
        ("words", problems_of_languages),
        ("webshells", problems_of_webshells),
        ("webshells/places.yml", problems_of_places),
        ("webshells/families.yar", problems_of_yara),
        ("baselines", problems_of_baselines),
        ("fleet", problems_of_fleet),
        ("event_exports.yml", _event_exports),
        ("scan", scanning.problems),
        ("collection.yml", _collection),
        ("mitigations.yml", _mitigations),
        ("secrets.yml", problems_of_secrets),
        ("rules", lambda: problems_of_rules(run_rules)),
    )
    for name, part in parts:
        try:
            found += part()
        except KnowledgeError as error:
            found.append(Problem(name, error.message, error.tip or "Mend the file."))
        except (ValueError, msgspec.MsgspecError) as error:
            found.append(Problem(name, f"a cell has the wrong form: {error}", "Compare with the other rows."))
    return tuple(found)


def _muted(rules: Sequence[Rule]) -> Iterator[Problem]:
    """A rule that would tell something by itself must not be muted by the correlation that counts it."""
    loud = {
        base
        for rule in rules
        if rule.correlation and rule.correlation.generate
        for base in rule.correlation.rules
    }
    served = {base for rule in rules if rule.correlation for base in rule.correlation.rules} - loud
    for rule in rules:
        if rule.id in served and rule.level is not Severity.INFORMATIONAL:
            yield Problem(
                rule.file,
                f"a correlation mutes {rule.id}, whose level is {rule.level}",
                "Say `generate: true` in the correlation, or make the rule informational.",
            )


def problems_of_rules(run_rules: RunRules) -> Iterator[Problem]:
    """What is wrong with the shipped rules."""
    loaded = load_rules(ROOT / "rules", formats=load_formats())
    for bad in loaded.problems:
        yield Problem(f"{bad.file}:{bad.line}", bad.reason, "Mend the rule; see docs on adding a detection.")
    known_campaigns = {each.id for each in campaigns.campaigns()}
    known_cves = {each.cve for each in cves.cves()}
    for rule in loaded.rules:
        yield from _rule(rule, known_campaigns, known_cves)
    yield from _muted(loaded.rules)
    yield from problems_of_shown_by(loaded.rules)
    yield from _examples([rule for rule in loaded.rules if rule.condition is not None], run_rules)


def _rule(rule: Rule, known_campaigns: set[str], known_cves: set[str]) -> Iterator[Problem]:
    where = rule.file
    if not rule.file.rpartition(":")[0].endswith(f"{rule.id}.yml"):
        yield Problem(where, f"the file is not named after its rule {rule.id}", f"Name it {rule.id}.yml.")
    if not (rule.title and rule.explanation and rule.source and rule.false_positives):
        yield Problem(
            where,
            f"{rule.id} lacks a title, explanation, source or false positives",
            "Say what it proves, where that comes from, and what else looks like it (or `none known`).",
        )
    if rule.state is RuleState.NOT_APPLICABLE:
        yield Problem(
            where, f"{rule.id} runs on no log: {rule.reason}", "Use a log source of a known format."
        )
    if rule.campaign is not None and rule.campaign not in known_campaigns:
        yield Problem(where, f"{rule.id}: no campaign {rule.campaign!r}", "Use an id of campaigns.yml.")
    for cve in rule.cves:
        if cve not in known_cves:
            yield Problem(where, f"{rule.id}: {cve} is not known", "Add it to cves.csv or mend the number.")
    if not rule.attack:
        yield Problem(where, f"{rule.id} names no ATT&CK technique", "Add a tag such as attack.t1190.")
    text = f"{rule.title}. {rule.explanation}"
    if FORBIDDEN.search(text):
        yield Problem(where, f"{rule.id} promises too much", "Do not say clean, safe or secure.")
    if rule.state is RuleState.RUNS and too_hard(rule.explanation, _HARDEST_EXPLANATION):
        yield Problem(where, f"{rule.id}: the explanation is hard to read", "Use short words and sentences.")


def _examples(rules: Sequence[Rule], run_rules: RunRules) -> Iterator[Problem]:
    asked: list[tuple[Example, bool, int]] = []
    for rule in rules:
        for wanted, events in ((True, rule.examples.match), (False, rule.examples.no_match)):
            if not events:
                yield Problem(rule.file, f"{rule.id} has no example under {_UNDER[wanted]}", "Add one.")
            asked += [((rule, event), wanted, place) for place, event in enumerate(events, start=1)]
    found = run_rules([example for example, _, _ in asked])
    for ((rule, _), wanted, place), matched in zip(asked, found, strict=True):
        if matched is not wanted:
            does = "does not match" if wanted else "matches"
            yield Problem(
                rule.file, f"{rule.id} {does} its {_UNDER[wanted]} example {place}", "Mend one of the two."
            )


def _builds() -> Iterator[Problem]:
    seen: set[builds.Number] = set()
    for each in builds.builds():
        if each.number in seen:
            yield Problem("builds.csv", f"{each.build} stands twice", "Keep one row.")
        seen.add(each.number)
        if len(each.number) != 4 or not all(each.source):
            yield Problem("builds.csv", f"{each.build} has no four parts or no source", "Mend the row.")


def _cves() -> Iterator[Problem]:
    known = {each.number for each in builds.builds()}
    ids = [each.cve for each in cves.cves()]
    if len(set(ids)) != len(ids):
        yield Problem("cves.csv", "a flaw stands twice", "Keep one row.")
    for each in cves.cves():
        for number in each.fixed_builds:
            if number not in known:
                yield Problem("cves.csv", f"{each.cve}: {builds.spell(number)} is no known build", "Mend it.")
        if not each.source:
            yield Problem("cves.csv", f"{each.cve} has no source", "Say where it comes from.")
        if not all(_TECHNIQUE.fullmatch(technique) for technique in each.attack):
            yield Problem("cves.csv", f"{each.cve}: {each.attack} is no ATT&CK technique", "Mend it.")
        later = each.condition.open_setting_from if each.condition else None
        if each.condition and each.condition.settled_by not in ("setting", "other"):
            yield Problem("cve_conditions.yml", f"{each.cve}: settled_by is unknown", "setting or other.")
        if later and later not in ids:
            yield Problem("cve_conditions.yml", f"{each.cve}: {later} is not known", "Mend it.")
    for name in cves.conditions():
        if name not in ids:
            yield Problem("cve_conditions.yml", f"{name} is not known", "Add it to cves.csv.")


def _iocs() -> Iterator[Problem]:
    lengths = {"md5": 32, "sha1": 40, "sha256": 64}
    for each in known_indicators():
        if each.kind in lengths and not re.fullmatch(rf"[0-9a-f]{{{lengths[each.kind]}}}", each.value):
            yield Problem("iocs.csv", f"{each.value} is no {each.kind}", "Mend it.")
        if each.kind == "ip":
            ip_network(each.value)
        if not each.source:
            yield Problem("iocs.csv", f"{each.value} has no source", "Say where it comes from.")


def _webshell_paths() -> Iterator[Problem]:
    for each in webshell_paths.webshell_paths():
        if not each.source or each.kind not in ("directory", "file"):
            yield Problem("webshell_paths.csv", f"{each.path} has no source or kind", "Mend the row.")


def _pages() -> Iterator[Problem]:
    for each in pages.pages():
        if not each.source or any(first > last for first, last in each.builds):
            yield Problem(
                "shipped_pages.csv", f"{each.path}\\{each.file} is damaged", "Run convert_facts again."
            )


def _campaigns() -> Iterator[Problem]:
    kinds = {each.id for each in load_formats()}
    known = {each.cve for each in cves.cves()}
    for each in campaigns.campaigns():
        shown = {kind for stage in each.shows.values() for kind in stage}
        for wrong in sorted((shown | set(each.decisive)) - kinds):
            yield Problem(
                "campaigns.yml", f"{each.id}: {wrong!r} is no log format", "Use the id of a format."
            )
        if not set(each.decisive) <= shown:
            yield Problem("campaigns.yml", f"{each.id}: a decisive log shows nothing", "Add it to shows.")
        for wrong in sorted(set(each.cves) - known):
            yield Problem("campaigns.yml", f"{each.id}: {wrong} is not known", "Add it to cves.csv.")
        days = [day for day in (each.first_exploited, each.mass_from, each.mass_to) if day]
        if days != sorted(days) or not each.source:
            yield Problem("campaigns.yml", f"{each.id}: days out of order, or no source", "Mend the entry.")


def _scanners() -> Iterator[Problem]:
    for each in scanners.scanners():
        values = [v for sign in each.signs for v in (*sign.agent, *sign.query, *sign.path, *sign.anchor)]
        if not each.source or not each.signs or any(value != value.lower() for value in values):
            yield Problem("scanners.yml", f"{each.id}: no source, no sign, or capitals", "Mend the entry.")
        for sign in each.signs:
            for network in sign.networks:
                ip_network(network)


def _collectors() -> Iterator[Problem]:
    kinds = {each.id for each in load_formats()}
    for each in collectors.collectors():
        for mark in each.marks:
            try:
                re.compile(mark)
            except re.error as error:
                yield Problem("collectors.yml", f"{each.id}: {mark!r}: {error}", "Mend the pattern.")
        if not each.source or not set(each.leaves_out) <= kinds:
            yield Problem("collectors.yml", f"{each.id}: no source, or an unknown log", "Mend the entry.")


def _remediation() -> Iterator[Problem]:
    steps = remediation.steps()
    used: set[str] = set()
    for name, each in remediation.situations().items():
        chosen = (*each.admin, *each.later, *each.responder)
        used |= set(chosen)
        for wrong in sorted(set(chosen) - steps.keys()):
            yield Problem("remediation/situations.yml", f"{name}: no step {wrong!r}", "Add it to steps.yml.")
        if len(each.admin) > remediation.MOST_FOR_ADMIN:
            yield Problem(
                "remediation/situations.yml", f"{name}: too many steps at once", "Move some to later."
            )
        for chosen_id in chosen:
            audience = remediation.RESPONDER if chosen_id in each.responder else remediation.ADMIN
            if chosen_id in steps and steps[chosen_id].audience != audience:
                yield Problem("remediation/situations.yml", f"{name}: {chosen_id} is for others", "Move it.")
    for campaign, names in remediation.ways_in().items():
        used |= set(names)
        if campaign not in {each.id for each in campaigns.campaigns()} or not set(names) <= steps.keys():
            yield Problem(
                "remediation/ways_in.yml", f"{campaign}: no such campaign or step", "Mend the line."
            )
    for wrong in sorted(steps.keys() - used):
        yield Problem("remediation/steps.yml", f"no situation uses {wrong!r}", "Use it or remove it.")
    for name, step in steps.items():
        for text in (step.title, step.text, step.why, step.done_when):
            if FORBIDDEN.search(text) or (step.audience == remediation.ADMIN and too_hard(text)):
                yield Problem("remediation/steps.yml", f"{name}: {text!r} is too hard or promises", "Reword.")
        if not step.source or not set(step.source) <= remediation.SOURCES.keys():
            yield Problem("remediation/steps.yml", f"{name}: no known source", "Use the letters of the head.")
    known = {each.cve for each in cves.cves()}
    for mitigation in remediation.mitigations():
        for wrong in sorted(set(mitigation.cves) - known):
            yield Problem("remediation/mitigations.yml", f"{wrong} is not known", "Add it to cves.csv.")


def _event_exports() -> Iterator[Problem]:
    """Reading the tables checks them."""
    event_exports.event_exports()
    log_exports.log_exports()
    return iter(())


def _collection() -> Iterator[Problem]:
    for wrong in collection.problems(collection.collection()):
        yield Problem("collection.yml", wrong, "Take it, or name it as left out.")


def _mitigations() -> Iterator[Problem]:
    where = "mitigations.yml"
    for each in mitigations.mitigations():
        if not each.source:
            yield Problem(where, f"{each.id} has no source", "Say where it comes from, and when.")
        if too_hard(each.say) or FORBIDDEN.search(each.say):
            yield Problem(where, f"{each.id}: {each.say!r} is hard to read or promises", "Use short words.")
        for mark in each.marks:
            re.compile(mark)
