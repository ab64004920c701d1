"""Which language a page is in: as the reader chose, else as his browser asks, else English. Programs get English."""

from exsweep.knowledge.languages import ENGLISH, codes

_MOST = 20


def language_of(chosen: str, accepted: str) -> str:
    """`chosen` is what a link left in a cookie, `accepted` the header Accept-Language.

    >>> language_of("", "es-MX,es;q=0.9,en;q=0.8"), language_of("en", "es"), language_of("", "fr, *;q=0.1")
    ('es', 'en', 'en')
    """
    if chosen in codes():
        return chosen
    wanted: list[tuple[float, int, str]] = []
    for at, part in enumerate(accepted.lower().split(",")[:_MOST]):
        name, _, rest = part.partition(";")
        code = name.strip().partition("-")[0]
        if code in codes() and (weight := _weight(rest)) > 0:
            wanted.append((-weight, at, code))
    return min(wanted)[2] if wanted else ENGLISH


def _weight(text: str) -> float:
    value = text.strip().removeprefix("q=")
    try:
        return min(1.0, float(value)) if value else 1.0
    except ValueError:
        return 0.0
