"""What a page lies in: a property dump, an Outlook data file, an image, a log; and the data file decoded.

Source: [MS-PST] 5.1 for the permutation; first bytes and property names are knowledge (`kinds.yml`).
"""

import re
from functools import cache

from exsweep.knowledge.webshell_kinds import webshell_kinds

PST, PROPERTIES = "pst", "oab_property_dump"

# mpbbCrypt of [MS-PST] 5.1: plain byte -> encoded byte; `_DECODE` is its inverse.
_ENCODE = bytes.fromhex(
    "41361362a8216ebbf416cc047f64e85d1ef2cb2a74c55e35d295479e962d9a884c7d843fdbac31b6485ff6c4d8398be7"
    "233b388ec8c1df25b120a546604e9cfbaad35651457c550007c92b9d859b09a08fadb30f63ab894bd7a7155a716642bf"
    "264a6b98faea7753b270052cfd593a867ece06eb827857c78d43afb41cd45bcde2e9274fc3087280cfb0eff5286dbe30"
    "4d3492d50e3c2232e5e4f99fc2d10a8112e1ee918376e397e6618a1779a4b7dc907a5c8c02a6ca69de501a1193b95287"
    "58fced1d37491b6ae0293399bd6cd994f340546ff0c673b8d63e6518441fdd6710f10c19ecae03a1147ba90bfff8a3c0"
    "a201f72ebc2468750dfeba2fb5d0da3d"
)
_DECODE = bytes(_ENCODE.index(code) for code in range(256))
_PEM = re.compile(rb"\s{0,64}-----BEGIN [A-Z0-9 ]{1,40}-----")
_LOG = re.compile(
    r"#(?:software|version|fields|log-type)\s?:|\[?\d{4}-\d\d-\d\d[t ,]\d\d:\d\d:\d\d|\d{1,3}(?:\.\d{1,3}){3} - ",
    re.IGNORECASE,
)
_LOG_LINES = 3
_PROPERTY = re.compile(r"^\s{0,64}([A-Za-z]{4,64})\s{0,64}:", re.MULTILINE)
# A property dump is a small file; in a large one only what stands near the code counts.
_NEAR = 32768


def container_of(data: bytes, text: str, at: int) -> str | None:
    """What the first code of a page (at offset `at` of `text`) lies in; None for a plain page."""
    near = text[max(0, at - _NEAR) : at + _NEAR]
    if ":" in near and _is_property_dump(near):
        return PROPERTIES
    for magic, name in _magics():
        if data.startswith(magic):
            return name
    if _PEM.match(data) or _is_der(data):
        return "certificate"
    return "log" if _is_log(text[: min(at, 4096)]) else None


def decoded_pst(data: bytes) -> bytes | None:
    """An Outlook data file with its contents decoded (NDB_CRYPT_PERMUTE), byte for byte; None for other files."""
    return data.translate(_DECODE) if data.startswith(b"!BDN") else None


@cache
def _magics() -> tuple[tuple[bytes, str], ...]:
    return tuple((bytes.fromhex(magic), name) for magic, name in webshell_kinds().magics.items())


def _is_property_dump(near: str) -> bool:
    if "ternalurl" not in near.lower():
        return False
    table = webshell_kinds()
    names = {match[1].lower() for match in _PROPERTY.finditer(near)}
    return len(names & set(table.property_names)) >= table.property_lines


def _is_der(data: bytes) -> bool:
    # A sequence with a two-byte length that reaches about to the end; something may be appended.
    return data[:2] == b"\x30\x82" and 64 < int.from_bytes(data[2:4], "big") <= len(data)


def _is_log(head: str) -> bool:
    lines = head.split("\n")[:8]
    return sum(_LOG.match(line) is not None for line in lines) >= _LOG_LINES
