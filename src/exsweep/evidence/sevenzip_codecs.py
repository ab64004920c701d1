"""The steps by which a block of a 7z archive was packed, undone one after another in a stream.

Read: stored, LZMA, LZMA2, deflate, deflate64, bzip2, zstd, the filters Delta, BCJ (x86, ARM, PPC, SPARC, IA-64), and AES-256
with the password given. Not read: PPMd, BCJ2 and what only variants of the program know; said by name.
"""

import hashlib
import lzma
from collections.abc import Callable, Sequence
from functools import lru_cache

from exsweep.evidence.codecs import (
    Block,
    Codec,
    Deflate,
    UndecodableError,
    Zstandard,
    bzip2_codec,
    deflate64_codec,
)
from exsweep.evidence.decoded import Decoded
from exsweep.evidence.opener import Context
from exsweep.evidence.optional import optional
from exsweep.evidence.reader import Reader
from exsweep.evidence.records import EvidenceReadError
from exsweep.evidence.sevenzip_header import Block as Packed
from exsweep.evidence.sevenzip_header import Coder
from exsweep.model import SourceState

AES = b"\x06\xf1\x07\x01"
_COPY, _DELTA, _LZMA, _LZMA2 = b"\0", b"\3", b"\3\1\1", b"\x21"
_FILTERS = {
    b"\3\3\1\3": lzma.FILTER_X86,
    b"\4": lzma.FILTER_X86,
    b"\3\3\2\5": lzma.FILTER_POWERPC,
    b"\5": lzma.FILTER_POWERPC,
    b"\3\3\4\1": lzma.FILTER_IA64,
    b"\6": lzma.FILTER_IA64,
    b"\3\3\5\1": lzma.FILTER_ARM,
    b"\7": lzma.FILTER_ARM,
    b"\3\3\7\1": lzma.FILTER_ARMTHUMB,
    b"\x08": lzma.FILTER_ARMTHUMB,
    b"\3\3\x08\5": lzma.FILTER_SPARC,
    b"\x09": lzma.FILTER_SPARC,
}
_DEFLATE, _DEFLATE64, _BZIP2, _ZSTD = b"\4\1\x08", b"\4\1\x09", b"\4\2\2", b"\4\xf7\x11\1"
_OTHERS = {b"\3\4\1": "PPMd", b"\3\3\1\x1b": "BCJ2", b"\x0a": "a filter for ARM64", b"\4\xf7\x11\2": "Brotli"}
_PIECE = 32 << 10
_MOST_ROUNDS = 24
"""The program itself refuses more: 2 to this power rounds of SHA-256."""


def unpacked(stored: Reader, block: Packed, context: Context, password: bytes | None) -> Reader:
    """The content of a block, at most as much as its table says. Raises EvidenceReadError."""
    if not block.coders:
        raise _unreadable(", ".join(_OTHERS.get(method, method.hex()) for method in block.methods))
    reader = stored
    for coder in block.coders:
        reader = Exactly(_step(reader, coder, context, password), coder.unpacked)
    return reader


class Exactly(Reader):
    """The first `size` bytes of a step: LZMA does not say itself where it ends."""

    def __init__(self, source: Reader, size: int) -> None:
        super().__init__()
        self._source, self._left = source, size

    @property
    def notes(self) -> tuple[str, ...]:
        return self._source.notes

    def _pull(self, size: int) -> bytes:
        part = self._source.read(min(size, self._left)) if self._left else b""
        if not part and self._left:
            reason = f"the packed data end {self._left:,} bytes before the end of what they hold"
            raise EvidenceReadError(SourceState.PARTIAL, reason)
        self._left -= len(part)
        return part


def _step(reader: Reader, coder: Coder, context: Context, password: bytes | None) -> Reader:
    method, properties, budgets = coder.method, coder.properties, context.budgets
    if method == _COPY:
        return reader
    if method == AES:
        return _Unlocked(reader, properties, password)
    if method == _DELTA:
        return _Filtered(reader, {"id": lzma.FILTER_DELTA, "dist": (properties[0] if properties else 0) + 1})
    if method in _FILTERS:
        return _Filtered(reader, {"id": _FILTERS[method]})

    def codec() -> Codec:
        if method in (_LZMA, _LZMA2):
            return _lzma(method, properties, coder.unpacked, budgets.window_bytes)
        if method == _DEFLATE:
            return Deflate(-15)
        if method == _DEFLATE64:
            return deflate64_codec()
        if method == _BZIP2:
            return bzip2_codec()
        if method == _ZSTD:
            return Zstandard(budgets.window_bytes)
        raise _unreadable(_OTHERS.get(method, f"number {method.hex()}"))

    try:
        decoded = Decoded(reader, codec, context.allowance, budgets=budgets, another=_another(method))
    except UndecodableError as error:
        raise EvidenceReadError(SourceState.UNREADABLE, str(error)) from error
    decoded.guarded = False  # each file by itself: a block may hold an ordinary log beside a bomb
    return decoded


def _another(method: bytes) -> Callable[[bytes], bool] | None:
    """Methods whose streams may follow one another."""
    if method == _ZSTD:
        return lambda head: head.startswith(b"\x28\xb5\x2f\xfd")
    return (lambda head: head.startswith(b"BZh")) if method == _BZIP2 else None


def _unreadable(name: str) -> EvidenceReadError:
    reason = f"saved with a method we cannot read ({name}); unpack it and give the folder"
    return EvidenceReadError(SourceState.UNREADABLE, reason)


