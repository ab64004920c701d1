"""What was typed into PowerShell: commands in their order, without times."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.parse.traces.reading import read

PLACE = "C/Users/admin01/AppData/Roaming/Microsoft/Windows/PowerShell/PSReadLine/ConsoleHost_history.txt"
TYPED = b"Get-Mailbox\r\nforeach ($a in 1..3) {`\r\n  $a`\r\n}\r\n\r\nwevtutil cl Security\r\n"


def test_a_command_over_several_lines_is_one_row():
    rows, reader = read(TYPED, PLACE)
    assert [(row["_line"], row["Command"]) for row in rows] == [
        ("1", "Get-Mailbox"),
        ("2", "foreach ($a in 1..3) {\n  $a\n}"),
        ("6", "wevtutil cl Security"),
    ]
    assert {row["User"] for row in rows} == {"admin01"}
    assert any("no times" in note for note in reader.tally.notes)


def test_a_last_command_without_its_end_is_kept():
    assert read(b"Get-Date\r\nGet-Mailbox `", PLACE)[0][-1]["Command"] == "Get-Mailbox"


@settings(max_examples=60, deadline=None)
@given(data=st.binary(min_size=1, max_size=400), step=st.integers(1, 50))
def test_no_bytes_bring_it_down_and_chunks_change_nothing(data: bytes, step: int):
    assert read(data, PLACE, step)[0] == read(data, PLACE)[0]
