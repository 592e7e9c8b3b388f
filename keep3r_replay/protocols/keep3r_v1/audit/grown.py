"""Tables that a run goes on with: what a former run wrote stands as it is, and what came is added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.protocols.keep3r_v1.audit.rows import HelperRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from keep3r_replay.journal import Finding
    from keep3r_replay.protocols.keep3r_v1.audit.epochs import Named
    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.protocols.keep3r_v1.replay.kept import Recalled
    from keep3r_replay.replay.parts import Table

BY_INPUT, BY_PAYMENTS, CONSTRUCTOR = "input", "payments", "constructor"
NAMED = pl.Schema(
    {"by_payments": pl.String(), "overridden": pl.String(), "tells": pl.Boolean(), "decides": pl.Boolean()}
)
"""What is kept of a payment's `Named`: the helper in force follows from it, and from the one by inputs."""
_SWITCHES = ("block_number", "transaction_index", "timestamp", "helper", "by_payments", "overridden")


def named_frame(named: Sequence[Named]) -> pl.DataFrame:
    """`NAMED`, a row a payment."""
    return pl.DataFrame([each[1:] for each in named], schema=NAMED, orient="row")


def grown(recalled: Recalled | None, name: str, new: pl.DataFrame) -> Table:
    """A table in chain order, by the rows that came."""
    return new if recalled is None else recalled.tables.until(name, recalled.block).grown(new)


def payments_on(recalled: Recalled | None, new: pl.DataFrame) -> Table:
    """The kept table of payments, by those from the first one on whose helper was not settled."""
    return new if recalled is None else recalled.payments.grown(new, recalled.settled)


def works_on(recalled: Recalled | None, new: pl.DataFrame) -> Table:
    """Table `works`, by the same payments."""
    if recalled is None:
        return new
    return recalled.tables.first("works", recalled.payments.rows).grown(new, recalled.settled)


def found_on(recalled: Recalled | None, lists: Mapping[str, Iterable[Finding]]) -> dict[str, list[Finding]]:
    """Findings about what is final, by list: those of a former run, and those that came."""
    former = {} if recalled is None else recalled.found
    return {name: [*former.get(name, ()), *new] for name, new in lists.items()}


def epochs_of(
    context: Context, first_helper: str, recalled: Recalled | None, payments: pl.DataFrame, versions: Mapping[str, str]
) -> list[HelperRow]:
    """Helpers in force: the constructor's, those that inputs set, and those that payments tell instead.

    Args:
        context: with the switches by inputs.
        first_helper: the constructor's.
        recalled: the former run that was gone on from.
        payments: those that were judged, with `NAMED`.
        versions: of helpers, by address.
    """

    def row(block: int, transaction: int, timestamp: int, helper: str, known_by: str) -> HelperRow:
        return HelperRow(block, transaction, timestamp, helper, versions.get(helper), known_by)

    switches = [
        row(each.block, each.transaction_index, each.timestamp, each.helper, BY_INPUT)
        for each in context.helper_switches
    ]
    parts = [payments.lazy().select(_SWITCHES)]
    if recalled is not None:
        parts.insert(0, recalled.payments.lazy().head(recalled.settled).select(_SWITCHES))
    named = [pl.when(pl.col(name) != "").then(name) for name in ("overridden", "helper", "by_payments")]
    told = (
        pl.concat(parts)
        .with_columns(pl.coalesce(named).alias("in_force"))
        .with_columns(before=pl.col("in_force").shift(1).forward_fill().fill_null(first_helper))
        .filter((pl.col("in_force") != pl.col("before")) & (pl.col("in_force") != pl.col("helper")))
        .select("block_number", "transaction_index", "timestamp", "in_force")
    )
    by_payments = [
        row(block, transaction, timestamp, helper, BY_PAYMENTS)
        for block, transaction, timestamp, helper in told.collect().iter_rows()
    ]
    by_place = sorted([*switches, *by_payments], key=lambda each: (*each[:4], each.known_by))
    return [row(0, -1, 0, first_helper, CONSTRUCTOR), *by_place]


def counted(table: Table, names: Iterable[str]) -> dict[str, int]:
    """How many rows of a table there are of each class."""
    found: dict[Any, int] = dict(table.lazy().group_by("class").len().collect().iter_rows())
    return {name: found.get(name, 0) for name in names}
