"""Text at the border of the store: what PostgreSQL refuses or a terminal obeys does not get in."""

_MOST = 4_000
_NUL = "\x00"


def stored(text: str | None, most: int = _MOST) -> str | None:
    """The text without NUL (shown as `\\0`) and lone surrogates (shown as `?`), at most `most` characters.

    PostgreSQL refuses both in text, SQLite does not: cleaned here, the same evidence gives the same rows on both.
    The assessment itself is kept byte for byte beside it.

    >>> stored("a\\x00b")
    'a\\\\0b'
    """
    if text is None:
        return None
    if len(text) > most:
        text = text[:most]
    if _NUL in text:
        text = text.replace(_NUL, "\\0")
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")
