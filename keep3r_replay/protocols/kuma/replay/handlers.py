"""Events of the lake's tables as `Observed`: which columns are read, and how their values come to the replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.kuma.events import EVENTS
from keep3r_replay.protocols.kuma.replay.observed import Observed
from keep3r_replay.replay.protocol import EventHandler

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.evm.abi import Event, Parameter
    from keep3r_replay.replay.protocol import Row


def _value_of(parameter: Parameter) -> Callable[[object], object] | None:
    """How a column's value becomes the replay's; None where it is the same."""
    if parameter.size:
        return lambda value: "0x" + value.hex() if isinstance(value, bytes) else value
    if parameter.wide:
        return lambda value: int.from_bytes(value, "big") if isinstance(value, bytes) else value
    return None


def _handler(role: str, event: Event) -> EventHandler:
    values = [_value_of(parameter) for parameter in event.parameters]
    name = event.name

    def handle(events: list[Observed], row: Row) -> None:
        log_index, contract, *given = row
        events.append(Observed(log_index, role, contract, name, tuple(given)))

    def handle_converted(events: list[Observed], row: Row) -> None:
        log_index, contract, *given = row
        converted = tuple(
            value if convert is None else convert(value) for convert, value in zip(values, given, strict=True)
        )
        events.append(Observed(log_index, role, contract, name, converted))

    columns = ("address", *(parameter.column for parameter in event.parameters))
    return EventHandler(columns, handle_converted if any(values) else handle)


def handlers_of(version: str) -> dict[str, EventHandler]:
    """Handlers of all event tables of a version; each appends to the transaction's events."""
    return {
        f"{role}.{event.name}": _handler(role, event)
        for role, versions in EVENTS.items()
        for event in versions.get(version, versions.get("", ()))
    }


def columns_of(version: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """Names of every event's values, by role and event."""
    return {
        (role, event.name): tuple(parameter.column for parameter in event.parameters)
        for role, versions in EVENTS.items()
        for event in versions.get(version, versions.get("", ()))
    }
