"""Typed ids: a field of one of these types names a thing that belongs to a tenant.

Before a view runs, every such field of its parameters is looked up, wherever it stood (path, query or body): what is not
there, and what belongs to others, answers 404 alike (H68). A string of any other shape is no id and is never looked up.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from exsweep.fleet.dialect import Database


def _id(kind: str) -> Meta:
    return Meta(pattern=f"^{kind}_[0-9a-f]{{12}}$", extra={"id": kind})


ServerId = Annotated[str, _id("srv")]
"""A server of the fleet; its dossier is the case."""
JobId = Annotated[str, _id("job")]
"""A run over evidence that was sent."""
UploadId = Annotated[str, _id("upl")]
"""One file that is being sent, or was."""
SendingId = Annotated[str, _id("snd")]
"""All files of one drop: what one job reads."""
UserId = Annotated[str, _id("usr")]
KeyId = Annotated[str, _id("key")]
PasskeyId = Annotated[str, _id("pky")]

TENANT_OF: dict[str, str] = {
    "srv": "SELECT tenant_id FROM server WHERE public_id = ?",
    "snd": "SELECT tenant_id FROM sending WHERE public_id = ?",
    "upl": "SELECT s.tenant_id FROM upload u JOIN sending s ON s.id = u.sending_id WHERE u.public_id = ?",
    "job": "SELECT tenant_id FROM job WHERE public_id = ?",
}
"""Kind of id -> statement that gives the tenant it belongs to; kinds that are missing belong to no tenant."""


def fields_with_ids(of: type[msgspec.Struct]) -> dict[str, str]:
    """Field -> kind of id, for the fields of a parameter struct that name a thing of a tenant."""
    found = {}
    info = msgspec.inspect.type_info(of)
    assert isinstance(info, msgspec.inspect.StructType)
    for field in info.fields:
        kind = _kind(field.type)
        if kind in TENANT_OF:
            found[field.name] = kind
    return found


def _kind(of: msgspec.inspect.Type) -> str:
    if isinstance(of, msgspec.inspect.Metadata):
        return str((of.extra or {}).get("id", "")) or _kind(of.type)
    if isinstance(of, msgspec.inspect.UnionType):
        return next(filter(None, map(_kind, of.types)), "")
    if isinstance(of, (msgspec.inspect.ListType, msgspec.inspect.VarTupleType)):
        return _kind(of.item_type)
    return ""


def tenant_of(database: Database, kind: str, public_id: str) -> int | None:
    """The tenant that a thing belongs to; None where there is no such thing."""
    row = database.one(TENANT_OF[kind], (public_id,))
    return None if row is None else int(row[0])
