"""What a history is made of, as the engine hands it on: blocks, transactions, events, and parts of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

Place = tuple[int, int]
"""Block number and index in the block: the name of a transaction."""

Row = tuple[Any, ...]
"""An event: its log index, then the columns that its handler asks for. Amounts are int, addresses lower-case text."""


class Block(NamedTuple):
    """A block as it is entered: seconds, wei, gas. Before London there is no base fee."""

    number: int
    timestamp: int
    base_fee: int | None
    gas_limit: int | None


class Transaction(NamedTuple):
    """A transaction of the lake. `origin` is its sender; `to` is None where it created a contract."""

    place: Place
    hash: str
    origin: str
    to: str | None
    input: bytes
    gas: int
    gas_used: int
    effective_gas_price: int
    status: int


@dataclass(frozen=True, slots=True)
class EventHandler:
    """Which columns of an event's table a handler reads, after the log index, and the handler.

    The handler gets the replay's `context` and the row.
    """

    columns: tuple[str, ...]
    handle: Callable[[Any, Row], None]


class Span(NamedTuple):
    """Part of a history: blocks above `after` (None: from the first) up to `until` (None: to the last)."""

    after: int | None = None
    until: int | None = None

    def holds(self, block: int) -> bool:
        """Whether `block` is in it."""
        return (self.after is None or block > self.after) and (self.until is None or block <= self.until)

    @property
    def first(self) -> int | None:
        """Its first block; None if it begins with the history."""
        return None if self.after is None else self.after + 1


WHOLE = Span()
"""All of a history."""
