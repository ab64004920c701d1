"""Pages that Exchange ships: is `/owa/auth/x.aspx` part of build B?"""

from dataclasses import dataclass
from functools import cache

import msgspec

from exsweep.knowledge.builds import Number, number, spell
from exsweep.knowledge.data_files import rows

FRONT, BACK = "front", "back"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One shipped file."""

    site: str
    """`front` (port 443) or `back` (port 444)."""
    url: str
    """Folder in the address, lower case, ends in `/`."""
    path: str
    """Folder below the install folder."""
    file: str
    builds: tuple[tuple[Number, Number], ...]
    """First and last build of each line (2013, 2016, 2019) in which it was seen."""
    source: str


@dataclass(frozen=True, slots=True)
class Shipped:
    """Answer to `is this page shipped`. `answer` is None where nobody knows; `why` is a plain sentence."""

    answer: bool | None
    why: str


@cache
def pages() -> tuple[Page, ...]:
    """All shipped scripts, by site, folder and name."""
    return tuple(
        Page(
            site=row["site"],
            url=row["url"],
            path=row["path"],
            file=row["file"],
            builds=tuple(_span(text) for text in row["builds"].split()),
            source=row["source"],
        )
        for row in rows("shipped_pages.csv")
    )


def shipped(url_path: str, build: str | None = None, *, site: str | None = None) -> Shipped:
    """Does Exchange of this build ship the page at `url_path` (decoded; any case)?

    The front end serves its own folders (`/owa/auth/`, `/ecp/auth/`) and hands all others to the back end,
    so both sites count there unless `site` is given. Without a build, any build that ships the page counts.

    >>> shipped("/ecp/auth/TimeoutLogout.aspx").answer, shipped("/ecp/auth/TimeoutLogoff.aspx").answer
    (True, False)
    """
    folder, _, name = url_path.lower().rpartition("/")
    found = [
        page for page in _by_address().get((f"{folder}/", name), ()) if _served(page, site, f"{folder}/")
    ]
    parts = number(build) if build else None
    if not found:
        return _never_seen(f"{folder}/", parts)
    if parts is None or any(_holds(page, parts) for page in found):
        return Shipped(True, "Exchange ships a page of this name.")
    first = min(span[0] for page in found for span in page.builds)
    return Shipped(False, f"Exchange ships this page in other builds (from {spell(first)}), not in this one.")


def names(url_folder: str, build: str | None = None, *, site: str = FRONT) -> tuple[str, ...]:
    """Names of the scripts shipped in one folder of the address, sorted without regard to case."""
    parts = number(build) if build else None
    folder = url_folder.lower().rstrip("/") + "/"
    found = {
        page.file
        for page in pages()
        if page.url == folder and page.site == site and (parts is None or _holds(page, parts))
    }
    return tuple(sorted(found, key=str.lower))


def reach() -> dict[str, str]:
    """Line (`15.1`) -> newest build whose files are known."""
    return {spell(line): spell(last) for line, last in _reach().items()}


def _never_seen(folder: str, parts: Number | None) -> Shipped:
    known_to = _reach().get(parts[:2]) if parts else max(_reach().values())
    if parts and known_to is None:
        return Shipped(None, "The shipped pages of this product are not known.")
    later = parts is not None and known_to is not None and parts > known_to
    if later and any(page.url == folder and page.site == BACK for page in pages()) and folder not in _own():
        return Shipped(
            None, "No known build ships a page of this name, but the pages of this build are not known."
        )
    until = f" (known to {spell(known_to)})" if later and known_to else ""
    return Shipped(False, f"Exchange ships no page of this name here{until}.")


def _served(page: Page, site: str | None, folder: str) -> bool:
    if site is not None:
        return page.site == site
    return page.site == FRONT or folder not in _own()


@cache
def _own() -> frozenset[str]:
    """Folders whose pages the front end serves itself."""
    return frozenset(
        page.url for page in pages() if page.site == FRONT and page.file.lower() != "global.asax"
    )


def _holds(page: Page, parts: Number) -> bool:
    """A page of the newest known build of a line is taken to be in later builds too."""
    for first, last in page.builds:
        if first[:2] == parts[:2] and first[: len(parts)] <= parts:
            return parts <= last[: len(parts)] or last == _reach()[first[:2]]
    return False


@cache
def _by_address() -> dict[tuple[str, str], tuple[Page, ...]]:
    found: dict[tuple[str, str], tuple[Page, ...]] = {}
    for page in pages():
        key = (page.url, page.file.lower())
        found[key] = (*found.get(key, ()), page)
    return found


@cache
def _reach() -> dict[Number, Number]:
    last: dict[Number, Number] = {}
    for page in pages():
        for _, end in page.builds:
            last[end[:2]] = max(end, last.get(end[:2], end))
    return last


def _span(text: str) -> tuple[Number, Number]:
    first, _, last = text.partition("-")
    return tuple(int(part) for part in first.split(".")), tuple(int(part) for part in last.split("."))


def ships(path: str) -> bool:
    r"""Some build of Exchange ships a file of this name in this folder, wherever it is installed; either slash, any case.

    >>> ships(r"D:\Exchange\FrontEnd\HttpProxy\owa\auth\logon.aspx"), ships(r"C:\FrontEnd\HttpProxy\owa\auth\x.aspx")
    (True, False)
    """
    low = "\\" + path.lower().replace("/", "\\")
    return any(low[at:] in _files() for part in _tops() if (at := low.rfind(part)) >= 0)


@cache
def _files() -> frozenset[str]:
    return frozenset(f"{page.path}\\{page.file}".lower() for page in pages())


@cache
def _tops() -> tuple[str, ...]:
    r"""`\frontend\`, `\clientaccess\`: first folders below the install folder."""
    return tuple(sorted({f"\\{page.path.lower().split(chr(92))[1]}\\" for page in pages()}))
