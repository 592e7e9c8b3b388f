"""How an entry point pays: what its works show, counted with the chance that own payments would show it.

A job may pay any amount (`bondedPayment`), so an amount that the formula gives proves nothing by itself: it is a *hit*,
which a freely chosen amount makes with a known chance, one in `one_in`. An entry point (target and selector of the
transaction) pays by the formula where own payments would show as many hits as it does with a probability below one in
a billion. That is reckoned in whole numbers; docs/payments.md states how.
"""

from __future__ import annotations

from math import comb
from typing import NamedTuple

import polars as pl

from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import (
    BY_FORMULA,
    TOKEN_PAYMENT,
    UNEXPLAINED,
)

BEYOND_CHANCE = 10**9
"""A chance of less than one in this many convicts."""
_STEPS = (30, 1_000, 10**6, 10**12)
"""Draws whose chance of a hit is at most one in so many are counted together; each step is a test of its own."""
_TESTS = len(_STEPS) + 1
ENTRY = ("transaction_to", "selector")

# What numbers are cut to, so that no product of them overflows 127 bits; a cut makes a chance greater, never smaller.
_MOST_PAYMENT, _MOST_GAS, _MOST_BOOST, _MOST_QUOTE = 10**36, 10**9, 10**10, 10**22


class Evidence(NamedTuple):
    """What the works of a history say of how payments are made.

    Attributes:
        entries: by `ENTRY`: `entry_pays` (by the formula), `entry_hits`, `entry_draws`, `entry_others` (draws that
            the formula does not give).
        jobs: by job: `job_pays`, `job_others`.
        prices: by job and price of a unit of gas: `price_draws`, how often it was asked.
        unexplained: draws that the formula does not give.
    """

    entries: pl.DataFrame
    jobs: pl.DataFrame
    prices: pl.DataFrame
    unexplained: int


def beyond_chance(hits: int, draws: int, one_in: int) -> bool:
    """Whether own payments show `hits` in `draws` with a probability below 1e-9, each with a chance of 1 / `one_in`.

    At least k of n happen with a probability of at most C(n, k) / one_in**k; so do at least k of more.
    """
    count = 1
    while hits:
        count = min(count, hits)
        if comb(draws, count) * BEYOND_CHANCE * _TESTS < one_in**count:
            return True
        if count == hits:
            return False
        count *= 2
    return False


def evidence_of(works: pl.DataFrame) -> Evidence:
    """Count what the works of a history show (`works_table`)."""
    draws = _draws(works)
    prices = (
        draws.filter(pl.col("usd_per_gas_unit").is_not_null())
        .group_by("job", "usd_per_gas_unit", maintain_order=True)
        .agg(pl.len().alias("price_draws"))
    )
    draws = _with_repeats(draws, prices)
    entries = _counted(draws, ENTRY, "entry").join(
        draws.group_by(ENTRY, maintain_order=True).agg(
            pl.col("hit").sum().alias("entry_hits"),
            pl.len().alias("entry_draws"),
            (pl.col("explanation") == UNEXPLAINED).sum().alias("entry_others"),
        ),
        on=list(ENTRY),
        nulls_equal=True,
    )
    jobs = _counted(draws, ("job",), "job").join(
        draws.group_by("job", maintain_order=True).agg(
            (pl.col("explanation") == UNEXPLAINED).sum().alias("job_others")
        ),
        on="job",
    )
    return Evidence(entries, jobs, prices, int((draws["explanation"] == UNEXPLAINED).sum()))


def _draws(works: pl.DataFrame) -> pl.DataFrame:
    """Payments in KP3R, each amount for the same gas through the same entry point once: the same again is no news.

    What unknown code paid is no evidence of how an entry point pays.
    """
    gas = pl.col("initial_gas") - pl.col("gas_left")
    return (
        works.filter((pl.col("explanation") != TOKEN_PAYMENT) & (pl.col("code").fill_null("") == ""))
        .with_columns(
            pl.col("explanation").is_in(BY_FORMULA).alias("hit"), gas.alias("gas_passed"), _one_in().alias("one_in")
        )
        .unique([*ENTRY, "job", "payment", "gas_passed", "hit"], keep="first", maintain_order=True)
    )


