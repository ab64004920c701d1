"""Results as lists for other programs: one file a format; importing it registers the format."""

from exsweep.scan.listing import columns, contacts, intelmq, json_lines, parquet, shadowserver  # noqa: F401 - they register themselves
from exsweep.scan.listing.kinds import FORMATS, Entry, ListFormat

__all__ = ["FORMATS", "Entry", "ListFormat"]
