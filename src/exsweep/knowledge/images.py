"""Which files of a whole disk are read: those of the collection plan on any drive, pages wherever they are, and a few more."""

import re
from fnmatch import translate
from functools import cache

import msgspec

from exsweep.knowledge.collection import collection
from exsweep.knowledge.data_files import document
from exsweep.knowledge.places import pages


class _Images(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    read: str
    source: tuple[str, ...]
    anywhere: tuple[str, ...]
    never: tuple[str, ...]


def wanted(path: str) -> bool:
    """Whether the file is read. `path`: below the drive, `/` between parts, any case.

    >>> wanted("inetpub/logs/LogFiles/W3SVC1/u_ex210303.log"), wanted("Users/ann/holiday.jpg")
    (True, False)
    """
    plain = path.lower()
    return _never().fullmatch(plain) is None and _yes().fullmatch(plain) is not None


@cache
def _never() -> re.Pattern[str]:
    return re.compile("|".join(document("images.yml", _Images).never))


@cache
def _yes() -> re.Pattern[str]:
    """One pattern for all: a disk has a million files."""
    plan = collection()
    parts = list(document("images.yml", _Images).anywhere)
    parts += [rf".*\.{re.escape(extension)}" for extension in sorted(pages())]
    for each in plan.files:
        for root in plan.root(each.root).usual:
            names = "|".join(
                translate(name.lower()).removesuffix(r"\Z").removesuffix(r"\z") for name in each.patterns
            )
            whole = f"{root}\\{each.folder}".strip("\\").lower().split("\\")[1:]
            parts.append(rf"{_folder(whole)}(.*/)?(?:{names})")
            if each.folder:
                # Installed elsewhere: the folder's own end is enough.
                parts.append(rf"(.*/)?{_folder(each.folder.lower().split(chr(92)))}(.*/)?(?:{names})")
    return re.compile("|".join(f"(?:{part})" for part in parts))


def _folder(parts: list[str]) -> str:
    return "".join(("[^/]*" if part == "*" else re.escape(part)) + "/" for part in parts if part)
