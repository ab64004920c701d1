"""Containers that Velociraptor's offline collector locks: all data in a locked `data.zip`, its password in `metadata.json` beside
it, encrypted for the key of the server that made the collector (scheme X509: RSA-OAEP with SHA-512, Base64).

The user's private key opens it; it is given like a password, as PEM. Source: `accessors/collector` and `crypto/utils` of
Velocidex/velociraptor (read 2026-11-28); the documentation names the schemes
(https://docs.velociraptor.app/docs/deployment/offline_collections/).
"""

import base64
import json
from collections.abc import Callable, Iterator

from exsweep.evidence.access import Access
from exsweep.evidence.optional import optional
from exsweep.evidence.reader import Reader
from exsweep.evidence.records import EvidenceReadError, ZipMember
from exsweep.evidence.zip_directory import NoDirectoryError, find_directory, members

PEM = b"-----BEGIN"
"""How a key begins; what begins so is no password."""
_DATA, _METADATA = b"data.zip", b"metadata.json"
_MOST = 1 << 20
_MOST_ROWS = 100


def passwords_for(
    access: Access, member: ZipMember, given: tuple[bytes, ...], opened: Callable[[ZipMember], Reader]
) -> tuple[tuple[bytes, ...], str]:
    """What the member may open with, and the scheme that its container names (nothing where it names none).

    Raises:
        MissingError: a key was given, and what reads it is not installed.
    """
    plain = tuple(each for each in given if not each.startswith(PEM))
    if member.name.rpartition(b"/")[2].lower() != _DATA:
        return plain, ""
    rows = _rows(access, member, opened)
    scheme = next((str(row["Scheme"]) for row in rows if isinstance(row.get("Scheme"), str)), "")
    found = [
        password
        for row in rows
        if str(row.get("Scheme")).lower() == "x509"
        for key in given
        if key.startswith(PEM) and (password := _decrypted(key, row.get("EncryptedPass"))) is not None
    ]
    return (*found, *plain), scheme[:20].upper()


def advice(scheme: str, *, key_given: bool) -> str:
    """What to do with a container that did not open, in words; nothing where the container says nothing of itself."""
    if scheme == "X509":
        if key_given:
            return "encrypted by Velociraptor for another key than the one given"
        return (
            "encrypted by Velociraptor for the key of its server:"
            " give that key (--key server.config.yaml, or its Frontend.private_key as PEM)"
        )
    if scheme == "PGP":
        return (
            "encrypted by Velociraptor for a PGP key: decrypt EncryptedPass of metadata.json with gpg,"
            " then give the password (--password-file)"
        )
    return ""


def _rows(
    access: Access, member: ZipMember, opened: Callable[[ZipMember], Reader]
) -> list[dict[str, object]]:
    beside = member.name[: -len(_DATA)] + _METADATA
    try:
        entries = members(access, find_directory(access))
        entry = next((one for one in entries if one.name.lower() == beside.lower()), None)
        data = opened(entry).exactly(_MOST) if entry is not None else b""
    except (NoDirectoryError, EvidenceReadError):
        return []
    return [row for row in _documents(data) if isinstance(row, dict)][:_MOST_ROWS]


def _documents(data: bytes) -> Iterator[object]:
    """A list of rows, or a row a line."""
    try:
        whole = json.loads(data)
        yield from whole if isinstance(whole, list) else [whole]
        return
    except (ValueError, RecursionError):
        pass
    for line in data.splitlines()[:_MOST_ROWS]:
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            continue  # the file itself is evidence too, and is read as such


def _decrypted(pem: bytes, text: object) -> bytes | None:
    if not isinstance(text, str) or len(text) > 8192:
        return None
    rsa = optional("Cryptodome.PublicKey.RSA")
    oaep, sha512 = optional("Cryptodome.Cipher.PKCS1_OAEP"), optional("Cryptodome.Hash.SHA512")
    try:
        cipher = oaep.new(rsa.import_key(pem), hashAlgo=sha512)
        password: bytes = cipher.decrypt(base64.b64decode(text, validate=True))
    except (ValueError, TypeError, IndexError):
        return None
    return password
