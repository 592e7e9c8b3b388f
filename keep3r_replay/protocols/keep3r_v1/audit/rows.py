"""Rows of the result tables of Keep3r V1: amounts in wei, gas in gas, times in seconds."""

from __future__ import annotations

from typing import NamedTuple

from keep3r_replay.protocols.keep3r_v1.replay.records import CreditChange, FailedCall, OracleUpdate
from keep3r_replay.replay.tables import Amount, Hundredths, Int64, UInt32, schema_of


class WorkRow(NamedTuple):
    """A KeeperWorked: `works`.

    `gas` is the smallest whose limit reaches the payment. `limit` is the limit of that gas where the payment is its
    image, else that of the largest plausible gas.
    """

    block_number: UInt32
    log_index: UInt32
    transaction_index: UInt32
    transaction_hash: str | None
    timestamp: Int64
    job: str
    keeper: str
    credit: str
    payment: Amount
    class_: str
    gas: Amount | None
    helper: str | None
    helper_version: str | None
    limit: Amount | None
    bound: Int64 | None
    limit_at_bound: Amount | None
    gas_used: Int64 | None
    origin: str
    origin_bond: Amount
    feed: Amount
    oracle_price: Amount | None
    spot_price: Amount | None
    eth_worth: Amount | None
    helper_by_payments: str | None
    transaction_to: str | None
    selector: str | None
    relay: str | None
    credits_before: Amount
    keeper_state: str
    interval_length: Int64 | None
    interval_age: Int64 | None
    interval_swaps: Int64 | None
    reason: str


class EntryPointRow(NamedTuple):
    """A job's function: the range of gas that its exact works were paid for: `entry_points`."""

    transaction_to: str | None
    selector: str | None
    works: Int64
    least_gas: Amount
    median_gas: Amount
    most_gas: Amount


class CreditApplicationRow(NamedTuple):
    """An ApplyCredit: `credit_applications`."""

    block_number: UInt32
    log_index: UInt32
    timestamp: Int64
    job: str
    liquidity: str
    provider: str
    origin: str
    liquidity_amount: Amount
    credit: Amount | None
    credit_at_previous_block: Amount | None
    credit_time_weighted: Amount | None
    deviation: Amount | None
    deviation_per_mille: Hundredths | None
    deviation_time_weighted_per_mille: Hundredths | None
    swapped_before: bool
    swapped_after: bool
    swapped_by_origin: bool
    class_: str
    reason: str


class LiquidityUnbondingRow(NamedTuple):
    """An UnbondJob: `liquidity_unbondings`; `burned` is less than the worth where the job's credits were spent."""

    block_number: UInt32
    log_index: UInt32
    timestamp: Int64
    job: str
    liquidity: str
    provider: str
    origin: str
    liquidity_amount: Amount
    worth: Amount | None
    worth_at_previous_block: Amount | None
    worth_time_weighted: Amount | None
    burned: Amount | None
    deviation: Amount | None
    deviation_per_mille: Hundredths | None
    deviation_time_weighted_per_mille: Hundredths | None
    swapped_before: bool
    swapped_after: bool
    swapped_by_origin: bool
    class_: str
    reason: str


class OracleGapRow(NamedTuple):
    """A stretch in which an oracle's answer reverts: `oracle_gaps`; first and last second, and how long it mattered."""

    oracle: str
    pair: str
    missed_slots: Int64
    from_timestamp: Int64
    until_timestamp: Int64
    seconds: Int64
    seconds_in_force: Int64


class HelperRow(NamedTuple):
    """A helper that came into force, and whether an input or the payments tell it: `helpers_in_force`."""

    from_block: UInt32
    from_transaction: Int64
    timestamp: Int64
    helper: str
    version: str | None
    known_by: str


class JobRow(NamedTuple):
    """A job at the end: `jobs`."""

    job: str
    listed: bool
    times_listed: Int64
    proposal_delay: Int64


class JobCreditRow(NamedTuple):
    """Credits of a job in a token at the end: `job_credits`."""

    job: str
    token: str
    credits: Amount


class KeeperRow(NamedTuple):
    """An account at the end that worked, voted or was spoken against: `keepers`."""

    keeper: str
    is_keeper: bool
    blacklisted: bool
    disputed: bool
    first_seen: Int64
    last_job: Int64
    work_completed: Amount
    votes: Amount
    current_votes: Amount
    delegate: str
    balance: Amount


class KeeperBondRow(NamedTuple):
    """A token of an account at the end, bonded, to be bonded and leaving: `keeper_bonds`."""

    keeper: str
    token: str
    bonds: Amount
    pending_bonds: Amount
    bondings: Int64
    partial_unbonding: Amount
    unbondings: Int64


class JobLiquidityRow(NamedTuple):
    """What somebody provided for a job at the end: `job_liquidities`."""

    provider: str
    liquidity: str
    job: str
    provided: Amount
    applied: Int64
    amount: Amount
    unbonding: Int64
    amounts_unbonding: Amount


class LedgerTotalRow(NamedTuple):
    """A job and token: what came in less what went out is what the contract holds for it: `ledger_totals`."""

    job: str
    token: str
    paid_in: Amount
    fee: Amount
    minted: Amount
    applied: Amount
    work: Amount
    receipt: Amount
    burned: Amount
    credits: Amount


class KeeperAccountRow(NamedTuple):
    """An account that was paid, or that sent a transaction in which somebody was: `keeper_accounts`.

    `eth_worth` is what the payments in KP3R are worth by the quote of the helper in force, `gas_paid` the fees of the
    transactions that the account sent and that paid somebody, `profit` what is left with the ETH received.
    """

    keeper: str
    payments: Int64
    kp3r_bonded: Amount
    kp3r_received: Amount
    eth_received: Amount
    eth_worth: Amount
    transactions: Int64
    gas_paid: Amount
    profit: Amount


ROWS: dict[str, type[tuple[object, ...]]] = {
    "works": WorkRow,
    "entry_points": EntryPointRow,
    "credit_applications": CreditApplicationRow,
    "liquidity_unbondings": LiquidityUnbondingRow,
    "failed_calls": FailedCall,
    "oracle_updates": OracleUpdate,
    "oracle_gaps": OracleGapRow,
    "helpers_in_force": HelperRow,
    "jobs": JobRow,
    "job_credits": JobCreditRow,
    "keepers": KeeperRow,
    "keeper_bonds": KeeperBondRow,
    "job_liquidities": JobLiquidityRow,
    "ledger": CreditChange,
    "ledger_totals": LedgerTotalRow,
    "keeper_accounts": KeeperAccountRow,
}
"""The row of every result table."""
TABLES = {name: schema_of(row) for name, row in ROWS.items()}
"""Columns of every result table."""
