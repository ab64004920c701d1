"""The OpenAPI 3.1 document of the API, made from the table of routes and from nothing else."""

from collections.abc import Iterable
from typing import Any

import msgspec

import exsweep
from exsweep.knowledge.access import access
from exsweep.web.answers import Document, Download, Json
from exsweep.web.problem import ProblemView
from exsweep.web.routes import API, PUBLIC, Route

_REFERENCES = "#/components/schemas/{name}"
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemView"}}}
_ERRORS = {
    "401": "Not signed in, or the key is not good.",
    "403": "The right for this is missing.",
    "404": "Not there, or another's.",
    "422": "It does not fit; the body says where.",
    "429": "Too many requests; see Retry-After.",
    "default": "Anything else that went wrong: 400, 405, 409, 413, 415, 421, 500, 503, 507.",
}


def document(table: Iterable[Route]) -> dict[str, Any]:
    """The whole document; routes without `api` are not in it."""
    shown = [each for each in table if each.api]
    bodies = {each.name: _body(each) for each in shown}
    kinds = [each.result for each in shown if not _is_file(each.result)]
    kinds += [each for each in bodies.values() if each is not None]
    _, schemas = msgspec.json.schema_components([*kinds, ProblemView], ref_template=_REFERENCES)
    paths: dict[str, dict[str, Any]] = {}
    for each in shown:
        paths.setdefault(API + each.path.rstrip("/") or API, {})[each.method.lower()] = _operation(
            each, bodies[each.name]
        )
    made = {
        "openapi": "3.1.0",
        "info": {
            "title": "exsweep",
            "version": exsweep.__version__,
            "summary": "Has this Exchange server been broken into, how, since when, and what to do now?",
            "description": "Strings quoted from evidence are hostile text. Times are UTC. Errors follow RFC 9457.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of /keys, or the token printed at start.",
                }
            },
        },
    }

    # Tuples of the schemas become lists: as they are in JSON.
    return msgspec.json.decode(msgspec.json.encode(made), type=dict[str, Any])


def _operation(of: Route, body: type[msgspec.Struct] | None) -> dict[str, Any]:
    title, _, rest = (of.view.__doc__ or of.name).strip().partition("\n")
    made: dict[str, Any] = {
        "operationId": of.name,
        "summary": title,
        "parameters": [*_parameters(of), *_headers(of)],
        "responses": {"200": _answer(of)}
        | {code: {"description": why, "content": _PROBLEM} for code, why in _ERRORS.items()},
    }
    if rest.strip():
        made["description"] = " ".join(rest.split())
    if of.may in access().actions:
        made["description"] = (
            f"{made.get('description', '')} Needs the right `{of.may}`: {access().actions[of.may]}.".strip()
        )
    if of.may != PUBLIC:
        made["security"] = [{"key": []}]
    if of.takes_bytes:
        made["requestBody"] = {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
        made["responses"]["409"] = {"description": "Go on from `offset`.", "content": _PROBLEM}
    elif body is not None:
        made["requestBody"] = {
            "required": any(field.required for field in msgspec.structs.fields(body)),
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{body.__name__}"}}},
        }
    return made


def _headers(of: Route) -> list[dict[str, Any]]:
    if of.takes_bytes:
        words = "SHA-256 of the part, hex."
        return [
            _parameter(
                "X-Chunk-SHA256", "header", {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}, words, True
            )
        ]
    if of.method == "POST":
        words = "The same key gives the first answer again instead of doing it twice."
        return [_parameter("Idempotency-Key", "header", {"type": "string", "maxLength": 200}, words, False)]
    return []


def _parameter(name: str, where: str, schema: dict[str, Any], words: str, required: bool) -> dict[str, Any]:
    return {"name": name, "in": where, "required": required, "schema": schema, "description": words}


def _in_path(of: Route, name: str) -> bool:
    return "{" + name + "}" in of.path


def _parameters(of: Route) -> list[dict[str, Any]]:
    found = []
    for field in msgspec.structs.fields(of.params):
        in_path = _in_path(of, field.encode_name)
        if not in_path and of.unsafe and not of.takes_bytes:
            continue
        (schema,), _ = msgspec.json.schema_components([field.type], ref_template=_REFERENCES)
        found.append(
            {
                "name": field.encode_name,
                "in": "path" if in_path else "query",
                "required": in_path or field.required,
                "schema": _without_null(schema),
            }
        )
    return found


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query says nothing by leaving the name away: null is not written in it."""
    some = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    return some[0] if len(some) == 1 else schema


def _body(of: Route) -> type[msgspec.Struct] | None:
    """The fields that stand in the body: those that are not in the path."""
    if not of.unsafe or of.takes_bytes:
        return None
    fields = [each for each in msgspec.structs.fields(of.params) if not _in_path(of, each.encode_name)]
    made: list[Any] = [
        (each.name, each.type)
        if each.required
        else (each.name, each.type, msgspec.field(default=each.default))
        for each in fields
    ]
    name = "".join(part.capitalize() for part in of.name.split("_")) + "Body"
    return msgspec.defstruct(name, made, kw_only=True, forbid_unknown_fields=True, frozen=True)


def _is_file(result: Any) -> bool:
    return result in (Document, Download, Json)


def _answer(of: Route) -> dict[str, Any]:
    if of.result is Document:
        content: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
    elif of.result is Json:
        content = {"application/json": {"schema": {"type": "object"}}}
    elif of.result is Download:
        content = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    else:
        content = {
            "application/json": {
                "schema": msgspec.json.schema_components([of.result], ref_template=_REFERENCES)[0][0]
            }
        }
    return {"description": "Done.", "content": content}
