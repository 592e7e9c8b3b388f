"""Classes of works: what each KeeperWork's payment turns out to be, once the whole history is known.

A payment that the formula gives is `exact`, `interval`, or `stale_gas` if the gas meter came from an earlier
transaction. One that it gives only with something that no event holds (a meter, an access to storage, a price that the
job asked once), and one by code that no known version has, is `undetermined`. Any other is the job's `own_payment`,
unless something speaks against that beyond chance, which makes it a `mismatch`: the same entry point otherwise pays by
the formula (`evidence`), or the payment lies nearer to the formula's amount than own payments do. A work that was paid
for more gas than its transaction used is a mismatch too.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from keep3r_replay.journal import ERROR, Finding, as_text
from keep3r_replay.protocols.keep3r_v2.audit.evidence import BEYOND_CHANCE, ENTRY, Evidence, evidence_of, lies_too_near
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import (
    ASSUMED,
    CHOSEN,
    EXACT,
    GUESSED,
    INTERVAL,
    OTHER_BONDS,
    REFUTED,
    SILENT_ACCESS,
    SOLVED_GAS,
    STALE_GAS,
    TOKEN_PAYMENT,
    UNEXPLAINED,
    UNFED,
    UNMETERED,
    UNPRICED,
)

OWN_PAYMENT = "own_payment"
UNDETERMINED = "undetermined"
MISMATCH = "mismatch"
CLASSES = (EXACT, INTERVAL, OWN_PAYMENT, TOKEN_PAYMENT, STALE_GAS, UNDETERMINED, MISMATCH)

_AMOUNT = pl.Decimal(38, 0)
NEEDED = (
    *("job", "payment", "gas_left", "explanation", "computed_payment", "lowest_payment", "highest_payment"),
    *("initial_gas", "boost", "one_eth_quote", "extra_gas", "usd_per_gas_unit", *ENTRY),
)
"""Columns of `works` that classes are made of, beside those of `EVIDENCE_SCHEMA`."""


class _Rule(NamedTuple):
    """Works that a test holds for are of a class, for a reason; the first rule that holds decides."""

    test: pl.Expr
    kind: str
    reason: str


_TOLD = pl.col("explanation").is_in([EXACT, STALE_GAS]) | (
    (pl.col("explanation") == INTERVAL) & (pl.col("choices") == 1)
)
DEPENDS = ~_TOLD | pl.col("usd_per_gas_unit").is_not_null()
"""Whether a work's class depends on how entry points and jobs pay in the rest of the history."""


def needs_evidence(works: pl.LazyFrame) -> bool:
    """Whether some work's class depends on how entry points and jobs pay in the rest of the history."""
    return bool(works.select(DEPENDS.any()).collect().item())


def classify(works: pl.DataFrame, evidence: pl.DataFrame) -> pl.DataFrame:
    """Give every work its `class` and, where the class is no plain one, the `reason`: columns beside its own.

    Args:
        works: the works to classify (`works_table`, of which `NEEDED` is enough).
        evidence: the works of the whole history, from which entry points and jobs are known.
    """
    if not needs_evidence(works.lazy()):
        return plainly(works)
    seen = evidence_of(evidence)
    joined = (
        works.join(seen.entries, on=list(ENTRY), how="left", maintain_order="left", nulls_equal=False)
        .join(seen.jobs, on="job", how="left", maintain_order="left")
        .join(seen.prices, on=["job", "usd_per_gas_unit"], how="left", maintain_order="left", nulls_equal=False)
        .with_columns(_near(works, seen))
    )
    return _classed(joined, _RULES).select(*works.columns, "class", "reason")


def plainly(works: pl.DataFrame) -> pl.DataFrame:
    """`classify` for works that the rest of the history does not matter to."""
    return _classed(works, [*_UNKNOWN_CODE, _BEYOND_GAS])


