"""Logs as the replay sees them: every event of every contract around Keep3r V1, kept until its transaction ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.protocols.keep3r_v1.contract.state import Emitted
from keep3r_replay.protocols.keep3r_v1.events import EVENTS, ROOT
from keep3r_replay.replay.protocol import EventHandler

if TYPE_CHECKING:
    from keep3r_replay.evm.abi import Event
    from keep3r_replay.replay.protocol import Row


class Log(NamedTuple):
    """A decoded log: index of the log in the block, emitter, role of the emitter, and what it says."""

    log_index: int
    address: str
    role: str
    said: Emitted

    @property
    def event(self) -> str:
        """The event's name."""
        return self.said.event

    @property
    def values(self) -> tuple[Any, ...]:
        """The event's values, in declared order."""
        return self.said.values


_READ = {
    ROOT: None,
    "chainlink_aggregator": {"AnswerUpdated"},
    "token": {"Transfer"},
    "uniswap_v2_pair": {"Swap", "Sync", "Transfer"},
}
"""Roles and the events of theirs that the replay reads; None: all."""


def _handler(role: str, event: Event) -> EventHandler:
    wide = [place for place, parameter in enumerate(event.parameters) if parameter.wide]

    name = event.name

    def keep(context: Any, row: Row) -> None:
        log_index, address, *_ = row
        context.logs.append(Log(log_index, address, role, Emitted(name, row[2:])))

    def keep_wide(context: Any, row: Row) -> None:
        log_index, address, *values = row
        for place in wide:
            values[place] = int.from_bytes(values[place], "big")
        context.logs.append(Log(log_index, address, role, Emitted(name, tuple(values))))

    columns = ("address", *(parameter.column for parameter in event.parameters))
    return EventHandler(columns, keep_wide if wide else keep)


HANDLERS: dict[str, EventHandler] = {
    f"{role}.{event.name}": _handler(role, event)
    for role, names in _READ.items()
    for event in EVENTS[role][""]
    if names is None or event.name in names
}
"""What each event's table needs read: all of it, kept for the end of the transaction."""
