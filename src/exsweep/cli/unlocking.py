"""What opens locked evidence: passwords and private keys. They are never arguments, for those stand in the report."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from exsweep.errors import UsageError

_PEM = re.compile(rb"-----BEGIN ((?:RSA |ENCRYPTED )?PRIVATE KEY)-----(.*?)-----END \1-----", re.DOTALL)
_MOST = 4 << 20

_OPTIONS = (
    click.option(
        "--password-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Passwords for locked archives, one a line. They are written nowhere.",
    ),
    click.option("--ask-password", is_flag=True, help="Ask for the password of locked archives."),
    click.option(
        "--key",
        "keys",
        multiple=True,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Private key for collections that Velociraptor locked for its server: PEM, or the server.config.yaml.",
    ),
)


def unlocking(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --password-file, --ask-password and --key to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def secrets(password_file: Path | None, ask: bool, keys: tuple[Path, ...]) -> tuple[bytes, ...]:
    """Passwords (lines of the file, what is typed) and keys as PEM.

    Raises:
        UsageError: a file holds no private key, or one that is itself locked; or there is no terminal to ask at.
    """
    found = [line for line in password_file.read_bytes().splitlines() if line] if password_file else []
    if ask:
        if not sys.stdin.isatty():
            raise UsageError(
                "--ask-password needs a terminal to ask at.", tip="Use --password-file FILE instead."
            )
        found.append(click.prompt("Password of the archive", hide_input=True, err=True).encode())
    for file in keys:
        found += _keys_in(file)
    return tuple(found)


def _keys_in(file: Path) -> list[bytes]:
    with file.open("rb") as opened:
        text = opened.read(_MOST)
    blocks = [(kind, body) for kind, body in _PEM.findall(text)]
    if not blocks:
        raise UsageError(
            f"--key {file}: there is no private key in it.",
            tip="Give the server.config.yaml of the Velociraptor server, or its Frontend.private_key saved as a file.",
        )
    if any(b"ENCRYPTED" in kind + body for kind, body in blocks):
        raise UsageError(
            f"--key {file}: the key is itself locked with a passphrase.",
            tip="Unlock a copy first: openssl pkey -in KEY -out unlocked.pem. Remove the copy afterwards.",
        )
    # In a YAML file each line of the key is indented.
    return [
        b"-----BEGIN %s-----\n%s\n-----END %s-----" % (kind, b"\n".join(body.split()), kind)
        for kind, body in blocks
    ]
