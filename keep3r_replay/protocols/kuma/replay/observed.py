"""A logged event as the replay handles it, and the reading of a transaction's events one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.kuma.events import PLACES

if TYPE_CHECKING:
    from collections.abc import Sequence


class Observed(NamedTuple):
    """A logged event: index in the block, role and contract of its emitter, name, values in declared order.

    Amounts are int, addresses and words lower-case text.
    """

    log_index: int
    role: str
    contract: str
    event: str
    values: tuple[object, ...]

    def value(self, column: str) -> object:
        """The value of a column of its event."""
        return self.values[PLACES[self.role, self.event][column]]

    def number(self, column: str) -> int:
        """A value that is a number. Raises `TypeError` where the table holds something else: a mistake of the code."""
        value = self.value(column)
        if not isinstance(value, int):
            raise TypeError(f"{self.event}: {column} is no number")
        return value

    def text(self, column: str) -> str:
        """A value that is an address or a word."""
        return str(self.value(column))

    def after(self, column: str) -> tuple[object, ...]:
        """The values that stand after a column: the members of a struct."""
        return self.values[PLACES[self.role, self.event][column] + 1 :]


REFRESH = ("PreviousEpochCumulativeYieldUpdated", "CumulativeYieldUpdated", "YieldUpdated")
"""The events of a refresh, in their order, each there only where it applies."""


def after_refresh(events: Sequence[Observed], start: int, contract: str = "") -> int:
    """Index of the first event after the refresh that begins at `start` (`start` itself where none does).

    Only a refresh of `contract` counts, where one is given.
    """
    step, position = 0, start
    while position < len(events):
        event = events[position]
        if event.event not in REFRESH or event.role != "kib_token" or (contract and event.contract != contract):
            break
        if REFRESH.index(event.event) < step:
            break
        step, contract = REFRESH.index(event.event) + 1, event.contract
        position += 1
    return position


def find(events: Sequence[Observed], start: int, contract: str, *names: str) -> int:
    """Index of the first event of a contract with one of the names, from `start` on; -1 if there is none."""
    for position in range(start, len(events)):
        if events[position].contract == contract and events[position].event in names:
            return position
    return -1
