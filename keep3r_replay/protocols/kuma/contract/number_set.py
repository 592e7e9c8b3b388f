"""Sets of numbers as the contracts keep them: in the order that `values()` shows."""

from __future__ import annotations


def add(values: list[int], value: int) -> bool:
    """EnumerableSet.add: append if absent; tell whether it was."""
    if value in values:
        return False
    values.append(value)
    return True


def remove(values: list[int], value: int) -> bool:
    """EnumerableSet.remove: the last element moves into the gap; tell whether it was there."""
    if value not in values:
        return False
    position, last = values.index(value), values.pop()
    if last != value:
        values[position] = last
    return True
