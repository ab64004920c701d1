"""The one check: role x tenant, for every route, before its view runs."""

import msgspec

from exsweep.fleet.store import Fleet
from exsweep.knowledge.access import access
from exsweep.web.ids import tenant_of
from exsweep.web.problem import Problem, not_found
from exsweep.web.routes import PUBLIC, SIGNED_IN, Route
from exsweep.web.viewer import NOBODY, Viewer


def check(route: Route, viewer: Viewer, params: msgspec.Struct, fleet: Fleet) -> frozenset[int]:
    """Let a request pass; returns the tenants of the things it names.

    Raises:
        Problem: 401 who has not signed in; 404 for a thing that is not there or not the viewer's; 403 for a right the
            viewer has nowhere, or not for this thing that he may see.
    """
    if route.may == PUBLIC:
        return frozenset()
    if viewer == NOBODY:
        raise Problem(401, "Sign in first.", tip="Sign in, then open this page again.")
    if route.may == SIGNED_IN:
        return frozenset()
    if not viewer.may(route.may) and not route.ids:
        raise forbidden(route)
    tenants = set()
    for field, kind in route.ids.items():
        value = getattr(params, field)
        for public_id in value if isinstance(value, (tuple, list)) else (value,):
            if public_id is None:
                continue
            tenant = tenant_of(fleet.database, kind, public_id)
            if tenant is None or not (viewer.may(route.may, tenant) or viewer.may("case.read", tenant)):
                raise not_found()
            if not viewer.may(route.may, tenant):
                raise forbidden(route)
            tenants.add(tenant)
    if not viewer.may(route.may):
        raise forbidden(route)
    return frozenset(tenants)


def forbidden(route: Route) -> Problem:
    """The viewer is known, and this is not his to do."""
    what = access().actions[route.may]
    return Problem(
        403, "Your account may not do this.", tip=f"It needs the right to {what}. Ask your operator."
    )
