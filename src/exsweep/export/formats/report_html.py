"""`report.html`: one self-contained page for two readers, the admin first and the analyst below."""

from exsweep.export.kinds import exporter
from exsweep.model import Assessment


@exporter(
    "html",
    file_name="report.html",
    media_type="text/html; charset=utf-8",
    title="one page to read, print and pass on; needs no network and no script",
    priority=100,
)
def export(assessment: Assessment) -> bytes:
    """UTF-8 HTML below 20 MiB. Lists that are cut say so; the exact whole is assessment.json."""
    # Loaded when asked for: templates and drawing take longer than all other exports together.
    from exsweep.export.report.paper import fitting

    return fitting(assessment)