def _classed(works: pl.DataFrame, rules: list[_Rule]) -> pl.DataFrame:
    return works.with_columns(
        pl.coalesce(*(pl.when(rule.test).then(pl.lit(rule.kind)) for rule in rules), pl.col("explanation")).alias(
            "class"
        ),
        pl.coalesce(*(pl.when(rule.test).then(pl.lit(rule.reason)) for rule in rules), pl.lit("")).alias("reason"),
    )


_GIVEN = pl.coalesce("computed_payment", "highest_payment", "payment").cast(pl.Int128)
_MAY_BE_NEAR = pl.col("off_by").is_not_null() & (
    (pl.col("choices") < 1) | (pl.col("off_by").cast(pl.Int128) <= _GIVEN // BEYOND_CHANCE)
)
"""Nothing else lies too near, however few amounts and draws there are (`evidence.lies_too_near`)."""


def _near(works: pl.DataFrame, seen: Evidence) -> pl.Series:
    """Which unexplained payments lie nearer to an amount of the formula than own payments do."""
    asked = dict(seen.prices.group_by("job").agg(pl.len()).iter_rows())
    near = [False] * works.height
    unexplained = works.with_row_index().filter((pl.col("explanation") == UNEXPLAINED) & _MAY_BE_NEAR)
    columns = ("index", "job", "payment", "computed_payment", "highest_payment", "choices", "off_by")
    for row in unexplained.select(columns).with_columns(pl.col(_AMOUNT).cast(pl.Int128)).iter_rows(named=True):
        gives = next(
            amount for amount in (row["computed_payment"], row["highest_payment"], row["payment"]) if amount is not None
        )
        amounts = row["choices"] * asked.get(row["job"], 1)
        near[row["index"]] = lies_too_near(row["off_by"], gives, amounts, max(1, seen.unexplained))
    return pl.Series("near", near, dtype=pl.Boolean)


_EXPLAINED = pl.col("explanation")
_HIT = _EXPLAINED.is_in([EXACT, STALE_GAS, INTERVAL])
_ENTRY_PAYS = pl.col("entry_pays").fill_null(value=False)
_ASKED_ONCE = (pl.col("price_draws") == 1) & ~pl.col("price_is_told")
_BY_CHANCE = ~_ENTRY_PAYS & (pl.col("entry_others") > 0)

_BEYOND_GAS = _Rule(
    pl.col("beyond_gas"),
    MISMATCH,
    "between validation and work more gas would have passed than the transaction can have used",
)
_ASSUMED_REASON = "no known version has the code of the helper or of Keep3r: its version is the configuration's word"
_UNKNOWN_CODE = [
    _Rule(
        (pl.col("code") == GUESSED) & ~_EXPLAINED.is_in([TOKEN_PAYMENT, CHOSEN]),
        UNDETERMINED,
        "no known version has the code of the helper or of Keep3r, and no configuration says which version it is",
    ),
    _Rule(
        (pl.col("code") == ASSUMED)
        & (pl.col("beyond_gas") | ~_EXPLAINED.is_in([EXACT, STALE_GAS, INTERVAL, TOKEN_PAYMENT, CHOSEN])),
        UNDETERMINED,
        _ASSUMED_REASON,
    ),
    _Rule((pl.col("code") != "") & (_EXPLAINED == TOKEN_PAYMENT), TOKEN_PAYMENT, ""),
]
_RULES = [
    *_UNKNOWN_CODE,
    _BEYOND_GAS,
    _Rule(_EXPLAINED == REFUTED, MISMATCH, "the transaction calls worked, which pays by the formula"),
    _Rule(_EXPLAINED == CHOSEN, OWN_PAYMENT, ""),
    _Rule(
        (_EXPLAINED == TOKEN_PAYMENT) & _ENTRY_PAYS,
        MISMATCH,
        "the same entry point otherwise pays KP3R, by the formula",
    ),
    _Rule(
        (_EXPLAINED == TOKEN_PAYMENT) & (pl.col("entry_hits") > 0),
        TOKEN_PAYMENT,
        "the same entry point also pays KP3R; nothing tells which of both was called for",
    ),
    _Rule(_HIT & _ASKED_ONCE & _BY_CHANCE, OWN_PAYMENT, ""),
    _Rule(
        _HIT & _ASKED_ONCE,
        UNDETERMINED,
        "price asked once: the payment fits a price of gas that the job asks nowhere else, as some free amounts do",
    ),
    _Rule(
        (_EXPLAINED == INTERVAL) & (pl.col("choices") > 1) & _BY_CHANCE,
        UNDETERMINED,
        "the payment lies within the bounds, as some free amounts do, and the entry point otherwise pays freely",
    ),
    _Rule(
        _EXPLAINED == OTHER_BONDS,
        UNDETERMINED,
        "the formula gives the payment for other bonds of the keeper than the events before it lead to",
    ),
    _Rule(
        _EXPLAINED == SILENT_ACCESS,
        UNDETERMINED,
        "the payment fits only if a contract accessed a slot of Keep3r before it in a way that leaves no event",
    ),
    _Rule(
        (_EXPLAINED == UNMETERED) & (pl.col("entry_hits") > 0),
        UNDETERMINED,
        "the gas meter may have been set by a validation that left no event",
    ),
    _Rule(_EXPLAINED == UNMETERED, OWN_PAYMENT, ""),
    _Rule(
        _EXPLAINED == UNFED,
        UNDETERMINED,
        "the price is of an oracle that was fed what no log, no input and no reading tells",
    ),
    _Rule(_EXPLAINED == UNPRICED, UNDETERMINED, "the cached price of KP3R is unknown since the start from views"),
    _Rule((_EXPLAINED == UNEXPLAINED) & _ENTRY_PAYS, MISMATCH, "the same entry point otherwise pays by the formula"),
    _Rule(
        pl.col("near"),
        MISMATCH,
        "the payment lies nearer to what the formula gives than amounts of a job's own choice do",
    ),
    _Rule(
        (_EXPLAINED == UNEXPLAINED)
        & pl.col("selector").is_null()
        & pl.col("job_pays").fill_null(value=False)
        & (pl.col("job_others") == 1),
        UNDETERMINED,
        "the same job otherwise pays by the formula, and no transaction tells which function was called here",
    ),
    _Rule(
        pl.col("told_later"),
        MISMATCH,
        "the payment fits the gas meter of a validation that stands after it in the same transaction",
    ),
    _Rule(
        (_EXPLAINED == SOLVED_GAS) & pl.col("suspicious") & _ENTRY_PAYS,
        MISMATCH,
        "the payment fits only a gas meter that no event of the transaction told, though the keeper passes validation "
        "and this entry point otherwise pays from an open one",
    ),
    _Rule(_EXPLAINED == UNEXPLAINED, OWN_PAYMENT, ""),
    _Rule(_EXPLAINED == SOLVED_GAS, UNDETERMINED, "the gas meter was set by a validation that left no event"),
]


def payment_findings(works: pl.LazyFrame) -> list[Finding]:
    """A finding for every work classed as a mismatch."""
    findings = []
    wrong = works.filter(pl.col("class") == MISMATCH).collect().with_columns(pl.col(_AMOUNT).cast(pl.Int128))
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
                _told(computed, work["lowest_payment"], work["highest_payment"]),
                as_text(paid),
                None if computed is None else paid - computed,
                work["reason"] + obstacle,
                work["transaction_hash"],
            )
        )
    return findings


def _told(computed: int | None, lowest: int | None, highest: int | None) -> str:
    """The amount that the formula gives, or the bounds that it lies between; empty where it gives none."""
    if computed is not None or lowest is None or highest is None:
        return as_text(computed)
    return f"{lowest} to {highest}"
