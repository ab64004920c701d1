"""How search systems write log lines that they hold: `log_exports.yml`, typed."""

from functools import cache

import msgspec

from exsweep.errors import KnowledgeError
from exsweep.knowledge.data_files import document
from exsweep.knowledge.formats import format_of


class LogExport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way in which the fields of log lines are exported, as JSON or as CSV."""

    id: str
    title: str
    """Plain words for people."""
    format: str
    """The log whose columns these are."""
    needs: tuple[tuple[str, ...], ...]
    """Dotted paths that a record has: one of each group. In a table the first group names a column."""
    time: tuple[str, ...]
    """Dotted paths of the moment; the first with a value counts. `date+time`: it stands in two fields."""
    columns: dict[str, tuple[str, ...]]
    """Column of the format -> dotted paths, the first with a value counts."""
    inside: tuple[str, ...] = ()
    """Fields that may hold the record as a whole."""
    source: tuple[str, ...]


class WholeLines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the line itself stands."""

    paths: tuple[str, ...]
    inside: tuple[str, ...]
    source: tuple[str, ...]


class LogExports(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    exports: tuple[LogExport, ...]
    """In the order in which they are tried."""
    lines: WholeLines


@cache
def log_exports() -> LogExports:
    """The shipped ones.

    Raises:
        KnowledgeError: the file does not fit this program, or names a column that its log has not.
    """
    made = document("log_exports.yml", LogExports)
    for one in made.exports:
        known = {name for header in format_of(one.format).headers() for name in header}
        unknown = sorted(set(one.columns) - known)
        if unknown or not one.source:
            raise KnowledgeError(
                f"data/log_exports.yml: {one.id} names {', '.join(unknown) or 'no source'}.",
                tip="Compare with its other entries.",
            )
    return made
