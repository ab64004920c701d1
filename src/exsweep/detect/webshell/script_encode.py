"""What the Windows Script Encoder wrote (`#@~^......==` ... `^#~@`), read again; the checksum is only compared.

Source: the algorithm published in 2000 by Mr Brownstone (scrdec) and 2016 by Didier Stevens (decode-vbe): each
character below 128 is replaced through one of three tables, chosen by its place modulo 64.
"""

import re

import msgspec
import numpy as np

MARK = "#@~^"

_HEAD = re.compile(r"#@~\^(?:([A-Za-z0-9+/]{6})==)?")
_TAIL = re.compile(r"([A-Za-z0-9+/]{6})==\s{0,4}\^#~@")
# Without its checksum; `^#~@&` is encoded text.
_BARE_TAIL = re.compile(r"\^#~@(?![#&!*$])")
_ESCAPE = re.compile(r"@([#&!*$])")
_ESCAPED = {"#": "\r", "&": "\n", "!": "<", "*": ">", "$": "@"}

# Decoded characters of tab and of 32 to 127, one row for each table.
_ROWS = (
    (
        "572e477a56426a2f26494134325b7672433839704568714f09624423754a7e4a5e40774a615d224b6f4e3b4c50672a7d"
        "74542b2d2c306e6b66352521644d52633f7b7829287359337f6d55537c3a5f65465831696c5a48275c3d247937605120"
        "36"
    ),
    (
        "6e2d755260715e495c627d2936207c7a7f6b63332b68516676316454434c3a4c7e4c452c2a7427374479592f6f26726a"
        "397b3f387767534734785d30235a5b6c485570692e4c21244e5009567335614b583b57226d4d2528464a32413d5f4f42"
        "65"
    ),
    (
        "7b323021295b38333d583a3565395c5673664e456b6259785e7d4a6d714160415340422748727531374d5222546a4764"
        "2d207f2e4c5d7e6c6f797443267625242b28234134092a443f773b55696163506751494f46687c36706e7a2f5f4b5a2c"
        "57"
    ),
)
_TURNS = "0120121221210212021200122102122100212120200120210212001220012021"
_KEPT = b"<>@"


class Decoded(msgspec.Struct, frozen=True, kw_only=True):
    """Code with every encoded part decoded in its place."""

    code: str
    whole: bool
    """Lengths (in characters, as encoded) and checksums of all parts were right; a wrong code page breaks them too."""


def _table() -> "np.ndarray[tuple[int, ...], np.dtype[np.uint32]]":
    table = np.tile(np.arange(128, dtype=np.uint32), (3, 1))
    for row, codes in enumerate(_ROWS):
        decoded = bytes.fromhex(codes)
        table[row, 9] = decoded[0]
        table[row, 32:128] = np.frombuffer(decoded[1:], dtype=np.uint8)
        for kept in _KEPT:
            table[row, kept] = kept
    return table


_TABLE = _table()
_TURN = np.frombuffer(_TURNS.encode(), dtype=np.uint8) - ord("0")


def decode(code: str) -> Decoded:
    """All encoded parts of a text decoded, what stands around them kept; an unclosed part goes to the end."""
    pieces: list[str] = []
    whole = True
    place = 0
    while (head := _HEAD.search(code, place)) is not None:
        start, length = head.end(), _number(head[1])
        # The stated length is right unless somebody edited the page: the end may look like encoded text.
        tail = _TAIL.match(code, start + length) if 0 <= length < len(code) else None
        tail = tail or _TAIL.search(code, start)
        bare = None if tail else _BARE_TAIL.search(code, start)
        end = tail.start() if tail else bare.start() if bare else len(code)
        text = decode_body(code[start:end])
        whole = whole and tail is not None and length == end - start and _number(tail[1]) == _sum(text)
        pieces += [code[place : head.start()], text]
        place = tail.end() if tail else bare.end() if bare else len(code)
    pieces.append(code[place:])
    return Decoded(code="".join(pieces), whole=whole)


def decode_body(body: str) -> str:
    """The part between the length and the checksum, decoded."""
    plain = _ESCAPE.sub(lambda match: _ESCAPED[match[1]], body)
    codes = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    low = codes < 128
    turns = _TURN[(np.cumsum(low) - 1) % 64]
    decoded = np.where(low, _TABLE[turns, np.where(low, codes, 0)], codes)
    return decoded.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


def _number(text: str | None) -> int:
    """Four bytes in Base64, little-endian; -1 where there are none."""
    if text is None:
        return -1
    value = 0
    for letter in text:
        value = value << 6 | _DIGITS.index(letter)
    return int.from_bytes((value >> 4).to_bytes(4, "big"), "little")


def _sum(text: str) -> int:
    # Only what was encoded is summed: letters beyond ASCII pass through the encoder untouched.
    return sum(text.encode("ascii", "ignore")) & 0xFFFFFFFF


_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
