"""Payments above the formula: what `worked` would have paid for the same gas, where the chain tells it.

A job may pay any amount by `bondedPayment`. Where it called `isKeeper` in the same transaction, the meter ran, and the
formula tells what `worked` would have paid there: to the wei in 2.2, 2.3 and on the sidechain (at a price that the job
was seen to ask), at most so much in 2.0 and 2.1, whose events bound the gas only. Without a validation in the
transaction there is nothing to compare with; such payments are counted apart, and never called too high.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from keep3r_replay.counts import counted
from keep3r_replay.protocols.keep3r_v2.audit.classes import MISMATCH, OWN_PAYMENT
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import EXACT, INTERVAL, STALE_GAS, TOKEN_PAYMENT
from keep3r_replay.protocols.keep3r_v2.statements.parties import amount, party_of, times, whole_tokens
from keep3r_replay.replay.statements import Statement
from keep3r_replay.report.amounts import tokens
from keep3r_replay.report.columns import aligned
from keep3r_replay.report.times import moment

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.statements import Occasion

_OWN = (OWN_PAYMENT, MISMATCH)
_BY_FORMULA = (EXACT, STALE_GAS, INTERVAL)
_PLACE = ["block_number", "transaction_index"]
_LOG = ["block_number", "log_index"]
_SHOWN = 10
_BY = ("job", "keeper", "transaction_to")


class Paid(NamedTuple):
    """Own amounts of a group of works: how many, of them with a formula to compare with; wei of those on both sides."""

    works: int
    compared: int
    paid: int
    formula: int

    @property
    def excess(self) -> int:
        """Wei above the formula; below 0 where less was paid."""
        return self.paid - self.formula


def compared_works(lake: Lake, works: pl.DataFrame) -> pl.DataFrame:
    """Works paid in KP3R, in chain order, each beside the formula.

    Args:
        lake: the history, for its validations.
        works: table `works` of an audit.

    Returns:
        the columns of `works` that name the work, with `payment` and `formula` (Int128, wei; null where nothing tells
        it; the upper bound in 2.0 and 2.1); `is_own`: not by the formula; `is_open`: nobody can tell whether.
    """
    kp3r = works.filter(pl.col("explanation") != TOKEN_PAYMENT)
    formula = pl.coalesce(amount("computed_payment"), amount("highest_payment"))
    is_own = pl.col("class").is_in(_OWN)
    is_open = ~pl.col("class").is_in([*_OWN, *_BY_FORMULA])
    return kp3r.join(_metered(lake, kp3r), on=_LOG, how="left", maintain_order="left").select(
        *_LOG,
        "timestamp",
        "transaction_hash",
        "job",
        "keeper",
        "class",
        "transaction_to",
        "selector",
        amount("payment"),
        pl.when(is_own & pl.col("is_metered"))
        .then(formula)
        .when(~is_own & ~is_open)
        .then(amount("payment"))
        .alias("formula"),
        is_own.alias("is_own"),
        is_open.alias("is_open"),
    )


def _metered(lake: Lake, works: pl.DataFrame) -> pl.DataFrame:
    """Places of works before which their own transaction validated a keeper."""
    if not (lake.has("events/keep3r.KeeperValidation") and lake.has("events/keep3r.KeeperWork")):
        return pl.DataFrame(schema={**{name: works.schema[name] for name in _LOG}, "is_metered": pl.Boolean()})
    places = [*_PLACE, "log_index"]
    validated = lake.scan("events/keep3r.KeeperValidation").select(*_PLACE, pl.col("log_index").alias("validated_at"))
    return (
        lake.scan("events/keep3r.KeeperWork")
        .select(places)
        .join(works.lazy().select(_LOG), on=_LOG, how="semi")
        .join(validated, on=_PLACE)
        .filter(pl.col("validated_at") < pl.col("log_index"))
        .select(*_LOG, pl.lit(value=True).alias("is_metered"))
        .unique()
        .collect()
    )


def own_amounts(works: pl.DataFrame) -> Paid:
    """The own amounts among compared works, summed up."""
    own = works.filter("is_own")
    known = own.filter(pl.col("formula").is_not_null())
    return Paid(own.height, known.height, sum(known["payment"].to_list()), sum(known["formula"].to_list()))


def overpaid(occasion: Occasion) -> Statement:
    """Own amounts beside the formula: by job, keeper and entry point, and the works with the most above it.

    Raises:
        UsageError: the party is neither a job nor a keeper of the history.
    """
    works = compared_works(occasion.lake, occasion.audit.tables["works"])
    if occasion.party:
        party = party_of("job or keeper", occasion.party, [*works["job"], *works["keeper"]])
        works = works.filter((pl.col("job") == party) | (pl.col("keeper") == party))
    table = _ranked(works)
    sums = own_amounts(works)
    formula, unknown = works.filter(~pl.col("is_own") & ~pl.col("is_open")), works.filter("is_open")
    lines = [
        f"by the formula       {counted(formula.height, 'work')}, {tokens(sum(formula['payment'].to_list()), 6)} KP3R",
        f"not by the formula   {counted(sums.works, 'work')}{_in_words(sums)}",
    ]
    if unknown.height:
        paid = tokens(sum(unknown["payment"].to_list()), 6)
        lines.append(f"undetermined         {counted(unknown.height, 'work')}, {paid} KP3R")
    for role in _BY:
        groups = [
            (str(key or "-"), own_amounts(part))
            for (key,), part in works.filter("is_own").group_by(role, maintain_order=True)
        ]
        groups.sort(key=lambda group: (-group[1].excess, group[0]))
        title = "entry point" if role == "transaction_to" else role
        head = (title, "works", "compared", "paid, KP3R", "formula, KP3R", "times", "above, KP3R")
        rows: list[tuple[str, ...]] = [(key, *_cells(group)) for key, group in groups[:_SHOWN]]
        lines += ["", *aligned([head, *rows], (44, *(14 for _ in head[1:])))] if rows else []
    first = table.filter(pl.col("excess") > 0).head(_SHOWN)
    if first.height:
        places = [
            (
                f"{row['block_number']} log {row['log_index']}, {moment(row['timestamp'])}",
                row["keeper"],
                *_of_work(row),
            )
            for row in first.iter_rows(named=True)
        ]
        titles = ("most above the formula", "keeper", "paid, KP3R", "formula, KP3R", "times", "above, KP3R")
        lines += ["", *aligned([titles, *places], (30, 44, *(14 for _ in titles[2:])))]
    return Statement(lines, table)


def _in_words(sums: Paid) -> str:
    if not sums.works:
        return ""
    ratio = times(sums.paid, sums.formula)
    known = f": {tokens(sums.paid, 6)} KP3R where the formula gives {tokens(sums.formula, 6)}, {ratio} times as much"
    unknown = sums.works - sums.compared
    return (known if ratio else "") + (f"; {unknown:,} with no formula to compare with" if unknown else "")


def _cells(sums: Paid) -> tuple[str, ...]:
    amounts = (tokens(sums.paid, 6), tokens(sums.formula, 6), times(sums.paid, sums.formula), tokens(sums.excess, 6))
    return (f"{sums.works:,}", f"{sums.compared:,}", *((each or "-") if sums.compared else "-" for each in amounts))


def _of_work(row: dict[str, object]) -> tuple[str, ...]:
    paid, formula, excess = (int(str(row[name])) for name in ("payment", "formula", "excess"))
    return (tokens(paid, 6), tokens(formula, 6), times(paid, formula) or "-", tokens(excess, 6))


def _ranked(works: pl.DataFrame) -> pl.DataFrame:
    """The own amounts, those most above the formula first, those with nothing to compare with last."""
    own = (
        works.filter("is_own")
        .drop("is_own", "is_open")
        .with_columns((pl.col("payment") - pl.col("formula")).alias("excess"))
    )
    pairs = zip(own["payment"].to_list(), own["formula"].to_list(), strict=True)
    ratio = [None if formula is None else times(paid, formula) for paid, formula in pairs]
    return (
        own.with_columns(
            pl.Series("times", [each and each.replace(",", "") for each in ratio], pl.String).cast(pl.Decimal(38, 4)),
            *(whole_tokens(own[name].to_list()).alias(f"{name}_kp3r") for name in ("payment", "formula", "excess")),
        )
        .with_columns(pl.col("payment", "formula", "excess").cast(pl.Decimal(38, 0)))
        .sort("excess", "block_number", "log_index", descending=[True, False, False], nulls_last=True)
    )
