"""Documents cannot drift: tables are made from the registries, links lead somewhere."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import make_docs

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("name", sorted(make_docs.pages()))
def test_generated_pages_are_up_to_date(name):
    text = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert text == make_docs.pages()[name], "run: python tools/make_docs.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_readme_names_the_two_commands():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in ("triage", "test"):
        assert f"make {command}" in text
        assert f"\n{command}:" in makefile


def test_the_query_of_the_how_to_runs_on_a_real_store(tmp_path, monkeypatch):
    import duckdb

    from exsweep.assess import Settings, triage
    from tests.judge.build import NOW

    story = (ROOT / "tests" / "cases" / "shell_used_in_a_look_alike_folder" / "story.yml").read_text(
        encoding="utf-8"
    )
    lines = [line.strip() for line in story.splitlines() if line.strip().startswith(("#", "2021-"))]
    log = tmp_path / "u_ex210301.log"
    log.write_text("\n".join(lines).replace("/aspnet_clients/", "/aspnet_client/") + "\n", encoding="utf-8")
    triage(Settings(evidence=(log,), now=NOW, out=tmp_path / "case"))
    page = (ROOT / "docs" / "how-to" / "query-events.md").read_text(encoding="utf-8")
    query = re.search(r"```sql\n(.*?)```", page, re.DOTALL)[1]
    monkeypatch.chdir(tmp_path)
    rows = duckdb.sql(query).fetchall()
    assert [row[1] for row in rows] == ["203.0.113.9", "203.0.113.9"]
    assert rows[0][-1] == 6
