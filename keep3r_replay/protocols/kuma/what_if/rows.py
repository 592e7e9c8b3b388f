"""Rows of a what-if's tables. Amounts are wei, times seconds; `reason` is that of a revert, empty: there is none."""

from __future__ import annotations

from typing import NamedTuple

from keep3r_replay.replay.tables import Amount, Int64, UInt32  # noqa: TC001 - rows of tables: columns by annotations

REIMBURSED = "reimbursement_reconstructed_not_verified"
"""The column of the audit's terms; with `_what_if` at its end, of the changed ones."""


class PurchaseRow(NamedTuple):
    """A purchase in either world: `purchases_what_if`."""

    block_number: UInt32
    transaction_index: UInt32
    category: str
    bond_id: UInt32
    buyer: str
    realized: Amount | None
    realized_what_if: Amount | None
    difference: Amount | None
    clone: bool | None
    clone_what_if: bool | None


class ChangedRow(NamedTuple):
    """A transaction that succeeds in one world only: `changed_transactions`."""

    block_number: UInt32
    transaction_index: UInt32
    timestamp: Int64
    function: str
    succeeded: bool
    reason_what_if: str


class AccountRow(NamedTuple):
    """An account at the end: `accounts_what_if`."""

    category: str
    account: str
    balance: Amount
    balance_what_if: Amount
    difference: Amount


class CategoryRow(NamedTuple):
    """A category at the end: `categories_what_if`."""

    category: str
    supply: Amount
    supply_what_if: Amount
    yield_: Amount
    yield_what_if: Amount


class BondRow(NamedTuple):
    """A bond that is sold in either world: `bonds_what_if`."""

    category: str
    bond_id: UInt32
    maturity: Int64
    status: str | None
    status_what_if: str | None
    deadline: Int64 | None
    deadline_what_if: Int64 | None
    expired_at: Int64 | None
    expired_at_what_if: Int64 | None
    seconds_late: Int64 | None
    seconds_late_what_if: Int64 | None


class AddedCallRow(NamedTuple):
    """A call that the what-if adds: `added_calls`."""

    block_number: UInt32
    timestamp: Int64
    contract: str
    function: str
    argument: str
    reason: str


class KeeperRow(NamedTuple):
    """A keeper: calls, outlay and reimbursement (wei of ETH), by the audit's terms and by the changed ones."""

    sender: str
    calls: UInt32
    calls_what_if: UInt32
    outlay: Amount
    outlay_what_if: Amount
    reimbursement_reconstructed_not_verified: Amount
    reimbursement_reconstructed_not_verified_what_if: Amount
