"""The columns of Shadowserver's report `scan_exchange`, so that whoever reads those reads ours too.

Source: github:The-Shadowserver-Foundation/report_schema@0324695 intelmq.json and severity.md (2024), and the test data of
github:certtools/intelmq for `scan_exchange` (read 2026-11-28): names of columns, `tag` such as `exchange;webshell`.
"""

from collections.abc import Iterable, Iterator

from exsweep.scan.listing.columns import row
from exsweep.scan.listing.kinds import Entry, list_format
from exsweep.scan.listing.reportable import reports, url_of

COLUMNS = (
    "timestamp", "severity", "ip", "protocol", "port", "hostname", "tag", "asn", "geo", "region", "city", "naics",
    "hostname_source", "sector", "version", "servername", "url",
)  # fmt: skip


@list_format(
    "shadowserver",
    title="the columns of Shadowserver's `scan_exchange` report: only what is open or broken into",
)
def write(entries: Iterable[Entry]) -> Iterator[bytes]:
    """One line for each thing to tell; times UTC without a zone, as there. City and NAICS code are not known to us."""
    yield row(COLUMNS)
    for each in entries:
        one, owner = each.result, each.owner
        for report in reports(each):
            yield row(
                (
                    f"{one.time:%Y-%m-%d %H:%M:%S}",
                    "critical",
                    one.address or "",
                    "tcp",
                    str(one.port),
                    owner.name or "",
                    ";".join(("exchange", *report.tags)),
                    str(each.asn or ""),
                    owner.country or "",
                    owner.region or "",
                    "",
                    "",
                    "" if owner.name is None else "target" if one.name else "certificate",
                    owner.sector if owner.sector_from else "",
                    one.identity.build or "",
                    next(iter(one.identity.server_names), ""),
                    url_of(each, report.page) if report.page else "",
                )
            )