def _lzma(method: bytes, properties: bytes, size: int, window: int) -> Codec:
    if len(properties) != (5 if method == _LZMA else 1):
        raise UndecodableError("the settings of the method cannot be read")
    if method == _LZMA:
        if properties[0] >= 225:
            raise UndecodableError("the settings of the method cannot be read")
        rest, lc = divmod(properties[0], 9)
        pb, lp = divmod(rest, 5)
        dictionary = int.from_bytes(properties[1:5], "little")
        chosen: dict[str, int] = {"id": lzma.FILTER_LZMA1, "lc": lc, "lp": lp, "pb": pb}
    else:
        bits = properties[0]
        dictionary = (2 | bits & 1) << (bits // 2 + 11) if bits < 40 else 0xFFFFFFFF
        chosen = {"id": lzma.FILTER_LZMA2}
    # Nobody can look back further than the beginning.
    chosen["dict_size"] = dictionary = max(4096, min(dictionary, size))
    if dictionary > window:
        raise UndecodableError(
            f"needs {dictionary >> 20} MiB to look back; unpack it and give the folder, or pack it with a smaller dictionary"
        )
    try:
        return Block(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[chosen]))
    except (lzma.LZMAError, ValueError) as error:
        raise UndecodableError(str(error)) from error


class _Filtered(Reader):
    """A filter undone by the standard library: it knows filters only in front of LZMA2, so the bytes are wrapped in pieces
    of LZMA2 that are stored as they are."""

    def __init__(self, source: Reader, filter_: dict[str, int]) -> None:
        super().__init__()
        self._source = source
        chain = [filter_, {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]
        self._decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain)
        self._first = True
        self._ready = b""

    @property
    def notes(self) -> tuple[str, ...]:
        return self._source.notes

    def _pull(self, size: int) -> bytes:
        while not self._ready and not self._decoder.eof:
            part = self._source.read(_PIECE)
            if part:
                part = (b"\1" if self._first else b"\2") + (len(part) - 1).to_bytes(2, "big") + part
                self._first = False
            try:
                self._ready = self._decoder.decompress(part or b"\0")
            except lzma.LZMAError as error:
                raise EvidenceReadError(SourceState.PARTIAL, f"a filter failed: {error}") from error
        part, self._ready = self._ready[:size], self._ready[size:]
        return part


class _Unlocked(Reader):
    """AES-256 in CBC mode. Whether the password is right, only the content says."""

    def __init__(self, source: Reader, properties: bytes, password: bytes | None) -> None:
        super().__init__()
        if password is None:
            raise EvidenceReadError(
                SourceState.ENCRYPTED, "give its password (--ask-password), or unpack it and give the folder"
            )
        rounds, salt, start = _lock(properties)
        cipher = optional("Cryptodome.Cipher.AES")
        self._decrypt = cipher.new(key_of(password, salt, rounds), cipher.MODE_CBC, start).decrypt
        self._source, self._rest, self._plain = source, b"", b""

    @property
    def notes(self) -> tuple[str, ...]:
        return self._source.notes

    def _pull(self, size: int) -> bytes:
        while not self._plain:
            part = self._source.read(64 << 10)
            if not part:
                return b""
            data = self._rest + part
            whole = len(data) & ~15
            self._plain, self._rest = self._decrypt(data[:whole]), data[whole:]
        part, self._plain = self._plain[:size], self._plain[size:]
        return part


def _lock(properties: bytes) -> tuple[int, bytes, bytes]:
    """Rounds (a power of two), salt and first block. Raises EvidenceReadError."""
    if not properties:
        raise EvidenceReadError(SourceState.UNREADABLE, "encrypted in a way that nobody knows")
    first = properties[0]
    second = properties[1] if first & 0xC0 and len(properties) > 1 else 0
    salt_size, start_size = (first >> 7 & 1) + (second >> 4), (first >> 6 & 1) + (second & 15)
    rounds = first & 63
    if len(properties) < 2 + salt_size + start_size and first & 0xC0:
        raise EvidenceReadError(SourceState.UNREADABLE, "encrypted in a way that nobody knows")
    if rounds > _MOST_ROUNDS and rounds != 63:
        reason = f"its password would take 2^{rounds} rounds: unpack it and give the folder"
        raise EvidenceReadError(SourceState.LIMIT, reason)
    salt = properties[2 : 2 + salt_size]
    return rounds, salt, properties[2 + salt_size : 2 + salt_size + start_size].ljust(16, b"\0")


@lru_cache(maxsize=16)
def key_of(password: bytes, salt: bytes, rounds: int) -> bytes:
    """SHA-256 over salt, password (UTF-16) and a counter, 2^rounds times; 63: no hash at all."""
    secret = password.decode("utf-8", "surrogateescape").encode("utf-16-le", "surrogatepass")
    if rounds == 63:
        return (salt + secret)[:32].ljust(32, b"\0")
    digest, each = hashlib.sha256(), salt + secret
    for start in range(0, 1 << rounds, 4096):
        stop = min(start + 4096, 1 << rounds)
        digest.update(b"".join(each + n.to_bytes(8, "little") for n in range(start, stop)))
    return digest.digest()


def locked(blocks: Sequence[Packed]) -> bool:
    """Whether any of them needs a password."""
    return any(AES in block.methods for block in blocks)
