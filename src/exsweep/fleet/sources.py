"""Assessments in files: an `assessment.json`, a folder that `triage --out` wrote, or the results of a scan, one a line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from exsweep.assess.bundle import read_bundle, unpacked
from exsweep.assess.foreign_events import renewed
from exsweep.errors import EvidenceError
from exsweep.model import Assessment, decode
from exsweep.scan import Read as ReadResults
from exsweep.scan import Sites, assessment, read_line, sites_of

_LARGEST = 256 << 20
"""Bytes of one assessment."""
_LONGEST = 4 << 20
"""Bytes of one line of scan results."""
_MOST_FOLDERS = 200_000


class Refused(msgspec.Struct, frozen=True):
    """Something that is no assessment; counted, never dropped in silence."""

    where: str
    reason: str


Read = tuple[str, Assessment] | Refused


def read(paths: tuple[Path, ...]) -> Iterator[Read]:
    """Every assessment that the paths hold, with where it stood; in order of the paths, folders by name."""
    for path in paths:
        try:
            if path.is_dir():
                yield from _folder(path)
            else:
                yield from _file(path)
        except EvidenceError as error:
            yield Refused(str(path), error.message)
        except OSError as error:
            yield Refused(str(path), f"cannot be read: {error.strerror or error}")


@contextmanager
def events_of(where: str) -> Iterator[Path | None]:
    """The folder with the saved events that belong to an assessment read from there; None where there are none.

    Of a bundle it is a private copy, written anew from what a jailed worker read in it, gone afterwards.

    Raises:
        EvidenceError: the parts of the bundle do not fit together, or its events cannot be read.
    """
    path = Path(where)
    if path.name == "assessment.json" and (path.parent / "events" / "sources.json").is_file():
        yield path.parent / "events"
    elif path.suffix == ".zip" and path.is_file():
        with unpacked(path) as (folder, misfits):
            if misfits:
                raise EvidenceError(f"{path.name}: {misfits[0]}", tip="Ask its sender for the bundle again.")
            there = (folder / "events" / "sources.json").is_file()
            yield renewed(folder / "events", folder / "renewed") if there else None
    else:
        yield None


def _folder(path: Path) -> Iterator[Read]:
    own = path / "assessment.json"
    if own.is_file():
        yield from _file(own)
        return
    inner = sorted(each for each in path.iterdir() if not each.is_symlink() and not each.name.startswith("."))
    if len(inner) > _MOST_FOLDERS:
        yield Refused(str(path), f"more than {_MOST_FOLDERS:,} entries")
        return
    found = False
    for each in inner:
        if each.is_dir():
            if (each / "assessment.json").is_file():
                found = True
                yield from _file(each / "assessment.json")
        elif each.name != "custody.jsonl" and (
            each.suffix in (".json", ".jsonl") or each.name.endswith(".exsweep.zip")
        ):
            found = True
            yield from _file(each)
    if not found:
        yield Refused(str(path), "no assessment.json in it or in the folders below it")


def _file(path: Path) -> Iterator[Read]:
    with path.open("rb") as file:
        head = file.read(4_096)
    if b'"exsweep.scan/' in head or path.suffix == ".jsonl":
        yield from _lines(path)
        return
    if head.startswith(b"PK"):
        yield str(path), read_bundle(path)
        return
    size = path.stat().st_size
    if size > _LARGEST:
        yield Refused(str(path), f"{size:,} bytes; an assessment has at most {_LARGEST:,}")
        return
    try:
        yield str(path), decode(path.read_bytes())
    except (EvidenceError, RecursionError) as error:
        yield Refused(str(path), getattr(error, "message", "nested too deeply"))


def _sites(path: Path) -> Sites:
    """What the sites in a file of results say of their contacts: they speak for the mail servers below them."""
    with path.open("rb") as file:
        marked = (line for line in iter(lambda: file.readline(_LONGEST), b"") if b'"security_txt":{' in line)
        return sites_of(ReadResults(marked))


def _lines(path: Path) -> Iterator[Read]:
    number, sites = 0, _sites(path)
    with path.open("rb") as file:
        while line := file.readline(_LONGEST):
            number += 1
            where = f"{path}:{number}"
            if len(line) == _LONGEST and not line.endswith(b"\n"):
                yield Refused(where, f"a line of more than {_LONGEST:,} bytes; the rest of the file was left")
                return
            if not line.strip() or b'"exsweep.scan/' not in line:
                continue  # blank, or the journal's own head line
            try:
                yield (
                    where,
                    assessment(read_line(line), command=f"exsweep fleet add {path.name}", sites=sites),
                )
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                yield Refused(where, f"no result of a scan: {error}")
