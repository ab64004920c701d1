"""Tables of networks, given by the user: origin AS and country of an address by its longest prefix."""

import csv
import io
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from exsweep.errors import UsageError
from exsweep.scan.addresses import Address, TargetError, network


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose network."""

    asn: str | None = None
    country: str | None = None


class Lookup(Protocol):
    """A table of another program: the record of an address, or None."""

    def get(self, ip_address: Address, /) -> Any: ...


@dataclass(slots=True)
class Networks:
    """Rows of our own table by (version, length of prefix), and tables of others; the first one that knows wins."""

    rows: dict[tuple[int, int], dict[int, Origin]] = field(default_factory=dict)
    others: tuple[Lookup, ...] = ()

    def origin(self, of: Address) -> Origin | None:
        """The origin of the smallest listed network around the address; what it does not say, the other tables may."""
        found = self._row(of)
        for table in self.others:
            if found is not None and found.asn and found.country:
                break
            more = _of_record(table.get(of))
            known = found or Origin()
            found = replace(known, asn=known.asn or more.asn, country=known.country or more.country)
        return found if found and (found.asn or found.country) else None

    def _row(self, of: Address) -> Origin | None:
        number, bits = int(of), of.max_prefixlen
        for version, length in sorted(self.rows, reverse=True):
            if version == of.version:
                found = self.rows[version, length].get(number >> (bits - length))
                if found:
                    return found
        return None


def read_networks(text: str) -> Networks:
    """A CSV table with the columns `network` and, if known, `asn` and `country`.

    Raises:
        UsageError: a row is none.
    """
    table = Networks()
    for at, row in enumerate(csv.DictReader(io.StringIO(text, newline="")), start=2):
        try:
            net = network(row.get("network") or "")
        except TargetError as error:
            raise UsageError(
                f"The table of networks, line {at}: {error}.", tip="network,asn,country"
            ) from error
        key = int(net.network_address) >> (net.max_prefixlen - net.prefixlen)
        asn = (row.get("asn") or "").strip()
        asn = f"AS{asn}" if asn.isdecimal() else asn
        origin = Origin(asn or None, (row.get("country") or "").strip() or None)
        table.rows.setdefault((net.version, net.prefixlen), {})[key] = origin
    return table


def _of_record(record: object) -> Origin:
    """AS and country of a record as MaxMind (GeoLite2, GeoIP2), DB-IP and IPinfo write them."""
    if not isinstance(record, dict):
        return Origin()
    number = record.get("autonomous_system_number")
    asn = f"AS{number}" if isinstance(number, int) else record.get("asn")
    country = record.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else record.get("country_code", country)
    return Origin(
        asn=asn if isinstance(asn, str) and asn else None,
        country=code if isinstance(code, str) and len(code) == 2 else None,
    )
