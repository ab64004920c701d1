"""One writer for a file, on every platform; the lock ends with the process or when the file is closed."""

import os
import sys

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_BEHIND = 0x7FFFFFFE
"""Windows lets nobody read a byte that is locked: the one taken lies far behind the end of the file."""


def lock(file: int) -> bool:
    """Take the open file for this process alone, without waiting; False where another has it. It then stands at its begin."""
    try:
        if sys.platform == "win32":
            os.lseek(file, _BEHIND, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            os.lseek(file, 0, os.SEEK_SET)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
