"""Loading rules: every file ends as rules that run, wait or do not apply, or as a problem with its place."""

import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import RuleSet, RuleState, load_rules
from exsweep.model import Severity, Stage, Strength
from tests.detect.build import FORMATS, only

GOOD = "title: good\nlogsource: {category: webserver}\ndetection: {s: {cs-method: PUT}, condition: s}\n"
Load = Callable[..., RuleSet]


def problems(rules: RuleSet) -> list[tuple[int, str]]:
    return [(one.line, one.reason) for one in rules.problems]


def test_a_rule_of_ours_carries_its_extension(load: Load) -> None:
    rule = only(
        load(
            """
title: Web shell used
id: 8d1a0e4e-0f3d-5d6f-9a43-8a0a5a4b3c2d
level: critical
tags: [attack.t1505.003, attack.persistence, cve.2021-26855, cve.2021.27065]
references: [https://example.test]
falsepositives: [none known]
logsource: {category: webserver}
detection: {s: {cs-method: POST}, condition: s}
exsweep:
  id: WS-USE
  stage: webshell_use
  strength: success
  campaign: ProxyLogon
  explanation: Somebody used it.
  tip: Look at the body.
  examples: {match: [{cs-method: POST}], no_match: [{cs-method: GET}]}
  source: [facts]
""",
            own=True,
        )
    )
    assert (rule.id, rule.stage, rule.strength, rule.level) == (
        "WS-USE",
        Stage.WEBSHELL_USE,
        Strength.SUCCESS,
        Severity.CRITICAL,
    )
    assert rule.cves == ("CVE-2021-26855", "CVE-2021-27065")
    assert rule.attack == ("T1505.003",)
    assert rule.examples.match == ({"cs-method": "POST"},)
    assert rule.own
    assert len(rule.version) == 12
    assert rule.formats == ("w3c", "proxylog")


def test_a_rule_of_the_user_has_modest_defaults(load: Load) -> None:
    rule = only(load(GOOD))
    assert (rule.id, rule.stage, rule.strength, rule.own) == (
        "good",
        Stage.EXPLOITATION,
        Strength.AMBIGUOUS,
        False,
    )
    assert rule.file.endswith("rule.yml:1")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("title: [", 1, "YAML"),
        ("a: 1\n\nb: {", 3, "YAML"),
        ("just text", 1, "no keys"),
        ("title: x\nfoo: 1\n", 1, "no detection"),
        (GOOD.replace("condition: s", "condition: t"), 1, "'t'"),
        (GOOD.replace("condition: s", "condition: s and ("), 1, "Expected"),
        (GOOD.replace("condition: s", "condition: s | count() > 3"), 1, "deprecated"),
        (GOOD.replace("cs-method", "cs-method|nonsense"), 1, "nonsense"),
        (GOOD.replace("cs-method: PUT", "a|re: '(?!x)y'"), 1, "(?!"),
        (GOOD.replace("cs-method: PUT", r"a|re: '(a)\1'"), 1, r"\1"),
        (GOOD.replace("cs-method: PUT", "a|cidr: 10.0.0.1/99"), 1, "CIDR"),
        (GOOD.replace("cs-method: PUT", "a: 1, a: 2"), 3, "twice"),
        (GOOD.replace("good", "&x good").replace("PUT", "*x"), 3, "aliases"),
        (GOOD + "level: enormous\n", 1, "enormous"),
        (GOOD + "exsweep: {stage: nowhere}\n", 1, "nowhere"),
        (GOOD + "---\n" + GOOD.replace("condition: s", "condition: t"), 5, "'t'"),
        (GOOD + "id: 12\n", 1, ""),
        (
            "title: c\ncorrelation: {type: event_count, rules: nobody, timespan: 1h, condition: {gte: 2}}\n",
            1,
            "nobody",
        ),
        ("title: c\ncorrelation: {type: event_count, timespan: 1x}\n", 1, ""),
        (
            "title: f\nlogsource: {category: webserver}\nfilter: {rules: nobody, s: {a: b}, condition: s}\n",
            1,
            "filter",
        ),
        ("action: everything\n", 1, "everything"),
        ("\x00", 1, "YAML"),
        ("[" * 500_000, 1, "levels"),
        ("- " * 300_000 + "x", 1, "levels"),
        ("? " * 300_000 + "x", 1, "levels"),
        ("".join(" " * n + "a:\n" for n in range(900)), 51, "levels"),
    ],
)
def test_a_rule_that_cannot_run_is_named_with_line_and_reason(
    load: Load, text: str, line: int, words: str
) -> None:
    rules = load(text)
    assert rules.problems, rules.rules
    assert rules.problems[0].line == line
    assert words in rules.problems[0].reason
    assert str(rules.problems[0]).count(":") >= 2


def test_a_placeholder_that_is_not_filled_in_is_not_applicable(load: Load) -> None:
    rule = only(load(GOOD.replace("cs-method: PUT", "cs-method|expand: '%methods%'")))
    assert rule.state is RuleState.NOT_APPLICABLE
    assert "%methods%" in rule.reason


