"""No bytes make the reader raise or hang, and every block points to its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsweep.detect.webshell.reading import read_page
from exsweep.knowledge.webshell_kinds import webshell_kinds
from tests.detect.webshell.reading.pieces import CLOSE, OPEN

PIECES = [
    OPEN, CLOSE, "<scr" + "ipt ", "runat=server", ">", "</scr" + "ipt>", "<!--#include file=", "<!--#exec cmd=", "-->",
    "--", "@", "@{", "@functions{", "}", '"', "'", "#@~^", "AAAAAA==", "^#~@", "=", ":", "#", "$", "&lt;", "\\u0065",
    "<asp:x ", "<object ", "Page Language=C#", "WebHandler Class=X", "CodePage=65000", "CodePage=37", "+ADw-", "a", " ",
    "\n", "\0", "\x01", "\u200b", "é", "文", "İ", "\ud800", "/*", "*/", "ExternalUrl : ", "urn:schemas-microsoft-com:xslt",
]  # fmt: skip
EXTENSIONS = ["aspx", "asp", "ashx", "cshtml", "vbhtml", "shtml", "xslt", "config", "cs", "jpg", ""]
ENCODINGS = ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-7", "cp037"]


def check(data: bytes, path: str) -> None:
    pages = read_page(data, path)
    assert pages
    for page in pages:
        assert set(page.tricks) <= webshell_kinds().tricks.keys()
        assert page.container is None or page.container in webshell_kinds().containers
        for block in page.blocks:
            assert 0 <= block.at <= len(page.text)
            assert block.encoded or page.text[block.at : block.at + len(block.code)] == block.code


@given(data=st.binary(max_size=400), extension=st.sampled_from(EXTENSIONS))
def test_any_bytes_are_read(data: bytes, extension: str) -> None:
    check(data, f"x.{extension}")


@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=40),
    encoding=st.sampled_from(ENCODINGS),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"!BDN", b"\xff\xd8\xff", b"x"]),
    extension=st.sampled_from(EXTENSIONS),
)
def test_any_mixture_of_tags_is_read(pieces: list[str], encoding: str, mark: bytes, extension: str) -> None:
    errors = "surrogatepass" if encoding.startswith("utf") and encoding != "utf-7" else "replace"
    check(mark + "".join(pieces).encode(encoding, errors), f"x.{extension}")


@given(path=st.text(max_size=40))
def test_any_name_is_taken(path: str) -> None:
    check(f"{OPEN}a{CLOSE}".encode(), path)


@pytest.mark.parametrize("extension", ["aspx", "asp", "cshtml", "txt"])
@pytest.mark.parametrize("piece", PIECES)
def test_a_megabyte_of_one_piece_ends(piece: str, extension: str) -> None:
    check((piece * (300_000 // len(piece))).encode("utf-8", "surrogatepass"), f"x.{extension}")


@pytest.mark.parametrize(
    "pair",
    [
        (OPEN + "\x01", "x"), ("<scr" + 'ipt a="', "runat=server"), ("<scr" + "ipt a='runat=server ", '"'),
        ("<scr" + "ipt ", "runat=server"), (OPEN + "@ a=\"", "b"), ("@(", "["), ("#@~^", "#@~^AAAAAA=="), ("&", "&amp"),
        (OPEN + "--", "--"), ("<m:script ", "urn:schemas-microsoft-com:xslt"), ("+AD", "+ADw"), ("/*", "*" ), ("@if(", "{"),
    ],
)  # fmt: skip
def test_half_tags_do_not_cost_the_square_of_their_number(pair: tuple[str, str]) -> None:
    text = "".join(pair) * (400_000 // len("".join(pair))) + pair[1]
    for extension in ("aspx", "asp", "cshtml"):
        check(text.encode(), f"x.{extension}")
        check(b"\xff\xd8\xff" + text.encode(), f"x.{extension}")
