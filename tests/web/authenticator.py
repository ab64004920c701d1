"""A passkey in software: makes keys and signs as a telephone would, and lies where a test wants it to."""

import base64
import hashlib
import json
import secrets
import struct
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 1, 4, 64


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Authenticator:
    """One device at one origin. `lies`: what it says instead of the truth."""

    def __init__(self, origin: str, *, rp: str | None = None) -> None:
        self.origin = origin
        self.rp = rp or origin.partition("//")[2].partition(":")[0]
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential = secrets.token_bytes(32)
        self.user = b""
        self.counter = 0
        self.flags = PRESENT | VERIFIED

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.create` gives."""
        padded = options["user"]["id"] + "=" * (-len(options["user"]["id"]) % 4)
        self.user = base64.urlsafe_b64decode(padded)
        numbers = self.key.public_key().public_numbers()
        point = [number.to_bytes(32, "big") for number in (numbers.x, numbers.y)]
        # COSE_Key: EC2, ES256, P-256, x, y.
        cose = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" + point[0] + b"\x22\x58\x20" + point[1]
        attested = bytes(16) + struct.pack(">H", len(self.credential)) + self.credential + cose
        data = self._data(self.flags | ATTESTED) + attested
        # CBOR: {"fmt": "none", "attStmt": {}, "authData": bytes}.
        attestation = (
            b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59" + struct.pack(">H", len(data)) + data
        )
        client = self._client("webauthn.create", options["challenge"])
        return self._answer({"clientDataJSON": b64(client), "attestationObject": b64(attestation)})

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.get` gives."""
        client = self._client("webauthn.get", options["challenge"])
        data = self._data(self.flags)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": b64(client),
                "authenticatorData": b64(data),
                "signature": b64(signature),
                "userHandle": b64(self.user),
            }
        )

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.rp.encode()).digest() + bytes([flags]) + struct.pack(">I", self.counter)

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, response: dict[str, str]) -> dict[str, Any]:
        name = b64(self.credential)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }
