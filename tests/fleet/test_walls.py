"""PostgreSQL keeps tenants apart by itself: a statement that forgets its filter finds nothing of others (H68, second wall)."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from exsweep.errors import StoreError
from exsweep.fleet import clusters, intake
from exsweep.fleet.schema_walls import OPEN, WALLS
from exsweep.fleet.store import Fleet
from exsweep.model import Level, Stage
from tests.fleet.build import NOW, assessed, finding, page
from tests.fleet.walled import as_user, connect, set_up

TENANTS = ("first", "second")


@pytest.fixture(scope="module")
def addresses(postgres: str) -> tuple[str, str]:
    return set_up(postgres)


@pytest.fixture(scope="module")
def owner(addresses: tuple[str, str]) -> Iterator[Fleet]:
    """The store with a row of every walled kind for each of two tenants."""
    with Fleet.open(addresses[0], who="owner") as fleet:
        for number, tenant in enumerate(TENANTS):
            shell = finding(
                "WS-1", Stage.WEBSHELL_USE, url_path="/aspnet_client/x.aspx", source_ip="203.0.113.9"
            )
            for server in ("a", "b"):
                one = assessed(
                    Level.IN_USE, shell, name=f"{server}{number}.example.org",
                    pages=[page("/aspnet_client/x.aspx")], shells=["/aspnet_client/x.aspx"],
                )  # fmt: skip
                intake.add(fleet, [("here", one)], now=NOW, tenant=tenant)
            _one_of_each(fleet, fleet.tenant(tenant))
        clusters.compute(fleet, NOW)
        yield fleet


def _one_of_each(fleet: Fleet, tenant: int) -> None:
    """Rows that nothing of this test makes by itself."""
    run = fleet.database.run
    one, other = (
        int(row[0]) for row in run("SELECT id FROM server WHERE tenant_id = ? ORDER BY id", (tenant,))
    )
    run(
        "INSERT INTO contact (server_id, name, channel, address) VALUES (?,'Ana','phone','+1 555 0100')",
        (one,),
    )
    run("INSERT INTO pin (server_id, who, reason, made, until) VALUES (?,'w','r',1,2)", (one,))
    run("INSERT INTO step_done (server_id, step, who, time, note) VALUES (?,'isolate','w',1,'')", (one,))
    run("INSERT INTO remark (server_id, who, time, text) VALUES (?,'w',1,'t')", (one,))
    run("INSERT INTO star (server_id, finding, who, time) VALUES (?,'F-1','w',1)", (one,))
    run(
        "INSERT INTO question (one_id, other_id, reason, asked) VALUES (?,?,'same name',?)", (one, other, NOW)
    )
    run(
        "INSERT INTO notice (server_id, state, drafted, changed, plain, technical, channels) VALUES (?,'drafted',1,1,'','','')",
        (one,),
    )
    run("INSERT INTO recheck (server_id, due) VALUES (?, ?) ON CONFLICT DO NOTHING", (one, NOW))
    run("INSERT INTO exposure (server_id, campaign) VALUES (?, 'x') ON CONFLICT DO NOTHING", (one,))
    kept = run(
        "INSERT INTO event_set (server_id, sha256, folder, received, events, size) VALUES (?,?,'f',1,1,1) RETURNING id",
        (one, f"{one}"),
    )
    run(
        "INSERT INTO event_file (set_id, place, name, sha256, kind, natives, events, size) VALUES (?,1,'n','s','k','{}',1,1)",
        (kept[0][0],),
    )
    (hunt,) = run(
        "INSERT INTO hunt_run (public_id, who, started, state, asked, scope, may, engine) VALUES (?,'w',1,'done','{}','{}',?,'duckdb') RETURNING id",
        (f"run_{one}", str(tenant)),
    )
    run(
        "INSERT INTO hunt (public_id, name, who, made, asked, scope, may, watch) VALUES (?,'n','w',1,'{}','{}',?,0)",
        (f"hunt_{one}", str(tenant)),
    )
    run("INSERT INTO hunt_server (run_id, server_id, state) VALUES (?,?,'looked')", (hunt[0], one))
    run(
        "INSERT INTO hunt_hit (run_id, server_id, rule, title, events, kinds, samples, fresh) VALUES (?,?,'r','t',1,'k','[]',0)",
        (hunt[0], one),
    )
    (sending,) = run(
        "INSERT INTO sending (public_id, tenant_id, who, state, created) VALUES (?,?,'w','open',1) RETURNING id",
        (f"snd_{tenant}", tenant),
    )
    (upload,) = run(
        "INSERT INTO upload (public_id, sending_id, name, size, done, state, created) VALUES (?,?,'n',1,0,'open',1) RETURNING id",
        (f"upl_{tenant}", sending[0]),
    )
    run("INSERT INTO upload_chunk (upload_id, start, size, sha256) VALUES (?,0,1,'s')", (upload[0],))
    run(
        "INSERT INTO job (public_id, tenant_id, kind, asked, who, state, created) VALUES (?,?,'triage','{}','w','done',1)",
        (f"job_{tenant}", tenant),
    )


@pytest.fixture
def pages(owner: Fleet, addresses: tuple[str, str]) -> Iterator[Fleet]:
    """The store as the pages open it."""
    with Fleet.open(addresses[1], who="web") as fleet:
        yield fleet


@pytest.mark.parametrize("table", sorted(WALLS))
def test_h68_a_list_that_forgets_its_filter_shows_nothing_of_others(
    owner: Fleet, pages: Fleet, table: str
) -> None:
    every = f"SELECT COUNT(*) FROM {table}"
    whole = owner.database.number(every)
    counts = []
    for tenant in TENANTS:
        pages.database.see((pages.tenant(tenant),))
        counts.append(pages.database.number(every))
    shared = table in ("cluster", "cluster_key")  # one group holds servers of both
    assert all(counts) and (counts == [whole, whole] if shared else sum(counts) == whole), (
        "its own, and no row more"
    )
    pages.database.see((pages.tenant("first"), pages.tenant("second")))
    assert pages.database.number(every) == whole
    pages.database.see(())
    assert pages.database.number(every) == 0, "who was not recognised sees nothing"


def test_what_was_not_told_whose_rows_it_may_see_sees_none(owner: Fleet, addresses: tuple[str, str]) -> None:
    for address in addresses:
        with connect(address) as database:
            assert database.execute("SELECT COUNT(*) FROM server").fetchone() == (0,), (
                "the owner neither: FORCE"
            )


def test_a_row_cannot_be_given_to_another_tenant(pages: Fleet) -> None:
    first, second = (pages.tenant(each) for each in TENANTS)
    pages.database.see((first,))
    with pytest.raises(StoreError, match="row-level security"):
        pages.database.run(
            "INSERT INTO sending (public_id, tenant_id, who, state, created) VALUES ('snd_x',?,'w','open',1)",
            (second,),
        )
    with pytest.raises(StoreError, match="row-level security"):
        pages.database.run("UPDATE server SET tenant_id = ?", (second,))
    assert (
        pages.database.run("UPDATE server SET region = 'x' WHERE tenant_id = ? RETURNING id", (second,)) == []
    )
    assert (
        pages.database.run(
            "DELETE FROM star WHERE server_id IN (SELECT id FROM server WHERE tenant_id = ?) RETURNING 1",
            (second,),
        )
        == []
    )


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE server DISABLE ROW LEVEL SECURITY",
        "DROP POLICY own ON server",
        "UPDATE audit SET who = 'x'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "DROP TABLE server",
        "CREATE TABLE mine (x BIGINT)",
        "UPDATE schema_version SET version = 1",
    ],
)
def test_the_user_of_the_pages_changes_neither_wall_nor_tables_nor_audit_log(
    pages: Fleet, statement: str
) -> None:
    with pytest.raises(StoreError):
        pages.database.run(statement)


def test_a_transaction_is_told_and_nothing_stays_with_the_connection(pages: Fleet) -> None:
    first, second = (pages.tenant(each) for each in TENANTS)
    pages.database.see((first,))
    with pages.database.transaction():
        assert pages.database.run("SELECT DISTINCT tenant_id FROM server") == [(first,)]
        with pages.database.seeing((second,)):
            assert pages.database.run("SELECT DISTINCT tenant_id FROM server") == [(second,)]
        assert pages.database.run("SELECT DISTINCT tenant_id FROM server") == [(first,)]
    raw = pages.database._connection  # type: ignore[attr-defined]  # past our layer, as a pool would see it
    assert raw.execute("SELECT coalesce(current_setting('exsweep.tenants', true), '')").fetchone() == ("",)


def test_a_transaction_that_failed_leaves_the_wall_where_it_was(pages: Fleet) -> None:
    first = pages.tenant(TENANTS[0])
    pages.database.see((first,))
    with pytest.raises(StoreError), pages.database.transaction(), pages.database.seeing(None):
        pages.database.run("SELECT no_such_column FROM server")
    assert pages.database.run("SELECT DISTINCT tenant_id FROM server") == [(first,)]


def test_h70_a_hunt_over_all_tenants_is_there_for_nobody_who_may_see_fewer(
    owner: Fleet, pages: Fleet
) -> None:
    first, second = (pages.tenant(each) for each in TENANTS)
    for number, may in enumerate(("all", f"{first},{second}", f"{first}")):
        owner.database.run(
            "INSERT INTO hunt (public_id, name, who, made, asked, scope, may, watch) VALUES (?,'m','w',1,'{}','{}',?,0)",
            (f"hunt_may_{number}", may),
        )
    expected = {(first,): {2}, (second,): set(), (first, second): {1, 2}, (): set(), None: {0, 1, 2}}
    for seen, numbers in expected.items():
        pages.database.see(seen)
        rows = pages.database.run("SELECT public_id FROM hunt WHERE name = 'm'")
        assert {name for (name,) in rows} == {f"hunt_may_{number}" for number in numbers}, seen
    owner.database.run("DELETE FROM hunt WHERE name = 'm'")


def test_every_table_stands_behind_the_wall_or_on_the_list_of_those_that_need_none(
    owner: Fleet, tmp_path: Path
) -> None:
    rows = owner.database.run(
        "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    assert {name for name, on, forced in rows if on and forced} == set(WALLS)
    assert {name for name, on, _ in rows if not on} == OPEN
    Fleet.open(tmp_path / "fleet.db", who="tester").database.close()
    with sqlite3.connect(tmp_path / "fleet.db") as database:
        names = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == set(WALLS) | OPEN, "the same tables on SQLite"


def test_a_user_who_may_not_build_is_told_who_must_open_the_store_first(
    postgres: str, addresses: tuple[str, str]
) -> None:
    with connect(addresses[0]) as database:
        database.execute("CREATE SCHEMA IF NOT EXISTS empty")
        database.execute("GRANT USAGE ON SCHEMA empty TO exsweep_web")
    address = f"{addresses[1]}&options=-csearch_path%3Dempty"
    with pytest.raises(StoreError, match="may not bring it to"):
        Fleet.open(address, who="web")


def test_a_superuser_passes_the_wall_and_the_program_knows_it(postgres: str, pages: Fleet) -> None:
    assert pages.database.walled
    with Fleet.open(as_user(postgres, "exsweep"), who="tester") as fleet:
        assert not fleet.database.walled


@pytest.mark.parametrize("values", [(), (1,)])
def test_a_percent_sign_in_a_statement_is_one(pages: Fleet, values: tuple[int, ...]) -> None:
    assert pages.database.run(f"SELECT 'ab' LIKE 'a%', 7 % 4 {', ?' if values else ''}", values)[0][:2] == (
        True,
        3,
    )
