"""Linux' Landlock: from here on this process reads and writes only what is named (kernel 5.13 or later, no privilege needed).

Source: docs.kernel.org/userspace-api/landlock.html and include/uapi/linux/landlock.h, read 2026-11-20.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Iterable

_CREATE, _ADD, _RESTRICT = 444, 445, 446
"""System calls; the same numbers on every architecture."""
_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVS = 38

_WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_FILE = 1 << 1, 1 << 2, 1 << 3, 1 << 5
_MAKE_REG, _TRUNCATE = 1 << 8, 1 << 14
_FIRST = (1 << 13) - 1
"""Rights on files that version 1 knows; each later bit came with the version below."""
_LATER = {2: 1 << 13, 3: _TRUNCATE, 5: 1 << 15}
_TCP = 3
"""Binding and connecting (version 4)."""
_SCOPES = 3
"""Abstract sockets of, and signals to, processes outside (version 6)."""
_OF_FILES = _WRITE_FILE | _READ_FILE | _TRUNCATE
_READING = _READ_FILE | _READ_DIR
_WRITING = _READING | _WRITE_FILE | _REMOVE_FILE | _MAKE_REG | _TRUNCATE


def restrict(readable: Iterable[str], writable: Iterable[str]) -> str:
    """Give up everything on disk but these paths and what lies below them. Cannot be undone.

    Nothing may be executed, linked or made but regular files below `writable`. Paths that do not exist are left out.
    Returns what now holds, in words, or nothing where the kernel cannot do it.
    """
    if not sys.platform.startswith("linux"):
        return ""
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    if version < 1:
        return ""
    handled = _FIRST | sum(bit for since, bit in _LATER.items() if version >= since)
    attributes = struct.pack("=QQQ", handled, _TCP if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = libc.syscall(_CREATE, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0))
    if rules < 0:
        return ""
    try:
        for paths, rights in ((readable, _READING), (writable, _WRITING)):
            for path in paths:
                _allow(libc, rules, path, rights & handled)
        if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.syscall(_RESTRICT, rules, ctypes.c_uint32(0)):
            return ""
    finally:
        os.close(rules)
    return f"reads only evidence and program, writes only its own folders (Landlock {version})"


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there need not be reached
    try:
        if not os.path.isdir(f"/proc/self/fd/{place}"):  # noqa: PTH112 - of the descriptor, not of a name
            rights &= _OF_FILES
        rule = struct.pack("=Qi", rights, place)
        libc.syscall(_ADD, rules, ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
    finally:
        os.close(place)
