"""Copies of storages: dataclasses with slots, whose lists and dicts change and whose other values do not."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Storage = TypeVar("_Storage")

_MUTABLE = frozenset({list, dict})


def copied(storage: _Storage) -> _Storage:
    """A copy slot by slot, many times as fast as `dataclasses.replace`; lists and dicts are copied, not shared."""
    kind = type(storage)
    return kind(*[value.copy() if type(value) in _MUTABLE else value for value in _slots(kind)(storage)])


def alias(storage: _Storage) -> _Storage:
    """Another storage with the same values, lists and dicts included: to set slots of without changing the first."""
    kind = type(storage)
    return kind(*_slots(kind)(storage))


_READERS: dict[type, Callable[[object], tuple[Any, ...]]] = {}


def _slots(kind: type) -> Callable[[object], tuple[Any, ...]]:
    """What reads all slots of a storage at once, in the order of its constructor."""
    reader = _READERS.get(kind)
    if reader is None:
        # Each of our storages is a dataclass with slots.
        reader = _READERS[kind] = attrgetter(*kind.__slots__)  # type: ignore[attr-defined]
    return reader
