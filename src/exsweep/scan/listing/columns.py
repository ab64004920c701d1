"""A table for a spreadsheet, one line a target; no spreadsheet takes a cell for a formula."""

import csv
import io
from collections.abc import Iterable, Iterator

from exsweep.export.formats.timeline_csv import cell
from exsweep.scan.listing.kinds import Entry, list_format
from exsweep.scan.outside import patch_state

COLUMNS = (
    "time", "target", "name", "address", "port", "kind", "state", "build", "build_name", "certain", "possible",
    "exploited", "settings", "support_ended", "back_doors_seen", "sector", "sector_from", "region", "country",
    "country_from", "asn", "organisation", "front", "hybrid", "servers", "visits", "why",
)  # fmt: skip


def cells(of: Entry) -> tuple[str, ...]:
    """The cells under `COLUMNS`, as text; lists with blanks between. Where a build is not judged, flaws are left empty."""
    one, owner = of.result, of.owner
    opinion = one.opinion
    judged = opinion if opinion is not None and opinion.judged else None
    ended = opinion is not None and (opinion.judged or opinion.support_end is not None)
    return (
        one.time.isoformat(),
        one.target,
        one.name or "",
        one.address or "",
        str(one.port),
        one.kind.value,
        patch_state(one),
        one.identity.build or "",
        opinion.build_name if opinion else "",
        " ".join(judged.certain) if judged else "",
        " ".join(judged.possible) if judged else "",
        " ".join(judged.exploited) if judged else "",
        "; ".join(judged.settings) if judged else "",
        ("yes" if opinion and opinion.support_ended else "no") if ended else "",
        " ".join(page.path for page in one.pages),
        owner.sector,
        owner.sector_from,
        owner.region or "",
        owner.country or "",
        owner.country_from,
        owner.asn or "",
        owner.organisation or "",
        one.identity.front or "",
        "yes" if one.identity.hybrid else "",
        " ".join(one.identity.server_names),
        str(one.visits),
        "; ".join((*one.identity.why, *one.identity.doubts)),
    )


@list_format("csv", title="a table for a spreadsheet")
def write(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Header, then one line a target."""
    yield row(COLUMNS)
    for each in entries:
        yield row(cells(each))


def row(values: Iterable[str]) -> bytes:
    """One line of CSV with its end."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([cell(each) for each in values])
    return out.getvalue().encode()
