"""Of each column of a lake, each initial parameter and each view: what it follows from, or why it is not proved."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keep3r_replay.lake.deployment import Deployment
    from keep3r_replay.lake.schemas import ReadingRow
    from keep3r_replay.proof.proved_state import StateProved
    from keep3r_replay.proof.subject import Subject

UNKNOWN = "not proved: a column that is none of this table's"
"""What is said of a column that nothing here names."""

_HEADERS, _SENT, _RECEIPTS = "headers", "transactions roots", "receipts roots"
_ALL = f"{_RECEIPTS}; that there are no others: blooms of all {_HEADERS}"
_DECODED = "decoded again from the proved logs"
_VIEWS = "not proved, but for what `views` says that it is"
_CALLS = "not proved: no root holds calls inside of transactions"

_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "blocks": dict.fromkeys(
        ("number", "hash", "parent_hash", "timestamp", "base_fee_per_gas", "gas_used", "gas_limit"), _HEADERS
    ),
    "transactions": {
        **dict.fromkeys(("block_number", "transaction_index", "hash", "to", "input", "gas"), _SENT),
        "from": "signatures",
        **dict.fromkeys(("gas_used", "status"), _RECEIPTS),
        "effective_gas_price": f"{_SENT} with the base fees of {_HEADERS}",
    },
    "logs": {
        **dict.fromkeys(("block_number", "block_hash"), _HEADERS),
        **dict.fromkeys(("log_index", "transaction_index", "address"), _ALL),
        "transaction_hash": _SENT,
        **dict.fromkeys(("topic0", "topic1", "topic2", "topic3", "data"), _RECEIPTS),
    },
    "undecoded": {
        **dict.fromkeys(("block_number", "log_index"), _DECODED),
        "reason": "not proved: words for a person",
    },
    "calls": dict.fromkeys(("block_number", "transaction_index", "position", "from", "to", "input"), _CALLS),
    "readings": dict.fromkeys(("block_number", "contract", "view", "arguments", "value", "revert", "source"), _VIEWS),
}
_EVENTS = {
    **dict.fromkeys(("block_number", "log_index", "transaction_index", "transaction_hash", "address"), _DECODED),
    "timestamp": _HEADERS,
}


def column_basis(table: str, column: str, *, only_logs: bool = False) -> str:
    """What a column of a lake's table follows from; `not proved: ...` where nothing holds it.

    An event table's columns are its places and the event's parameters. A lake of `only_logs` has no times to prove.
    """
    if not table.startswith("events/"):
        return _COLUMNS.get(table, {}).get(column, UNKNOWN)
    if column == "timestamp" and only_logs:
        return "not proved: the lake holds no blocks"
    return _EVENTS.get(column, _DECODED)


def columns_proved(subject: Subject) -> dict[str, dict[str, str]]:
    """Of each table of a lake each column, by its name, and what it follows from."""
    return {
        table: {name: column_basis(table, name, only_logs=subject.only_logs) for name in subject.rows.columns(table)}
        for table in subject.lake.tables()
    }


def parameters_proved(deployment: Deployment, state: StateProved | None) -> dict[str, dict[str, str]]:
    """Of each contract's initial parameters each, by address and name of its view, and what it follows from."""
    return {
        address: {name: _parameter(address, name, state) for name in sorted(parameters)}
        for address, parameters in sorted(deployment.initial_state.items())
    }


def _parameter(address: str, name: str, state: StateProved | None) -> str:
    if state is None:
        return "not proved: proofs of state were not asked for"
    if name in state.initial.get(address, ()):
        return "state root of the block in which it was read"
    return f"not proved: {state.initial_left.get(address, {}).get(name, 'no contract of the deployment')}"


def views_proved(readings: Iterable[ReadingRow], state: StateProved | None) -> dict[str, dict[str, dict[str, int]]]:
    """Of each contract's readings (empty: the block's own) by view: how many follow from what, or are not proved.

    Args:
        readings: of the lake, asked for where `state` is None: of none of them is anything known.
        state: what was proved.
    """
    if state is None:
        how = "not proved: proofs of state were not asked for"
        counted = Counter((row.contract.lower(), row.view, how) for row in readings)
    else:
        counted = state.views
    found: dict[str, dict[str, dict[str, int]]] = {}
    for (contract, view, how), count in sorted(counted.items()):
        found.setdefault(contract, {}).setdefault(view, {})[how] = count
    return found
