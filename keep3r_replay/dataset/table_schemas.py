"""What columns a lake's tables have: a file of other ones is read by nobody, whatever the manifest says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.chain.logs import RAW_LOGS
from keep3r_replay.dataset.decode import event_schema, table_name
from keep3r_replay.lake.schemas import BLOCKS, CALLS, READINGS, TRANSACTIONS, UNDECODED

if TYPE_CHECKING:
    from keep3r_replay.evm.abi import EventsByRole

_FIXED = {
    "logs": RAW_LOGS,
    "blocks": BLOCKS,
    "transactions": TRANSACTIONS,
    "calls": CALLS,
    "readings": READINGS,
    "undecoded": UNDECODED,
}


def table_schemas(table: str, events: EventsByRole) -> list[Any]:
    """The Arrow schemas of which a table's file must have one; none where `events` do not know the table.

    An event that two versions declare otherwise has two.
    """
    if table in _FIXED:
        return [_FIXED[table]]
    role = table.removeprefix("events/").split(".")[0]
    named = (
        event for version in events.get(role, {}).values() for event in version if table_name(role, event) == table
    )
    return [event_schema(event) for event in dict.fromkeys(named)]
