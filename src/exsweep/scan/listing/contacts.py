"""Whom to tell, one line a way, for servers that there is something to tell about."""

from collections.abc import Iterable, Iterator

from exsweep.scan.listing.columns import row
from exsweep.scan.listing.kinds import Entry, list_format
from exsweep.scan.listing.reportable import reports
from exsweep.scan.outside import headline

COLUMNS = ("target", "name", "sector", "country", "way", "to", "source", "on_the_server_itself", "headline")


@list_format("contacts", title="whom to tell about servers that are open or broken into, best way first")
def write(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Mailboxes that may lie on the server itself are marked: never write only to those."""
    yield row(COLUMNS)
    for each in entries:
        if not any(True for _ in reports(each)):
            continue
        one, owner = each.result, each.owner
        whose = (one.target, owner.name or "", owner.sector, owner.country or "")
        for way in each.ways:
            own = "yes" if way.own else ""
            yield row((*whose, way.by.value, way.to, way.source, own, headline(one)))
