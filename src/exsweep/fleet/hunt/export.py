"""A hunt's report for other programs: JSON, CSV, STIX."""

import csv
import io
from collections.abc import Callable

import msgspec

from exsweep.fleet.hunt.records import Report


def to_json(report: Report) -> bytes:
    """Everything, with samples."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def to_csv(report: Report) -> bytes:
    """One line for each hit and each server that could not be checked. Cells that a spreadsheet would run are quoted."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(
        ("state", "server", "name", "organisation", "tier", "level", "cluster", "rule", "title", "rows", "first",
         "last", "kinds", "new", "example", "origin", "why")
    )  # fmt: skip
    for each in report.hits:
        one = next(iter(each.samples), None)
        origin = f"{one.origin.path}:{one.origin.line}" if one else ""
        table.writerow(
            [_cell(value) for value in (
                "hit", each.server, each.name, each.organisation, each.tier, each.level, each.cluster, each.rule,
                each.title, each.count, each.first, each.last, " ".join(each.kinds), each.new,
                one.text if one else "", origin, "",
            )]
        )  # fmt: skip
    for missed in report.could_not_check:
        table.writerow(
            [_cell(one) for one in ("could not check", missed.server, missed.name)]
            + [""] * 13
            + [_cell(missed.why)]
        )
    return out.getvalue().encode()


def _cell(value: object) -> str:
    said = "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
    return "'" + said if said[:1] in "=+-@\t\r" and said[:1] else said


def to_stix(report: Report) -> bytes:
    """A bundle: one identity for each server, and one sighting of one indicator for each hit."""
    # Loaded when asked for: the stix2 library takes longer than the rest of a hunt.
    from exsweep.fleet.hunt.stix import bundle

    return bundle(report)


FORMATS: dict[str, Callable[[Report], bytes]] = {"json": to_json, "csv": to_csv, "stix": to_stix}
