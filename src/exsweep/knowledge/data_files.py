"""One door to the files in `data/`: rows of a table, or a typed YAML document; errors name the file."""

import csv
import hashlib
import io
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from exsweep.errors import KnowledgeError

T = TypeVar("T")

ROOT = Path(__file__).parent / "data"
"""Folder of the knowledge files; they travel inside the package."""


def read_text(name: str) -> str:
    """Text of `data/<name>`, UTF-8.

    Raises:
        KnowledgeError: the file is missing or not UTF-8.
    """
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"data/{name} cannot be read: {error}.", tip="Install exsweep again.") from error


def rows(name: str) -> list[dict[str, str]]:
    """Rows of a table with a header, in file order, every cell a string (`""` where nothing is known).

    Raises:
        KnowledgeError: a row has more or fewer cells than the header.
    """
    table = list(csv.DictReader(io.StringIO(read_text(name), newline=""), strict=True))
    for number, row in enumerate(table, start=2):
        if None in row or None in row.values():
            raise KnowledgeError(
                f"data/{name}:{number}: this row does not fit the header.", tip="Count its commas."
            )
    return table


def document(name: str, of: type[T]) -> T:
    """The YAML document `data/<name>` as a value of the type `of`.

    Raises:
        KnowledgeError: not YAML, or not of that shape; the message says where.
    """
    return parse(read_text(name), of, f"data/{name}")


def parse(text: str, of: type[T], where: str) -> T:
    """YAML text as a value of the type `of`; `where` names it in errors (see `document`)."""
    try:
        return msgspec.yaml.decode(text, type=of)
    except msgspec.MsgspecError as error:
        raise KnowledgeError(
            f"{where}: {error}.", tip="Compare with the other entries of this file."
        ) from error


def names(folder: str, pattern: str = "*.yml") -> list[str]:
    """Names below `data/` of the files in `folder` and all folders below it, sorted."""
    return sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob(pattern))


@cache
def version() -> str:
    """`<date of data/VERSION>+<first 12 hex digits of the SHA-256 over all knowledge files>`."""
    return f"{read_text('VERSION').strip()}+{digest(_all_files())[:12]}"


def digest(files: Iterable[Path]) -> str:
    """SHA-256 over names and contents (a renamed rule changes it too); order of `files` does not matter."""
    total = hashlib.sha256()
    for path in sorted(files):
        content = path.read_bytes()
        total.update(f"{path.relative_to(ROOT).as_posix()}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def _all_files() -> list[Path]:
    kinds = {".csv", ".yml", ".yar", ".zst", ".txt", ""}
    return [
        path for path in ROOT.rglob("*") if path.is_file() and path.suffix in kinds and path.name[0] != "."
    ]
