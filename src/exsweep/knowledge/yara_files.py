"""YARA rule files as text: the shipped ones, a user's folder, single files, or a zip that is never extracted."""

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from exsweep.knowledge.data_files import ROOT

FOLDER = "webshells"
SUFFIXES = (".yar", ".yara")
MAX_FILE = 64 << 20
"""Bytes of one rule file; the largest public collection in one file has 25 MB."""
MAX_FILES = 50_000
ZIP_PASSWORD = b"infected"
"""What samples, and rules that quote them, are zipped with by convention."""


class RuleText(msgspec.Struct, frozen=True, kw_only=True):
    """One file of rules; without text where `reason` says why it cannot be read."""

    name: str
    text: str = ""
    reason: str = ""


def own_rule_files() -> tuple[RuleText, ...]:
    """The shipped rules, in order of their names."""
    return tuple(
        _decoded(path.relative_to(ROOT).as_posix(), path.read_bytes())
        for path in sorted((ROOT / FOLDER).glob("*.yar"))
    )


def read_rule_files(paths: Iterable[Path]) -> tuple[RuleText, ...]:
    """Rule files in folders, zips (password `infected` where they have one) or single files.

    In the order given, then by name. What cannot be read is there with its reason.
    """
    return tuple(text for path in paths for text in _read(path))


def _read(path: Path) -> Iterator[RuleText]:
    try:
        if path.is_dir():
            found = [
                file for file in sorted(path.rglob("*")) if file.suffix.lower() in SUFFIXES and file.is_file()
            ]
            for file in found[:MAX_FILES]:
                yield _decoded(str(file), _bounded(file))
            if len(found) > MAX_FILES:
                reason = f"has {len(found)} rule files; the first {MAX_FILES} are read"
                yield RuleText(name=str(path), reason=reason)
            if not found:
                yield RuleText(name=str(path), reason="has no rule file (.yar, .yara)")
        elif zipfile.is_zipfile(path):
            yield from _zipped(path)
        else:
            yield _decoded(str(path), _bounded(path))
    except OSError as error:
        yield RuleText(name=str(path), reason=f"cannot be read: {error.strerror or error}")


def _bounded(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(MAX_FILE + 1)


def _decoded(name: str, data: bytes) -> RuleText:
    if len(data) > MAX_FILE:
        return RuleText(name=name, reason=f"is longer than {MAX_FILE >> 20} MiB")
    try:
        return RuleText(name=name, text=data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return RuleText(name=name, reason=f"is not UTF-8 (byte {error.start})")


def _zipped(path: Path) -> Iterator[RuleText]:
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        yield RuleText(name=str(path), reason=f"is a damaged zip: {error}")
        return
    with archive:
        members = [one for one in archive.infolist() if one.filename.lower().endswith(SUFFIXES)]
        if not members:
            yield RuleText(name=str(path), reason="has no rule file (.yar, .yara)")
        if len(members) > MAX_FILES:
            reason = f"has {len(members)} rule files; the first {MAX_FILES} are read"
            yield RuleText(name=str(path), reason=reason)
        for member in sorted(members, key=lambda one: one.filename)[:MAX_FILES]:
            name = f"{path}/{member.filename}"
            try:
                with archive.open(member, pwd=ZIP_PASSWORD if member.flag_bits & 1 else None) as stream:
                    yield _decoded(name, stream.read(MAX_FILE + 1))
            except (
                zipfile.BadZipFile,
                zlib.error,
                RuntimeError,
                NotImplementedError,
                EOFError,
                OSError,
            ) as error:
                yield RuleText(name=name, reason=f"cannot be taken out of the zip: {error}")
