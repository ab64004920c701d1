"""YARA: the shipped families, the user's rules, and what a hostile file or rule can do to them."""

import csv
import io
import zipfile
from pathlib import Path

import msgspec
import pytest

from exsweep.detect.yara import TIMEOUT_S, Yara, YaraScan, variables
from exsweep.knowledge import yara as compiling
from exsweep.knowledge.rule_texts import RuleText
from exsweep.knowledge.yara import YaraRules, compile_texts, load_yara
from exsweep.knowledge.yara_files import own_rule_files
from tests.detect.yara.families import EXAMPLES, MARK


@pytest.fixture(scope="module")
def own() -> Yara:
    return Yara(load_yara())


def _user(*rules: str, folder: Path) -> list[Path]:
    for at, text in enumerate(rules):
        (folder / f"{at}.yar").write_text(text, encoding="utf-8")
    return [folder]


def _scan(folder: Path, data: bytes, *rules: str, path: str = "x.aspx") -> YaraScan:
    return Yara(load_yara(_user(*rules, folder=folder))).scan(data, path)


@pytest.mark.parametrize("rule", EXAMPLES)
def test_a_family_is_found_by_its_structure(own: Yara, rule: str) -> None:
    example = EXAMPLES[rule]
    assert rule in [match.rule for match in own.scan(example.shell, example.path).matches]


@pytest.mark.parametrize("rule", EXAMPLES)
def test_a_harmless_file_of_the_same_kind_is_not_called_a_family(own: Yara, rule: str) -> None:
    example = EXAMPLES[rule]
    assert own.scan(example.like, example.path).matches == ()


def test_every_shipped_rule_has_examples_and_says_where_it_comes_from(own: Yara) -> None:
    seen = {}
    for name, example in EXAMPLES.items():
        for match in own.scan(example.shell, example.path).matches:
            seen[match.rule] = match.meta
        assert name in seen
    assert len(seen) == load_yara().own_count
    for meta in seen.values():
        assert all(meta.get(key) for key in ("family", "description", "source", "date"))


def test_shipped_rules_compile_without_a_warning() -> None:
    assert compile_texts(own_rule_files(), strict=True).problems == ()


def test_no_shipped_rule_file_is_a_shell_itself(own: Yara) -> None:
    for text in own_rule_files():
        assert own.scan(text.text.encode(), "x.aspx").matches == ()


def test_a_slow_pattern_in_a_shipped_rule_would_be_a_problem() -> None:
    slow = RuleText(name="slow.yar", text="rule slow { strings: $a = /(a|aa)+b/ condition: $a }")
    assert [problem.line for problem in compile_texts([slow], strict=True).problems] == [1]


def test_a_match_names_the_rule_its_file_and_the_line(own: Yara) -> None:
    (match,) = own.scan(b"\n\n" + EXAMPLES["behinder"].shell, "x.aspx").matches
    assert (match.rule, match.file, match.own, match.line) == ("behinder", "webshells/families.yar", True, 4)
    assert match.label == "Behinder"


def test_a_shell_after_a_megabyte_of_padding_is_found(own: Yara) -> None:
    assert own.scan(b" " * (1 << 20) + EXAMPLES["china_chopper_jscript"].shell).labels == ("China Chopper",)


def test_names_of_the_users_rules_are_marked_as_theirs(tmp_path: Path) -> None:
    found = _scan(
        tmp_path, b"needle", 'rule mine : tag1 tag2 { meta: n = 7 strings: $a = "needle" condition: $a }'
    )
    (match,) = found.matches
    assert (match.label, match.tags, match.meta, match.own) == (
        "yara:mine",
        ("tag1", "tag2"),
        {"n": "7"},
        False,
    )


def test_two_files_may_have_rules_of_one_name(tmp_path: Path) -> None:
    found = _scan(
        tmp_path,
        b"first second",
        'rule same { strings: $a = "first" condition: $a }',
        'rule same { strings: $a = "second" condition: $a }',
    )
    assert len(found.matches) == 2
    assert found.labels == ("yara:same",)


def test_a_broken_rule_is_told_with_its_line_and_the_others_run(tmp_path: Path) -> None:
    paths = _user(
        'rule good { strings: $a = "needle" condition: $a }\nrule bad { condition: $nothing }',
        "this is no rule",
        'rule other { strings: $a = "needle" condition: $a }',
        folder=tmp_path,
    )
    rules = load_yara(paths)
    told = [(Path(each.file).name, each.line) for each in rules.problems]
    assert ("0.yar", 2) in told
    assert ("1.yar", 1) in told
    assert {match.rule for match in Yara(rules).scan(b"needle").matches} == {"good", "other"}


