"""Schemas of the result tables of Keep3r V1: amounts in wei, gas in gas, times in seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.replay.tables import amounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

AMOUNT: Any = pl.Decimal(38, 0)
PER_MILLE: Any = pl.Decimal(38, 2)
"""A ratio in thousandths with two decimals, rounded half away from zero."""

_PLACE: dict[str, Any] = {"block_number": pl.UInt32, "log_index": pl.UInt32}

WORKS = pl.Schema(
    {
        **_PLACE,
        "transaction_index": pl.UInt32,
        "transaction_hash": pl.String,
        "timestamp": pl.Int64,
        "job": pl.String,
        "keeper": pl.String,
        "credit": pl.String,
        "payment": AMOUNT,
        "class": pl.String,
        "gas": AMOUNT,
        "helper": pl.String,
        "helper_version": pl.String,
        "limit": AMOUNT,
        "bound": pl.Int64,
        "limit_at_bound": AMOUNT,
        "gas_used": pl.Int64,
        "origin": pl.String,
        "origin_bond": AMOUNT,
        "feed": AMOUNT,
        "oracle_price": AMOUNT,
        "spot_price": AMOUNT,
        "eth_worth": AMOUNT,
        "helper_by_payments": pl.String,
        "transaction_to": pl.String,
        "selector": pl.String,
        "relay": pl.String,
        "credits_before": AMOUNT,
        "keeper_state": pl.String,
        "interval_length": pl.Int64,
        "interval_age": pl.Int64,
        "interval_swaps": pl.Int64,
        "reason": pl.String,
    }
)
"""One row a KeeperWorked: see `audit.works`."""

_USE: dict[str, Any] = {
    **_PLACE,
    "timestamp": pl.Int64,
    "job": pl.String,
    "liquidity": pl.String,
    "provider": pl.String,
    "origin": pl.String,
    "liquidity_amount": AMOUNT,
}
_REFERENCES: dict[str, Any] = {
    "deviation": AMOUNT,
    "deviation_per_mille": PER_MILLE,
    "deviation_time_weighted_per_mille": PER_MILLE,
    "swapped_before": pl.Boolean,
    "swapped_after": pl.Boolean,
    "swapped_by_origin": pl.Boolean,
    "class": pl.String,
    "reason": pl.String,
}
CREDIT_APPLICATIONS = pl.Schema(
    {
        **_USE,
        "credit": AMOUNT,
        "credit_at_previous_block": AMOUNT,
        "credit_time_weighted": AMOUNT,
        **_REFERENCES,
    }
)
"""One row an ApplyCredit."""

LIQUIDITY_UNBONDINGS = pl.Schema(
    {
        **_USE,
        "worth": AMOUNT,
        "worth_at_previous_block": AMOUNT,
        "worth_time_weighted": AMOUNT,
        "burned": AMOUNT,
        **_REFERENCES,
    }
)
"""One row an UnbondJob; `burned` is less than the worth where the job's credits were spent."""

FAILED_CALLS = pl.Schema(
    {
        "block_number": pl.UInt32,
        "transaction_index": pl.UInt32,
        "function": pl.String,
        "sender": pl.String,
        "reason": pl.String,
    }
)
"""One row a direct call of the contract that failed, with the reason that the model gives."""

ORACLE_UPDATES = pl.Schema(
    {
        "block_number": pl.UInt32,
        "timestamp": pl.Int64,
        "oracle": pl.String,
        "pair": pl.String,
        "origin": pl.String,
        "paid": pl.Boolean,
    }
)
"""One row an observation of an oracle; `paid` where the payment for it shows it."""

ORACLE_GAPS = pl.Schema(
    {
        "oracle": pl.String,
        "pair": pl.String,
        "missed_slots": pl.Int64,
        "from_timestamp": pl.Int64,
        "until_timestamp": pl.Int64,
        "seconds": pl.Int64,
        "seconds_in_force": pl.Int64,
    }
)
"""One row a stretch in which an oracle's answer reverts: first and last second, and how long a helper relied on it."""

HELPERS_IN_FORCE = pl.Schema(
    {
        "from_block": pl.UInt32,
        "from_transaction": pl.Int64,
        "timestamp": pl.Int64,
        "helper": pl.String,
        "version": pl.String,
        "known_by": pl.String,
    }
)
"""One row a helper that came into force, and whether an input or the payments tell it."""

ENTRY_POINTS = pl.Schema(
    {
        "transaction_to": pl.String,
        "selector": pl.String,
        "works": pl.Int64,
        "least_gas": AMOUNT,
        "median_gas": AMOUNT,
        "most_gas": AMOUNT,
    }
)
"""One row a job's function: the range of gas that its exact works were paid for."""


def table(schema: pl.Schema, rows: Iterable[Sequence[Any]]) -> pl.DataFrame:
    """A frame of rows that have the columns of `schema`; amounts come as int."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pl.DataFrame(
        [_series(name, kind, list(values)) for (name, kind), values in zip(schema.items(), columns, strict=True)]
    )


def _series(name: str, kind: Any, values: list[Any]) -> pl.Series:
    if kind == AMOUNT:
        return amounts(name, values)
    if kind == PER_MILLE:
        # Hundredths as int: no float comes near.
        hundredths = amounts(name, values)
        return (hundredths.cast(pl.Decimal(38, 2)) / 100).cast(PER_MILLE).alias(name)
    return pl.Series(name, values, dtype=kind)
