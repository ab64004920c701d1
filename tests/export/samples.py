"""The sample assessments by name, and one of them with hostile text in every field."""

from typing import Any

import msgspec

from exsweep.model import (
    Assessment,
    Confidence,
    DayState,
    FileVerdict,
    ImpactState,
    Level,
    Severity,
    Stage,
    Strength,
)
from tests.export.quiet import clinic_cannot_tell, town_no_signs
from tests.export.school import finding, school_in_use

MARKERS = (
    "<img src=x onerror=\"document.title='HIT'\">",
    '"><svg onload="document.title=\'HIT\'">',
    "</style><script>document.title='HIT'</script>",
    "javascript:document.title='HIT'",
    "{{ 7*7 }}{% raw %}",
    "\u202egpj.exe global\u200b.asax \x1b]0;HIT\x07\x85\u2028\r\n\t\x00",
    '=HYPERLINK("http://evil.example/?x","click")',
    "' OR file:name = 'y\\",
    "[x](javascript:alert(1)) ]]> <!-- &",
)
MARKER = " ".join(MARKERS)


def _poisoned(value: Any, kind: str = "") -> Any:
    """The same value with the marker in every text (enums, hashes, times and the schema stay)."""
    if isinstance(value, str):
        return f"{value} {MARKER}"
    if isinstance(value, tuple):
        return tuple(_poisoned(item) for item in value)
    if isinstance(value, dict):
        return {_poisoned(key): _poisoned(item) for key, item in value.items()}
    if isinstance(value, msgspec.Struct):
        keep = {"schema", "sha256", "manifest_sha256", "audience"}
        changed = {
            name: getattr(value, name)
            if name in keep or _closed(getattr(value, name))
            else _poisoned(getattr(value, name))
            for name in value.__struct_fields__
        }
        return type(value)(**changed)
    return value


def _closed(value: Any) -> bool:
    return isinstance(
        value, Level | Stage | Strength | Severity | Confidence | DayState | FileVerdict | ImpactState
    )


def hostile() -> Assessment:
    """The school with markup, formulas, escapes and pattern breakers in every text, ids included."""
    poisoned: Assessment = _poisoned(school_in_use())
    return poisoned


SAMPLES = {
    "school_in_use": school_in_use,
    "town_no_signs": town_no_signs,
    "clinic_cannot_tell": clinic_cannot_tell,
    "hostile": hostile,
}

__all__ = ["MARKER", "MARKERS", "SAMPLES", "finding", "hostile", "school_in_use"]
