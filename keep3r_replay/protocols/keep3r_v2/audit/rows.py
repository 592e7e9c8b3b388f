"""Rows of result tables, their fields named as the columns that `tables.TABLES` declares, in its order.

Amounts in wei, times in seconds.
"""

from __future__ import annotations

from typing import NamedTuple


class PeriodRow(NamedTuple):
    """A job in a stretch of a reward period: `periods`. Kinds of entries are signed by direction.

    `rewarded_at` is the job's clock at the end; `entries` counts changes that are not 0.
    """

    job: str
    period_start: int
    begins_at: int
    ends_at: int
    reward_period_time: int
    opening: int
    minted_reset: int
    minted_topup: int
    minted_liquidity: int
    minted_settled: int
    repriced: int
    spent: int
    expired: int
    capped: int
    removed: int
    migrated_out: int
    migrated_in: int
    forced: int
    adopted: int
    closing: int
    rewarded_at: int
    entries: int


EXPIRY_SUMS = (
    *("minted", "forced", "repriced", "removed", "migrated", "adopted", "spent", "expired", "capped", "unpaid"),
)
"""Columns of `expiries` that sum up a period."""


class ExpiryRow(NamedTuple):
    """A job in such a stretch by a rule of expiry: `expiries`. Amounts are signed by direction.

    `unpaid` is what was paid in truth and is not there by the rule. `wasted_share` is what expired or was capped, in
    parts of 10,000 of that and what was spent, rounded half to even; None where neither happened.
    """

    job: str
    period_start: int
    begins_at: int
    ends_at: int
    rule: str
    opening: int
    minted: int
    forced: int
    repriced: int
    removed: int
    migrated: int
    adopted: int
    spent: int
    expired: int
    capped: int
    closing: int
    unpaid: int
    wasted_share: int | None


class JobRow(NamedTuple):
    """A job at the end: `job_states`. `total_credits` is the view's answer, None if it reverts."""

    job: str
    listed: bool
    disputed: bool
    owner: str
    pending_owner: str
    pending_migration: str
    credits: int
    period_credits: int
    rewarded_at: int
    worked_at: int
    total_credits: int | None


class JobLiquidityRow(NamedTuple):
    """A liquidity of a job at the end, and what of it is leaving: `job_liquidities`."""

    job: str
    liquidity: str
    amount: int
    pending_unbonds: int
    can_withdraw_after: int


class JobTokenRow(NamedTuple):
    """Credits of a job in a token at the end: `job_tokens`."""

    job: str
    token: str
    credits: int
    added_at: int


class KeeperRow(NamedTuple):
    """A keeper at the end: `keeper_states`. `work_completed` is in KP3R."""

    keeper: str
    listed: bool
    disputed: bool
    first_seen: int
    work_completed: int


class KeeperBondRow(NamedTuple):
    """A token of a keeper at the end, bonded, to be bonded and leaving: `keeper_bonds`."""

    keeper: str
    token: str
    bonded: int
    pending_bonds: int
    can_activate_after: int
    pending_unbonds: int
    can_withdraw_after: int


class LedgerRow(NamedTuple):
    """A change of one lot of a job: `ledger`; see `ledger.Entry`, whose reward period stands here in full."""

    block_number: int
    log_index: int
    timestamp: int
    operation: str
    period_start: int
    reward_period_time: int
    job: str
    kind: str
    lot: int
    minted_at: int
    origin: str
    amount: int
    balance: int
    rewarded_before: int
    rewarded_at: int
    period_credits: int
    counterpart: str


class JobHistoryRow(NamedTuple):
    """A job after an event: `job_history`."""

    block_number: int
    log_index: int
    timestamp: int
    operation: str
    job: str
    credits: int
    period_credits: int
    rewarded_at: int
    worked_at: int


class PeriodViewRow(NamedTuple):
    """What `jobPeriodCredits` answers from `timestamp` on: `period_views`. None where it reverts."""

    job: str
    timestamp: int
    period_credits: int | None


class WorkAccountRow(NamedTuple):
    """What a work earned and cost: `work_accounts`, whose column `class` is `work_class` here. None: not known.

    `reward` is 0 where a work was paid in another token, `boost` the part of it that bonds earned.
    """

    block_number: int
    log_index: int
    timestamp: int
    job: str
    keeper: str
    work_class: str
    reward: int
    reward_eth: int | None
    boost: int | None
    gas_paid: int | None
    profit: int | None


class AccountRow(NamedTuple):
    """A keeper's works for a job summed up: `accounts`. Counts tell of how many works a sum is."""

    keeper: str
    job: str
    works: int
    works_by_formula: int
    works_in_tokens: int
    works_without_quote: int
    works_with_profit: int
    reward: int
    reward_eth: int | None
    boost: int | None
    gas_paid: int | None
    profit: int | None
    gas_paid_in_token_works: int | None
    first_at: int | None
    last_at: int | None


class KeeperAccountRow(NamedTuple):
    """A keeper's works for all jobs summed up, and what was done to it: `keeper_accounts`; `slashed` in wei."""

    keeper: str
    works: int
    works_by_formula: int
    works_in_tokens: int
    works_without_quote: int
    works_with_profit: int
    reward: int
    reward_eth: int | None
    boost: int | None
    gas_paid: int | None
    profit: int | None
    gas_paid_in_token_works: int | None
    first_at: int | None
    last_at: int | None
    disputes: int = 0
    slashes: int = 0
    slashed: int = 0
    revocations: int = 0


ROWS: dict[str, type[tuple[object, ...]]] = {
    "ledger": LedgerRow,
    "job_history": JobHistoryRow,
    "period_views": PeriodViewRow,
    "accounts": AccountRow,
    "keeper_accounts": KeeperAccountRow,
    "periods": PeriodRow,
    "expiries": ExpiryRow,
    "job_states": JobRow,
    "job_liquidities": JobLiquidityRow,
    "job_tokens": JobTokenRow,
    "keeper_states": KeeperRow,
    "keeper_bonds": KeeperBondRow,
}
"""The row of each table, where its columns can be names of fields."""
