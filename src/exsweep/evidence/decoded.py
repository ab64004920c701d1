"""A compressed stream read through its codec, within the budgets."""

from collections.abc import Callable

from exsweep.evidence.codecs import Codec, UndecodableError
from exsweep.evidence.reader import Reader
from exsweep.evidence.records import Budgets, EvidenceReadError
from exsweep.model import SourceState

INPUT = 64 << 10


class Allowance:
    """Decoded bytes that one unit may still give, all its layers together."""

    def __init__(self, size: int) -> None:
        self.left = size

    def spend(self, size: int) -> None:
        """Raises EvidenceReadError (`limit`) when nothing is left."""
        self.left -= size
        if self.left < 0:
            raise EvidenceReadError(
                SourceState.LIMIT, "stopped: the archive expands beyond the budget of all its members"
            )


class Decoded(Reader):
    """What a compressed stream holds; several streams one after another are one (`cat a.gz b.gz`)."""

    def __init__(
        self,
        source: Reader,
        make: Callable[[], Codec],
        allowance: Allowance,
        *,
        budgets: Budgets,
        another: Callable[[bytes], bool] | None = None,
    ) -> None:
        """`another(head)` says whether another stream begins; without it the codec's end is the end."""
        super().__init__()
        self._source = source
        self._make = make
        self._codec = make()
        self._allowance = allowance
        self._budgets = budgets
        self.guarded = True
        """Stop when all of it expands like a bomb; off where members are guarded one by one."""
        self._another = another
        self._pending = b""
        self._ready = b""
        self._ended = False
        self.consumed = 0
        self.produced = 0
        self.unused = b""

    @property
    def notes(self) -> tuple[str, ...]:
        return (*self._source.notes, *self._notes)

    def _pull(self, size: int) -> bytes:
        while not self._ready:
            if self._ended:
                return b""
            self._step()
        part, self._ready = self._ready[:size], self._ready[size:]
        return part

    def _step(self) -> None:
        codec, data = self._codec, b""
        if codec.hungry:
            data, self._pending = self._pending or self._source.read(INPUT), b""
            if not data:
                raise EvidenceReadError(
                    SourceState.PARTIAL, "compressed data end too early: the file looks cut off"
                )
            self.consumed += len(data)
        try:
            self._ready = codec.decode(data)
        except UndecodableError as error:
            raise EvidenceReadError(SourceState.PARTIAL, f"compressed data are damaged: {error}") from error
        self.produced += len(self._ready)
        self._allowance.spend(len(self._ready))
        if self.guarded:
            guard_ratio(self.produced, self.consumed, self._budgets)
        if codec.finished:
            self._after(codec.unused)

    def _after(self, rest: bytes) -> None:
        self.consumed -= len(rest)
        if self._another is None:
            self.unused, self._ended = rest, True
            return
        while not (rest := rest.lstrip(b"\0")) or len(rest) < 8:
            more = self._source.read(INPUT)
            if not more:
                break
            rest += more
        if self._another(rest):
            self._codec, self._pending = self._make(), rest
            return
        self._ended = True
        count = len(rest)
        while rest and (more := self._source.read(INPUT)):
            count += len(more)
        if count:
            self._notes.append(
                f"{count:,} bytes after the compressed data belong to nothing and were ignored"
            )


class Guarded(Reader):
    """One member of a compressed stream of members, with a guard of its own.

    `consumed` tells how many compressed bytes the stream has taken so far.
    """

    def __init__(self, member: Reader, consumed: Callable[[], int], budgets: Budgets) -> None:
        super().__init__()
        self._member = member
        self._consumed = consumed
        self._budgets = budgets
        self._before = consumed()
        self._produced = 0

    @property
    def notes(self) -> tuple[str, ...]:
        return self._member.notes

    def _pull(self, size: int) -> bytes:
        part = self._member.read(size)
        self._produced += len(part)
        guard_ratio(self._produced, self._consumed() - self._before + INPUT, self._budgets)
        return part


def guard_ratio(produced: int, consumed: int, budgets: Budgets) -> None:
    """Raises EvidenceReadError (`limit`) for what expands like a bomb."""
    if produced > budgets.ratio_free_bytes and produced > budgets.ratio * max(consumed, 1):
        raise EvidenceReadError(
            SourceState.LIMIT, f"stopped after {produced:,} bytes: expands more than {budgets.ratio}:1"
        )
