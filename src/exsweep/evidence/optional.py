"""Decoders of the extra `exsweep[archives]`: looked for when a member needs them, and named when they are missing."""

from importlib import import_module
from typing import Any

EXTRA = "exsweep[archives]"

_PACKAGES = {"Cryptodome": "pycryptodomex", "inflate64": "inflate64"}


class MissingError(Exception):
    """The package is not installed; the text says what to install."""


def optional(module: str, extra: str = EXTRA) -> Any:
    """The module. Raises MissingError."""
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingError(
            f"needs the package {_PACKAGES.get(module.partition('.')[0], module)} (install {extra})"
        ) from error
