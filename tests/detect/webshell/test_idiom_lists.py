"""Hundreds of idioms that were written down before the program saw them; floors below what bench/webshells.md measured."""

import pytest

from exsweep.detect.webshell import examine
from exsweep.model.files import FileVerdict

from .idiom_lists import Idiom, harmless, ordinary, pairs, singles

LISTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)
PAIRED = LISTS[:7]
"""The later lists are of whole pages."""
LEAST_SINGLES = {4: 0.92, 10: 0.92}
LEAST_PAIRS = {4: 0.89}
"""The fourth list is of libraries and objects that are rarely met: what is missed stands in the bench."""
MOST_MISSED = 0.04
MOST_PAIRS_MISSED = 0.09
"""A sink that weighs little by itself weighs less with a source that the visitor hardly reaches."""


def _seen(idiom: Idiom) -> bool:
    return examine(idiom.page, idiom.file).verdict is not FileVerdict.UNREMARKABLE


@pytest.mark.parametrize("number", LISTS)
def test_idioms_are_found(number: int) -> None:
    idioms = list(singles(number))
    missed = [each.name for each in idioms if not _seen(each)]
    assert len(idioms) >= 40
    assert len(missed) <= len(idioms) * (1 - LEAST_SINGLES.get(number, 1 - MOST_MISSED)), missed


@pytest.mark.parametrize("number", PAIRED)
def test_combinations_of_idioms_are_found(number: int) -> None:
    idioms = list(pairs(number))
    missed = [each.name for each in idioms if not _seen(each)]
    assert len(idioms) > 200
    assert len(missed) <= len(idioms) * (1 - LEAST_PAIRS.get(number, 1 - MOST_PAIRS_MISSED)), missed


KNOWN_ALARMS = {
    "vb: upload",
    "whole: dnn link click",
    "whole: cs setup writes connection string",
    "whole: asp upload class",
}
"""Takes uploads of any kind, by their own name, below a folder that pages run in; sends
a file that a library looks up for the visitor; connects to a database with a password of the visitor's: a person should look. The upload class
takes its folder from the visitor and lies in the page itself, as real shells have it."""


@pytest.mark.parametrize("number", LISTS)
def test_what_looks_alike_is_left_alone(number: int) -> None:
    assert {each.name for each in harmless(number) if _seen(each)} <= KNOWN_ALARMS


SHOWN_ORDINARY = {
    "aj008_packer.asp",
    "av011_include.asp",
    "av012_calc.asp",
    "av035_convert.asp",
    "av037_exec_const.asp",
    "cs040_FileManager.aspx",
    "cs069_Backup.ashx",
    "cs078_AppPools.aspx",
    "cs097_Rules.ashx",
    "cs100_ckconnector.ashx",
    "cs109_DropZone.aspx",
    "cs110_CodeView.ascx",
    "jn002_Calc.aspx",
}
"""Of the twentieth list, see the bench: what they check by patterns, tables and letters is not followed."""


def test_pages_of_sites_that_do_what_back_doors_do_are_left_alone() -> None:
    pages = list(ordinary(20))
    assert len(pages) == 207
    assert {each.name for each in pages if _seen(each)} <= SHOWN_ORDINARY
