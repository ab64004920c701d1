"""A hunt's report as STIX."""

import uuid
from typing import Any

import stix2.v21 as v21

from exsweep.export.stix.objects import producer, text
from exsweep.fleet.hunt.records import Hit, Report

_NAMESPACE = uuid.UUID("1f6f0d1c-2f7b-5f33-9d3c-7a9c8f5f0b11")
_MOST = 999_999_999


def bundle(report: Report) -> bytes:
    """A bundle: one identity for each server, and one sighting of one indicator for each hit."""
    objects: dict[str, Any] = {}
    author = producer()
    objects[author["id"]] = author
    for each in report.hits:
        moment = report.started
        stamps = {"created": moment, "modified": moment, "created_by_ref": author["id"]}
        server = v21.Identity(
            id=_id("identity", each.server),
            name=text(each.name or each.server),
            identity_class="system",
            **stamps,
        )
        note = v21.Indicator(
            id=_id("indicator", each.rule),
            name=text(each.title),
            description=text(
                "What a hunt of exsweep looked for; the pattern is the first row that was found."
            ),
            pattern=_pattern(each),
            pattern_type="stix",
            valid_from=each.first or moment,
            **stamps,
        )
        sighting = v21.Sighting(
            id=_id("sighting", f"{report.run}/{each.server}/{each.rule}"),
            sighting_of_ref=note["id"],
            where_sighted_refs=[server["id"]],
            count=min(each.count, _MOST),
            **({"first_seen": each.first, "last_seen": each.last} if each.first and each.last else {}),
            **stamps,
        )
        for one in (server, note, sighting):
            objects.setdefault(one["id"], one)
    made = v21.Bundle(id=_id("bundle", report.run), objects=list(objects.values()))
    return str(made.serialize(pretty=True)).encode() + b"\n"


def _pattern(hit: Hit) -> str:
    """What can be said of the first row in STIX's own words; else its origin."""
    fields = hit.samples[0].fields if hit.samples else {}
    terms = []
    if address := fields.get("source.ip"):
        kind = "ipv6-addr" if ":" in address else "ipv4-addr"
        terms.append(f"{kind}:value = {_quoted(address)}")
    if path := fields.get("url.path"):
        terms.append(f"url:value LIKE {_quoted('%' + path)}")
    if sha256 := fields.get("file.hash.sha256"):
        terms.append(f"file:hashes.'SHA-256' = {_quoted(sha256)}")
    return "[" + " AND ".join(terms or [f"artifact:url = {_quoted(hit.title)}"]) + "]"


def _quoted(value: str) -> str:
    plain = text(value, 300).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{plain}'"


def _id(kind: str, name: str) -> str:
    return f"{kind}--{uuid.uuid5(_NAMESPACE, f'{kind}/{name}')}"
