"""One page that leads to the reports of several servers."""

from collections.abc import Sequence

from exsweep.export.report.paper import environment, policy, style
from exsweep.model import Assessment


def servers_page(rows: Sequence[tuple[str, Assessment]]) -> bytes:
    """A page with one line a server, the worst first. `rows`: folder beside the page (our own word), assessment."""
    ranked = sorted(rows, key=lambda row: (-row[1].verdict.level.rank, row[0]))
    template = environment().get_template("servers.html.j2")
    version = rows[0][1].run.version if rows else ""
    return template.render(rows=ranked, policy=policy(), style=style(), version=version).encode("utf-8")
