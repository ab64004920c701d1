"""`assessment.json`: the contract itself, exact and complete."""

from exsweep.export.kinds import exporter
from exsweep.model import Assessment, encode


@exporter(
    "json",
    file_name="assessment.json",
    media_type="application/json",
    title="everything, exact, for programs (schema exsweep.assessment/1)",
    priority=90,
)
def export(assessment: Assessment) -> bytes:
    """UTF-8 JSON with two-space indent; `exsweep.model.decode` reads it back to the same value."""
    return encode(assessment)
