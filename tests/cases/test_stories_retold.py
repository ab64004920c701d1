"""The stories told again with one thing changed that must not matter: the verdict stays."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from exsweep.assess import Settings, triage
from exsweep.model import Assessment, Level

NOW = datetime(2026, 11, 20, tzinfo=UTC)
HERE = Path(__file__).parent
SCANNER = "Mozilla/4.0+(compatible;+MSIE+8.0;+Windows+NT+5.1;+Trident/4.0;+Nessus)"
LINE = re.compile(r"(?m)^(?P<day>\d{4}-\d\d-\d\d) (?P<rest>\S+ (?:\S+ ){6})(?P<ip>\S+) (?P<agent>\S+)")
"""A web log row of the stories, up to the agent."""
QUIET_DAY = """#Software: Microsoft Internet Information Services 10.0
#Version: 1.0
#Date: 2018-01-02 00:00:00
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken
2018-01-02 08:00:00 192.0.2.10 GET /owa/ - 443 EXAMPLE\\anna 198.51.100.20 Mozilla/5.0 - 200 0 0 40
"""


def told(name: str) -> dict[str, Any]:
    story: dict[str, Any] = yaml.safe_load((HERE / name / "story.yml").read_text(encoding="utf-8"))
    return story


def judged(folder: Path, evidence: dict[str, str]) -> Assessment:
    for name, text in evidence.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return triage(Settings(evidence=(folder,), now=NOW))


SHELLS = [
    "shell_in_the_logon_folder_by_post",
    "shell_only_visited",
    "shell_by_get_with_a_secret_name",
    "shell_in_the_control_panel",
    "shell_with_an_encoded_address",
    "shell_dropped_and_used_by_others",
    "proxyshell_in_the_web_log",
    "proxylogon_in_the_web_log_alone",
    "owassrf_with_a_stolen_password",
]


@pytest.mark.parametrize("name", SHELLS)
def test_the_name_of_a_scanner_never_hides_what_worked(name: str, tmp_path: Path):
    story = told(name)
    dressed = {
        path: LINE.sub(lambda row: f"{row['day']} {row['rest']}{row['ip']} {SCANNER}", text)
        for path, text in story["evidence"].items()
    }
    assert judged(tmp_path, dressed).verdict.level is Level(story["expect"]["level"])


@pytest.mark.parametrize("name", SHELLS)
def test_a_load_balancers_address_hides_nothing(name: str, tmp_path: Path):
    story = told(name)
    behind = {
        path: LINE.sub(lambda row: f"{row['day']} {row['rest']}10.0.0.5 {row['agent']}", text)
        for path, text in story["evidence"].items()
    }
    assert judged(tmp_path, behind).verdict.level is Level(story["expect"]["level"])


@pytest.mark.parametrize("name", [*SHELLS, "proxylogon_up_to_the_write", "pasted_list_with_the_whole_chain"])
def test_a_quiet_day_of_long_ago_lowers_nothing(name: str, tmp_path: Path):
    story = told(name)
    assessment = judged(tmp_path, {**story["evidence"], "u_ex180102.log": QUIET_DAY})
    assert assessment.verdict.level is Level(story["expect"]["level"])


@pytest.mark.parametrize("name", [*SHELLS, "proxylogon_up_to_the_write", "ecp_log_alone_shows_the_script"])
def test_rows_in_reverse_order_say_the_same(name: str, tmp_path: Path):
    story = told(name)
    turned = {}
    for path, text in story["evidence"].items():
        lines = text.rstrip("\n").split("\n")
        last = max(place for place, line in enumerate(lines) if line.startswith("#"))
        turned[path] = "\n".join([*lines[: last + 1], *reversed(lines[last + 1 :])]) + "\n"
    assert judged(tmp_path, turned).verdict.level is Level(story["expect"]["level"])


@pytest.mark.parametrize("name", [*SHELLS, "proxylogon_up_to_the_write", "mailbox_export_to_a_page"])
def test_a_log_cut_in_the_middle_of_its_last_row_is_never_without_signs(name: str, tmp_path: Path):
    story = told(name)
    cut = {path: text[: int(len(text) * 0.93)] for path, text in story["evidence"].items()}
    assert judged(tmp_path, cut).verdict.level is not Level.NO_SIGNS


def test_the_days_of_an_administrator_do_not_add_up_to_an_attack(tmp_path: Path):
    names = (
        "an_administrator_sets_a_forwarding",
        "an_administrator_gives_rights_to_a_mailbox",
        "an_administrator_exports_to_a_pst_file",
        "a_signature_program_is_installed",
        "a_migration_gets_its_rights",
        "an_ordinary_morning",
    )
    evidence = {f"{name}/{path}": text for name in names for path, text in told(name)["evidence"].items()}
    assert judged(tmp_path, evidence).verdict.level in (Level.CANNOT_TELL, Level.NO_SIGNS)


def test_an_attempt_that_failed_does_not_make_daily_work_suspicious(tmp_path: Path):
    names = (
        "proxyshell_probe_refused",
        "an_administrator_gives_rights_to_a_mailbox",
        "passwords_guessed_in_vain",
    )
    evidence = {f"{name}/{path}": text for name in names for path, text in told(name)["evidence"].items()}
    assert judged(tmp_path, evidence).verdict.level is Level.ATTACKED
