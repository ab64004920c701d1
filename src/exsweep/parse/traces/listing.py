r"""Lists of files as people make them: `dir /s` in any language, PowerShell's Get-ChildItem as table, list or CSV.

` Directory of C:\inetpub\wwwroot`, ` Verzeichnis von ...`, `    Directory: ...`, `FullName : C:\...`. Only what stands in every
language is looked at: a drive with a path, a date with a time, a size, a name.
"""

import re
from collections.abc import Mapping

from exsweep.knowledge.pages import ships
from exsweep.knowledge.places import pages, place_of
from exsweep.parse.fields import split_csv
from exsweep.parse.text import to_utf8
from exsweep.parse.told import heading
from exsweep.parse.traces.base import LinesReader, trace
from exsweep.parse.traces.dates import Order, iso

_WHEN = (
    rb"(?P<when>\d{1,4}[./\-]\d{1,2}[./\-]\d{2,4}\.?\s{1,8}\d{1,2}:\d\d(?::\d\d)?"
    rb"(?:[\s\xa0\xc2\xe2\x80\xaf]{0,4}(?:[AaPp]\.?\s?[Mm]\.?|[\xc3-\xef][\x80-\xbf]{1,2}){1,2})?)"
)
_ENTRY = re.compile(
    rb"(?:(?P<mode>[a-z\-]{5,6})\s+)?"
    + _WHEN
    + rb"\s+(?P<what><[A-Z]{3,9}>|[\d.,\s\xa0\xc2\xe2\x80\xaf\xff']*\d)?\s+(?P<name>\S[^\\/:*?\"<>|]{0,254})"
)
_PAIR = re.compile(rb"\s*(?P<name>[A-Za-z]{4,20})\s*:\s?(?P<value>.*)")
_LISTED = {
    "fullname": "Path", "path": "Path", "name": "Name", "length": "Size", "size": "Size", "lastwritetime": "Modified",
    "lastwritetimeutc": "Modified", "creationtime": "Created", "creationtimeutc": "Created", "lastaccesstime": "Accessed",
    "lastaccesstimeutc": "Accessed", "attributes": "Attributes", "mode": "Attributes",
}  # fmt: skip
_TIMES = ("Modified", "Created", "Accessed")
_HELD = 400_000
"""Files that wait until their dates can be told: about 200 MB."""


def is_listing(head: bytes, _path: str = "") -> bool:
    """Mostly headings of folders and entries below them, a list of properties, or the header that Export-Csv writes."""
    text = to_utf8(head)
    if _csv_names(text.split(b"\n", 2)[:2]) is not None:
        return True
    if b"fullname" in text[:8_000].lower() and _PAIR_START.search(text[:8_000]):
        return True
    if b":\\" not in text and b"\\\\" not in text:  # no folder is named
        return False
    told = [line.rstrip(b"\r") for line in text.split(b"\n", 400)[:400] if line.strip()]
    headings = sum(heading(line) is not None for line in told)
    if not headings:
        return False
    entries = sum(_ENTRY.fullmatch(line.strip()) is not None for line in told)
    # In a text that somebody put together other records may stand too: that is read as such, line by line.
    return bool(entries) and 2 * (entries + headings) >= len(told)


_PAIR_START = re.compile(
    rb"(?im)^FullName\s+: [A-Za-z]:\\[^\r\n]*(?:\r?\n\w+\s+: [^\r\n]*){0,12}\r?\n(?:LastWrite|Creation)Time(?:Utc)?\s+: "
)


def _csv_names(lines: list[bytes]) -> list[str] | None:
    for line in lines[:2]:
        if b"ullname" not in line.lower():
            continue
        line = line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r")
        names = (
            [name.decode("utf-8", "replace").strip('" ').lower() for name in split_csv(line)]
            if b"," in line
            else []
        )
        if "fullname" in names and {
            "lastwritetime",
            "lastwritetimeutc",
            "creationtime",
            "creationtimeutc",
        } & set(names):
            return names
    return None


