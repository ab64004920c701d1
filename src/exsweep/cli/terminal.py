"""Text for a terminal: what evidence wrote is shown, never obeyed (H29)."""

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def term(text: str) -> str:
    """Control, bidi and zero-width characters as `\\x1b` style text; everything else as it is.

    >>> term("a\\x1b]0;x\\x07b")
    'a\\\\x1b]0;x\\\\x07b'
    """
    return "".join(
        character if unicodedata.category(character) not in _HIDDEN else _shown(character)
        for character in text
    )


def _shown(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
