"""gzip, bzip2, xz and zstd: one compressed stream, a tar or anything else in it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from exsweep.evidence.codecs import Codec, Zstandard, bzip2_codec, gzip_codec, xz_codec
from exsweep.evidence.decoded import Allowance, Decoded
from exsweep.evidence.opener import Context, Opener, openers
from exsweep.evidence.peel import peel
from exsweep.evidence.reader import Reader
from exsweep.evidence.records import Place
from exsweep.evidence.source import Source


def _zstd_frame(head: bytes) -> bool:
    return head.startswith(b"\x28\xb5\x2f\xfd") or (head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F)


class Compressed(Opener):
    """A stream that decodes to one thing; its logical path stays that of the compressed file."""

    def __init__(self, codec: Callable[[int], Codec], begins: Callable[[bytes], bool]) -> None:
        self._codec = codec
        self._begins = begins

    def recognises(self, head: bytes) -> bool:
        return self._begins(head)

    def sources(
        self, reader: Reader, place: Place, context: Context, notes: tuple[str, ...]
    ) -> Iterator[Source]:
        again = context.again
        fresh = replace(context, allowance=Allowance(context.budgets.expansion_bytes))
        inner = replace(
            context.inside(),
            compressed=True,
            again=(lambda: self._decoded(again(), fresh)) if again else None,
        )
        yield from peel(self._decoded(reader, context), place, inner, notes=notes)

    def _decoded(self, reader: Reader, context: Context) -> Decoded:
        budgets = context.budgets
        return Decoded(
            reader,
            lambda: self._codec(budgets.window_bytes),
            context.allowance,
            budgets=budgets,
            another=self._begins,
        )


openers.add("gzip")(Compressed(gzip_codec, lambda head: head.startswith(b"\x1f\x8b\x08")))
openers.add("bzip2")(
    Compressed(
        bzip2_codec, lambda head: head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90")
    )
)
openers.add("xz")(Compressed(xz_codec, lambda head: head.startswith(b"\xfd7zXZ\0")))
openers.add("zstd")(Compressed(Zstandard, _zstd_frame))
