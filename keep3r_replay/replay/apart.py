"""Findings of which one cannot follow from another, whatever state that one left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keep3r_replay.journal import Finding
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Protocol

_OF_HEADER = frozenset({"gas_sum", "missing_transaction", "impossible_gas", "block_time"})
"""Kinds that hold transactions and their gas against the header of their block, which may be what is wrong."""

_OF_TRANSACTION = _OF_HEADER | {"failed_with_logs"}
"""Kinds that hold transactions' status and gas against logs and blocks: no state has a part in them."""

_OF_CALL = frozenset({"missing_event", "input_mismatch", "unexpected_event", "unknown_call", "unreachable_event"})
"""Kinds that hold a transaction's input against its own logs, in protocols that do not replay inputs."""


class Apart:
    """Tells of two findings of a lake whether the later one is apart from the first.

    Args:
        lake: the history.
        protocol: whose contracts are in it.
    """

    def __init__(self, lake: Lake, protocol: Protocol) -> None:
        contracts = lake.deployment.contracts
        self._closed = {each.address for each in contracts if each.role in protocol.closed}
        self._stateless = _OF_TRANSACTION | _OF_CALL if protocol.direct_calls else _OF_TRANSACTION

    def __call__(self, root: Finding, finding: Finding) -> bool:
        """Whether `finding` cannot follow from `root`.

        What a transaction alone contradicts follows from no other transaction, but for what the header of their block
        tells (a base fee that is wrong contradicts each of them); what a closed contract says (`Protocol.closed`)
        follows from nothing that is not its own.
        """
        if root.block_number == finding.block_number and (
            finding.kind in _OF_HEADER or _may_be_one(root.transaction_hash, finding.transaction_hash)
        ):
            return False
        if finding.subject in self._closed:
            return root.subject != finding.subject
        return finding.kind in self._stateless


def _may_be_one(one: str | None, other: str | None) -> bool:
    """Whether two findings of a block may be about one transaction."""
    return one is None or other is None or one == other