@trace("disk_listing", is_listing, priority=-1)
class ListingReader(LinesReader):
    """One row a file. Rows wait until the order of day and month is known, or the list has ended."""

    KIND = "disk_listing"

    def __init__(self, path: str = "") -> None:
        super().__init__(path)
        self._folder = b""
        self._names: list[str] | None = None
        self._open: dict[str, bytes] = {}
        self._open_at = (0, 0)
        self._order = Order()
        self._waiting: list[tuple[int, int, dict[str, bytes], bytes]] = []
        self._other = 0

    def line(self, text: bytes, number: int, offset: int) -> None:
        if self._names is not None:
            self._csv(text, number, offset)
        elif number <= 2 and (names := _csv_names([text])) is not None:
            self._names = names
        elif (pair := _PAIR.fullmatch(text)) and pair["name"].lower().decode() in _LISTED:
            self._pair(pair["name"].lower().decode(), pair["value"].strip(), number, offset)
        elif found := heading(text):
            self._folder = found
        elif entry := _ENTRY.fullmatch(text.strip()):
            self._entry(entry, number, offset, text)
        elif text.strip():
            self._other += 1
        elif self._open:
            self._put_pairs()

    def close(self) -> None:
        self._put_pairs()
        self._tell()
        if not self._order.is_known and self._order.marks:
            self.tally.note(
                "The dates of this list can be read in two ways (day first or month first), so no file of it has a time."
            )
        elif self._order.is_known:
            self.tally.note(
                f"Dates are read as {self._order.is_known}, by the clock of who made the list; its zone is not told."
            )
        self.tally.facts["lines.other"] = str(self._other)

    def _entry(self, entry: "re.Match[bytes]", number: int, offset: int, raw: bytes) -> None:
        what = entry["what"] or b""
        if what.startswith(b"<") or (entry["mode"] or b"").startswith(b"d") or entry["name"] in (b".", b".."):
            return
        name = entry["name"].strip()
        if not self._folder:
            self.reject(number, offset, "no-folder", raw)
            return
        values = {
            "Path": self._folder + b"\\" + name,
            "Size": re.sub(rb"\D", b"", what),
            "Modified": entry["when"],
        }
        self._wait(values, number, offset, raw)

    def _pair(self, name: str, value: bytes, number: int, offset: int) -> None:
        column = _LISTED[name]
        if column in self._open and column in ("Path", "Name"):
            self._put_pairs()
        if not self._open:
            self._open_at = number, offset
        self._open[column] = value

    def _put_pairs(self) -> None:
        if self._open.get("Path"):
            raw = b"; ".join(name.encode() + b"=" + value for name, value in self._open.items())
            self._wait(self._open, *self._open_at, raw)
        self._open = {}

    def _csv(self, text: bytes, number: int, offset: int) -> None:
        if not text.strip():
            return
        fields = split_csv(text)
        if self._names is None or len(fields) != len(self._names):
            self.reject(number, offset, "columns", text)
            return
        values = {
            _LISTED[name]: value for name, value in zip(self._names, fields, strict=True) if name in _LISTED
        }
        self._wait(values, number, offset, text)

    def _wait(self, values: dict[str, bytes], number: int, offset: int, raw: bytes) -> None:
        for column in _TIMES:
            if values.get(column):
                self._order.note(values[column])
        if b"irectory" in values.get("Attributes", b"") or values.get("Attributes", b"").startswith(b"d"):
            return
        self._waiting.append((number, offset, values, raw[:400]))
        if len(self._waiting) >= (_HELD if not self._order.is_known else 4_096):
            self._tell()

    def _tell(self) -> None:
        order, waiting = self._order.is_known, self._waiting
        self._waiting = []
        for number, offset, values, raw in waiting:
            told: dict[str, str | bytes] = {**values}
            told |= {
                column: iso(values[column], order) or _as_iso(values[column])
                for column in _TIMES
                if column in values
            }
            self.row(placed(told), line=number, offset=offset, raw=raw)


def _as_iso(value: bytes) -> str:
    """A stamp that was ISO already."""
    text = value.decode("ascii", "replace")[:19]
    return text if re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d", text) else ""


def placed(values: Mapping[str, str | bytes]) -> dict[str, str | bytes]:
    """With name, ending and, of pages, place and whether Exchange ships it."""
    raw = values.get("Path", b"")
    path = raw.decode("utf-8", "surrogateescape") if isinstance(raw, bytes) else raw
    name = path.replace("/", "\\").rpartition("\\")[2]
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    more: dict[str, str | bytes] = {
        "Name": name.encode("utf-8", "surrogateescape"),
        "Extension": ending.encode("utf-8", "surrogateescape"),
    }
    if ending in pages():
        more |= {"Place": place_of(path).kind, "Shipped": "yes" if ships(path) else "no"}
    return {**values, **more}
