"""Answers and certificates that were made to harm (H59 to H66): bounded, read as text, never obeyed."""

import gzip
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsweep.knowledge.scanning import checks
from exsweep.scan.asks import of_check
from exsweep.scan.certificate import read_certificate
from exsweep.scan.heard import hear
from exsweep.scan.identify import Kind, identify
from exsweep.scan.replies import Failure, Reader, Reply, read_reply

LIMITS = checks().limits


def _read(data: bytes, cap: int = 8192) -> Reply | Failure:
    return read_reply(data, LIMITS, cap)


@given(st.binary(max_size=400), st.integers(1, 50))
def test_h61_any_bytes_in_any_pieces_give_one_answer_and_never_an_error(data: bytes, size: int) -> None:
    whole = _read(data)
    reader = Reader(LIMITS, 8192)
    for at in range(0, len(data), size):
        reader.feed(data[at : at + size])
    reader.end(Failure.CLOSED)
    assert (reader.reply or reader.failure) == whole


HEADS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 302 Found\n",
        b"HTTP/1.1 999 \r\n",
        b"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200 OK\r\n",
    ]
)
FIELDS = st.lists(
    st.sampled_from(
        [b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 99999999999999999999", b"Transfer-Encoding: chunked",
         b"Connection: close", b": x", b" folded", b"X-OWA-Version: 15.1.2106.2", b"Content-Encoding: gzip", b"A\x00: b"]
    ), max_size=5)  # fmt: skip
REST = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"5\r\nhello\r\n0\r\n\r\n",
            b"ffffffff\r\n",
            b"5;" + b"x" * 300,
            b"zz\r\n",
            b"0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        ]
    ),
)


@given(HEADS, FIELDS, REST, st.integers(1, 30))
def test_h61_nearly_right_answers_in_any_pieces_give_the_same_answer(
    head: bytes, fields: list[bytes], rest: bytes, size: int
) -> None:
    data = head + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + rest
    reader = Reader(LIMITS, 8192)
    for at in range(0, len(data), size):
        reader.feed(data[at : at + size])
    reader.end(Failure.CLOSED)
    mine, whole = reader.reply or reader.failure, _read(data)
    if isinstance(mine, Reply) and isinstance(whole, Reply):
        assert (mine.status, mine.headers, mine.body) == (whole.status, whole.headers, whole.body)
    else:
        assert mine == whole


def test_h61_a_body_is_read_up_to_its_cap_and_not_further() -> None:
    reader = Reader(LIMITS, 1000)
    reader.feed(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 999)
    assert not reader.done
    reader.feed(b"x" * 5_000)
    assert reader.reply is not None
    assert len(reader.reply.body) == 1000
    assert not reader.reply.whole
    assert not reader.reply.reusable


def test_h62_a_packed_bomb_opens_no_further_than_the_cap() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    data = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + bomb[:8_000]
    tracemalloc.start()
    found = _read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(found, Reply)
    assert len(found.body) <= 8192
    assert peak < 1_000_000


def test_h62_a_bomb_inside_a_bomb_stays_packed() -> None:
    found = _read(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\n\r\n" + gzip.compress(b"a"))
    assert isinstance(found, Reply)
    assert found.encoded


@pytest.mark.parametrize(
    "text",
    ["<script>", "15.1.2106.2; DROP", "15.1.2106", "15.1.2106.99999999", "１５.1.2106.2", "15.1.2106.2\x00"],
)
def test_h63_a_build_that_is_none_is_only_text(text: str) -> None:
    data = b"HTTP/1.1 302 Found\r\nX-OWA-Version: " + text.encode("utf-8") + b"\r\nContent-Length: 0\r\n\r\n"
    answer = _read(data)
    found = identify([hear(of_check("owa"), answer)], "mail.example.org")
    assert found.kind is Kind.HIDDEN
    assert found.build is None


def test_h63_a_megabyte_of_one_header_is_refused() -> None:
    assert _read(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1_000_000) is Failure.HEADER_TOO_LARGE


def test_a_second_answer_glued_to_the_first_is_dropped_and_the_line_not_used_again() -> None:
    found = _read(
        b"HTTP/1.1 302 Found\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nX-OWA-Version: 15.1.2106.2\r\n\r\n"
    )
    assert isinstance(found, Reply)
    assert found.body == b"ok"
    assert found.header("x-owa-version") is None
    assert not found.reusable


def der(tag: int, *parts: bytes) -> bytes:
    """One element of DER."""
    value = b"".join(parts)
    if len(value) < 128:
        return bytes([tag, len(value)]) + value
    size = len(value).to_bytes((len(value).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + value


def certificate(
    name: bytes = b"mail.example.org", names: tuple[bytes, ...] = (), until: bytes = b"200101000000Z"
) -> bytes:
    """A certificate by its bones; nobody signed it."""
    subject = der(0x30, der(0x31, der(0x30, der(0x06, b"\x55\x04\x03"), der(0x0C, name))))
    alt = der(0x30, *(der(0x82, each) for each in names))
    extension = der(0x30, der(0x06, b"\x55\x1d\x11"), der(0x04, alt))
    body = der(
        0x30,
        der(0xA0, der(0x02, b"\x02")),
        der(0x02, b"\xff"),  # a negative serial number
        der(0x30),
        subject,
        der(0x30, der(0x17, b"150101000000Z"), der(0x17, until)),
        subject,
        der(0x30),
        der(0xA3, der(0x30, extension)),
    )
    return der(0x30, body, der(0x30), der(0x03))


def test_a_certificate_is_read_by_its_bones() -> None:
    found = read_certificate(certificate(names=(b"mail.example.org", b"autodiscover.example.org")), LIMITS)
    assert found is not None
    assert found.common_name == "mail.example.org"
    assert found.names == ("mail.example.org", "autodiscover.example.org")
    assert found.self_signed
    assert found.not_after is not None
    assert found.not_after.year == 2020


def test_h63_ten_thousand_names_and_a_nul_are_cut_and_kept_as_text() -> None:
    found = read_certificate(
        certificate(b"good.example\x00.evil.example", tuple(b"n%d.example" % n for n in range(10_000))),
        LIMITS,
    )
    assert found is not None
    assert len(found.names) <= LIMITS.names_kept
    assert found.common_name == "good.example\x00.evil.example"


@given(st.binary(max_size=300))
def test_h63_random_bytes_are_no_certificate_and_no_error(data: bytes) -> None:
    read_certificate(data, LIMITS)


@given(st.data())
def test_h63_a_damaged_certificate_is_no_error(data: st.DataObject) -> None:
    good = bytearray(certificate(names=(b"a.example",)))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    read_certificate(bytes(good[: data.draw(st.integers(0, len(good)))]), LIMITS)
