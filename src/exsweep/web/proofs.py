"""What proves who somebody is: a password (scrypt; only its hash is kept) and a code of his telephone (TOTP, RFC 6238)."""

import hashlib
import hmac
import secrets
from urllib.parse import quote

import pyotp

from exsweep.errors import UsageError

SHORTEST_PASSWORD = 12

_STEP_S = 30

_COST, _BLOCK, _LANES, _MEMORY = 1 << 15, 8, 1, 96 << 20
"""scrypt. Source: OWASP password storage cheat sheet (N = 2^15, r = 8, p = 3 or more memory), RFC 7914."""


def new_secret() -> str:
    """A secret for an authenticator app, base32."""
    return pyotp.random_base32()


def app_address(secret: str, name: str) -> str:
    """`otpauth://...` for the app; drawn as a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=quote(name or "exsweep"), issuer_name="exsweep")


def hashed(password: str) -> str:
    """What is kept of a password: `scrypt$salt$hash`."""
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_scrypt(password, salt).hex()}"


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_COST, r=_BLOCK, p=_LANES, maxmem=_MEMORY)


def fits(password: str, hashed: str) -> bool:
    """Whether it is the password of which that was kept; takes as long either way."""
    _, salt, expected = hashed.split("$")
    return hmac.compare_digest(_scrypt(password[:1_000], bytes.fromhex(salt)).hex(), expected)


NOBODYS = f"scrypt${'00' * 16}${'00' * 64}"
"""Fits no password: who is not there takes as long as who is."""


def good_password(password: str, name: str) -> None:
    """Let a new password pass.

    Raises:
        UsageError: too short, or easily guessed.
    """
    if not SHORTEST_PASSWORD <= len(password) <= 1_000:
        raise UsageError(
            f"The password has fewer than {SHORTEST_PASSWORD} characters.",
            tip="Take four or five random words.",
        )
    if len(set(password)) < 5 or password.casefold() in (name.casefold(), name.casefold() * 2):
        raise UsageError("This password is easily guessed.", tip="Take four or five random words.")


def counter_of(secret: str, code: str, now: int, used: int) -> int | None:
    """The time step whose code this is: the present one or a neighbour, later than the one used last. None: no."""
    code = "".join(code.split())
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        return None
    try:
        made = pyotp.HOTP(secret)
        for step in (now // _STEP_S - 1, now // _STEP_S, now // _STEP_S + 1):
            if step > used and hmac.compare_digest(made.at(step), code):
                return step
    except ValueError:  # the secret is no base32: it came with a form
        return None
    return None
