"""A page inside another format is found, and what it lies in is named."""

from exsweep.detect.webshell.containers import _ENCODE
from exsweep.detect.webshell.reading import LOOKED_AT_BYTES, read_page
from tests.detect.webshell.reading.pieces import INERT, code, script

NOTE = f'Note("{INERT}")'
PAGE = code(NOTE).encode()


def noise(size: int) -> bytes:
    """Bytes without pattern, with chance openings of code among them."""
    numbers, value = bytearray(), 12345
    for _ in range(size):
        value = value * 1103515245 + 12345 & 0x7FFFFFFF
        numbers.append(value >> 16 & 255)
    return bytes(numbers) + b"<%\x01\x02\x03" + bytes(numbers[:40])


def test_the_saved_settings_of_an_address_book_folder_are_known() -> None:
    tag = script(f"function Page_Load(){{{NOTE}}}", 'language="JScript" runat="server"')
    text = (
        f"Name                            : OAB (Default Web Site)\r\nPollInterval                    : 480\r\n"
        f"RequireSSL                      : True\r\nInternalUrl                     : https://mail.example.test/OAB\r\n"
        f"ExternalUrl                     : http://f/{tag}\r\nWhenChanged                     : 3/3/2021\r\n"
    )
    page = read_page(text.encode(), "x.aspx")[0]
    assert (page.container, page.language) == ("oab_property_dump", "jscript")
    assert [block.code for block in page.blocks] == [f"function Page_Load(){{{NOTE}}}"]


def test_code_in_and_behind_an_image_is_found_among_chance_openings() -> None:
    data = b"\xff\xd8\xff\xe0" + noise(5000) + PAGE + noise(300)
    page = read_page(data, "x.asp")[0]
    assert page.container == "image" and "code-in-binary" in page.tricks
    assert [block.code for block in page.blocks] == [NOTE]


def test_a_picture_without_code_has_no_blocks() -> None:
    assert read_page(b"\xff\xd8\xff\xe0" + noise(20000), "x.jpg")[0].blocks == ()


def test_an_outlook_data_file_is_read_plain_and_decoded() -> None:
    plain = read_page(b"!BDN" + noise(600) + PAGE, "x.aspx")
    assert plain[0].container == "pst" and plain[0].blocks[0].code == NOTE
    hidden = read_page(b"!BDN" + noise(600) + PAGE.translate(_ENCODE), "x.aspx")
    assert (
        hidden[0].container == "pst"
        and hidden[0].blocks[0].code == NOTE
        and "pst-encoded" in hidden[0].tricks
    )


def test_a_certificate_request_and_a_log_are_named() -> None:
    body = b"\x30\x82\x01\x00\x02\x01\x00" + b"\x31\x0b\x06" * 20 + PAGE
    assert read_page(body.ljust(300, b"\x05"), "x.aspx")[0].container == "certificate"
    lines = b"".join(b"2021-03-03 04:10:2%d W3SVC1 GET /x 200\r\n" % each for each in range(5))
    assert read_page(b"#Software: Microsoft IIS\r\n" + lines + PAGE, "x.asp")[0].container == "log"


def test_a_plain_page_lies_in_nothing() -> None:
    assert read_page(PAGE, "x.asp")[0].container is None


def test_code_behind_sixteen_mebibytes_of_padding_is_found() -> None:
    for data in (b" " * LOOKED_AT_BYTES + PAGE, PAGE + b"\n" * (LOOKED_AT_BYTES + 1)):
        page = read_page(data, "x.asp")[0]
        assert [block.code for block in page.blocks] == [NOTE]
        assert "padding" in page.tricks and len(page.text) <= LOOKED_AT_BYTES
