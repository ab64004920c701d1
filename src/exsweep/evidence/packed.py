"""A long sequence of records in a tenth of the memory: blocks of compressed MessagePack, unpacked as they are passed."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar, overload

import msgspec

_BLOCK = 256
"""Records unpacked at once: as many as one task has files, or a little more."""

T = TypeVar("T")


class Packed(Sequence[T], Generic[T]):
    """Records of one type, to go through in order as often as needed: evidence may have a million files.

    A record is made anew each time it is asked for, so that it equals itself but is not itself. Reaching into the middle
    costs a block.
    """

    def __init__(self, kind: type[T], items: Iterable[T] = ()) -> None:
        self._decoder = msgspec.msgpack.Decoder(list[kind])  # type: ignore[valid-type]
        self._encode = msgspec.msgpack.Encoder().encode
        self._blocks: list[bytes] = []
        self._rest: list[T] = []
        self._at: tuple[int, list[T]] = (-1, [])
        self.extend(items)

    def extend(self, items: Iterable[T]) -> None:
        """Put these behind the others."""
        for item in items:
            self._rest.append(item)
            if len(self._rest) == _BLOCK:
                self._blocks.append(zlib.compress(self._encode(self._rest), 1))
                self._rest = []

    def __len__(self) -> int:
        return len(self._blocks) * _BLOCK + len(self._rest)

    def __iter__(self) -> Iterator[T]:
        for number in range(len(self._blocks)):
            yield from self._unpacked(number)
        yield from self._rest

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...
    def __getitem__(self, place: int | slice) -> T | Sequence[T]:
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            if step != 1:
                raise ValueError("a packed sequence is read in order")
            return list(islice(self._behind(start), max(0, stop - start)))
        place = place + len(self) if place < 0 else place
        if not 0 <= place < len(self):
            raise IndexError(place)
        number, inside = divmod(place, _BLOCK)
        return self._rest[inside] if number == len(self._blocks) else self._kept(number)[inside]

    def _behind(self, start: int) -> Iterator[T]:
        first, inside = divmod(start, _BLOCK)
        for number in range(first, len(self._blocks)):
            yield from islice(self._kept(number), inside, None)
            inside = 0
        yield from islice(self._rest, inside, None)

    def _unpacked(self, number: int) -> list[T]:
        return self._decoder.decode(zlib.decompress(self._blocks[number]))

    def _kept(self, number: int) -> list[T]:
        """The block, kept until another one is asked for: neighbours are asked for one after the other."""
        if self._at[0] != number:
            self._at = (number, self._unpacked(number))
        return self._at[1]
