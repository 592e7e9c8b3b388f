"""Logs that must exist, because contracts say so of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keep3r_replay.dataset.state import ExtractionState
    from keep3r_replay.lake.manifest import FileEntry
    from keep3r_replay.replay.rooms import Proof


def without_log(state: ExtractionState, proofs: Iterable[Proof]) -> Proof | None:
    """Return the first proof of a log that the lake does not hold, though it covers the contract from its beginning."""
    coverage = state.coverage
    for proof in proofs:
        contract = state.contracts.get(proof.contract)
        if contract is None or coverage is None or int(contract.facts.get("from_block", 0)) < coverage.from_block:
            continue
        if not any(_holds(state, entry, proof) for entry in state.files if entry.table == proof.table):
            return proof
    return None


def _holds(state: ExtractionState, entry: FileEntry, proof: Proof) -> bool:
    values = pq.read_table(state.lake / entry.path, columns=[proof.column])[proof.column]
    return proof.value in values.to_pylist()
