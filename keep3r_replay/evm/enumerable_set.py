"""OpenZeppelin's EnumerableSet: a set whose order of elements is part of what a contract answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, KeysView


class EnumerableSet:
    """Addresses in the order `values()` returns them: an added one goes last, a removal moves the last into the gap."""

    __slots__ = ("_positions", "_values")

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values: list[str] = []
        self._positions: dict[str, int] = {}
        for value in values:
            self.add(value)

    def add(self, value: str) -> bool:
        """Append `value`; False if it was there already."""
        if value in self._positions:
            return False
        self._positions[value] = len(self._values)
        self._values.append(value)
        return True

    def remove(self, value: str) -> bool:
        """Take `value` out, moving the last element into its place; False if it was not there."""
        position = self._positions.pop(value, None)
        if position is None:
            return False
        last = self._values.pop()
        if last != value:
            self._values[position] = last
            self._positions[last] = position
        return True

    @property
    def members(self) -> KeysView[str]:
        """The elements in no order, as they are at any time: what many are looked for in."""
        return self._positions.keys()

    def __contains__(self, value: object) -> bool:
        return value in self._positions

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def values(self) -> list[str]:
        """The elements in the contract's order, as a new list."""
        return list(self._values)
