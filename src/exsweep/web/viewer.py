"""Who looks: a person, a program with a key, or whoever started the program on this computer."""

import msgspec

from exsweep.knowledge.access import Reach, access


class Grant(msgspec.Struct, frozen=True):
    """A role for one tenant; `tenant` None where the role's reach is not `own`."""

    role: str
    tenant: int | None = None


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and by which rights. The only thing that views and the central check ask for rights."""

    name: str
    """Stands in the audit log. Text that a person chose: hostile."""
    user: str | None = None
    """`usr_...`; None for a key and for the person at this computer."""
    local: bool = False
    """Whoever started the program on this computer: no accounts are in the way."""
    grants: tuple[Grant, ...] = ()

    def within(self, action: str) -> tuple[int, ...] | None:
        """Tenants in which this may be done, ascending; None: in all, and for things that belong to none."""
        table = access()
        if self.local:
            return None if action in table.local else ()
        found = set()
        for grant in self.grants:
            role = table.roles.get(grant.role)
            if role is None or action not in role.may:
                continue
            if role.reach is not Reach.OWN:
                return None
            if grant.tenant is not None:
                found.add(grant.tenant)
        return tuple(sorted(found))

    def tenants(self) -> tuple[int, ...] | None:
        """Tenants of which he may see anything at all, ascending; None: all. The second wall shows no others."""
        reaches = {access().roles[each.role].reach for each in self.grants if each.role in access().roles}
        if self.local or Reach.ALL in reaches:
            return None
        return tuple(sorted({each.tenant for each in self.grants if each.tenant is not None}))

    def may(self, action: str, tenant: int | None = None) -> bool:
        """Whether this may be done: to things of that tenant, or (tenant None) at all, somewhere."""
        within = self.within(action)
        return within is None or (tenant in within if tenant is not None else bool(within))


NOBODY = Viewer(name="nobody")
"""Whoever has not signed in."""