def test_a_rule_cannot_include_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("rule stolen { condition: true } secret words")
    folder = tmp_path / "rules"
    folder.mkdir()
    rules = load_yara(_user(f'include "{secret}"\nrule x {{ condition: true }}', folder=folder))
    assert rules.problems
    assert not any("secret words" in each.reason for each in rules.problems)
    assert "stolen" not in {match.rule for match in Yara(rules).scan(b"x").matches}


def test_a_slow_rule_of_the_user_stops_itself_and_not_the_shipped_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exsweep.detect.yara.TIMEOUT_S", 1)
    slow = "rule slow { strings: $a = /(a|aa)+b/ condition: $a }"
    found = _scan(tmp_path, EXAMPLES["behinder"].shell + b"a" * 400_000, slow)
    assert found.labels == ("Behinder",)
    assert found.problems == ("your YARA rules did not come to an end in 1 seconds",)
    assert TIMEOUT_S == 2


def test_rules_may_be_in_a_zip_with_the_usual_password(shared_data: Path) -> None:
    rules = load_yara([shared_data / "yara_rules" / "rules.zip"])
    assert rules.problems == ()
    assert rules.user_count > 800


def test_a_damaged_zip_is_told(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.yar", "rule a { condition: true }" * 50)
    broken = bytearray(out.getvalue())
    broken[40:60] = bytes(20)
    (tmp_path / "rules.zip").write_bytes(broken)
    assert [each.line for each in load_yara([tmp_path / "rules.zip"]).problems] == [1]


def test_a_folder_without_rules_and_a_file_that_is_no_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.yar").write_bytes(b"\xff\xfe\x00")
    told = load_yara([tmp_path / "empty", tmp_path / "x.yar", tmp_path / "missing.yar"]).problems
    assert [each.reason.split(" ")[0] for each in told] == ["has", "is", "cannot"]


def test_variables_of_public_rules_are_defined(tmp_path: Path) -> None:
    rule = (
        'rule v { condition: extension == ".aspx" and filename == "X.ASPX" and filepath contains "inetpub" '
        'and filetype == "" and owner == "" }'
    )
    assert _scan(tmp_path, b"-", rule, path="C:/inetpub/wwwroot/X.ASPX").labels == ("yara:v",)
    assert variables("case/a\udcffb")["filename"] == "a?b"


def test_compiled_rules_are_kept_and_a_damaged_copy_is_made_again(tmp_path: Path) -> None:
    cache, folder = tmp_path / "cache", tmp_path / "rules"
    folder.mkdir()
    paths = _user('rule a { strings: $a = "needle" condition: $a }', folder=folder)
    first = load_yara(paths, cache_dir=cache)
    assert len(list(cache.iterdir())) == 2
    assert load_yara(paths, cache_dir=cache) == first
    for file in cache.iterdir():
        file.write_bytes(b"damaged")
    assert load_yara(paths, cache_dir=cache) == first


def test_compiled_rules_travel_to_other_processes() -> None:
    rules = load_yara()
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(rules), type=YaraRules)
    assert Yara(again).scan(EXAMPLES["behinder"].shell).labels == ("Behinder",)


def test_without_yara_there_is_a_gap_and_never_silence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(compiling, "AVAILABLE", False)
    yara = Yara(load_yara(_user("rule a { condition: true }", folder=tmp_path)))
    assert not yara.available
    assert "not run" in yara.gap
    assert yara.scan(b"x") == YaraScan()


@pytest.mark.parametrize("data", [b"", b"\0" * 70_000, MARK * 3_000, bytes(range(256)) * 300, b"<%" * 50_000])
def test_odd_bytes_bring_no_match_and_no_error(own: Yara, data: bytes) -> None:
    assert own.scan(data, "x\0.aspx") == YaraScan()


@pytest.mark.parametrize("step", [8, pytest.param(1, marks=pytest.mark.long)])
def test_no_benign_page_of_the_collection_is_called_a_family(own: Yara, shared_data: Path, step: int) -> None:
    folder = shared_data / "web_benign"
    with (folder / "SOURCES.csv").open(newline="", encoding="utf-8") as stream:
        benign = {row["name"] for row in csv.DictReader(stream) if row["label"] == "benign"}
    wrong = []
    with zipfile.ZipFile(folder / "web_benign.zip") as archive:
        for member in archive.infolist()[::step]:
            name = member.filename.rpartition("/")[2]
            if name in benign and own.scan(archive.read(member, pwd=b"infected"), name).matches:
                wrong.append(name)
    assert wrong == []
