"""The table of log ages that Test-ProxyLogon exports: for each kind of log, how many days back it goes."""

from collections.abc import Iterable, Sequence

_SPELLING = {
    "autodproxy": "autod",
    "easproxy": "eas",
    "ewsproxy": "ews",
    "mapiproxy": "mapi",
    "oabproxy": "oab",
    "owaproxy": "owa",
    "owacalendarproxy": "owacal",
    "powershellproxy": "powershell",
    "rpchttpproxy": "rpchttp",
}
"""Names in the CSV file of log ages -> names in the line that the console shows."""
_NAMES = frozenset({"oabgen", "ecp", "ecpproxy", *_SPELLING})
_ENOUGH = 4
"""So many of its names make a row the heading of this table."""


def is_age_heading(names: Iterable[str]) -> bool:
    """The names of the columns are those of the table."""
    return len(_NAMES & {name.lower() for name in names}) >= _ENOUGH


def age_facts(names: Sequence[str], values: Sequence[bytes]) -> dict[str, str]:
    """`log_age_days.<log>` -> days with a decimal point, empty = none found; one value for each name."""
    facts = {}
    for name, value in zip(names, values, strict=True):
        log = _SPELLING.get(name.lower(), name.lower())
        facts[f"log_age_days.{log}"] = value.decode("ascii", "replace").strip().replace(",", ".")
    return facts
