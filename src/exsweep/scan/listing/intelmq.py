"""Events of IntelMQ, one JSON object a line: only what is open or broken into.

Source: github:certtools/intelmq docs/user/event.md@c6d972d (names of fields, taxonomy), read 2026-11-28.
"""

from collections.abc import Iterable, Iterator

import msgspec

from exsweep.scan.listing.kinds import Entry, list_format
from exsweep.scan.listing.reportable import Report, reports, url_of
from exsweep.scan.outside import headline


@list_format("intelmq", title="events of IntelMQ: only what is open or broken into")
def write(entries: Iterable[Entry]) -> Iterator[bytes]:
    """One event for each thing to tell; unknown fields are left out."""
    for each in entries:
        for report in reports(each):
            fields = {name: value for name, value in _event(each, report).items() if value not in (None, "")}
            yield msgspec.json.encode(fields) + b"\n"


def _event(of: Entry, report: Report) -> dict[str, str | int | None]:
    one, owner = of.result, of.owner
    if report.page is None:
        kind = ("vulnerable", "vulnerable-system", "vulnerable-exchange-server")
    elif report.compromised:
        kind = ("intrusions", "system-compromise", "exchange-server-webshell")
    else:
        kind = ("other", "undetermined", "exchange-server-suspicious-page")
    return {
        "feed.name": "exsweep scan",
        "classification.taxonomy": kind[0],
        "classification.type": kind[1],
        "classification.identifier": kind[2],
        "time.source": one.time.isoformat(),
        "time.observation": one.time.isoformat(),
        "source.ip": one.address,
        "source.port": one.port,
        "source.fqdn": owner.name,
        "source.url": url_of(of, report.page) if report.page else None,
        "source.asn": of.asn,
        "source.geolocation.cc": owner.country,
        "source.geolocation.region": owner.region,
        "protocol.transport": "tcp",
        "protocol.application": "https",
        "event_description.text": headline(one),
        "extra.tag": ";".join(("exchange", *report.tags)),
        "extra.version": one.identity.build,
        "extra.version_name": one.opinion.build_name if one.opinion else None,
        "extra.servername": next(iter(one.identity.server_names), None),
        "extra.sector": owner.sector if owner.sector_from else None,
        "extra.sha256": report.page.sha256 if report.page else None,
    }
