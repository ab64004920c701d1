"""`assessment.stix.json`: a STIX 2.1 bundle for threat-intelligence platforms."""

from importlib import import_module

from exsweep.export.kinds import exporter
from exsweep.model import Assessment


@exporter(
    "stix",
    file_name="assessment.stix.json",
    media_type="application/stix+json;version=2.1",
    title="indicators, observed data and report for threat-intelligence platforms (STIX 2.1)",
    priority=40,
)
def export(assessment: Assessment) -> bytes:
    """UTF-8 JSON bundle, TLP:AMBER; ids and times come from the assessment, never from chance or clock."""
    # Loaded when asked for: the stix2 library takes longer to import than all other exports together.
    result: bytes = import_module("exsweep.export.stix.bundle").bundle(assessment)
    return result
