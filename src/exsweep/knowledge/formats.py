"""Log formats with a header: one YAML file each in `data/formats/`, typed here."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import msgspec

from exsweep.errors import KnowledgeError


class TimeColumns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the moment of an event stands in its columns. All times are UTC."""

    columns: tuple[str, ...]
    """`("date", "time")` or `("DateTime",)`; alternatives of one meaning are tried in order when `any` is set."""
    style: str
    """`w3c` (date and time columns, seconds) or `iso` (one column, ISO 8601, `Z` or nothing)."""
    any: bool = False
    """The columns are alternatives: the first one that is present and not empty counts."""


class SigmaSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A Sigma log source that this format serves (see `LogFormat.serves`)."""

    category: str | None = None
    product: str | None = None
    service: str | None = None
    where: dict[str, tuple[str, ...]] = {}
    """Only rows with one of these values in each of these columns (letter case never matters) are of this source: some
    formats hold the events of many."""


class BuildPattern(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A build inside the text of a column."""

    column: str
    regex: str
    """Its first group is the dotted build."""


INNER_SITE = "site.inner"
"""Fact of a file: all its rows are of the inner site."""


class InnerSite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows of a site that only the server itself and its neighbours reach."""

    column: str
    values: tuple[str, ...]


class EventSelector(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Records of Windows event logs that belong to a format."""

    channel: str
    """As the record itself says; letter case never matters. A trailing `*` stands for any ending."""
    ids: tuple[int, ...] = ()
    """Event ids; none = all."""


class LogFormat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of log with a header line."""

    id: str
    """`iis_w3c`, `httpproxy`, `ecp_server`, `rps_cmdlet` ..."""
    title: str
    """Plain words for people: `Web server log (IIS)`."""
    separator: str
    """One character: `,` or blank."""
    quoting: bool
    """Double quotes protect the separator; inner quotes are doubled."""
    log_types: tuple[str, ...] = ()
    """Values of the `#Log-type:` header line, or `#Software:` beginnings for IIS."""
    required_columns: tuple[str, ...] = ()
    """A header that has all of these (any case) is of this format, whatever else it has."""
    path_hint: str = ""
    """RE2-compatible regex on the path; decides only between formats whose content is alike."""
    columns: tuple[str, ...] = ()
    """The usual header: used for lines that come without one (pasted, cut) when their field count fits."""
    alternatives: tuple[tuple[str, ...], ...] = ()
    """Other known headers for header-less lines."""
    aliases: dict[str, str] = {}
    """Other names under which writers know a column -> the name here (letter case never matters)."""
    shapes: dict[str, str] = {}
    """Native column -> what its values look like (one of SHAPES). Proves that a header-less or damaged line is read
    into the right columns."""
    tail: bool = False
    """The last column takes everything that is left of the line, separators included."""
    hints: tuple[str, ...] = ()
    """RE2-compatible regexes: a pasted line without header or shape that one of them finds is of this format, all of it in
    the last of `columns`."""
    multiline: bool = False
    """A quoted value may hold line breaks (what Export-Csv writes); the lines that it goes on in are no events."""
    records: bool = False
    """Rows are made from records (event logs, files), not from lines with a header: nothing is recognised by columns.
    `Batch.line` is the record's place in its file, from 1, and `Batch.offset` is unique in the file."""
    states: bool = False
    """Rows are files as they lie on a disk, no events: their times say nothing of the days that the evidence covers."""
    events: tuple[EventSelector, ...] = ()
    """Windows events that are rows of this format; the most specific selector wins."""
    time: TimeColumns
    ecs: dict[str, str] = {}
    """ECS name -> native column."""
    unique: tuple[str, ...] = ()
    """Columns whose values hardly repeat: plain binary, not dictionary."""
    drop: tuple[str, ...] = ()
    """Columns never needed by any rule or reader (latency figures): not kept."""
    url_columns: tuple[str, ...] = ()
    """Columns that hold URL text: rules see them as written and percent-decoded twice."""
    empty: tuple[str, ...] = ("", "-")
    """Values that mean `no value`."""
    build_columns: tuple[str, ...] = ()
    """The four columns, or the one, that give the server's build in every row."""
    build_pattern: BuildPattern | None = None
    """Where the build stands when it has no column of its own."""
    server_columns: tuple[str, ...] = ()
    """Columns in which the server names itself."""
    inner_site: InnerSite | None = None
    """What outsiders ask for does not stand in these rows."""
    part_path: str = ""
    """RE2-compatible regex on the path; its first group names the part of the log that the file belongs to."""
    sigma: tuple[SigmaSource, ...] = ()
    """Log sources of Sigma rules that run on this format."""
    sigma_fields: dict[str, tuple[str, ...]] = {}
    """Sigma field -> native columns, any of which may satisfy the condition. Native column names are always valid
    Sigma fields too; `url` = stem ? query is built in."""
    retention_days: int | None = None
    """Days that the server keeps by default; None = never removed."""
    campaigns: tuple[str, ...] = ()
    """Ids of campaigns whose steps this log can show."""
    source: tuple[str, ...]
    """Where the facts come from, with the date read."""

    def headers(self) -> tuple[tuple[str, ...], ...]:
        """All headers known, the usual one first."""
        return ((self.columns,) if self.columns else ()) + self.alternatives

    def serves(
        self, *, category: str | None, product: str | None, service: str | None
    ) -> tuple[SigmaSource, ...]:
        """The log sources of this format that a rule with these words runs on; a row must belong to all. Empty: none.

        A part is the same or absent in both, with two exceptions: a category says enough without its product, and a rule
        with category and service runs where both are served.
        """
        asked: tuple[tuple[str | None, str | None, str | None], ...]
        whole = self._source(category, product, service)
        if whole is None and category is not None and service is not None:
            asked = ((category, product, None), (None, product, service))
        else:
            asked = ((category, product, service),)
        found = [self._source(*one) for one in asked]
        served = tuple(one for one in found if one is not None)
        return served if len(served) == len(found) else ()

    def _source(self, category: str | None, product: str | None, service: str | None) -> SigmaSource | None:
        for one in self.sigma:
            same = (one.category, one.service) == (category, service)
            if same and (one.product == product or (product is None and category is not None)):
                return one
        return None


