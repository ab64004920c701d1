"""A table of networks, given by the user: origin AS and country of an address by its longest prefix."""

import csv
import io
from dataclasses import dataclass, field

from exsweep.errors import UsageError
from exsweep.scan.addresses import Address, TargetError, network


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose network."""

    asn: str
    country: str | None = None


@dataclass(slots=True)
class Networks:
    """Longest prefix first; at most 33 (129) look-ups an address."""

    rows: dict[tuple[int, int], dict[int, Origin]] = field(default_factory=dict)

    def origin(self, of: Address) -> Origin | None:
        """The origin of the smallest listed network around the address."""
        number, bits = int(of), of.max_prefixlen
        for version, length in sorted(self.rows, reverse=True):
            if version == of.version:
                found = self.rows[version, length].get(number >> (bits - length))
                if found:
                    return found
        return None


def read_networks(text: str) -> Networks:
    """A CSV table with the columns `network`, `asn` and, if known, `country`.

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
        origin = Origin(
            asn=(row.get("asn") or "").strip(), country=(row.get("country") or "").strip() or None
        )
        table.rows.setdefault((net.version, net.prefixlen), {})[key] = origin
    return table
