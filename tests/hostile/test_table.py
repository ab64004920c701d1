"""No row of the table without a test, or a reason why not."""

from tests.hostile.table import TESTS, counted, holders, table

IDS = [f"H{n:02}" for n in range(1, 81)] + [f"F{n:02}" for n in range(1, 35)]


def test_the_table_names_every_row_once_and_in_order():
    assert list(table()) == IDS


def test_every_row_has_a_test_or_a_reason():
    bare = [
        name for name, row in table().items() if not holders()[name] and not {"elsewhere", "open"} & set(row)
    ]
    assert bare == []


def test_every_test_that_is_named_exists():
    for tests in holders().values():
        for node in tests:
            path, _, name = node.partition("::")
            assert f"def {name}(" in (TESTS.parent / path).read_text("utf-8"), node


def test_the_count_is_printed():
    assert counted().startswith("table of hostile inputs: ")
