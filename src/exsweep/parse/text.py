"""UTF-16 to UTF-8 on the way in; everything else passes as the bytes it is."""

import codecs

SAMPLE = 512
"""Bytes looked at to tell UTF-16 without a byte order mark."""
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def utf16_kind(head: bytes) -> str | None:
    """`utf-16-le`, `utf-16-be` or None, by byte order mark, else by the NUL that every second byte of plain text is."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    sample = head[:SAMPLE]
    sample = sample[: len(sample) // 2 * 2]
    if len(sample) < 16 or b"\0" not in sample:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    for name, high, low in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        # Text that is partly in another script has fewer NUL, but all of them in the same byte of each two.
        if (high * 10 >= half * 9 and low * 20 <= half) or (high * 2 >= half and not low):
            return name
    return None


def to_utf8(head: bytes) -> bytes:
    """The beginning of a file as UTF-8, when it is UTF-16; otherwise as it is."""
    kind = utf16_kind(head)
    if kind is None:
        return head
    text = head[: len(head) // 2 * 2].decode(kind, "surrogatepass" if _whole(head, kind) else "replace")
    return text.removeprefix("\ufeff").encode("utf-8", "surrogatepass")


def _whole(head: bytes, kind: str) -> bool:
    try:
        head[: len(head) // 2 * 2].decode(kind, "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


class TextDecoder:
    """Decides once from the first bytes of a stream, then converts chunk by chunk.

    Lone surrogates survive (as their three bytes); an odd last byte is dropped and counted in `lost`.
    """

    def __init__(self) -> None:
        self._held = b""
        self._decided = False
        self._decoder: codecs.IncrementalDecoder | None = None
        self.encoding: str | None = None
        """`utf-16-le` or `utf-16-be` once known; offsets then count in the decoded UTF-8 stream."""
        self.lost = 0

    def feed(self, chunk: bytes, *, last: bool) -> bytes:
        """The next bytes as UTF-8 (or as they are); holds back the first SAMPLE bytes until it has decided."""
        if not self._decided:
            chunk = self._held + chunk
            if len(chunk) < SAMPLE and not last:
                self._held = chunk
                return b""
            self._held = b""
            self._decided = True
            self.encoding = utf16_kind(chunk)
            if self.encoding is not None:
                self._decoder = codecs.getincrementaldecoder(self.encoding)("surrogatepass")
                chunk = chunk[2:] if chunk[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else chunk
        if self._decoder is None:
            return chunk
        text = self._decoder.decode(chunk)
        if last:
            pending, _ = self._decoder.getstate()
            self.lost = len(pending)
        return text.encode("utf-8", "surrogatepass")
