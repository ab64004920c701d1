"""What hides text in constants, undone: Base64, hex, percent signs, packed data, bytes and numbers of letters."""

import base64
import binascii
import urllib.parse
import zlib

from exsweep.detect.webshell.computing import MOST, NotFoldedError, number, text
from exsweep.detect.webshell.values import Constant


def unpack(data: bytes) -> bytes | None:
    """What GZip, zlib or raw deflate data hold, up to `MOST` bytes; None when it is no such data."""
    if len(data) < 12:
        return None
    for window in (47, -15):
        engine = zlib.decompressobj(window)
        try:
            found = engine.decompress(data, MOST)
        except zlib.error:
            continue
        if found and (window == 47 or engine.eof):
            return found
    return None


def base64_bytes(value: Constant) -> bytes:
    """Base64 with any white space.

    Raises:
        NotFoldedError: it is none.
    """
    raw = value if isinstance(value, bytes) else text(value).encode("ascii", "replace")
    try:
        return base64.b64decode(b"".join(raw.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotFoldedError from error


def decode(data: Constant) -> str:
    """Bytes as `Encoding.GetString` gives them: UTF-8, or one character a byte."""
    if isinstance(data, tuple):
        try:
            data = bytes(number(each) & 255 for each in data)
        except ValueError as error:
            raise NotFoldedError from error
    if not isinstance(data, bytes):
        raise NotFoldedError
    if len(data) > 3 and data[1::2].count(0) * 3 > len(data):
        return data.decode("utf-16-le", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def characters(value: Constant) -> tuple[Constant, ...]:
    """Elements of text, bytes or array."""
    if isinstance(value, tuple):
        return value
    if isinstance(value, bytes):
        return tuple(value)
    return tuple(text(value))


def letter(value: Constant) -> str:
    """One character from its number."""
    code = number(value)
    if not 0 <= code < 0x110000:
        raise NotFoldedError
    return chr(code)


def percent(value: str) -> str:
    """JScript's `unescape`: `%41` and `%u0041`."""
    if "%u" in value.lower():
        pieces = value.replace("%U", "%u").split("%u")
        made = [pieces[0]]
        for piece in pieces[1:]:
            code = piece[:4]
            if len(code) == 4 and all(each in "0123456789abcdefABCDEF" for each in code):
                made.append(chr(int(code, 16)) + piece[4:])
            else:
                made.append("%u" + piece)
        value = "".join(made)
    return urllib.parse.unquote(value, encoding="latin-1")


def hex_bytes(value: Constant) -> bytes:
    try:
        return bytes.fromhex(text(value).replace("-", ""))
    except ValueError as error:
        raise NotFoldedError from error
