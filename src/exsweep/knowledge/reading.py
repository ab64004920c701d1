"""How hard a text is to read: the Flesch-Kincaid grade, counted roughly.

Source: Kincaid et al. 1975, 0.39 * words per sentence + 11.8 * syllables per word - 15.59.
"""

import re

_WORD = re.compile(r"[A-Za-z][A-Za-z']*")
_END = re.compile(r"[.!?:;]+(?:\s|$)")
_VOWELS = re.compile(r"[aeiouy]+")


def grade(text: str) -> float:
    """School grade that can read the text; 0 or below is very easy. Numbers are not counted."""
    words = _WORD.findall(text)
    if not words:
        return 0.0
    sentences = max(1, len(_END.findall(text.strip() + " ")))
    return 0.39 * len(words) / sentences + 11.8 * sum(map(_syllables, words)) / len(words) - 15.59


def _syllables(word: str) -> int:
    plain = word.lower().strip("'")
    count = len(_VOWELS.findall(plain))
    silent = plain.endswith("e") and not plain.endswith("le") and count > 1
    silent_ed = plain.endswith("ed") and not plain.endswith(("ted", "ded")) and count > 1
    return max(1, count - int(silent or silent_ed))
