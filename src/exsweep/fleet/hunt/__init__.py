"""Hunting: where in the saved events of the whole fleet does this address, hash, path or rule occur, and who cannot be asked?

`start` notes a run, `run` goes on with it (again and again, after a stop too), `report` tells how far it is. The web and the
command line call the same functions; what one may see comes in as `may`.
"""

from exsweep.fleet.hunt.engines import ENGINES
from exsweep.fleet.hunt.planning import plan
from exsweep.fleet.hunt.records import (
    Cost,
    Hit,
    Missed,
    Progress,
    Question,
    Report,
    RunLine,
    Sample,
    Saved,
    Scope,
    Watched,
)
from exsweep.fleet.hunt.running import report, run, runs, start, tenants_of
from exsweep.fleet.hunt.saved import again, forget, hunt_number, save, saved, watch
from exsweep.fleet.hunt.where_to import May

__all__ = [
    "ENGINES",
    "Cost",
    "Hit",
    "May",
    "Missed",
    "Progress",
    "Question",
    "Report",
    "RunLine",
    "Sample",
    "Saved",
    "Scope",
    "Watched",
    "again",
    "forget",
    "hunt_number",
    "plan",
    "report",
    "run",
    "runs",
    "save",
    "saved",
    "start",
    "tenants_of",
    "watch",
]
