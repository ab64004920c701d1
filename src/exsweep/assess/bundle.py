"""A case in one file: assessment, reports, custody log and, if wanted, saved events, with a list of their hashes.

The same case gives the same bytes. Who receives a bundle does not trust it (H77): names that a case does not have,
names that come twice, files that unpack to more than they say or to more than a case can have are refused before
anything of them is used, and nothing is ever written outside a private folder.
"""

import contextlib
import hashlib
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

import exsweep
from exsweep.assess.custody import NAME as LOG
from exsweep.assess.custody import sha256_of
from exsweep.assess.temporary import temporary
from exsweep.assess.verify import ASSESSMENT, BIGGEST
from exsweep.errors import EvidenceError, StoreError
from exsweep.evidence import Budgets, EvidenceReadError, Source, open_evidence, sources
from exsweep.export import EXPORTERS
from exsweep.model import Assessment, SourceState, decode

CONTENTS = "case.json"
SCHEMA = "exsweep.case/1"
_NAME = re.compile(r"(?:events/)?[A-Za-z0-9_][A-Za-z0-9._-]{0,119}")
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can state: the same case gives the same bytes whenever it is packed."""
_BLOCK = 1 << 20
_BUDGETS = Budgets(nesting=1, entries=100_000, expansion_bytes=64 << 30)


class Listed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    size: int
    sha256: str


class Contents(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`case.json`: what else is in the bundle."""

    schema: str = SCHEMA
    version: str
    files: tuple[Listed, ...]
    """In order of name."""


def write_bundle(folder: Path, target: Path, *, events: bool = False) -> Contents:
    """Pack the output folder of a triage; an existing `target` is replaced only when the new one is whole.

    Raises:
        EvidenceError: the folder holds no case.
        StoreError: the bundle cannot be written.
    """
    names = [each.file_name for each in (EXPORTERS[name] for name in EXPORTERS)] + [LOG]
    if events:
        names += [f"events/{path.name}" for path in (folder / "events").glob("*")]
    files = sorted(name for name in names if (folder / name).is_file() and not (folder / name).is_symlink())
    if ASSESSMENT not in files or LOG not in files:
        raise EvidenceError(
            f"{folder} holds no finished case: {ASSESSMENT} and {LOG} belong to one.",
            tip="Name the folder that `exsweep triage --out` wrote.",
        )
    contents = Contents(
        version=exsweep.__version__,
        files=tuple(
            Listed(name=name, size=(folder / name).stat().st_size, sha256=sha256_of(folder / name))
            for name in files
        ),
    )
    hidden = target.with_name(f".{target.name}.part")
    try:
        with zipfile.ZipFile(hidden, "w", zipfile.ZIP_DEFLATED) as box:
            box.writestr(_header(CONTENTS), msgspec.json.format(msgspec.json.encode(contents)))
            for name in files:
                with (
                    (folder / name).open("rb") as file,
                    box.open(_header(name), "w", force_zip64=True) as member,
                ):
                    shutil.copyfileobj(file, member, _BLOCK)
        hidden.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            hidden.unlink()
        raise StoreError(
            f"Cannot write {target}: {error.strerror or error}.",
            tip="Free space there, or name another file.",
        ) from error
    return contents


def read_bundle(path: Path) -> Assessment:
    """The assessment in a bundle, its bytes as the bundle's own list states them. Hostile input.

    Raises:
        EvidenceError: not a bundle, of a schema that this version does not know, or its parts do not fit together.
    """
    found: dict[str, bytes] = {}
    for source in _members(path):
        if source.path in (CONTENTS, ASSESSMENT):
            found[source.path] = b"".join(_read(source, BIGGEST))
        if len(found) == 2:
            break
    listed = {item.name: item for item in _contents(found.get(CONTENTS), path).files}
    data = found.get(ASSESSMENT)
    if data is None or ASSESSMENT not in listed:
        raise _refused(path, f"it holds no {ASSESSMENT}")
    if hashlib.sha256(data).hexdigest() != listed[ASSESSMENT].sha256:
        raise _refused(path, f"{ASSESSMENT} does not have the hash that the bundle states")
    try:
        return decode(data)
    except RecursionError as error:
        raise _refused(path, f"{ASSESSMENT} is nested too deeply") from error


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """A private folder with the files of a bundle, gone afterwards; and what does not fit its own list, in words.

    Raises:
        EvidenceError: as `read_bundle`.
        StoreError: it does not fit on the temporary volume.
    """
    with temporary("case-") as folder:
        (folder / "events").mkdir()
        seals: dict[str, tuple[int, str]] = {}
        for source in _members(path):
            seals[source.path] = _unpack(source, folder)
        own = folder / CONTENTS
        contents = _contents(own.read_bytes() if own.is_file() else None, path)
        yield folder, tuple(_misfits(contents, seals))