@pytest.mark.parametrize(
    ("source", "state", "words"),
    [
        ("{category: webserver}", RuleState.RUNS, ""),
        ("{product: windows, service: iis}", RuleState.RUNS, ""),
        ("{product: exchange, service: unheard-of}", RuleState.WAITING, "Exchange logs"),
        ("{product: windows, category: file_access}", RuleState.NOT_APPLICABLE, "file_access"),
        ("{product: aws, service: cloudtrail}", RuleState.NOT_APPLICABLE, "aws"),
        ("{category: webserver, product: apache}", RuleState.NOT_APPLICABLE, "apache"),
        ("{category: process_creation, product: linux}", RuleState.NOT_APPLICABLE, "linux"),
    ],
)
def test_the_log_source_decides_what_becomes_of_a_rule(
    load: Load, source: str, state: RuleState, words: str
) -> None:
    rule = only(load(GOOD.replace("{category: webserver}", source)))
    assert rule.state is state
    assert words in rule.reason


def test_a_global_document_is_part_of_those_behind_it(load: Load) -> None:
    rules = load(
        "action: global\ntitle: shared\nlogsource: {category: webserver}\nlevel: high\ndetection: {condition: s}\n"
        "---\nid: 8d1a0e4e-0f3d-5d6f-9a43-8a0a5a4b3c21\ndetection: {s: {cs-method: PUT}}\n"
        "---\nid: 8d1a0e4e-0f3d-5d6f-9a43-8a0a5a4b3c22\ndetection: {s: {cs-method: GET}}\n"
    )
    assert not rules.problems
    assert [(rule.title, rule.level) for rule in rules.rules] == [("shared", Severity.HIGH)] * 2


def test_a_filter_narrows_the_rules_that_it_names(matched: Callable[..., list[int]]) -> None:
    text = GOOD + (
        "---\ntitle: no tests\nlogsource: {category: webserver}\n"
        "filter: {rules: any, s: {cs-username: tester}, condition: not s}\n"
    )
    assert matched(text, [{"cs-method": "PUT"}, {"cs-method": "PUT", "cs-username": "tester"}]) == [0]


def test_two_rules_with_one_id_are_told_apart(load: Load) -> None:
    rules = load(GOOD + "---\n" + GOOD)
    assert len(rules.rules) == 1
    assert "give it another" in rules.problems[0].reason


def test_folder_file_and_zip_give_the_same_rules(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "x.yml").write_text(GOOD)
    (folder / "readme.md").write_text("not a rule")
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as archive:
        archive.writestr("b/x.yml", GOOD)
        archive.writestr("../../evil.yml", "just text")
    by_folder, by_file, by_zip = (
        load_rules(None, [path], formats=FORMATS)
        for path in (folder, folder / "b" / "x.yml", tmp_path / "r.zip")
    )
    assert [rule.version for rule in by_folder.rules] == [rule.version for rule in by_file.rules]
    assert [rule.version for rule in by_zip.rules] == [rule.version for rule in by_file.rules]
    assert [one.reason for one in by_zip.problems] == ["is not a Sigma rule (no keys)"]
    assert not (tmp_path.parent / "evil.yml").exists()


@pytest.mark.parametrize("what", ["missing", "not a zip", "cut zip", "too long", "not text"])
def test_files_that_cannot_be_read_are_problems(tmp_path: Path, what: str) -> None:
    path = tmp_path / ("r.yml" if what in ("too long", "not text") else "r.zip")
    if what == "too long":
        path.write_bytes(b"# " + b"x" * (1 << 20))
    elif what == "not text":
        path.write_bytes(b"title: \xff\xfe")
    elif what != "missing":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.yml", GOOD)
        data = path.read_bytes()
        path.write_bytes(
            data.replace(GOOD.encode()[:1], b"Q") if what == "cut zip" else b"PK\x03\x04nonsense"
        )
        if what == "cut zip":
            damaged = bytearray(data)
            damaged[45:60] = b"\xff" * 15
            path.write_bytes(bytes(damaged))
    rules = load_rules(None, [path], formats=FORMATS)
    assert len(rules.problems) == 1
    assert not rules.rules


def test_compiled_rules_are_kept_and_damage_only_costs_time(tmp_path: Path, load: Load) -> None:
    kept = tmp_path / "kept"
    first = load(GOOD, cache_dir=kept)
    again = load(GOOD, cache_dir=kept)
    assert (first.compiled, again.compiled) == (1, 0)
    assert [msgspec.structs.replace(rule, file="") for rule in first.rules] == [
        msgspec.structs.replace(rule, file="") for rule in again.rules
    ]
    file = next(kept.iterdir())
    for damaged in (b"", b"short", file.read_bytes()[:-1], b"\x00" * 500):
        file.write_bytes(damaged)
        assert load(GOOD, cache_dir=kept).compiled == 1
        assert load(GOOD, cache_dir=kept).compiled == 0


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path, load: Load) -> None:
    (tmp_path / "file").write_text("in the way")
    assert load(GOOD, cache_dir=tmp_path / "file" / "kept").compiled == 1


def test_a_rule_survives_the_way_to_another_process(load: Load) -> None:
    rule = only(load(GOOD))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(rule), type=type(rule)) == rule


def test_all_public_rules_load(shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = shared_data / "sigma_rules" / "rules.zip"
    formats = load_formats()
    taken = []
    for _ in range(2):
        begin = time.perf_counter()
        rules = load_rules(None, [path], formats=formats, cache_dir=tmp_path)
        taken.append(time.perf_counter() - begin)
    with capsys.disabled():
        print(f"\n3,217 public rules: {rules.counts}; loaded in {taken[0]:.2f} s, kept {taken[1]:.2f} s")
    assert not rules.problems
    assert rules.compiled == 0
    assert len(rules.rules) == 3217
    assert rules.counts["runs"] >= 142
    assert all(rule.reason for rule in rules.rules if rule.state is not RuleState.RUNS)
