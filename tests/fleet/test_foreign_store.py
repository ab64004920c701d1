"""A store that somebody else made is not written to when it holds what we did not make (H76)."""

import sqlite3

import pytest

from exsweep.errors import StoreError
from exsweep.fleet.store import Fleet

TRAPS = {
    "trigger": "CREATE TRIGGER t AFTER INSERT ON server BEGIN DELETE FROM audit; END",
    "view": "CREATE VIEW v AS SELECT * FROM audit",
    "virtual table": "CREATE VIRTUAL TABLE f USING fts5(x)",
    "generated column": "CREATE TABLE g (a INTEGER, b INTEGER GENERATED ALWAYS AS (a + 1) VIRTUAL)",
    "our trigger, changed": "CREATE TRIGGER audit_no_update BEFORE update ON server BEGIN SELECT 1; END",
}


@pytest.mark.parametrize("what", TRAPS)
def test_h76_a_store_with_objects_of_others_is_refused_in_words(tmp_path, what):
    path = tmp_path / "fleet.db"
    Fleet.open(path, who="a").database.close()
    with sqlite3.connect(path) as foreign:
        if "our" in what:
            foreign.execute("DROP TRIGGER audit_no_update")
        foreign.execute(TRAPS[what])
    foreign.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="did not make"):
        Fleet.open(path, who="b")
    assert path.read_bytes() == before


def test_h76_our_own_store_opens_again(tmp_path):
    Fleet.open(tmp_path / "fleet.db", who="a").database.close()
    with Fleet.open(tmp_path / "fleet.db", who="b") as fleet:
        assert fleet.database.run("SELECT 1") == [(1,)]
