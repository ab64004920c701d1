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


_SPANISH_WORD = re.compile(r"[A-Za-zÁÉÍÓÚÜÑáéíóúüñ]+")
_SPANISH_VOWELS = re.compile(r"[aeiouáéíóúü]+")
_HIATUS = re.compile(r"(?<=[aeoáéó])(?=[aeoáéóíú])|(?<=[íú])(?=[aeoáéó])")


def ease_in_spanish(text: str) -> float:
    """How easy a Spanish text is, 0 to 100 and beyond: 65 to 80 is fairly easy, 55 to 65 normal, below it is hard.

    Source: Szigriszt-Pazos 1993, 206.835 - 62.3 * syllables per word - words per sentence, read on the INFLESZ scale
    (Barrio-Cantalejo et al. 2008); it mends the formula of Fernandez-Huerta 1959. Syllables are counted roughly.
    """
    words = _SPANISH_WORD.findall(text)
    if not words:
        return 100.0
    sentences = max(1, len(_END.findall(text.strip() + " ")))
    return 206.835 - 62.3 * sum(map(_spanish_syllables, words)) / len(words) - len(words) / sentences


def _spanish_syllables(word: str) -> int:
    plain = re.sub(r"(?<=[qg])u(?=[eéií])", "", word.lower())
    if plain.endswith("y"):
        plain = plain[:-1] + "i"
    groups = _SPANISH_VOWELS.findall(plain)
    return max(1, sum(1 + len(_HIATUS.findall(group)) for group in groups))
