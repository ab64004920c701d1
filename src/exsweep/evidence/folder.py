"""Walks a folder: sorted, lazily, following nothing."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from exsweep.evidence.names import shown

_REPARSE_LINKS = (0xA0000003, 0xA000000C)
"""Windows: junction (mount point) and symbolic link."""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing in a folder that is no folder."""

    path: bytes
    name: bytes
    """Relative to the folder named, `/` between parts."""
    state: os.stat_result | None
    problem: str = ""
    """Why it is not read, or nothing."""


def walk(root: bytes) -> Iterator[Found]:
    """Everything below `root`, depth first, each folder sorted by the bytes of its names."""
    pending: list[tuple[bytes, bytes, bool]] = [(root, b"", True)]
    while pending:
        path, name, folder = pending.pop()
        if not folder:
            yield _looked_at(path, name)
            continue
        try:
            pending.extend(reversed(_listed(path, name)))
        except OSError as error:
            yield Found(path, name or b".", None, f"the folder cannot be listed: {error.strerror or error}")


def of_any_length(path: bytes, system: str = os.name) -> bytes:
    r"""An absolute path in the form in which Windows opens more than 260 characters; elsewhere as it is.

    >>> of_any_length(rb"C:\inetpub", "nt"), of_any_length(rb"\\nas\case", "nt")
    (b'\\\\?\\C:\\inetpub', b'\\\\?\\UNC\\nas\\case')
    """
    if system != "nt" or path.startswith((rb"\\?", rb"\\.")):
        return path
    return rb"\\?\UNC" + path[1:] if path.startswith(rb"\\") else b"\\\\?\\" + path


def _listed(path: bytes, name: bytes) -> list[tuple[bytes, bytes, bool]]:
    with os.scandir(path) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    before = name + b"/" if name else b""
    return [(entry.path, before + entry.name, _is_folder(entry)) for entry in found]


def _is_folder(entry: "os.DirEntry[bytes]") -> bool:
    return entry.is_dir(follow_symlinks=False) and not _is_link(entry.stat(follow_symlinks=False))


def _looked_at(path: bytes, name: bytes) -> Found:
    try:
        state = os.lstat(path)
    except OSError as error:
        return Found(path, name, None, f"cannot be looked at: {error.strerror or error}")
    return Found(path, name, state, _why_not(path, state))


def _why_not(path: bytes, state: os.stat_result) -> str:
    if _is_link(state):
        try:
            target = shown(os.fsencode(Path(os.fsdecode(path)).readlink()))
        except OSError:
            target = "?"
        return f'link to "{target}"; links are never followed: give what it points to as evidence of its own'
    if not stat.S_ISREG(state.st_mode):
        return f"{_SPECIAL.get(stat.S_IFMT(state.st_mode), 'no regular file')}; not opened"
    return ""


def _is_link(state: os.stat_result) -> bool:
    return stat.S_ISLNK(state.st_mode) or getattr(state, "st_reparse_tag", 0) in _REPARSE_LINKS


_SPECIAL = {
    stat.S_IFIFO: "FIFO",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "character device",
    stat.S_IFBLK: "block device",
}
