"""Schemas of all result tables; amounts are wei of KIBT unless their column says otherwise, times are seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.replay.tables import amounts

if TYPE_CHECKING:
    from collections.abc import Sequence

AMOUNT: Any = pl.Decimal(38, 0)
WIDE: Any = pl.String
"""Numbers that may exceed 38 digits (bases, in rays) stand as decimal text."""

_PLACE: dict[str, Any] = {"block_number": pl.UInt32, "transaction_index": pl.UInt32, "timestamp": pl.Int64}
_CATEGORY: dict[str, Any] = {"category": pl.String, "risk_category": pl.String}
_WORLD: dict[str, Any] = {
    "expired_at": pl.Int64,
    "realized": AMOUNT,
    "excess": AMOUNT,
    "closed_form": AMOUNT,
    "clone": pl.Boolean,
    "clone_principal": AMOUNT,
    "supply_excess": AMOUNT,
    "changed_transactions": pl.UInt32,
    "changed": pl.String,
    "clean": pl.Boolean,
    "cost_so_far": AMOUNT,
}
WORLDS = ("strict", "grace")

TABLES: dict[str, pl.Schema] = {
    "bonds": pl.Schema(
        {
            **_CATEGORY,
            "bond_id": pl.UInt32,
            "status": pl.String,
            "coupon": AMOUNT,
            "principal": AMOUNT,
            "issuance": pl.Int64,
            "term": pl.Int64,
            "maturity": pl.Int64,
            "epoch_length": pl.Int64,
            "deadline": pl.Int64,
            "epoch_changed_before_deadline": pl.Boolean,
            "sold_at": pl.Int64,
            "times_sold": pl.UInt32,
            "expired_at": pl.Int64,
            "times_expired": pl.UInt32,
            "bought_at": pl.Int64,
            "buyer": pl.String,
            "paid": AMOUNT,
            "paid_in_stable_coin": pl.Boolean,
            "face_value": AMOUNT,
            "clone_id": pl.UInt32,
            "seconds_late": pl.Int64,
            "seconds_without_yield": pl.Int64,
            "seconds_paused": pl.Int64,
        }
    ),
    "late_expiries": pl.Schema(
        {
            **_CATEGORY,
            "bond_id": pl.UInt32,
            "status": pl.String,
            "maturity": pl.Int64,
            "epoch_length": pl.Int64,
            "deadline": pl.Int64,
            "epoch_changed_before_deadline": pl.Boolean,
            "expired_at": pl.Int64,
            "bought_at": pl.Int64,
            "bought_in_block": pl.UInt32,
            "buyer": pl.String,
            "seconds_late": pl.Int64,
            "realized": AMOUNT,
            "clone_actual": pl.Boolean,
            "excuse": pl.String,
            "cost_per_day": AMOUNT,
            **{f"{name}_{world}": kind for world in WORLDS for name, kind in _WORLD.items()},
        }
    ),
    "late_holders": pl.Schema(
        {
            **_CATEGORY,
            "bond_id": pl.UInt32,
            "account": pl.String,
            "balance": AMOUNT,
            **{f"{name}_{world}": AMOUNT for name in ("balance", "gain") for world in WORLDS},
        }
    ),
    "calls": pl.Schema(
        {
            **_PLACE,
            "log_index": pl.UInt32,
            **_CATEGORY,
            "contract": pl.String,
            "function": pl.String,
            "sender": pl.String,
            "bond_id": pl.UInt32,
            "class": pl.String,
            "reason": pl.String,
            "gas_used": pl.Int64,
            "gas_price": AMOUNT,
        }
    ),
    "keeper_calls": pl.Schema(
        {
            **_PLACE,
            **_CATEGORY,
            "sender": pl.String,
            "function": pl.String,
            "bond_id": pl.UInt32,
            "judgement": pl.String,
            "reason": pl.String,
            "seconds_late": pl.Int64,
            "gas_used": pl.Int64,
            "gas_price": AMOUNT,
            "outlay": AMOUNT,
            "reimbursement_reconstructed_not_verified": AMOUNT,
        }
    ),
    "keepers": pl.Schema(
        {
            "sender": pl.String,
            "expiries": pl.UInt32,
            "expiries_gas": pl.Int64,
            "expiries_late": pl.UInt32,
            "expiries_failed": pl.UInt32,
            "expiries_failed_gas": pl.Int64,
            "refreshes": pl.UInt32,
            "refreshes_gas": pl.Int64,
            "refreshes_needless": pl.UInt32,
            "refreshes_useful": pl.UInt32,
            "refreshes_failed": pl.UInt32,
            "refreshes_failed_gas": pl.Int64,
            "outlay": AMOUNT,
            "reimbursement_reconstructed_not_verified": AMOUNT,
        }
    ),
    "stale_yields": pl.Schema(
        {
            **_CATEGORY,
            "since_block": pl.UInt32,
            "since": pl.Int64,
            "until_block": pl.UInt32,
            "until": pl.Int64,
            "seconds": pl.Int64,
            "stored_yield": AMOUNT,
            "due_yield": AMOUNT,
            "difference": AMOUNT,
        }
    ),
    "epoch_changes": pl.Schema(
        {
            **_PLACE,
            **_CATEGORY,
            "before": pl.Int64,
            "after": pl.Int64,
            "is_refreshed": pl.Boolean,
            "is_alone": pl.Boolean,
            "boundary_moved": pl.Int64,
            "supply_before": AMOUNT,
            "supply_after": AMOUNT,
            "jump": AMOUNT,
        }
    ),
    "self_transfers": pl.Schema(
        {
            **_PLACE,
            "log_index": pl.UInt32,
            **_CATEGORY,
            "account": pl.String,
            "base_before": WIDE,
            "base_after": WIDE,
            "inflation": AMOUNT,
            "bases_above_total": WIDE,
        }
    ),
    "tokens": pl.Schema(
        {
            **_PLACE,
            **_CATEGORY,
            "yield": AMOUNT,
            "epoch_cumulative_yield": AMOUNT,
            "cumulative_yield": AMOUNT,
            "epoch_length": pl.Int64,
            "min_coupon": AMOUNT,
            "supply": AMOUNT,
            "reserve_worth": AMOUNT,
            "undercollateralisation": AMOUNT,
            "is_expired": pl.Boolean,
            "is_paused": pl.Boolean,
        }
    ),
    "categories": pl.Schema(
        {
            **_CATEGORY,
            "currency": pl.String,
            "term": pl.Int64,
            "token": pl.String,
            "swap": pl.String,
            "yield": AMOUNT,
            "supply": AMOUNT,
            "reserve": pl.UInt32,
            "expired": pl.UInt32,
            "deprecated": pl.Boolean,
            "left_in_collector": AMOUNT,
            "bases_above_total": WIDE,
            "undercollateralisation": AMOUNT,
        }
    ),
    "ledger": pl.Schema(
        {
            **_PLACE,
            "log_index": pl.UInt32,
            **_CATEGORY,
            "account": pl.String,
            "kind": pl.String,
            "base_before": WIDE,
            "base_after": WIDE,
            "balance_before": AMOUNT,
            "balance_after": AMOUNT,
            "accrued": AMOUNT,
            "total_base": WIDE,
        }
    ),
    "accounts": pl.Schema(
        {
            **_CATEGORY,
            "account": pl.String,
            "base": WIDE,
            "balance": AMOUNT,
            "from_sales": AMOUNT,
            "from_fees": AMOUNT,
            "received": AMOUNT,
            "sent": AMOUNT,
            "for_purchases": AMOUNT,
            "for_redemptions": AMOUNT,
            "self_transfers": AMOUNT,
            "accrued": AMOUNT,
        }
    ),
}
"""Every table that `finish` may give."""


def frame(name: str, rows: Sequence[tuple[object, ...]]) -> pl.DataFrame:
    """A result table from its rows."""
    return rows_frame(TABLES[name], rows)


def rows_frame(schema: pl.Schema, rows: Sequence[tuple[object, ...]]) -> pl.DataFrame:
    """A table from its rows. Raises `UsageError` for an amount of more than 38 digits."""
    columns: list[Any] = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    series = [
        amounts(column, list(values)) if kind == AMOUNT else pl.Series(column, list(values), dtype=kind)
        for (column, kind), values in zip(schema.items(), columns, strict=True)
    ]
    return pl.DataFrame(series)
