"""What the records of one file say of the log itself: channels, numbers that are missing, clearings, clocks that ran back."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MAX_RANGES = 4096
"""Stretches of record numbers that are told apart; a log with more gaps than that says nothing by them."""
MAX_CHANNELS = 64
MAX_TOLD = 10
_DIGITS = re.compile(r"\d{1,20}", re.ASCII)
BACKWARDS_MS = 60_000
"""A record this much older than the one before it is worth a remark: writers that wait for each other differ by seconds."""


class Ranges:
    """Numbers seen, as stretches without a gap."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self.too_many = False

    def add(self, first: int, last: int) -> None:
        """All numbers from `first` to `last`."""
        place = bisect_left(self._ends, first - 1)
        stop = place
        while stop < len(self._starts) and self._starts[stop] <= last + 1:
            first, last = min(first, self._starts[stop]), max(last, self._ends[stop])
            stop += 1
        if stop == place and len(self._starts) >= MAX_RANGES:
            self.too_many = True
            return
        self._starts[place:stop], self._ends[place:stop] = [first], [last]

    def add_all(self, numbers: Iterable[int]) -> None:
        """Numbers in any order; runs of neighbours are quick."""
        first: int | None = None
        last = 0
        for number in numbers:
            if first is not None and number == last + 1:
                last = number
                continue
            if first is not None:
                self.add(first, last)
            first = last = number
        if first is not None:
            self.add(first, last)

    def gaps(self) -> list[tuple[int, int]]:
        """First and last number of each gap, in order."""
        return [(end + 1, start - 1) for end, start in zip(self._ends[:-1], self._starts[1:], strict=True)]

    @property
    def span(self) -> tuple[int, int] | None:
        """Lowest and highest number."""
        return (self._starts[0], self._ends[-1]) if self._starts else None


@dataclass(slots=True)
class _Channel:
    records: int = 0
    first: int | None = None
    last: int | None = None


class Ledger:
    """Counts one file. `numbers` are those of the record headers (`.evtx` only): unique in a file by its making."""

    def __init__(self) -> None:
        self.numbers = Ranges()
        self.renumbered = False
        """Headers count anew while the records keep their old numbers: someone chose and saved them."""
        self.computers: dict[str, None] = {}
        self.backwards = 0
        self.furthest_back_ms = 0
        self._channels: dict[str, _Channel] = {}
        self._others = 0
        self._cleared: list[tuple[str, str]] = []
        self._clearings = 0

    def saw(self, channel: str, record_ids: Sequence[str | int | None]) -> None:
        """Events of one channel."""
        one = self._channels.get(channel)
        if one is None:
            if len(self._channels) >= MAX_CHANNELS:
                self._others += len(record_ids)
                return
            one = self._channels[channel] = _Channel()
        one.records += len(record_ids)
        numbers = _numbers(record_ids)
        if numbers:
            first, last = min(numbers), max(numbers)
            one.first = first if one.first is None else min(one.first, first)
            one.last = last if one.last is None else max(one.last, last)

    def saw_computer(self, name: str) -> None:
        if len(self.computers) < MAX_CHANNELS:
            self.computers[name] = None

    def saw_clearing(self, log: str, when: str) -> None:
        """An event that says that the log named was cleared."""
        self._clearings += 1
        if len(self._cleared) < MAX_TOLD:
            self._cleared.append((log, when))

    def went_back(self, ms: int) -> None:
        """A record is so much older than the one that was written before it."""
        if ms > BACKWARDS_MS:
            self.backwards += 1
            self.furthest_back_ms = max(self.furthest_back_ms, ms)

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels, the one with most records first."""
        return tuple(sorted(self._channels, key=lambda name: (-self._channels[name].records, name)))

    def facts(self) -> dict[str, str]:
        """`channel.<name>.records|first_record|last_record`, `records.first|last|missing`, `cleared.<log>` (times)."""
        said: dict[str, str] = {}
        for name, one in self._channels.items():
            said[f"channel.{name}.records"] = str(one.records)
            if one.first is not None and one.last is not None:
                said[f"channel.{name}.first_record"] = str(one.first)
                said[f"channel.{name}.last_record"] = str(one.last)
        if self.numbers.span is not None:
            said["records.first"], said["records.last"] = map(str, self.numbers.span)
            if not self.numbers.too_many:
                said["records.missing"] = str(sum(last - first + 1 for first, last in self.numbers.gaps()))
        times: dict[str, list[str]] = {}
        for log, when in self._cleared:
            times.setdefault(log, []).append(when)
        said.update({f"cleared.{log}": ", ".join(sorted(found)) for log, found in times.items()})
        return said

    def notes(self) -> Iterable[str]:
        """The same for people, where it is remarkable."""
        gaps = [] if self.numbers.too_many else self.numbers.gaps()
        if self.numbers.too_many:
            yield f"The record numbers have more than {MAX_RANGES} gaps."
        elif gaps:
            missing = sum(last - first + 1 for first, last in gaps)
            told = ", ".join(
                f"{first}-{last}" if last > first else str(first) for first, last in gaps[:MAX_TOLD]
            )
            more = f" and {len(gaps) - MAX_TOLD} more gaps" if len(gaps) > MAX_TOLD else ""
            yield f"{missing} record numbers are missing between the first and the last: {told}{more}."
        if self.renumbered:
            yield "The records were chosen and saved from a log (their numbers were given anew): others may exist."
        for log, when in self._cleared:
            yield f"The log {log} was cleared at {when}: what it held before is not here."
        if self._clearings > len(self._cleared):
            yield f"{self._clearings - len(self._cleared)} further events say that a log was cleared."
        if len(self._channels) > 1 and self._others == 0:
            counts: Counter[str] = Counter({name: one.records for name, one in self._channels.items()})
            told = ", ".join(f"{name} ({count})" for name, count in counts.most_common(MAX_TOLD))
            yield f"Records of {len(self._channels)} channels: {told}."
        if self._others:
            yield f"{self._others} records belong to further channels than the first {MAX_CHANNELS}."
        if self.backwards:
            seconds = self.furthest_back_ms // 1000
            yield (
                f"{self.backwards} times a record is older than the one written before it, by up to {seconds} seconds: "
                "the clock was set back, or records were written later."
            )


def _numbers(texts: Sequence[str | int | None]) -> list[int]:
    try:
        return [int(text) for text in texts if text is not None]
    except ValueError:
        return [int(text) for text in texts if text is not None and _DIGITS.fullmatch(str(text))]
