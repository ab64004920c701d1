"""The key of the marks that stand for secrets: a file that only its owner can read."""

import os
import secrets
from pathlib import Path

from exsweep.errors import StoreError, UsageError

_SHORTEST, _LONGEST = 16, 4096


def key_in(path: Path) -> bytes:
    """The key in a file; where there is none, one is made.

    Raises:
        StoreError: it can neither be read nor made.
        UsageError: the file is too short or too long for a key.
    """
    try:
        if not path.exists():
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32) + "\n")
        key = path.read_bytes().strip() if path.stat().st_size <= _LONGEST else b""
    except OSError as error:
        raise StoreError(
            f"The key in {path} cannot be read or made: {error.strerror or error}.", tip="Name another file."
        ) from error
    if len(key) < _SHORTEST:
        raise UsageError(
            f"{path} holds no key: {_SHORTEST} to {_LONGEST} bytes make one.",
            tip="Name a file that does not exist yet: a key is made there.",
        )
    return key