SHAPES = frozenset(
    {"date", "time", "iso", "ip", "method", "path", "status", "number", "reference", "guid", "token", "pairs"}
)
STYLES = frozenset({"w3c", "iso"})


def ordinary_lines(kind: str) -> bytes:
    """Some lines of an ordinary log of this format, made by `tools/make_ordinary.py`; nothing where there are none."""
    path = files("exsweep.knowledge") / "data" / "ordinary" / f"{kind}.log"
    return path.read_bytes() if path.is_file() else b""


@cache
def load_formats() -> tuple[LogFormat, ...]:
    """All log formats, in order of their ids.

    Raises:
        KnowledgeError: a file cannot be read as a format, contradicts itself, or two have one id.
    """
    found: dict[str, LogFormat] = {}
    folder = files("exsweep.knowledge") / "data" / "formats"
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if not entry.name.endswith(".yml"):
            continue
        made = read_format(entry.name, entry.read_bytes())
        if made.id in found:
            raise KnowledgeError(f"formats/{entry.name}: a format with the id {made.id!r} exists already.")
        found[made.id] = made
    return tuple(found[name] for name in sorted(found))


@cache
def text_formats() -> tuple[LogFormat, ...]:
    """Those whose rows are lines of text."""
    return tuple(one for one in load_formats() if not one.records)


def read_format(name: str, data: bytes) -> LogFormat:
    """One format from the YAML text of the file `name`.

    Raises:
        KnowledgeError: with the file and what is wrong in it.
    """
    try:
        made = msgspec.yaml.decode(data, type=LogFormat)
    except msgspec.MsgspecError as error:
        raise KnowledgeError(f"formats/{name}: {error}.", tip="Compare with formats/iis_w3c.yml.") from error
    problems = list(_problems(name, made))
    if problems:
        raise KnowledgeError(
            f"formats/{name}: {'; '.join(problems)}.", tip="Mend the file; columns are native names."
        )
    return made


@cache
def format_of(name: str) -> LogFormat:
    """The format with this id.

    Raises:
        KnowledgeError: there is none.
    """
    for one in load_formats():
        if one.id == name:
            return one
    raise KnowledgeError(f"There is no log format {name!r}.", tip="See data/formats/ for those that exist.")


def _problems(name: str, made: LogFormat) -> Iterator[str]:
    if name != f"{made.id}.yml":
        yield f"the file must be called {made.id}.yml"
    if len(made.separator) != 1:
        yield "separator must be one character"
    if made.time.style not in STYLES:
        yield f"time style {made.time.style!r} is none of {', '.join(sorted(STYLES))}"
    if made.time.style == "w3c" and len(made.time.columns) != 2:
        yield "style w3c needs a date and a time column"
    if not made.source:
        yield "source is missing"
    if len(made.build_columns) not in (0, 1, 4):
        yield "build_columns must be four columns, or one with dots"
    known = {column for header in made.headers() for column in header}
    if not known:
        yield "columns are missing"
    used = {
        "required_columns": made.required_columns,
        "aliases": made.aliases.values(),
        "shapes": made.shapes,
        "time": made.time.columns,
        "ecs": made.ecs.values(),
        "unique": made.unique,
        "drop": made.drop,
        "url_columns": made.url_columns,
        "build_columns": made.build_columns,
        "build_pattern": (made.build_pattern.column,) if made.build_pattern else (),
        "server_columns": made.server_columns,
        "inner_site": (made.inner_site.column,) if made.inner_site else (),
        "sigma": [column for one in made.sigma for column in one.where],
        "sigma_fields": [column for columns in made.sigma_fields.values() for column in columns],
    }
    for part, columns in used.items():
        for column in columns:
            if column not in known:
                yield f"{part} names the column {column!r} that no header has"
    for text in (
        made.path_hint,
        made.part_path,
        *made.hints,
        made.build_pattern.regex if made.build_pattern else "",
    ):
        try:
            re.compile(text)
        except re.error as error:
            yield f"{text!r} is no regex: {error}"
    for shape in made.shapes.values():
        if shape not in SHAPES:
            yield f"shape {shape!r} is none of {', '.join(sorted(SHAPES))}"
    needed = {
        *made.ecs.values(),
        *made.time.columns,
        *made.url_columns,
        *made.build_columns,
        *made.server_columns,
        *((made.inner_site.column,) if made.inner_site else ()),
    }
    for column in sorted(needed & set(made.drop)):
        yield f"the column {column!r} is both dropped and needed"
