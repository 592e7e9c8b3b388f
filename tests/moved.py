"""Where a changed history shows first in what the model predicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edits import Place

    from keep3r_replay.replay.audit import Audit


def first_moved_prediction(clean: Audit, changed: Audit) -> Place:
    """The first work or reward for which the model predicts something else than it did for the unchanged history.

    A work that becomes the job's own payment does not count where no other work of the history entered where it did:
    then nothing tells that its payment was to follow the formula.
    """
    before = {row[:2]: row for row in _predictions(clean)}
    unknown = _works_of_unknown_entries(changed)
    moved = (row[:2] for row in _predictions(changed) if row[:2] in before and before[row[:2]] != row)
    return next((where for where in moved if where not in unknown), (2**31, 0))


def _works_of_unknown_entries(audit: Audit) -> set[Place]:
    works = audit.tables["works"].select("block_number", "log_index", "class", "transaction_to", "selector").rows()
    known = {entry for _, _, kind, *entry_ in works if kind in {"exact", "stale_gas"} for entry in [tuple(entry_)]}
    return {
        (block, index) for block, index, kind, *entry in works if kind == "own_payment" and tuple(entry) not in known
    }


def _predictions(audit: Audit) -> list[tuple]:
    works = audit.tables["works"].select("block_number", "log_index", "class", "computed_payment", "rewards")
    rows = [
        (block, index, computed if kind in {"exact", "stale_gas", "mismatch"} else None, rewards)
        for block, index, kind, computed, rewards in works.iter_rows()
    ]
    rewards = audit.tables["rewards"].select(
        "block_number", "log_index", "expected_rewarded_at", "expected_current_credits", "expected_period_credits"
    )
    return sorted([*rows, *rewards.iter_rows()], key=lambda row: row[:2])
