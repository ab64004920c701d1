"""Files of rules (Sigma, YARA) as text: a folder, one file, or a zip that is never extracted."""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

MAX_FILES = 50_000
ZIP_PASSWORD = b"infected"
"""What samples, and rule packs that quote them, are zipped with by convention."""
_DAMAGED = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError)
"""What the standard library raises for a member that it cannot unpack."""


class RuleText(msgspec.Struct, frozen=True, kw_only=True):
    """One file of rules; without text where `reason` says why it cannot be read."""

    name: str
    text: str = ""
    reason: str = ""


def read(path: Path, suffixes: tuple[str, ...], most_bytes: int) -> Iterator[RuleText]:
    """Files of rules under `path`, in order of their names. What cannot be read is there with its reason.

    Args:
        suffixes: how their names end; a file that is named itself may have any name.
        most_bytes: a longer one is not read.
    """
    try:
        if path.is_dir():
            files = [
                one for one in sorted(path.rglob("*")) if one.suffix.lower() in suffixes and one.is_file()
            ]
            for file in files[:MAX_FILES]:
                yield _of_file(file, most_bytes)
            yield from _remark(str(path), len(files), suffixes)
        elif path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
            yield from _zipped(path, suffixes, most_bytes)
        else:
            yield _of_file(path, most_bytes)
    except OSError as error:
        yield RuleText(name=str(path), reason=f"cannot be read: {error.strerror or error}")


def _of_file(file: Path, most_bytes: int) -> RuleText:
    with file.open("rb") as stream:
        return decoded(str(file), stream.read(most_bytes + 1), most_bytes)


def decoded(name: str, data: bytes, most_bytes: int) -> RuleText:
    """The bytes of one file as text."""
    if len(data) > most_bytes:
        return RuleText(name=name, reason=f"is longer than {most_bytes >> 20} MiB")
    try:
        return RuleText(name=name, text=data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return RuleText(name=name, reason=f"is not UTF-8 (byte {error.start})")


def _zipped(path: Path, suffixes: tuple[str, ...], most_bytes: int) -> Iterator[RuleText]:
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        yield RuleText(name=str(path), reason=f"is a damaged zip: {error}")
        return
    with archive:
        members = [one for one in archive.infolist() if one.filename.lower().endswith(suffixes)]
        for member in sorted(members, key=lambda one: one.filename)[:MAX_FILES]:
            name = f"{path}/{member.filename}"
            try:
                with archive.open(member, pwd=ZIP_PASSWORD if member.flag_bits & 1 else None) as stream:
                    yield decoded(name, stream.read(most_bytes + 1), most_bytes)
            except _DAMAGED as error:
                yield RuleText(name=name, reason=f"cannot be taken out of the zip: {error}")
        yield from _remark(str(path), len(members), suffixes)


def _remark(name: str, files: int, suffixes: tuple[str, ...]) -> Iterator[RuleText]:
    if not files:
        yield RuleText(name=name, reason=f"has no rule file ({', '.join(suffixes)})")
    if files > MAX_FILES:
        yield RuleText(name=name, reason=f"has {files} rule files; the first {MAX_FILES} are read")
