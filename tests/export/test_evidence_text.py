"""Evidence as text that cannot act."""

import re

from hypothesis import given
from hypothesis import strategies as st

from exsweep.export.text import clip, defang, plain, prose, show, visible

any_text = st.text(st.characters(codec=None), max_size=200)


def test_a_reversed_file_name_is_shown_as_it_is_stored() -> None:
    assert visible("\u202egpj.exe") == "\\u202egpj.exe"


def test_a_zero_width_blank_in_a_name_is_seen() -> None:
    assert visible("global\u200b.asax") == "global\\u200b.asax"


def test_terminal_escapes_line_breaks_and_nul_are_seen() -> None:
    assert visible("\x1b]0;t\x07\r\n\x00\x85\u2028") == "\\x1b]0;t\\x07\\x0d\\x0a\\x00\\x85\\u2028"


def test_letters_that_are_drawn_as_nothing_are_seen() -> None:
    assert visible("a\u3164b\ufe0fc\u2800") == "a\\u3164b\\ufe0fc\\u2800"


def test_half_a_surrogate_pair_is_seen_and_can_be_encoded() -> None:
    assert visible("\ud800").encode() == b"\\ud800"


def test_letters_of_any_language_stay() -> None:
    for word in ("Größe", "Привет", "日本語", "שלום", "عربى"):
        assert visible(word) == word


def test_the_code_points_are_named_on_hover() -> None:
    assert 'title="U+202E RIGHT-TO-LEFT OVERRIDE"' in show("\u202egpj.exe")


def test_a_web_address_is_dead_and_its_query_too() -> None:
    assert defang("http://a.example/?u=https://b.example") == "hxxp://a[.]example/?u=hxxps://b[.]example"


def test_other_schemes_and_www_are_dead_too() -> None:
    assert defang("FTP://a.example www.b.example") == "FTP[://]a[.]example www[.]b.example"


def test_paths_addresses_and_commands_stay_readable() -> None:
    for text in ("C:\\inetpub\\wwwroot\\x.aspx", "203.0.113.9", "S:CMD=Set-OabVirtualDirectory"):
        assert plain(text) == text


def test_what_is_cut_is_counted() -> None:
    assert clip("x" * 1_500, 400) == "x" * 400 + " ... (1,100 more characters)"


def test_line_ends_of_knowledge_are_blanks() -> None:
    assert prose("One\n  two.\n") == "One two."


@given(any_text)
def test_whatever_is_shown_can_be_printed_encoded_and_holds_no_markup_of_its_own(text: str) -> None:
    shown = show(text)
    shown.encode()
    bare = re.sub(r'<span class="odd" title="[^"<>]*">([^<>]*)</span>', r"\1", shown)
    assert "<" not in bare
    assert ">" not in bare
    assert '"' not in bare
    assert bare.isprintable()


@given(any_text)
def test_no_live_address_is_left(text: str) -> None:
    assert not re.search(r"https?://", plain(f"{text} http://{text}"), re.IGNORECASE)


@given(any_text)
def test_making_visible_twice_changes_nothing(text: str) -> None:
    assert visible(visible(text)) == visible(text)
