"""What was done to hide a page is noted, and ordinary pages have none of it."""

import pytest

from exsweep.detect.webshell.reading import read_page
from exsweep.knowledge.webshell_kinds import webshell_kinds, wrong_references
from tests.detect.webshell.reading.pieces import INERT, code, directive

HEAD = directive('Page Language="C#"')


@pytest.mark.parametrize(
    ("text", "trick"),
    [
        (code(f"No\\u0074e({INERT})"), "unicode-escapes"),
        (code(f"Note/*x*/({INERT})"), "comment-in-token"),
        (code(f"a./* y */Note({INERT})"), "comment-in-token"),
        (code(f"No\u200bte({INERT})"), "invisible-characters"),
        (" " * 500 + code(INERT), "hidden-behind-blanks"),
        ("\r\n" * 300 + code(INERT), "hidden-behind-blanks"),
        (code(" " * 500 + INERT), "hidden-behind-blanks"),
        ("x" * 200_000 + code(INERT), "padding"),
    ],
)
def test_a_trick_is_noted(text: str, trick: str) -> None:
    assert trick in read_page((HEAD + text).encode(), "x.aspx")[0].tricks


@pytest.mark.parametrize(
    "text",
    [
        code('Note("\\u0041"); // a comment\n /* and one */ Other(1); /* last */'),
        "<p>\n" + " " * 60 + code(INERT),
    ],
)
def test_ordinary_code_has_no_tricks(text: str) -> None:
    assert read_page((HEAD + text).encode(), "x.aspx")[0].tricks == ()


def test_every_trick_and_container_of_the_program_has_a_title() -> None:
    table = webshell_kinds()
    assert wrong_references(table) == ()
    assert all(title and "-" not in title.split()[0] for title in table.tricks.values())