def _misfits(contents: Contents, seals: dict[str, tuple[int, str]]) -> Iterator[str]:
    there = {name: seal for name, seal in seals.items() if name != CONTENTS}
    for item in contents.files:
        seal = there.pop(item.name, None)
        if seal is None:
            yield f"{item.name} is listed in the bundle, and not in it."
        elif seal != (item.size, item.sha256):
            yield f"{item.name} does not have the size and hash that the bundle states."
    for name in sorted(there):
        yield f"{name} is in the bundle, and not in its list."


def _unpack(source: Source, folder: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    try:
        with (folder / source.path).open("xb") as file:
            for chunk in _read(source, _BUDGETS.expansion_bytes):
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
    except OSError as error:
        raise StoreError(
            f"The bundle cannot be unpacked: {error.strerror or error}.",
            tip="Free space on the temporary volume, or name another one in the environment variable TMPDIR.",
        ) from error
    return size, digest.hexdigest()


def _members(path: Path) -> Iterator[Source]:
    """Members of the zip, each with a name that a case may have, and none twice."""
    opened = open_evidence([path], budgets=_BUDGETS)
    if any(unit.kind != "zip" for unit in opened.units):
        raise _refused(path, "it is no zip, or a damaged one")
    seen: set[str] = set()
    for unit in opened.units:
        if not _NAME.fullmatch(unit.path) or unit.place.shown != unit.path or unit.notes:
            raise _refused(path, f"no case has a file named {unit.place.shown[:200]}")
        if unit.path in seen:
            raise _refused(path, f"{unit.path} is in it twice")
        seen.add(unit.path)
    for unit in opened.units:
        for source in sources(unit, _BUDGETS):
            if source.path != unit.path:
                raise _refused(path, f"{unit.path} holds other files")
            yield source


def _read(source: Source, most: int) -> Iterator[bytes]:
    size = 0
    try:
        for chunk in source.chunks(_BLOCK):
            size += len(chunk)
            if size > most:
                raise _refused_part(source, "it is bigger than any file of a case")
            yield chunk
    except EvidenceReadError as error:
        raise _refused_part(source, error.reason) from error
    # Intake sets our own results aside (`not_a_log`): here they are what is looked for.
    if source.state not in (SourceState.READ, SourceState.NOT_A_LOG):
        raise _refused_part(source, source.reason)


def _contents(data: bytes | None, path: Path) -> Contents:
    if data is None:
        raise _refused(path, f"it holds no {CONTENTS}")
    try:
        contents = msgspec.json.decode(data, type=Contents)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _refused(path, f"{CONTENTS} cannot be read: {error}") from error
    if contents.schema != SCHEMA:
        raise _refused(path, f"its schema is {contents.schema[:80]!r}, this program knows {SCHEMA!r}")
    if len({item.name for item in contents.files}) != len(contents.files):
        raise _refused(path, f"{CONTENTS} lists a file twice")
    return contents


def _header(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EARLIEST)
    info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o100644 << 16
    return info


def _refused(path: Path, why: str) -> EvidenceError:
    return EvidenceError(
        f"{path.name} is not taken as a case: {why}.",
        tip="Ask its sender for a bundle made by `exsweep bundle`.",
    )


def _refused_part(source: Source, why: str) -> EvidenceError:
    return EvidenceError(
        f"{source.path} in the bundle cannot be used: {why}.", tip="Ask its sender for the bundle again."
    )
