"""Logs as the replay sees them: every event of every contract around Keep3r V1, kept until its transaction ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.protocols.keep3r_v1.contract.state import Emitted
from keep3r_replay.protocols.keep3r_v1.events import EVENTS, PLACES, ROOT
from keep3r_replay.replay.protocol import EventHandler

if TYPE_CHECKING:
    from keep3r_replay.evm.abi import Event
    from keep3r_replay.replay.protocol import Row


class Log(NamedTuple):
    """A decoded log: index of the log in the block, emitter, its role, the event, its values in declared order."""

    log_index: int
    address: str
    role: str
    event: str
    values: tuple[Any, ...]

    def value(self, column: str) -> Any:
        """The value of a column of its event: int, or lower-case text."""
        return self.values[PLACES[self.role, self.event][column]]

    @property
    def moved(self) -> int:
        """What a `Transfer` moves (wei): KP3R and tokens name it `amount`, pairs `value`."""
        amount: int = self.value("value" if self.role == "uniswap_v2_pair" else "amount")
        return amount

    @property
    def said(self) -> Emitted:
        """What it says, as the model emits it."""
        return Emitted(self.event, self.values)


class Kind(NamedTuple):
    """What all logs of a table have in common: the emitter's role, and the event."""

    role: str
    event: str


KeptRow = tuple[Kind, tuple[Any, ...]]
"""A log as it was read: its kind, then index in the block, emitter and values; most are never looked at as `Log`."""


def as_log(kept: KeptRow) -> Log:
    """A log that was read, by its names."""
    (role, event), (log_index, address, *values) = kept
    return Log(log_index, address, role, event, tuple(values))


_READ = {
    ROOT: None,
    "chainlink_aggregator": {"AnswerUpdated"},
    "token": {"Transfer"},
    "uniswap_v2_pair": {"Swap", "Sync", "Transfer"},
}
"""Roles and the events of theirs that the replay reads; None: all."""


def _handler(role: str, event: Event) -> EventHandler:
    wide = [place for place, parameter in enumerate(event.parameters) if parameter.wide]
    kind = Kind(role, event.name)

    def keep(context: Any, row: Row) -> None:
        context.rows.append((kind, row))

    def keep_wide(context: Any, row: Row) -> None:
        values = list(row)
        for place in wide:
            values[place + 2] = int.from_bytes(values[place + 2], "big")
        context.rows.append((kind, tuple(values)))

    columns = ("address", *(parameter.column for parameter in event.parameters))
    return EventHandler(columns, keep_wide if wide else keep)


HANDLERS: dict[str, EventHandler] = {
    f"{role}.{event.name}": _handler(role, event)
    for role, names in _READ.items()
    for event in EVENTS[role][""]
    if names is None or event.name in names
}
"""What each event's table needs read: all of it, kept for the end of the transaction."""
