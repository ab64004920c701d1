"""Folders for temporary files that are gone when we are; what a killed run left behind is removed by a later one.

A folder is ours and dead where its name begins as ours do, it belongs to the same user, is an hour old, and nobody holds the
lock that a living run has on it. Who is killed with -9, or loses power, cannot tidy up.
"""

import contextlib
import importlib.util
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from exsweep.errors import StoreError

_LOCKS = importlib.util.find_spec("fcntl") is not None
"""Windows has none: nobody can be asked whether he lives, so nothing is removed."""

_PREFIX = "exsweep-"
_AGE_S = 3_600
"""Younger folders are left alone: their run may not have come to its lock yet, or is of a version that takes none."""


@contextlib.contextmanager
def temporary(purpose: str = "") -> Iterator[Path]:
    """A private folder, gone afterwards.

    Raises:
        StoreError: there is no place for temporary files.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{purpose}", ignore_cleanup_errors=True)
    except OSError as error:
        raise StoreError(
            f"There is no folder for temporary files: {error.strerror}.",
            tip="Name a writable one in the environment variable TMPDIR.",
        ) from error
    with folder as name, contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):  # a file system without locks: then an hour has to do
            held.enter_context(_locked(name))
        remove_dead(Path(name).parent)
        yield Path(os.path.realpath(name))


def remove_dead(place: Path, age_s: float = _AGE_S) -> None:
    """Remove what killed runs of this user left in `place`. What cannot be removed stays: it does no harm."""
    if not _LOCKS:
        return
    with contextlib.suppress(OSError):
        for folder in place.glob(f"{_PREFIX}*"):
            with contextlib.suppress(OSError):
                state = folder.lstat()
                ours = stat.S_ISDIR(state.st_mode) and state.st_uid == os.geteuid()
                if ours and time.time() - state.st_mtime > age_s:
                    with _locked(folder):
                        shutil.rmtree(folder)


@contextlib.contextmanager
def _locked(folder: str | Path) -> Iterator[None]:
    """Hold the folder's lock: the system gives it back when this process ends, however it ends. OSError: another has it."""
    if not _LOCKS:
        yield
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)
