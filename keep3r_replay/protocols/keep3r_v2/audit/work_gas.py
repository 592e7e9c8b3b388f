"""Whether a work was paid for more gas than its transaction used: a bound that no history can pass.

Between a validation and the work that it meters passes gas that the transaction used. The contract logs both gas left
times 64/63, so that `validation - work <= 64/63 * (gas passed + 1) + 1`; and all gas of a transaction, before refunds,
is at most 5/4 of what it used (EIP-3529), 21,000 of it spent before the first call. Several validations of one
transaction meter parts that do not overlap, so their sum keeps the bound. Derivation: docs/payments.md.
"""

from __future__ import annotations

import polars as pl

from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import EXACT, INTERVAL

INTRINSIC_GAS = 21_000
_TRANSACTION = ("block_number", "transaction_index")
_UNSEEN = 10**30
"""More gas than any figure in question: what a forged figure is cut to, so that no product overflows."""


def beyond_gas(works: pl.DataFrame) -> pl.Series:
    """Which works explained by the formula pass the bound; false where the lake lacks the transaction.

    Args:
        works: in chain order, with `gas_used` of their transactions.
    """
    metered = works.with_row_index().filter(
        pl.col("told_here") & pl.col("explanation").is_in([EXACT, INTERVAL]) & pl.col("gas_used").is_not_null()
    )
    meter, left = (pl.col(name).cast(pl.Int128).clip(0, _UNSEEN) for name in ("initial_gas", "gas_left"))
    used = pl.col("gas_used").cast(pl.Int128)
    metered = metered.select("index", *_TRANSACTION, meter.alias("meter"), left.alias("left"), used.alias("used"))
    # All that passed at its works together is no less than any sum of parts: hardly any transaction is left to look at.
    whole = metered.group_by(_TRANSACTION).agg(
        (pl.col("meter") - pl.col("left")).clip(0).sum().alias("sum"), pl.first("used")
    )
    near = whole.filter(4 * 63 * (pl.col("sum") - 1) > 64 * (5 * pl.col("used") - 4 * INTRINSIC_GAS + 4))
    metered = metered.join(near, on=_TRANSACTION, how="semi", maintain_order="left")
    parts = (
        metered.group_by(*_TRANSACTION, "meter", maintain_order=True)
        .agg(pl.col("index").last(), pl.col("left").min(), pl.col("used").first())
        .with_columns((pl.col("meter") - pl.col("left")).alias("passed"))
        .with_columns(
            pl.col("passed").cum_sum().over(_TRANSACTION).alias("sum"),
            pl.int_range(1, pl.len() + 1).over(_TRANSACTION).cast(pl.Int128).alias("count"),
        )
    )
    most = 64 * (5 * pl.col("used") - 4 * INTRINSIC_GAS + 4 * pl.col("count"))
    too_much = 4 * 63 * (pl.col("sum") - pl.col("count")) > most
    wrong = parts.filter(too_much)["index"]
    return pl.select(pl.int_range(works.height, dtype=pl.UInt32).is_in(wrong.implode()).alias("beyond_gas")).to_series()
