"""Every way into a page, through it and out of it, in each language; and the same ways with a constant. EXSWEEP-INERT-FIXTURE

What is asked is not how the page is judged but whether the claim is right: the capability must say where its value comes
from, and must say nothing of the kind where it comes from nowhere.
"""

import zlib
from collections.abc import Iterator

import pytest

from exsweep.detect.webshell import examine
from exsweep.model.files import FileReport

from .matrix import LANGUAGES, Cell, cell, shapes, table

SAMPLE = 6
"""Of this many combinations of way in and way through, one is looked at every time; all of them where time is no matter."""
SAYS = ("request field", "uploaded file", "answer of another machine", "content of a file", "session")
"""How the note of a place begins, see `capabilities.note`."""
READS_ITS_OWN = {"session", "application", "cache", "state", "memory", "stream"}
"""Words in the names of ways through something that other pages write too, or that a file may have been loaded into."""


def _report(page: Cell) -> FileReport:
    return examine(page.page.replace("~", "").encode(), page.file)


def _says(page: Cell) -> bool:
    """Does the capability say where its value comes from?"""
    found = [each for each in _report(page).capabilities if each.id == page.sink]
    return any(place.note.startswith(SAYS) for each in found for place in each.evidence)


def _missed(pages: Iterator[Cell]) -> list[str]:
    return [each.name for each in pages if not _says(each)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_way_through_leads_to_every_way_out(language: str) -> None:
    source = next(iter(table(language, "sources")))
    carriers, sinks = table(language, "carriers"), table(language, "sinks")
    assert not _missed(cell(language, source, carrier, sink) for carrier in carriers for sink in sinks)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_way_in_leads_to_every_way_out(language: str) -> None:
    carrier = next(iter(table(language, "carriers")))
    sources, sinks = table(language, "sources"), table(language, "sinks")
    assert not _missed(cell(language, source, carrier, sink) for source in sources for sink in sinks)
    assert not _missed(page for sink in sinks for page in shapes(language, sink))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_way_in_goes_every_way_through(language: str) -> None:
    sink = next(iter(table(language, "sinks")))
    pages = (
        cell(language, source, carrier, sink)
        for source in table(language, "sources")
        for carrier in table(language, "carriers")
    )
    assert not _missed(each for each in pages if zlib.crc32(each.name.encode()) % SAMPLE == 0)


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_whole_matrix(language: str) -> None:
    sources, carriers = table(language, "sources"), table(language, "carriers")
    assert not _missed(
        cell(language, source, carrier, sink)
        for source in sources
        for carrier in carriers
        for sink in table(language, "sinks")
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_constant_comes_from_nowhere_on_every_way(language: str) -> None:
    wrong = [
        page.name
        for carrier in table(language, "carriers")
        if READS_ITS_OWN.isdisjoint(carrier.split())
        for sink in table(language, "sinks")
        if _says(page := cell(language, "", carrier, sink, constant=True))
    ]
    assert not wrong
