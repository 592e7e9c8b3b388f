"""Every result table of Keep3r V2 with its columns: the one place that declares them.

Amounts are exact: wei, gas or parts of 10,000 in 38 decimal digits. Times are seconds. docs/ledger.md, docs/expiry.md,
docs/what-if.md and the README describe the columns; tests hold pages and results against these schemas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.protocols.keep3r_v2.audit.works import WORKS_SCHEMA
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import KINDS
from keep3r_replay.replay.tables import amounts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_AMOUNT, _TIME, _TEXT, _FLAG, _COUNT = pl.Decimal(38, 0), pl.Int64(), pl.String(), pl.Boolean(), pl.Int64()
_NUMBER = pl.UInt32()
"""Of blocks and logs, and of what can not be many."""


def _of(kind: pl.DataType, *names: str) -> dict[str, pl.DataType]:
    return dict.fromkeys(names, kind)


_PLACE = _of(_NUMBER, "block_number", "log_index")
_FACTORS = ("boost", "one_eth_quote", "extra_gas")
_CREDITS_AROUND = ("credits_before", "credits_after")
_EARNED = ("reward", "reward_eth", "boost", "gas_paid", "profit")
_ACCOUNT = {
    **_of(_COUNT, "works", "works_by_formula", "works_in_tokens", "works_without_quote", "works_with_profit"),
    **_of(_AMOUNT, *_EARNED, "gas_paid_in_token_works"),
    **_of(_TIME, "first_at", "last_at"),
}
_WORK = {**_PLACE, **_of(_TIME, "timestamp"), **_of(_TEXT, "transaction_hash", "job", "keeper", "credit")}

_AUDIT: dict[str, dict[str, pl.DataType]] = {
    # A KeeperWork: event, what explains its payment, the job's credits around it, its entry point, its class.
    "works": dict(WORKS_SCHEMA),
    # A LiquidityCreditsReward: what the model predicted beside what the event says; null where one has none.
    "rewards": {
        **_PLACE,
        **_of(_TEXT, "job"),
        **_of(_AMOUNT, "expected_rewarded_at", "expected_current_credits", "expected_period_credits"),
        **_of(_AMOUNT, "rewarded_at", "current_credits", "period_credits"),
        **_of(_FLAG, "matched"),
    },
    # Jobs and keepers at the end; `total_credits` is what the view answers, null where it reverts.
    "job_states": {
        **_of(_TEXT, "job"),
        **_of(_FLAG, "listed", "disputed"),
        **_of(_TEXT, "owner", "pending_owner", "pending_migration"),
        **_of(_AMOUNT, "credits", "period_credits"),
        **_of(_TIME, "rewarded_at", "worked_at"),
        **_of(_AMOUNT, "total_credits"),
    },
    "job_liquidities": {
        **_of(_TEXT, "job", "liquidity"),
        **_of(_AMOUNT, "amount", "pending_unbonds"),
        **_of(_TIME, "can_withdraw_after"),
    },
    "job_tokens": {**_of(_TEXT, "job", "token"), **_of(_AMOUNT, "credits"), **_of(_TIME, "added_at")},
    "keeper_states": {
        **_of(_TEXT, "keeper"),
        **_of(_FLAG, "listed", "disputed"),
        **_of(_TIME, "first_seen"),
        **_of(_AMOUNT, "work_completed"),
    },
    "keeper_bonds": {
        **_of(_TEXT, "keeper", "token"),
        **_of(_AMOUNT, "bonded", "pending_bonds"),
        **_of(_TIME, "can_activate_after"),
        **_of(_AMOUNT, "pending_unbonds"),
        **_of(_TIME, "can_withdraw_after"),
    },
    # What each paid or earned over all contracts, by token.
    "job_totals": {**_of(_TEXT, "job", "credit"), **_of(_NUMBER, "works"), **_of(_AMOUNT, "paid")},
    "keeper_totals": {**_of(_TEXT, "keeper", "credit"), **_of(_NUMBER, "works"), **_of(_AMOUNT, "paid")},
}

_LEDGER: dict[str, dict[str, pl.DataType]] = {
    # An entry: the change of one lot of one job.
    "ledger": {
        **_PLACE,
        **_of(_TIME, "timestamp"),
        **_of(_TEXT, "operation"),
        **_of(_TIME, "period_start", "reward_period_time"),
        **_of(_TEXT, "job", "kind"),
        **_of(_COUNT, "lot"),
        **_of(_TIME, "minted_at"),
        **_of(_TEXT, "origin"),
        **_of(_AMOUNT, "amount", "balance"),
        **_of(_TIME, "rewarded_before", "rewarded_at"),
        **_of(_AMOUNT, "period_credits"),
        **_of(_TEXT, "counterpart"),
    },
    # A job in a reward period: wei signed by direction, by kind of entry; the job's clock at the end.
    "periods": {
        **_of(_TEXT, "job"),
        **_of(_TIME, "period_start", "begins_at", "ends_at", "reward_period_time"),
        **_of(_AMOUNT, "opening", *KINDS, "closing"),
        **_of(_TIME, "rewarded_at"),
        **_of(_COUNT, "entries"),
    },
    # The same by each rule of expiry.
    "expiries": {
        **_of(_TEXT, "job"),
        **_of(_TIME, "period_start", "begins_at", "ends_at"),
        **_of(_TEXT, "rule"),
        **_of(_AMOUNT, "opening", "minted", "forced", "repriced", "removed", "migrated", "adopted", "spent", "expired"),
        **_of(_AMOUNT, "capped", "closing", "unpaid"),
        **_of(_COUNT, "wasted_share"),
    },
    "expiry_findings": {
        **_of(_TEXT, "kind", "severity"),
        **_PLACE,
        **_of(_TIME, "timestamp"),
        **_of(_TEXT, "job", "operation"),
        **_of(_AMOUNT, "amount", "period_credits"),
        **_of(_TEXT, "sources", "reason", "transaction_hash"),
    },
    # A job after an event, and what its view of a period's credits answers from a time on.
    "job_history": {
        **_PLACE,
        **_of(_TIME, "timestamp"),
        **_of(_TEXT, "operation", "job"),
        **_of(_AMOUNT, "credits", "period_credits"),
        **_of(_TIME, "rewarded_at", "worked_at"),
    },
    "period_views": {**_of(_TEXT, "job"), **_of(_TIME, "timestamp"), **_of(_AMOUNT, "period_credits")},
    "reward_periods": _of(_TIME, "start", "begins_at", "ends_at", "length"),
    # What keepers earned and what it cost them; null is not known, never 0.
    "work_accounts": {
        **_PLACE,
        **_of(_TIME, "timestamp"),
        **_of(_TEXT, "job", "keeper", "class"),
        **_of(_AMOUNT, *_EARNED),
    },
    "accounts": {**_of(_TEXT, "keeper", "job"), **_ACCOUNT},
    "keeper_accounts": {
        **_of(_TEXT, "keeper"),
        **_ACCOUNT,
        **_of(_COUNT, "disputes", "slashes"),
        **_of(_AMOUNT, "slashed"),
        **_of(_COUNT, "revocations"),
    },
}

_STATUSES = _of(_COUNT, "paid", "reverted", "dropped", "added")
_BOTH = ("baseline", "what_if")

_CHANGED = ("payment", *_FACTORS, *_CREDITS_AROUND, "rewards")
_WHAT_IF: dict[str, dict[str, pl.DataType]] = {
    # What became of a work in the columns that a what-if changes; the others are the audit's.
    "works": {
        **{name: kind for name, kind in _AUDIT["works"].items() if name not in _CHANGED},
        **_of(_TEXT, "status", "error"),
        **_of(_AMOUNT, "payment", *_FACTORS, *_CREDITS_AROUND),
        **_of(_NUMBER, "rewards"),
    },
    "reverted_calls": {**_PLACE, **_of(_TEXT, "call", "subject", "error")},
    "compared_works": {
        **_WORK,
        **_of(_TEXT, "status", "error"),
        **{
            f"{name}_{side}": kind
            for side in ("what_if", "baseline")
            for name, kind in {**_of(_AMOUNT, "payment", *_CREDITS_AROUND), **_of(_NUMBER, "rewards")}.items()
        },
        **_of(_AMOUNT, "payment_difference"),
        **_of(_FLAG, "differs"),
    },
    "compared_jobs": {
        **_of(_TEXT, "job"),
        **_STATUSES,
        **{f"{what}_{side}": _AMOUNT for what in ("paid", "minted", "expired", "capped", "credits") for side in _BOTH},
        **_of(_COUNT, "parts_at_block"),
    },
    "compared_keepers": {
        **_of(_TEXT, "keeper"),
        **_STATUSES,
        **{f"{what}_{side}": _AMOUNT for what in ("paid", "bonds") for side in _BOTH},
        **_of(_COUNT, "parts_at_block"),
    },
}

TABLES: Mapping[str, pl.Schema] = {name: pl.Schema(columns) for name, columns in (_AUDIT | _LEDGER).items()}
"""Schema of every result table of an audit, by name."""
LEDGER_TABLES = tuple(sorted(_LEDGER))
"""Those that a replay with a ledger adds."""
WHAT_IF_TABLES: Mapping[str, pl.Schema] = {name: pl.Schema(columns) for name, columns in _WHAT_IF.items()}
"""Schema of every table of a what-if that an audit does not have, or has otherwise."""


def rows_table(rows: Sequence[tuple[Any, ...]], schema: Mapping[str, Any]) -> pl.DataFrame:
    """A table from rows in the order of the schema; see `amounts_table`."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return amounts_table(dict(zip(schema, columns, strict=True)), schema)


def amounts_table(columns: Mapping[str, Sequence[Any]], schema: Mapping[str, Any]) -> pl.DataFrame:
    """A table from columns of Python values; amounts, as int, go exactly into Decimal(38, 0).

    Raises:
        UsageError: an amount has more digits, as no history has, but inputs that are changed beyond reason.
    """
    return pl.DataFrame([_series(name, list(columns[name]), kind) for name, kind in schema.items()])


def _series(name: str, values: list[Any], kind: Any) -> pl.Series:
    if kind != _AMOUNT:
        return pl.Series(name, values, dtype=kind)
    return amounts(name, values)
