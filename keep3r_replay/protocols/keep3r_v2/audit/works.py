"""Classes of works: what each KeeperWork's payment turns out to be, once the whole history is known.

A payment that the formula gives is `exact`, or `stale_gas` if the gas meter came from an earlier transaction. One
that it gives only with a meter that no event told is `undetermined`: a validation that fails sets the meter in
silence. Any other is the job's `own_payment`, unless something speaks against that, which makes it a `mismatch`: the
same entry point (the function of the transaction's target; the job, where the lake lacks the transaction) otherwise
pays by the formula, or the payment lies within one unit of gas of the formula's amount. An unexplained meter is a
mismatch where the keeper passes the plain test of keepers and the entry point otherwise validates openly, or where the
validation that tells it stands after the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.journal import ERROR, Finding, as_text
from keep3r_replay.protocols.keep3r_v2.replay.calls.payments import (
    CHOSEN,
    EXACT,
    INTERVAL,
    REFUTED,
    SOLVED_GAS,
    STALE_GAS,
    TOKEN_PAYMENT,
    UNEXPLAINED,
    UNMETERED,
    UNPRICED,
)
from keep3r_replay.protocols.keep3r_v2.replay.calls.work import WORK_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.timeline import Span

OWN_PAYMENT = "own_payment"
UNDETERMINED = "undetermined"
MISMATCH = "mismatch"
CLASSES = (EXACT, INTERVAL, OWN_PAYMENT, TOKEN_PAYMENT, STALE_GAS, UNDETERMINED, MISMATCH)

_EVENT_COLUMNS = (
    "block_number",
    "log_index",
    "transaction_index",
    "timestamp",
    "transaction_hash",
    "job",
    "keeper",
    "credit",
    "payment",
    "gas_left",
)
_AMOUNT = pl.Decimal(38, 0)
_ENTRY = ("transaction_to", "selector")
_TRANSACTION = ("block_number", "transaction_index")
_LOG = ("block_number", "log_index")


def works_table(lake: Lake, records: Sequence[tuple[Any, ...]], span: Span, keep3r: str) -> pl.DataFrame:
    """The works that a replay went through, in chain order: event, transaction, explanation.

    Args:
        lake: the history.
        records: one per work, in chain order, with `WORK_COLUMNS`.
        span: the part of the history that was replayed.
        keep3r: the contract that was replayed.
    """
    if not lake.has("events/keep3r.KeeperWork"):
        events = pl.DataFrame(schema=_EMPTY_EVENTS)
    else:
        scan = lake.scan("events/keep3r.KeeperWork", from_block=span.first, until_block=span.until).filter(
            pl.col("address") == keep3r
        )
        events = scan.select(_EVENT_COLUMNS).collect()
    columns = list(zip(*records, strict=True)) or [()] * len(WORK_COLUMNS)
    explained = pl.DataFrame(
        [pl.Series(name, values, dtype=_RECORD_TYPES[name]) for name, values in zip(WORK_COLUMNS, columns, strict=True)]
    ).with_columns(pl.col(pl.Int128).cast(_AMOUNT))
    works = events.hstack(explained)
    # Only the keys are joined: the other columns need not move.
    entries = works.select(_TRANSACTION).join(
        _entry_points(lake, span), on=_TRANSACTION, how="left", maintain_order="left"
    )
    told = works.select(_LOG).join(_told_later(lake, works), on=_LOG, how="left", maintain_order="left")
    return works.drop("transaction_index").hstack(entries.select(_ENTRY)).hstack(told.select("told_later"))


def _told_later(lake: Lake, works: pl.DataFrame) -> pl.DataFrame:
    """Works whose meter no event told before them, but a validation after them in the same transaction does."""
    solved = works.filter(pl.col("explanation") == SOLVED_GAS).select(*_TRANSACTION, "log_index", "initial_gas")
    if solved.is_empty() or not lake.has("events/keep3r.KeeperValidation"):
        return pl.DataFrame(schema={"block_number": pl.UInt32, "log_index": pl.UInt32, "told_later": pl.Boolean})
    validations = lake.scan("events/keep3r.KeeperValidation").select(
        *_TRANSACTION, pl.col("log_index").alias("validated_at"), pl.col("gas_left").alias("initial_gas")
    )
    return (
        validations.join(solved.lazy(), on=[*_TRANSACTION, "initial_gas"])
        .filter(pl.col("validated_at") > pl.col("log_index"))
        .select("block_number", "log_index", pl.lit(value=True).alias("told_later"))
        .unique()
        .collect()
    )


def _entry_points(lake: Lake, span: Span) -> pl.DataFrame:
    return (
        lake.scan("transactions", from_block=span.first, until_block=span.until)
        .select(
            "block_number",
            "transaction_index",
            pl.col("to").alias("transaction_to"),
            pl.col("input").bin.slice(0, 4).bin.encode("hex").alias("selector"),
        )
        .collect()
    )


def classify(works: pl.DataFrame, evidence: pl.DataFrame) -> pl.DataFrame:
    """Give every work its `class` and, where the class is no plain one, the `reason`.

    Args:
        works: the works to classify (`works_table`).
        evidence: the works of the whole history, from which entry points and jobs are known.
    """
    paid_in_kp3r = evidence.filter(pl.col("explanation") != TOKEN_PAYMENT)
    by_formula = pl.col("explanation").is_in([EXACT, STALE_GAS, INTERVAL]).sum()
    entries = paid_in_kp3r.group_by(_ENTRY).agg(
        by_formula.alias("entry_formula"),
        pl.col("explanation").is_in([EXACT, INTERVAL]).sum().alias("entry_exact"),
        (~pl.col("explanation").is_in([EXACT, STALE_GAS, INTERVAL])).sum().alias("entry_other"),
    )
    prices = (
        paid_in_kp3r.filter(pl.col("usd_per_gas_unit").is_not_null())
        .group_by("job", "usd_per_gas_unit")
        .agg(pl.len().alias("price_works"))
    )
    jobs = paid_in_kp3r.group_by("job").agg(
        by_formula.alias("job_formula"), (pl.col("explanation") == UNEXPLAINED).sum().alias("job_unexplained")
    )
    joined = (
        works.join(entries, on=list(_ENTRY), how="left", maintain_order="left", nulls_equal=False)
        .join(jobs, on="job", how="left", maintain_order="left")
        .join(prices, on=["job", "usd_per_gas_unit"], how="left", maintain_order="left", nulls_equal=False)
    )
    unexplained = pl.col("explanation") == UNEXPLAINED
    entry_pays_by_formula = unexplained & (pl.col("entry_formula").fill_null(0) > 0)
    job_pays_by_formula = (
        unexplained & pl.col("selector").is_null() & (pl.col("job_formula") > 0) & (pl.col("job_unexplained") == 1)
    )
    near_formula = unexplained & pl.col("suspicious")
    forged_meter = (
        (pl.col("explanation") == SOLVED_GAS) & pl.col("suspicious") & (pl.col("entry_exact").fill_null(0) > 0)
    )
    unmetered = pl.col("explanation") == UNMETERED
    silent = "the gas meter may have been set by a validation that left no event"
    # One amount in some hundred fits a price by chance: one seen once, where the entry point pays freely, says nothing.
    by_chance = (pl.col("price_works") == 1) & (pl.col("entry_formula") == 1) & (pl.col("entry_other") > 0)
    reasons = (
        (pl.col("explanation") == REFUTED, MISMATCH, "the transaction calls worked, which pays by the formula"),
        ((pl.col("explanation") == CHOSEN) | by_chance, OWN_PAYMENT, ""),
        (unmetered & (pl.col("entry_formula").fill_null(0) > 0), UNDETERMINED, silent),
        (unmetered, OWN_PAYMENT, ""),
        (
            pl.col("explanation") == UNPRICED,
            UNDETERMINED,
            "the cached price of KP3R is unknown since the start from views",
        ),
        (entry_pays_by_formula, MISMATCH, "the same entry point otherwise pays by the formula"),
        (near_formula, MISMATCH, "the payment lies within one unit of gas of what the formula gives"),
        (job_pays_by_formula, MISMATCH, "the same job otherwise pays by the formula"),
        (
            pl.col("told_later"),
            MISMATCH,
            "the payment fits the gas meter of a validation that stands after it in the same transaction",
        ),
        (
            forged_meter,
            MISMATCH,
            (
                "the payment fits only a gas meter that no event of the transaction told, though the keeper passes "
                "validation and this entry point otherwise pays from an open one"
            ),
        ),
        (unexplained, OWN_PAYMENT, ""),
        (pl.col("explanation") == SOLVED_GAS, UNDETERMINED, "the gas meter was set by a validation that left no event"),
    )
    return joined.with_columns(
        pl.coalesce(*(pl.when(test).then(pl.lit(name)) for test, name, _ in reasons), pl.col("explanation")).alias(
            "class"
        ),
        pl.coalesce(*(pl.when(test).then(pl.lit(why)) for test, _, why in reasons), pl.lit("")).alias("reason"),
    ).drop(
        "entry_formula",
        "entry_exact",
        "entry_other",
        "job_formula",
        "job_unexplained",
        "price_works",
        "suspicious",
        "told_later",
    )


def payment_findings(works: pl.DataFrame) -> list[Finding]:
    """A finding for every work classed as a mismatch."""
    findings = []
    wrong = works.filter(pl.col("class") == MISMATCH).with_columns(pl.col(_AMOUNT).cast(pl.Int128))
    for work in wrong.iter_rows(named=True):
        computed, paid = work["computed_payment"], work["payment"]
        obstacle = f"; the formula gives none here: {work['obstacle']}" if work["obstacle"] else ""
        findings.append(
            Finding(
                "payment_mismatch",
                ERROR,
                work["block_number"],
                work["log_index"],
                work["job"],
                "payment",
                as_text(computed),
                as_text(paid),
                None if computed is None else paid - computed,
                work["reason"] + obstacle,
                work["transaction_hash"],
            )
        )
    return findings


def total_tables(works: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """What every keeper earned and every job paid over all contracts, by token: number of works, and the sum in wei."""
    return {
        f"{role}_totals": works.group_by(role, "credit")
        .agg(pl.len().alias("works"), pl.col("payment").sum().alias("paid"))
        .sort(role, "credit")
        for role in ("keeper", "job")
    }


def needs_evidence(works: pl.DataFrame) -> bool:
    """Whether a class depends on how entry points and jobs pay in the rest of the history."""
    return bool(works["explanation"].is_in([UNEXPLAINED, UNMETERED, SOLVED_GAS]).any()) or bool(
        works["usd_per_gas_unit"].is_not_null().any()
    )


_RECORD_TYPES: dict[str, Any] = {
    **dict.fromkeys(WORK_COLUMNS, pl.Int128),
    "explanation": pl.String,
    "suspicious": pl.Boolean,
    "obstacle": pl.String,
    "rewards": pl.UInt32,
}
_EMPTY_EVENTS: dict[str, Any] = {
    "block_number": pl.UInt32,
    "log_index": pl.UInt32,
    "transaction_index": pl.UInt32,
    "timestamp": pl.Int64,
    "transaction_hash": pl.String,
    "job": pl.String,
    "keeper": pl.String,
    "credit": pl.String,
    "payment": _AMOUNT,
    "gas_left": _AMOUNT,
}