def _one_in() -> pl.Expr:
    """In how many amounts one is a hit, among those between half and twice what the formula gives.

    On the sidechain all multiples of a step are hits, as a job may ask any price.
    """
    computed, highest, lowest = (
        pl.col(name).cast(pl.Int128).clip(0, _MOST_PAYMENT)
        for name in ("computed_payment", "highest_payment", "lowest_payment")
    )
    gas = (pl.col("initial_gas") - pl.col("gas_left") + pl.col("extra_gas")).cast(pl.Int128).clip(0, _MOST_GAS)
    boost = pl.col("boost").cast(pl.Int128).clip(0, _MOST_BOOST)
    quote = pl.col("one_eth_quote").cast(pl.Int128).clip(0, _MOST_QUOTE)
    is_priced = pl.col("usd_per_gas_unit").is_not_null() & ~pl.col("price_is_told")
    return (
        pl.when(is_priced)
        .then(gas * boost // 10_000 * quote // 10**18)
        .when(computed.is_not_null())
        .then(computed * 3 // 2)
        .otherwise(highest * 3 // (2 * pl.col("choices").cast(pl.Int128) * (highest - lowest + 1)))
    )


def _with_repeats(draws: pl.DataFrame, prices: pl.DataFrame) -> pl.DataFrame:
    """With `repeats`: in how many amounts one asks a price that the job asked before; null where it does not."""
    of_job = prices.group_by("job").agg(pl.len().cast(pl.Int128).alias("prices"))
    paid = pl.col("payment").cast(pl.Int128).clip(0, _MOST_PAYMENT)
    first = pl.struct("job", "usd_per_gas_unit").is_first_distinct()
    asked_again = pl.col("hit") & pl.col("usd_per_gas_unit").is_not_null() & ~first
    return draws.join(of_job, on="job", how="left", maintain_order="left").with_columns(
        pl.when(asked_again).then(paid * 3 // (2 * pl.col("prices"))).alias("repeats")
    )


def _counted(draws: pl.DataFrame, key: tuple[str, ...], name: str) -> pl.DataFrame:
    """Whether the draws of each key show what own payments do not, as `<name>_pays`."""
    counts: list[pl.Expr] = [pl.len().alias("draws")]
    for step in _STEPS:
        counted = pl.col("one_in") >= step
        counts += [
            counted.sum().alias(f"draws_{step}"),
            (counted & pl.col("hit")).sum().alias(f"hits_{step}"),
            pl.col("one_in").filter(counted).min().alias(f"one_in_{step}"),
        ]
    counts += [pl.col("repeats").count().alias("repeated"), pl.col("repeats").min().alias("repeated_one_in")]
    grouped = draws.group_by(key, maintain_order=True).agg(counts)
    pays = [
        any(beyond_chance(row[f"hits_{step}"], row[f"draws_{step}"], row[f"one_in_{step}"] or 1) for step in _STEPS)
        or beyond_chance(row["repeated"], row["draws"], row["repeated_one_in"] or 1)
        for row in grouped.iter_rows(named=True)
    ]
    return grouped.select(key).with_columns(pl.Series(f"{name}_pays", pays, dtype=pl.Boolean))


def lies_too_near(off_by: int, formula_gives: int, amounts: int, draws: int) -> bool:
    """Whether an own payment lies `off_by` wei from one of `amounts` of the formula with a probability below 1e-9.

    Among `draws` own payments, each anywhere between half and twice what the formula gives.
    """
    return (2 * off_by + 1) * amounts * draws * 2 * BEYOND_CHANCE < 3 * formula_gives
