"""The second wall between tenants: PostgreSQL itself shows a connection only the rows of the tenants it was told of.

The first is the check of the web before every view, and the filter of every list. This one holds where a list forgets its
filter. SQLite has none: a file is read whole by whoever may read it. Accounts, sessions, keys, settings and the audit log
are not behind it: they belong to people, not to tenants.

Source: PostgreSQL documentation, "Row Security Policies" (read 2026-11-28): FORCE holds for the owner of a table too;
superusers and roles with BYPASSRLS pass.
"""

from exsweep.fleet.dialect import Database

_TENANT = "tenant_id = ANY ({mine})"
_SERVER = f"{{column}} IN (SELECT id FROM server WHERE {_TENANT})"
_FIRST: dict[str, str] = {
    **dict.fromkeys(("server", "server_key", "sending", "job"), _TENANT),
    **dict.fromkeys(
        (
            "assessment", "finding", "link", "cluster_server", "exposure", "contact", "notice", "pin", "recheck",
            "event_set", "hunt_server", "hunt_hit", "step_done", "remark", "star",
        ),
        _SERVER.replace("{column}", "server_id"),
    ),
    "question": " AND ".join(f"({_SERVER.replace('{column}', name)})" for name in ("one_id", "other_id")),
    "event_file": "set_id IN (SELECT id FROM event_set)",
    "upload": f"sending_id IN (SELECT id FROM sending WHERE {_TENANT})",
    "upload_chunk": "upload_id IN (SELECT id FROM upload)",
    "cluster": "id IN (SELECT cluster_id FROM cluster_server)",
    "cluster_key": "cluster_id IN (SELECT cluster_id FROM cluster_server)",
}  # fmt: skip
_HUNT = "string_to_array(nullif(may, 'all'), ',')::bigint[] <@ {mine}"
"""A hunt and its runs: for who may see every tenant that it may look at."""
_HUNTS = {"hunt": _HUNT, "hunt_run": _HUNT}
WALLS = {**_FIRST, **_HUNTS}
"""Table -> which of its rows belong to the tenants that are seen."""
OPEN = frozenset(
    {
        "tenant", "rule_day", "setting", "weights", "audit", "account", "account_role", "session", "passkey",
        "api_key", "pending", "throttle", "replay", "told", "schema_version",
    }
)  # fmt: skip
"""Tables without a wall: what they hold belongs to no tenant. A test holds every table to one of the two lists."""


def walls(database: Database) -> str:
    """The step of the schema that builds them; nothing on SQLite."""
    built = "".join(database.wall(table, own) for table, own in _FIRST.items())
    return built and f"CREATE INDEX server_tenant ON server (tenant_id);\n{built}"


def walls_of_hunts(database: Database) -> str:
    """The step that puts hunts behind the wall too: what is looked for may tell of a tenant."""
    return "".join(database.wall(table, own) for table, own in _HUNTS.items())
