"""A page is found in every encoding in which the server would read it."""

import pytest

from exsweep.detect.webshell.page import Page
from exsweep.detect.webshell.reading import read_page
from tests.detect.webshell.reading.pieces import INERT, code, directive, script
from tests.detect.webshell.rewrites import REWRITES, encode_script

CODE = f' Note("{INERT}", "grüße") '
TEXT = directive('Page Language="C#"') + "<p>" + code(CODE)


def only(data: bytes, path: str = "x.aspx") -> Page:
    page = read_page(data, path)[0]
    assert [block.code for block in page.blocks] == [CODE]
    return page


@pytest.mark.parametrize(
    ("mark", "encoding", "trick"),
    [
        (b"", "utf-8", None),
        (b"\xef\xbb\xbf", "utf-8", None),
        (b"\xff\xfe", "utf-16-le", None),
        (b"\xfe\xff", "utf-16-be", None),
        (b"\xff\xfe\x00\x00", "utf-32-le", "utf32"),
        (b"", "utf-16-le", "utf16-without-bom"),
        (b"", "utf-16-be", "utf16-without-bom"),
        (b"", "utf-32-be", "utf32"),
        (b"\xef\xbb\xbf\xef\xbb\xbf", "utf-8", "double-bom"),
        (b"\xef\xbb\xbf", "utf-16-le", "bom-mismatch"),
        (b"\xff\xfe", "utf-8", "bom-mismatch"),
        (b"odd", "utf-16-le", "utf16-without-bom"),
    ],
)
def test_unicode_is_read_with_and_without_its_mark(mark: bytes, encoding: str, trick: str | None) -> None:
    data = mark + TEXT.encode(encoding)
    page = read_page(data, "x.aspx")[0]
    assert len(page.blocks) == 1 and INERT in page.blocks[0].code and page.language == "csharp"
    assert trick is None or trick in page.tricks


@pytest.mark.parametrize("encoding", ["cp1252", "gb18030", "cp932"])
def test_legacy_code_pages_are_read(encoding: str) -> None:
    letters = {"cp1252": "grüße", "gb18030": "目录扫描", "cp932": "ディレクトリ"}[encoding]
    named = {"cp1252": "1252", "gb18030": "936", "cp932": "932"}[encoding]
    text = directive(f"LANGUAGE=VBScript CODEPAGE={named}") + code(f'x = "{letters}"')
    page = read_page(text.encode(encoding), "x.asp")[0]
    assert page.encoding == encoding
    assert letters in page.blocks[0].code


def test_chinese_without_a_declared_code_page_is_read_as_chinese() -> None:
    assert "目录" in read_page(code('x = "目录扫描"').encode("gbk"), "x.asp")[0].blocks[0].code


@pytest.mark.parametrize(
    "head", [directive('Page Language="C#" CodePage="65000"'), directive('Page Language="C#"')]
)
def test_utf_7_is_read_whether_the_page_names_it_or_not(head: str) -> None:
    body = code(CODE).encode("utf-7").replace(b"<%", b"+ADwAJQ-").replace(b"%>", b"+ACUAPg-")
    assert "utf7" in only(head.encode() + body).tricks


def test_ebcdic_is_read_behind_a_directive_in_plain_letters_and_without_one() -> None:
    head = directive('Page Language="C#" CodePage="37"').encode()
    assert only(head + code(CODE).encode("cp037")).tricks == ("ebcdic",)
    assert only(TEXT.encode("cp037")).language == "csharp"


def test_nul_bytes_between_the_letters_hide_nothing() -> None:
    data = b"".join(letter.encode() + b"\0" * (place % 3 == 0) for place, letter in enumerate(TEXT))
    assert "nul-bytes" in only(data).tricks


def test_encoded_script_is_decoded_and_its_checksum_compared() -> None:
    text = "Note(1 < 2 And 3 > 2)\r\n'@ grüße " + INERT
    encoded = encode_script(text)
    assert INERT not in encoded
    page = read_page((directive("LANGUAGE=VBScript.Encode") + code(encoded)).encode(), "x.asp")[0]
    block = page.blocks[0]
    assert (block.code, block.language, block.encoded, page.tricks) == (
        text,
        "vbscript",
        True,
        ("script-encode",),
    )


def test_an_encoded_script_with_a_wrong_checksum_is_decoded_all_the_same() -> None:
    whole = encode_script(INERT)
    for broken in (whole[:-12], whole[:-4], whole[:4] + "AAAAAA==" + whole[12:]):
        page = read_page((directive("LANGUAGE=JScript.Encode") + code(broken)).encode(), "x.asp")[0]
        assert INERT in page.blocks[0].code
        assert page.tricks == ("script-encode-broken",)


def test_many_encoded_parts_in_one_block_are_decoded_in_their_places() -> None:
    text = f"a = 1\n{encode_script('b = 2')}\nc = 3\n{encode_script('d = 4 ^#~@& ')}"
    page = read_page((directive("LANGUAGE=VBScript.Encode") + code(text)).encode(), "x.asp")[0]
    assert page.blocks[0].code == "a = 1\nb = 2\nc = 3\nd = 4 ^#~@& "


CSHARP = directive('Page Language="C#"') + script(
    f'void Page_Load(object sender, EventArgs e) {{ string where = "{INERT}"; Note(where, "some text"); }}'
)
BASIC = code(
    f'dim where\r\nwhere = Note("{INERT}", "some text")\r\nif where then\r\nother where\r\nend if\r\n'
)


@pytest.mark.parametrize("name", REWRITES)
def test_every_rewrite_leaves_server_code_that_is_found(name: str) -> None:
    applied = 0
    for text, extension in ((CSHARP, "aspx"), (BASIC, "asp")):
        written = REWRITES[name](text.encode(), extension)
        if written is None:
            continue
        applied += 1
        before, after = read_page(text.encode(), f"x.{extension}")[0], read_page(written, f"x.{extension}")[0]
        assert written != text.encode()
        assert (after.language, len(after.blocks)) == (before.language, len(before.blocks))
    assert applied
