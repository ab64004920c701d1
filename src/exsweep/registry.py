"""Kinds that register themselves (openers, parsers, exporters): one new file is one new kind."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """Things by name, in order of falling priority, then name.

    >>> words: Registry[str] = Registry("words")
    >>> _ = words.add("b", priority=1)("second"), words.add("a", priority=9)("first")
    >>> list(words)
    ['a', 'b']
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._items: dict[str, tuple[int, T]] = {}
        self._order: tuple[str, ...] | None = None

    def add(self, name: str, *, priority: int = 0) -> Callable[[T], T]:
        """Decorator: file `thing` under `name`. A second thing under one name is a programming error."""

        def register(thing: T) -> T:
            if name in self._items:
                raise ValueError(f"{self.name}: {name!r} is registered twice")
            self._items[name] = (priority, thing)
            self._order = None
            return thing

        return register

    def __getitem__(self, name: str) -> T:
        return self._items[name][1]

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        if self._order is None:  # asked for each file of the evidence
            self._order = tuple(sorted(self._items, key=lambda name: (-self._items[name][0], name)))
        return iter(self._order)

    def values(self) -> list[T]:
        """All things, highest priority first."""
        return [self._items[name][1] for name in self]
