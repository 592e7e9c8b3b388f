"""A contract's state as a table: a row for each value, by the names that lead to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.replay.tables import UInt32, frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl


class StateRow(NamedTuple):
    """One value of a state: the names that lead to it, joined by dots; numbers and truth values as text."""

    block_number: UInt32
    field: str
    value: str | None


def state_table(block: int, held: Mapping[str, Any]) -> pl.DataFrame:
    """A state as a table, in the order in which it is printed."""
    return frame(StateRow, [StateRow(block, name, value) for name, value in _values(held)])


def _values(held: Any, before: str = "") -> Iterator[tuple[str, str | None]]:
    if isinstance(held, (dict, list)) and held:
        pairs = held.items() if isinstance(held, dict) else enumerate(held)
        for name, value in pairs:
            yield from _values(value, f"{before}.{name}" if before else str(name))
    elif held is None or held in ([], {}):
        yield before, None
    else:
        yield before, held if isinstance(held, str) else json.dumps(held)
