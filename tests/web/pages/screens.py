"""Every address that shows a screen, for tests that hold them all to the same."""

from exsweep.export.report.findings import anchor
from exsweep.web.pages.timeline import row_id
from exsweep.web.routes import routes
from exsweep.web.service import Service
from tests.fleet.build import NOW

from exsweep.fleet.store import Fleet  # isort: skip

SKIP = {
    "start",  # sets the cookie and goes on
    "language",  # keeps the choice and goes back
    "sign_in",
    "join",
    "keys",
    "people",
    "raw_waiting",  # only where there are accounts; their own tests draw them
    "organisation",  # goes on to the sign-in of an organisation
    "organisation_back",
    "job",  # needs a job; its own tests draw it
}


def servers(service: Service) -> list[str]:
    """Ids of all servers of the store."""
    with Fleet.open(service.settings.store, who="tester") as fleet:
        return [str(row[0]) for row in fleet.database.run("SELECT public_id FROM server ORDER BY id")]


def within(service: Service) -> list[str]:
    """Findings and lines of each case: one that worked, one that did not, and the line of each."""
    found = []
    with Fleet.open(service.settings.store, who="tester") as fleet:
        for number, public in fleet.database.run("SELECT inside_id, public_id FROM server ORDER BY id"):
            if number is None:
                continue
            of = fleet.assessment(int(number))
            found += [f"/cases/{public}/findings/{anchor(each.id)}" for each in of.findings[:2]]
            found += [f"/cases/{public}/timeline/{row_id(row)}" for row in of.timeline[:1]]
    return found


def addresses(service: Service) -> list[str]:
    """Each page of people, with the gaps filled for each server; pages whose gaps nothing fills are left out."""
    found = []
    ids = servers(service)
    for each in routes():
        if each.method != "GET" or not each.html or each.name in SKIP:
            continue
        if "{server}" in each.path and "{" not in each.path.replace("{server}", ""):
            found += [each.path.replace("{server}", server) for server in ids]
        elif "{" not in each.path:
            found.append(each.path)
    return found + within(service)


__all__ = ["NOW", "addresses", "servers"]
