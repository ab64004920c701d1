"""Constants as values: text, numbers, sums and differences, as the languages of pages make them.

Every function is total and bounded; what would be larger than `MOST` characters is not made.
"""

import math
from typing import Final

from exsweep.detect.webshell.values import Constant

MOST: Final = 1 << 20
"""Characters or bytes of one folded constant."""


class NotFoldedError(ValueError):
    """This cannot be computed here."""


def text(value: Constant) -> str:
    """The value as the languages write it into a string.

    Raises:
        NotFoldedError: an array.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, int | float):
        return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else str(value)
    if isinstance(value, bytes):
        return value.decode("latin-1")
    raise NotFoldedError


def number(value: Constant) -> int:
    """The value as a whole number; VB's `&H41` and `&O101` in text too.

    Raises:
        NotFoldedError: it is none.
    """
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return round(value)
    if isinstance(value, str) and len(value) == 1 and not value.isdigit():
        return ord(value)
    if isinstance(value, str) and len(value) < 32:
        plain = value.strip().lower()
        try:
            if plain.startswith(("&h", "0x")):
                return int(plain[2:].rstrip("&"), 16)
            if plain.startswith("&o"):
                return int(plain[2:].rstrip("&"), 8)
            return round(float(plain))
        except (ValueError, OverflowError) as error:
            raise NotFoldedError from error
    raise NotFoldedError


def add(values: list[Constant]) -> Constant:
    """`+` of all: a sum of numbers, or one text."""
    if values and all(isinstance(each, int | float) and not isinstance(each, bool) for each in values):
        return sum(each for each in values if isinstance(each, int | float))
    if any(isinstance(each, tuple) for each in values):
        raise NotFoldedError
    return bounded("".join(map(text, values)))


def calculate(operator: str, values: list[Constant]) -> Constant:
    """Two numbers and an operator.

    Raises:
        NotFoldedError: not an operator that is folded, or no numbers.
    """
    if len(values) == 1:
        one = number(values[0])
        unary: dict[str, int] = {"-": -one, "~": ~one, "+": one}
        if operator in unary:
            return unary[operator]
        raise NotFoldedError
    if len(values) != 2:
        raise NotFoldedError
    left, right = number(values[0]), number(values[1])
    if abs(left) > 1 << 64 or abs(right) > 1 << 64:
        raise NotFoldedError
    match operator.lower():
        case "-":
            return left - right
        case "*":
            return left * right
        case "/" if right:
            return left / right if left % right else left // right
        case "\\" if right:
            return left // right
        case "%" | "mod" if right:
            return left % right
        case "^" | "xor":
            return left ^ right
        case "&" | "and":
            return left & right
        case "|" | "or":
            return left | right
        case "<<" if 0 <= right < 64:
            return left << right
        case ">>" if 0 <= right < 64:
            return left >> right
        case _:
            raise NotFoldedError


def chain(operator: str, values: list[Constant]) -> Constant:
    """A chain of one operator, from left to right; see `calculate`."""
    if len(values) < 3:
        return calculate(operator, values)
    total = values[0]
    for each in values[1:]:
        total = calculate(operator, [total, each])
    return total


def bounded(value: Constant) -> Constant:
    """The value, if it is small enough.

    Raises:
        NotFoldedError: it is too large.
    """
    if isinstance(value, str | bytes | tuple) and len(value) > MOST:
        raise NotFoldedError
    return value
