"""Rows of the result tables of KUMA: amounts are wei of KIBT unless a table says otherwise, times are seconds.

Numbers that may exceed 38 digits (bases, in rays) stand as decimal text. So does `unknown_bond`, the number that a
call gives for a bond where `bond_id` is too small for it: anybody can call for any uint256.
"""

from __future__ import annotations

from typing import NamedTuple

from keep3r_replay.protocols.kuma.audit.late_rows import LATE_TABLES
from keep3r_replay.replay.tables import Amount, Int64, UInt32, schema_of


class BondRow(NamedTuple):
    """A bond ever sold: `bonds`."""

    category: str
    risk_category: str
    bond_id: UInt32
    status: str
    coupon: Amount
    principal: Amount
    issuance: Int64
    term: Int64
    maturity: Int64
    epoch_length: Int64
    deadline: Int64
    epoch_changed_before_deadline: bool
    sold_at: Int64
    times_sold: UInt32
    expired_at: Int64 | None
    times_expired: UInt32
    bought_at: Int64 | None
    buyer: str | None
    paid: Amount | None
    paid_in_stable_coin: bool | None
    face_value: Amount | None
    clone_id: UInt32 | None
    seconds_late: Int64 | None
    seconds_without_yield: Int64 | None
    seconds_paused: Int64 | None


class MadeCallRow(NamedTuple):
    """A call, reverted ones included: `calls`."""

    block_number: UInt32
    transaction_index: UInt32
    timestamp: Int64
    log_index: UInt32 | None
    category: str
    risk_category: str
    contract: str
    function: str
    sender: str
    bond_id: UInt32 | None
    unknown_bond: str | None
    class_: str
    reason: str
    gas_used: Int64 | None
    gas_price: Amount | None


class KeeperCallRow(NamedTuple):
    """A keeper's call with its judgement: `keeper_calls`."""

    block_number: UInt32
    transaction_index: UInt32
    timestamp: Int64
    category: str
    risk_category: str
    sender: str
    function: str
    bond_id: UInt32 | None
    unknown_bond: str | None
    judgement: str
    reason: str
    seconds_late: Int64 | None
    gas_used: Int64 | None
    gas_price: Amount | None
    outlay: Amount | None
    reimbursement_reconstructed_not_verified: Amount | None


class KeeperRow(NamedTuple):
    """A sender of such calls: `keepers`."""

    sender: str
    expiries: UInt32
    expiries_gas: Int64
    expiries_late: UInt32
    expiries_failed: UInt32
    expiries_failed_gas: Int64
    refreshes: UInt32
    refreshes_gas: Int64
    refreshes_needless: UInt32
    refreshes_useful: UInt32
    refreshes_failed: UInt32
    refreshes_failed_gas: Int64
    outlay: Amount
    reimbursement_reconstructed_not_verified: Amount


class StaleYieldRow(NamedTuple):
    """A stretch of time with a stale yield: `stale_yields`."""

    category: str
    risk_category: str
    since_block: UInt32
    since: Int64
    until_block: UInt32 | None
    until: Int64 | None
    seconds: Int64
    stored_yield: Amount
    due_yield: Amount
    difference: Amount


class EpochChangeRow(NamedTuple):
    """A change of an epoch's length; without a refresh, the supply jumps by `jump`: `epoch_changes`."""

    block_number: UInt32
    transaction_index: UInt32
    timestamp: Int64
    category: str
    risk_category: str
    before: Int64
    after: Int64
    is_refreshed: bool
    is_alone: bool
    boundary_moved: Int64
    supply_before: Amount
    supply_after: Amount
    jump: Amount


class SelfTransferRow(NamedTuple):
    """A self-transfer of v1: the second of the two bases that it wrote stands: `self_transfers`."""

    block_number: UInt32
    transaction_index: UInt32
    timestamp: Int64
    log_index: UInt32
    category: str
    risk_category: str
    account: str
    base_before: str
    base_after: str
    inflation: Amount
    bases_above_total: str


class TokenRow(NamedTuple):
    """A category after a call that concerned it: `tokens`."""

    block_number: UInt32
    transaction_index: UInt32
    timestamp: Int64
    category: str
    risk_category: str
    yield_: Amount
    epoch_cumulative_yield: Amount
    cumulative_yield: Amount
    epoch_length: Int64
    min_coupon: Amount
    supply: Amount
    reserve_worth: Amount
    undercollateralisation: Amount
    is_expired: bool
    is_paused: bool


class CategoryRow(NamedTuple):
    """A category as it stands at the end: `categories`."""

    category: str
    risk_category: str
    currency: str
    term: Int64
    token: str
    swap: str
    yield_: Amount
    supply: Amount
    reserve: UInt32
    expired: UInt32
    deprecated: bool
    left_in_collector: Amount
    bases_above_total: str
    undercollateralisation: Amount


class LedgerRow(NamedTuple):
    """A base that was written, as a balance before and after: `ledger`."""

    block_number: UInt32
    transaction_index: UInt32
    timestamp: Int64
    log_index: UInt32
    category: str
    risk_category: str
    account: str
    kind: str
    base_before: str
    base_after: str
    balance_before: Amount
    balance_after: Amount
    accrued: Amount
    total_base: str


class AccountRow(NamedTuple):
    """What an account of a category has, and whence: `accounts`."""

    category: str
    risk_category: str
    account: str
    base: str
    balance: Amount
    from_sales: Amount
    from_fees: Amount
    received: Amount
    sent: Amount
    for_purchases: Amount
    for_redemptions: Amount
    self_transfers: Amount
    accrued: Amount


ROWS: dict[str, type[tuple[object, ...]]] = {
    "bonds": BondRow,
    "calls": MadeCallRow,
    "keeper_calls": KeeperCallRow,
    "keepers": KeeperRow,
    "stale_yields": StaleYieldRow,
    "epoch_changes": EpochChangeRow,
    "self_transfers": SelfTransferRow,
    "tokens": TokenRow,
    "categories": CategoryRow,
    "ledger": LedgerRow,
    "accounts": AccountRow,
}
"""The row of every table that `finish` may give, but for those about late bonds."""
_MOST_BONDS = 2**32


def told_bond(number: int | None) -> tuple[int | None, str | None]:
    """`bond_id` and `unknown_bond` of a call that names a bond by this number; of one that names none, neither."""
    if number is None or number < _MOST_BONDS:
        return number, None
    return None, str(number)


TABLES = {name: schema_of(row) for name, row in ROWS.items()} | LATE_TABLES
"""Columns of every such table."""
