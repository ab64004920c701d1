"""Members of a zip that are locked with a password: WinZip's AES and the old ZipCrypto; the password is given, never guessed.

Sources: https://www.winzip.com/en/support/aes-encryption/ (AE-1, AE-2), APPNOTE 6.1 (traditional encryption); analyst
knowledge, proved by archives of other programs in the tests. Passwords are held in memory only.
"""

import hashlib
import hmac
import zlib
from collections.abc import Sequence

from exsweep.evidence.access import Access
from exsweep.evidence.optional import MissingError, optional
from exsweep.evidence.reader import Reader, Window
from exsweep.evidence.records import EvidenceReadError, ZipMember
from exsweep.model import SourceState

AES = 99
"""Method of members locked with AES; the true one stands in their extra field."""
_STREAMED = 8
_ROUNDS = 1000
_MAC = 10
_CHECK = 2
_HEADER = 12
_PIECE = 64 << 10
_TABLE = tuple(zlib.crc32(bytes([value ^ 0xFF])) ^ 0xFF000000 for value in range(256))
"""The table of CRC-32, won from the checksums of single bytes: crc32(b) = table[b ^ 0xFF] ^ 0xFF000000."""


def unlock(access: Access, member: ZipMember, start: int, passwords: Sequence[bytes]) -> Reader:
    """The stored bytes without their lock, still compressed. Raises EvidenceReadError (`encrypted`)."""
    if not passwords:
        raise _locked("give its password (--ask-password), or unpack it and give the folder")
    try:
        made = (_aes if member.method == AES else _traditional)(access, member, start, passwords)
    except MissingError as error:
        raise _locked(f"encrypted with AES, which {error}; or unpack it and give the folder") from error
    if made is None:
        tried = "the password does" if len(passwords) == 1 else f"none of {len(passwords)} passwords does"
        raise _locked(f"{tried} not open it")
    return made


def _aes(access: Access, member: ZipMember, start: int, passwords: Sequence[bytes]) -> Reader | None:
    strength = member.aes[1] if member.aes else 0
    if strength not in (1, 2, 3):
        raise _locked(f"encrypted in a way that nobody knows (strength {strength})")
    key_size = 8 * (strength + 1)
    salt_size = key_size // 2
    salt = access.at(start, salt_size)
    check = access.at(start + salt_size, _CHECK)
    begin, end = start + salt_size + _CHECK, start + member.stored_size - _MAC
    if end < begin:
        raise EvidenceReadError(SourceState.PARTIAL, "encrypted, and too short for its own header")
    for password in passwords:
        keys = hashlib.pbkdf2_hmac("sha1", password, salt, _ROUNDS, 2 * key_size + _CHECK)
        if keys[2 * key_size :] == check:
            mac = access.at(end, _MAC)
            return Aes(Window(access, begin, end), keys[:key_size], keys[key_size : 2 * key_size], mac)
    return None


def _traditional(access: Access, member: ZipMember, start: int, passwords: Sequence[bytes]) -> Reader | None:
    head = access.at(start, _HEADER)
    want = member.dos_time >> 8 if member.flags & _STREAMED else member.crc32 >> 24
    for password in passwords:
        keys = Keys(password)
        if len(head) == _HEADER and keys.decrypt(head)[-1] == want & 0xFF:
            return Traditional(Window(access, start + _HEADER, start + member.stored_size), keys)
    return None


def _locked(reason: str) -> EvidenceReadError:
    return EvidenceReadError(SourceState.ENCRYPTED, reason)


class Aes(Reader):
    """AES in counter mode, the counter little-endian from 1; ten bytes of HMAC-SHA1 over what is stored."""

    def __init__(self, stored: Window, key: bytes, mac_key: bytes, mac: bytes) -> None:
        super().__init__()
        cipher = optional("Cryptodome.Cipher.AES")
        counter = optional("Cryptodome.Util.Counter").new(128, little_endian=True, initial_value=1)
        self._decrypt = cipher.new(key, cipher.MODE_CTR, counter=counter).decrypt
        self._stored = stored
        self._mac = hmac.new(mac_key, digestmod="sha1")
        self._want = mac

    def _pull(self, size: int) -> bytes:
        data = self._stored.read(size)
        if data:
            self._mac.update(data)
            plain: bytes = self._decrypt(data)
            return plain
        if not hmac.compare_digest(self._mac.digest()[:_MAC], self._want):
            raise EvidenceReadError(
                SourceState.PARTIAL, "the seal of the encryption differs: damaged or changed"
            )
        return b""


class Keys:
    """The three keys of ZipCrypto (APPNOTE 6.1.5); slow, a few MB a second: it is rare."""

    def __init__(self, password: bytes) -> None:
        self._keys = (0x12345678, 0x23456789, 0x34567890)
        self._mix(password)

    def _mix(self, plain: bytes) -> None:
        a, b, c = self._keys
        for byte in plain:
            a = (a >> 8) ^ _TABLE[(a ^ byte) & 0xFF]
            b = ((b + (a & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
            c = (c >> 8) ^ _TABLE[(c ^ (b >> 24)) & 0xFF]
        self._keys = (a, b, c)

    def decrypt(self, data: bytes) -> bytes:
        a, b, c = self._keys
        out = bytearray(len(data))
        for place, byte in enumerate(data):
            mask = c | 2
            byte ^= ((mask * (mask ^ 1)) >> 8) & 0xFF
            out[place] = byte
            a = (a >> 8) ^ _TABLE[(a ^ byte) & 0xFF]
            b = ((b + (a & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
            c = (c >> 8) ^ _TABLE[(c ^ (b >> 24)) & 0xFF]
        self._keys = (a, b, c)
        return bytes(out)


class Traditional(Reader):
    """What was locked with ZipCrypto; whether the password was right, only the checksum of the content says."""

    def __init__(self, stored: Window, keys: Keys) -> None:
        super().__init__()
        self._stored = stored
        self._keys = keys

    def _pull(self, size: int) -> bytes:
        return self._keys.decrypt(self._stored.read(min(size, _PIECE)))


class Drained(Reader):
    """What a locked member holds; at its end the lock is read to its own end, where its seal stands."""

    def __init__(self, decoded: Reader, stored: Reader) -> None:
        super().__init__()
        self._decoded = decoded
        self._stored = stored

    @property
    def notes(self) -> tuple[str, ...]:
        return self._decoded.notes

    def _pull(self, size: int) -> bytes:
        part = self._decoded.read(size)
        while not part and self._stored.read(_PIECE):
            pass
        return part
