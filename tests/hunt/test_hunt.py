"""A hunt finds what is there on every server, names who could not be asked, and survives being stopped."""

import csv
import io
import json
import shutil
import zipfile
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
import stix2

from exsweep.assess.store import read_events
from exsweep.assess.tools import tools
from exsweep.cli.hunt import _sigma
from exsweep.detect import Engine
from exsweep.errors import KnowledgeError, UsageError
from exsweep.fleet import hunt, intake
from exsweep.fleet import lake as lakes
from exsweep.fleet.hunt import Question, Scope, export, looking, records, sql, where
from exsweep.fleet.hunt.question import query, rules_of
from exsweep.fleet.lake import Lake
from exsweep.fleet.store import Fleet
from exsweep.knowledge.formats import load_formats
from tests.hunt.conftest import INTRUDER, NOW, Copy, bring

SIGMA = """
title: Scripted POST to a page below aspnet_client
id: 6b6a0e0e-6ab2-4d35-a58a-0f6b2f7c8c11
logsource: {category: webserver}
detection:
  selection: {cs-method: POST, cs-uri-stem|contains: /aspnet_client/}
  filter: {cs-user-agent|startswith: Mozilla}
  condition: selection and not filter
level: high
"""
QUESTIONS = [
    Question(query=INTRUDER),
    Question(query="203.0.113.0/24"),
    Question(query="qwertzui.aspx"),
    Question(query="/aspnet_client/qwertzui.aspx"),
    Question(query="path:/aspnet_client/* method:post"),
    Question(query="agent:*python*"),
    Question(query='"GET /owa/auth"'),
    Question(query="status:200 query:*qwertzui*"),
    Question(query="straße"),
    Question(query="été"),
    Question(sigma=(SIGMA,)),
    Question(
        indicators=(
            INTRUDER,
            "qwertzui.aspx",
            "198.51.100.3",
            "198.51.100.0/29",
            "c:/x/aspnet_client/qwertzui.aspx",
            "aspnet_client/qwert*.aspx",
        )
    ),
    Question(query="page-b.example.test.aspx"),
    Question(query="nothing-like-this"),
]


def asked(
    fleet: Fleet, lake: Lake, question: Question, scope: Scope | None = None, engine: str = "duckdb"
) -> hunt.Report:
    run = hunt.start(fleet, question, scope or Scope(), now=NOW, engine=engine)
    return hunt.run(fleet, lake, run, now=NOW)


def counts(report: hunt.Report) -> dict[tuple[str | None, str], int]:
    return {(each.name, each.rule): each.count for each in report.hits}


def by_server(report: hunt.Report) -> dict[str | None, int]:
    return {each.name: each.count for each in report.hits}


def test_an_address_is_found_with_first_last_count_and_a_line_that_leads_back(
    fleet: Fleet, lake: Lake, cases: Path
) -> None:
    report = asked(fleet, lake, Question(query=INTRUDER))
    assert by_server(report) == {"a.example.test": 2, "b.example.test": 1}
    (hit,) = [each for each in report.hits if each.name == "a.example.test"]
    assert hit.first == datetime(2021, 3, 3, 4, 10, 22, tzinfo=UTC) and hit.last == datetime(
        2021, 3, 5, 4, 10, 22, tzinfo=UTC
    )
    sample = hit.samples[0]
    evidence = cases / "evidence-a.example.test" / sample.origin.path
    data = evidence.read_bytes()
    assert data[sample.origin.offset :].split(b"\n")[0].decode() == sample.text
    assert sample.origin.sha256 and report.state == "done" and report.looked == 3


def test_an_escaped_path_is_the_same_path(fleet: Fleet, lake: Lake) -> None:
    assert by_server(asked(fleet, lake, Question(query="query:*/aspnet_client/qwertzui*"))) == {
        "b.example.test": 1
    }


@pytest.mark.parametrize(
    "question",
    QUESTIONS,
    ids=lambda one: (one.query or f"{len(one.indicators)} indicators, {len(one.sigma)} rules")[:40],
)
def test_every_way_to_look_gives_what_a_look_at_every_row_gives(
    fleet: Fleet, lake: Lake, question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = every_row(fleet, lake, question)
    assert counts(asked(fleet, lake, question)) == expected
    monkeypatch.setattr(where, "MOST_TERMS", -1)  # the matcher of triage instead of SQL
    assert counts(asked(fleet, lake, question)) == expected
    monkeypatch.setattr(looking, "FEW", 0)  # indicators together
    assert counts(asked(fleet, lake, question)) == expected


def every_row(fleet: Fleet, lake: Lake, question: Question) -> dict[tuple[str | None, str], int]:
    rules, _ = rules_of(question)
    engine = Engine(rules, load_formats())
    found: dict[tuple[str | None, str], int] = {}
    names = {int(number): name for number, name in fleet.database.run("SELECT id, name FROM server")}
    for each in lakes.sets(fleet):
        for file in each.files:
            path = lake.events(each.folder) / file.name
            for _, batch in read_events(path, tools().format(file.kind)):
                for match in engine.match([batch]):
                    key = names[each.server], match.rule.id
                    found[key] = found.get(key, 0) + 1
    return found


@pytest.mark.skipif(find_spec("datafusion") is None, reason="no second engine here: install exsweep[engines]")
def test_another_engine_gives_the_same_hits(fleet: Fleet, lake: Lake) -> None:
    for question in QUESTIONS[::2]:
        assert counts(asked(fleet, lake, question, engine="datafusion")) == counts(
            asked(fleet, lake, question)
        ), question


def test_a_hash_is_found_among_the_files_that_were_looked_at(fleet: Fleet, lake: Lake) -> None:
    page = "<html>nothing</html>"
    import hashlib

    report = asked(fleet, lake, Question(query=hashlib.sha256(page.encode()).hexdigest()))
    assert by_server(report) == {"a.example.test": 1, "b.example.test": 1, "c.example.test": 1}
    assert report.hits[0].kinds == ("served_file",)


def test_ten_thousand_indicators_are_one_hunt_and_one_more_is_refused(fleet: Fleet, lake: Lake) -> None:
    many = tuple(f"10.{number >> 8}.{number & 255}.7" for number in range(9_998))
    report = asked(fleet, lake, Question(indicators=(*many, INTRUDER, "qwertzui.aspx")))
    assert {each.title for each in report.hits} == {INTRUDER, "qwertzui.aspx"}
    with pytest.raises(UsageError, match="10,000"):
        rules_of(Question(indicators=(*many, "192.0.2.1", "192.0.2.2", "192.0.2.3")))


def test_a_question_is_kept_whole_or_refused(
    fleet: Fleet, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = Question(sigma=(*(f"# rule pack, part {number}: {'x' * 1_000_000}" for number in range(5)), SIGMA))
    assert asked(fleet, lake, many).question == many
    monkeypatch.setattr(records, "MOST", 1_000_000)
    with pytest.raises(UsageError, match="at most 1 MB"):
        asked(fleet, lake, many)
    with pytest.raises(UsageError, match="at most 1 MB"):
        hunt.save(fleet, "pack", many, Scope(), watch=False, now=NOW)


def test_the_command_line_takes_rules_from_a_zip_as_triage_does(
    fleet: Fleet, lake: Lake, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "rules.zip", "w") as packed:
        packed.writestr("web/one.yml", SIGMA)
        packed.writestr("SOURCES.csv", "no rule")
    assert _sigma((tmp_path / "rules.zip",)) == (SIGMA,)
    (tmp_path / "empty").mkdir()
    with pytest.raises(KnowledgeError, match="no rule file"):
        _sigma((tmp_path / "empty",))


def test_what_cannot_be_asked_is_said(fleet: Fleet, lake: Lake) -> None:
    report = asked(
        fleet,
        lake,
        Question(indicators=("what is this", INTRUDER), sigma=(SIGMA.replace("webserver", "dns"),)),
    )
    assert len(report.problems) == 2 and by_server(report)


def test_days_narrow_and_a_server_without_those_days_could_not_be_checked(fleet: Fleet, lake: Lake) -> None:
    late = Scope(since=datetime(2021, 3, 4, tzinfo=UTC))
    assert by_server(asked(fleet, lake, Question(query=INTRUDER), late)) == {
        "a.example.test": 1,
        "b.example.test": 1,
    }
    never = asked(
        fleet,
        lake,
        Question(query=INTRUDER),
        Scope(since=datetime(2022, 1, 1, tzinfo=UTC), kinds=("iis_w3c",)),
    )
    assert {each.why for each in never.could_not_check} == {"Its records do not reach into these days."}


def test_a_server_whose_events_are_not_kept_or_were_removed_is_named_with_the_reason(
    fleet: Fleet, lake: Lake, cases: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare" / "assessment.json"
    bare.parent.mkdir()
    body = (cases / "c.example.test" / "assessment.json").read_bytes()
    bare.write_bytes(body.replace(b"c.example.test", b"d.example.test"))
    from exsweep.fleet import sources

    intake.add(fleet, sources.read((bare,)), now=NOW, lake=lake, server=_new(fleet))
    gone = [one.number for one in lakes.sets(fleet, [fleet.server("b.example.test")])]
    assert lakes.remove(fleet, lake, gone, why="asked by the owner", now=NOW) > 0
    report = asked(fleet, lake, Question(query=INTRUDER))
    why = {each.name: each.why for each in report.could_not_check}
    assert (
        "asked by the owner" in why["b.example.test"]
        and "Only its assessment is kept" in why["d.example.test"]
    )
    assert not list(lake.events("x").parent.parent.glob("*/nothing")) and by_server(report) == {
        "a.example.test": 2
    }


def _new(fleet: Fleet) -> int:
    row = fleet.database.one(
        "INSERT INTO server (public_id, tenant_id, name, created, tier, tier_since) VALUES ('srv_d', 1, 'd.example.test', 0, 9, 0) RETURNING id"
    )
    assert row
    return int(row[0])


def test_records_of_the_wrong_kind_cannot_answer(fleet: Fleet, lake: Lake) -> None:
    process = SIGMA.replace("category: webserver", "category: process_creation, product: windows").replace(
        "cs-method", "Image"
    )
    report = asked(fleet, lake, Question(sigma=(process,)))
    assert {each.why for each in report.could_not_check} == {
        "It sent no records of the kinds that could show this."
    }


def test_a_damaged_file_is_that_servers_gap_and_nobody_elses(fleet: Fleet, lake: Lake) -> None:
    (one,) = lakes.sets(fleet, [fleet.server("a.example.test")])
    for file in one.files:
        path = lake.events(one.folder) / file.name
        path.write_bytes(path.read_bytes()[:200])
    report = asked(fleet, lake, Question(query=INTRUDER))
    assert by_server(report) == {"b.example.test": 1}
    (missed,) = report.could_not_check
    assert missed.name == "a.example.test" and "cannot be read" in missed.why


def test_yara_says_that_nobody_can_be_asked(fleet: Fleet, lake: Lake) -> None:
    report = asked(fleet, lake, Question(yara=True))
    assert (
        len(report.could_not_check) == 3 and not report.hits and "YARA" in report.problems[0]
    ) or "--yara" in report.problems[0]


def test_a_stopped_hunt_goes_on_where_it_stopped(
    fleet: Fleet, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exsweep.fleet.hunt.running._GROUP", 1)
    seen: list[hunt.Progress] = []
    run = hunt.start(fleet, Question(query=INTRUDER), Scope(), now=NOW)
    half = hunt.run(fleet, lake, run, now=NOW, seen=seen.append, stop=lambda: len(seen) == 1)
    assert half.state == "stopped" and half.done == 1 and len(half.hits) == 1

    def killed(_: hunt.Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hunt.run(fleet, lake, run, now=NOW, seen=killed)
    assert hunt.report(fleet, run).state == "stopped"
    whole = hunt.run(fleet, lake, run, now=NOW)
    assert whole.state == "done" and counts(whole) == counts(asked(fleet, lake, Question(query=INTRUDER)))
    assert whole.events == asked(fleet, lake, Question(query=INTRUDER)).events


def test_the_same_case_brought_twice_is_kept_and_counted_once(fleet: Fleet, lake: Lake, cases: Path) -> None:
    again = bring(fleet, lake, cases)
    assert not again.sets and again.again == 3
    assert by_server(asked(fleet, lake, Question(query=INTRUDER)))["a.example.test"] == 2


def test_a_log_in_two_sets_of_one_server_counts_once(fleet: Fleet, lake: Lake, copied: Copy) -> None:
    case = copied("a.example.test")
    manifest = case / "events" / "sources.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"described":[', b'"described":["again",'))
    server = fleet.server("a.example.test")
    kept = lakes.keep(fleet, lake, server, None, case / "events", now=NOW)
    assert kept.new and len(list(lakes.sets(fleet, [server]))) == 2
    assert by_server(asked(fleet, lake, Question(query=INTRUDER)))["a.example.test"] == 2
    assert lakes.superseded(fleet) == [min(one.number for one in lakes.sets(fleet, [server]))]


def test_a_watch_tells_of_new_evidence_and_only_of_that(tmp_path: Path, lake: Lake, cases: Path) -> None:
    with Fleet.open(tmp_path / "new.db", who="tester") as store:
        bring(store, lake, cases, "b.example.test")
        hunt.save(store, "the intruder", Question(query=INTRUDER), Scope(), watch=True, now=NOW)
        first = bring(store, lake, cases, "a.example.test", "c.example.test")
        (found,) = hunt.watch(store, lake, first.sets, now=NOW)
        assert found.name == "the intruder" and found.why_not == ""
        (hit,) = found.hits
        assert hit.name == "a.example.test" and hit.new
        full = hunt.run(store, lake, hunt.again(store, "the intruder", now=NOW), now=NOW)
        assert {each.name: each.new for each in full.hits} == {
            "a.example.test": False,
            "b.example.test": True,
        }
        hunt.forget(store, "the intruder", now=NOW)
        assert hunt.saved(store) == () and hunt.watch(store, lake, first.sets, now=NOW) == ()


def test_a_watch_that_cannot_be_asked_any_more_is_named_and_the_others_are_asked(
    tmp_path: Path, lake: Lake, cases: Path
) -> None:
    with Fleet.open(tmp_path / "gone.db", who="tester") as store:
        hunt.save(
            store, "of a cluster", Question(query=INTRUDER), Scope(cluster="C-0099"), watch=True, now=NOW
        )
        hunt.save(store, "the intruder", Question(query=INTRUDER), Scope(), watch=True, now=NOW)
        new = bring(store, lake, cases, "a.example.test")
        told = {each.name: each for each in hunt.watch(store, lake, new.sets, now=NOW)}
        assert told["of a cluster"].why_not and told["of a cluster"].run is None
        assert told["the intruder"].hits and not told["the intruder"].why_not


def test_one_tenant_never_sees_anothers_servers_runs_or_rows(tmp_path: Path, lake: Lake, cases: Path) -> None:
    with Fleet.open(tmp_path / "two.db", who="tester") as store:
        bring(store, lake, cases, "a.example.test", tenant="north")
        bring(store, lake, cases, "b.example.test", tenant="south")
        north = frozenset({store.tenant("north")})
        run = hunt.start(store, Question(query=INTRUDER), Scope(), now=NOW, may=north)
        assert by_server(hunt.run(store, lake, run, now=NOW, may=north)) == {"a.example.test": 2}
        south = frozenset({store.tenant("south")})
        with pytest.raises(UsageError):
            hunt.report(store, run, may=south)
        everything = hunt.start(store, Question(query=INTRUDER), Scope(), now=NOW)
        with pytest.raises(UsageError):
            hunt.run(store, lake, everything, now=NOW, may=north)
        assert [each.run for each in hunt.runs(store, may=north)] == [run]
        table = sql.rows(store, lake, "SELECT DISTINCT server FROM events", Scope(), may=north)
        assert len(table.rows) == 1
        other = next(lake.folder.glob(f"{_public(store, 'b.example.test')}/*/events/*.parquet"))
        with pytest.raises(UsageError, match="disabled"):
            sql.rows(store, lake, f"SELECT * FROM read_parquet('{other}')", Scope(), may=north)


def _public(fleet: Fleet, name: str) -> str:
    row = fleet.database.one("SELECT public_id FROM server WHERE name = ?", (name,))
    assert row
    return str(row[0])


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '{store}'",
        "SELECT * FROM read_text('{lake}/../fleet.db')",
        "SELECT * FROM glob('/*')",
        "COPY (SELECT 1) TO '{lake}/x.csv'",
        "ATTACH '{store}' AS x",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "SELECT 1; SELECT 2",
        "CREATE TABLE x AS SELECT 1",
        "nonsense",
    ],
)
def test_sql_reaches_nothing_but_the_events(fleet: Fleet, lake: Lake, tmp_path: Path, statement: str) -> None:
    with pytest.raises(UsageError):
        sql.rows(fleet, lake, statement.format(store=tmp_path / "fleet.db", lake=lake.folder), Scope())
    assert not (lake.folder / "x.csv").exists()


@pytest.mark.parametrize("text", ["address 203.0.113.9", "foo path /owa/auth/x.aspx"])
def test_the_name_of_a_field_before_a_value_is_not_taken_for_a_word(text: str) -> None:
    with pytest.raises(UsageError, match="in the same row") as refused:
        query(text)
    assert ":" in str(refused.value.tip)
    query(text.replace(" 2", ":2").replace(" /", ":/"))
    query('"address" 203.0.113.9')


def test_sql_over_all_servers_and_a_limit(fleet: Fleet, lake: Lake) -> None:
    table = sql.rows(
        fleet,
        lake,
        f"SELECT s.name, count(*) FROM events e JOIN servers s USING (server) WHERE \"source.ip\" = '{INTRUDER}' GROUP BY 1 ORDER BY 1",
        Scope(),
    )
    assert table.rows == (("a.example.test", 2), ("b.example.test", 1)) and not table.truncated
    assert sql.rows(fleet, lake, "SELECT * FROM iis_w3c", Scope(), limit=5).truncated


def test_sql_that_takes_too_long_is_stopped(fleet: Fleet, lake: Lake) -> None:
    with pytest.raises(UsageError, match="longer than"):
        sql.rows(
            fleet,
            lake,
            "SELECT count(*) FROM range(100000000000) a, range(1000) b WHERE a.range % 7 = b.range",
            Scope(),
            seconds=0.2,
        )


def test_a_dry_run_opens_no_file_and_says_what_it_would_take(fleet: Fleet, lake: Lake) -> None:
    shutil.rmtree(lake.folder)
    cost = hunt.plan(fleet, Question(query=INTRUDER), Scope())
    assert cost.servers == 3 and cost.events > 150 and cost.seconds > 0


def test_a_scope_that_is_not_there_is_an_error_that_helps(fleet: Fleet, lake: Lake) -> None:
    for scope in (Scope(cluster="C-9999"), Scope(servers=("srv_none",))):
        with pytest.raises(UsageError):
            hunt.plan(fleet, Question(query=INTRUDER), scope)


def test_exports_carry_hits_and_gaps_and_no_formula(fleet: Fleet, lake: Lake) -> None:
    report = asked(fleet, lake, Question(query=INTRUDER), Scope(kinds=("iis_w3c",)))
    rows = list(csv.reader(io.StringIO(export.to_csv(report).decode())))
    assert len(rows) == 1 + len(report.hits) + len(report.could_not_check)
    assert not any(cell[:1] in "=+@" for row in rows for cell in row if cell)
    assert json.loads(export.to_json(report))["hits"][0]["server"].startswith("srv_")
    bundle = stix2.parse(export.to_stix(report).decode(), allow_custom=False)
    assert sum(each["type"] == "sighting" for each in bundle.objects) == len(report.hits)
    assert export.to_stix(report) == export.to_stix(report)


def test_a_bundle_brings_its_events_along(tmp_path: Path, lake: Lake, cases: Path) -> None:
    from exsweep.assess.bundle import write_bundle
    from exsweep.fleet import sources

    packed = tmp_path / "case.exsweep.zip"
    write_bundle(cases / "a.example.test", packed, events=True)
    with Fleet.open(tmp_path / "bundle.db", who="tester") as store:
        done = intake.add(store, sources.read((packed,)), now=NOW, lake=lake)
        assert done.assessments == 1 and len(done.sets) == 1 and not done.refused
        assert by_server(asked(store, lake, Question(query=INTRUDER))) == {"a.example.test": 2}


@pytest.mark.parametrize("damage", ["no manifest", "cut", "foreign", "linked"])
def test_events_that_do_not_fit_are_refused_and_the_assessment_is_kept(
    tmp_path: Path, lake: Lake, copied: Copy, damage: str
) -> None:
    case = copied("a.example.test")
    file = next((case / "events").glob("iis_w3c*.parquet"))
    if damage == "no manifest":
        (case / "events" / "sources.json").write_text("{}")
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:100])
    elif damage == "foreign":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"x": [1]}), file)
    else:
        moved = file.rename(tmp_path / "elsewhere.parquet")
        file.symlink_to(moved)
    with Fleet.open(tmp_path / "new.db", who="tester") as store:
        from exsweep.fleet import sources

        done = intake.add(store, sources.read((case,)), now=NOW, lake=lake)
        assert done.assessments == 1 and done.refused == 1 and not done.sets
        report = asked(store, lake, Question(query=INTRUDER))
        assert report.could_not_check and not report.hits


def test_postgres_gives_the_same_hunt(
    postgres: str, tmp_path: Path, fleet: Fleet, lake: Lake, cases: Path
) -> None:
    from importlib import import_module

    with import_module("psycopg").connect(postgres, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    other = Lake(tmp_path / "pg.lake")
    with Fleet.open(postgres, who="tester") as store:
        bring(store, other, cases)
        hunt.save(store, "w", Question(query=INTRUDER), Scope(), watch=True, now=NOW)
        for question in (QUESTIONS[0], QUESTIONS[-4], QUESTIONS[-3]):
            one, two = asked(store, other, question), asked(fleet, lake, question)
            assert (
                counts(one) == counts(two)
                and one.events == two.events
                and one.hits[0].samples == two.hits[0].samples
            )
        assert hunt.watch(store, other, [one.number for one in lakes.sets(store)], now=NOW)
        numbers = [one.number for one in lakes.sets(store)][:1]
        assert lakes.remove(store, other, numbers, why="test", now=NOW)
        assert len(asked(store, other, QUESTIONS[0]).could_not_check) == 1
