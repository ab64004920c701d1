"""Settings that an operator writes into a file of YAML, as one typed struct; what does not fit is named with its place."""

import ssl
from pathlib import Path
from typing import TypeVar

import msgspec

from exsweep.errors import UsageError

T = TypeVar("T")
_MOST = 1 << 20


def read(path: Path, kind: type[T]) -> T:
    """The settings in a file.

    Raises:
        UsageError: it cannot be read, is no YAML, or something in it does not fit.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MOST)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.", tip="Look at the path and the rights.") from error
    try:
        return msgspec.yaml.decode(text, type=kind, dec_hook=_path)
    except (msgspec.MsgspecError, ValueError) as error:
        raise UsageError(
            f"{path}: {str(error)[:400]}.", tip="Compare it with the example in docs/how-to."
        ) from error


def _path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise ValueError(f"{value!r} is no path")


def certificates(folder: Path, named: Path | None) -> Path | None:
    """The file of certificates (PEM) that is named in the settings of a folder.

    Raises:
        UsageError: it cannot be read, or holds none.
    """
    if named is None:
        return None
    path = folder / named
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError as error:
        raise UsageError(
            f"{path} holds no certificate: {error.strerror or error}.",
            tip="Write it in PEM: -----BEGIN CERTIFICATE-----",
        ) from error
    return path


def secret(path: Path) -> str:
    """The secret that stands alone in a file.

    Raises:
        UsageError: it cannot be read, or is empty.
    """
    try:
        found = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} cannot be read: {error}.", tip="Look at the path and the rights."
        ) from error
    if not found:
        raise UsageError(f"{path} is empty.", tip="Write the secret into it, in one line.")
    return found
