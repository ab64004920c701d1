"""Whose servers one may see, as a condition of a statement."""

from exsweep.fleet.dialect import Value

Tenants = tuple[int, ...] | None
"""Numbers of the tenants whose servers one may see; None: all."""


def within(tenants: Tenants, column: str = "tenant_id") -> tuple[str, list[Value]]:
    """(condition, its values): true for rows of these tenants.

    >>> within((2, 7), "s.tenant_id")
    ('s.tenant_id IN (?, ?)', [2, 7])
    >>> within(())
    ('1 = 0', [])
    """
    if tenants is None:
        return "1 = 1", []
    if not tenants:
        return "1 = 0", []
    return f"{column} IN ({', '.join('?' * len(tenants))})", list(tenants)
