"""Dates as a computer's own language writes them: which part is the day, only dates beyond the 12th can tell.

`03/04/2021` is in March or in April. A whole list is asked: one date with 13 to 31 in a part settles that part. Where none
does, and the marks (`AM`, a dot, the year in front) do not either, the dates stay untold.
"""

import re
from dataclasses import dataclass, field

_DATE = re.compile(
    rb"(?P<a>\d{1,4})(?P<mark>[./\-])(?P<b>\d{1,2})[./\-](?P<c>\d{2,4})\.?\s{1,8}"
    rb"(?P<h>\d{1,2}):(?P<m>\d\d)(?::(?P<s>\d\d))?[\s\xa0\xc2\xe2\x80\xaf]{0,4}(?P<half>[AaPp]\.?\s?[Mm]\.?|[\xc3-\xef][\x80-\xbf]{1,2})?"
    rb"(?:[\xc3-\xef][\x80-\xbf]{1,2})?"
)
_AFTERNOON = ("p", "\u0645", "\u03bc")
"""How the second half of the day begins: English, Arabic, Greek."""
YMD, DMY, MDY = "year-month-day", "day-month-year", "month-day-year"


@dataclass(slots=True)
class Order:
    """What the dates of one list have shown so far."""

    first_over_12: bool = False
    second_over_12: bool = False
    marks: set[str] = field(default_factory=set)

    def note(self, text: bytes) -> bool:
        """A date with its time; False where it is none."""
        found = _DATE.fullmatch(text.strip())
        if found is None:
            return False
        one, two = int(found["a"]), int(found["b"])
        if len(found["a"]) == 4:
            self.marks.add("year first")
            return True
        self.first_over_12 |= one > 12
        self.second_over_12 |= two > 12
        self.marks.add("dots" if found["mark"] == b"." else "half days" if found["half"] else "plain")
        return True

    @property
    def is_known(self) -> str:
        """One of YMD, DMY, MDY; empty where nothing tells."""
        if self.marks == {"year first"}:
            return YMD
        if self.first_over_12 != self.second_over_12:
            return DMY if self.first_over_12 else MDY
        if self.first_over_12:
            return ""  # two lists in one, or nonsense
        return DMY if self.marks == {"dots"} else ""


def iso(text: bytes, order: str) -> str:
    """`2021-03-03 04:10:00`; empty for what is no moment in this order."""
    found = _DATE.fullmatch(text.strip())
    if found is None or not order:
        return ""
    one, two, three = (int(found[name]) for name in "abc")
    year, month, day = (
        (one, two, three)
        if len(found["a"]) == 4
        else (three, two, one)
        if order == DMY
        else (three, one, two)
    )
    if year < 100:
        year += 2000 if year < 70 else 1900
    hour = int(found["h"])
    if found["half"]:
        late = found["half"].decode("utf-8", "replace").lower().startswith(_AFTERNOON)
        hour = hour % 12 + (12 if late else 0)
    return f"{year:04}-{month:02}-{day:02} {hour:02}:{found['m'].decode()}:{(found['s'] or b'00').decode()}"
