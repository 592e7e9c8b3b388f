"""How a keeper came to a job: the entry point of each work, the relay that it went through, and who sent it.

An entry point is a target and a selector: those of the transaction, or where that calls a relay, those of the call that
the relay makes (`evm.relays`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.evm.relays import RELAYS, entry_call
from keep3r_replay.replay.sent import sent

if TYPE_CHECKING:
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Transaction
    from keep3r_replay.replay.timeline import Span

PLACE = ("block_number", "transaction_index")
SELECTOR = 4

ENTRY_SCHEMA = pl.Schema(
    {"transaction_to": pl.String(), "selector": pl.String(), "relay": pl.String(), "sender": pl.String()}
)
"""`transaction_to` and `selector` are the entry point; `relay` is the transaction's target where that is a relay;
`sender` is who signed the transaction. All are null where the lake lacks the transaction."""

_INNER = pl.Schema({"row": pl.UInt32(), "inner_to": pl.String(), "inner_selector": pl.String()})


def entry_points(lake: Lake, span: Span, works: pl.DataFrame) -> pl.DataFrame:
    """Entry points of works, row by row.

    Args:
        lake: the history.
        span: the part of it that the works are of.
        works: `PLACE`, and `job`, whose call is looked for among those of a relay.

    Returns:
        `ENTRY_SCHEMA`, and `gas_used` of the transaction.
    """
    transactions = sent(lake, span)
    told = transactions.select(
        *PLACE,
        pl.col("to").alias("transaction_to"),
        _selector().alias("selector"),
        pl.col("from").alias("sender"),
        "gas_used",
    ).collect()
    entries = works.select(PLACE).join(told, on=PLACE, how="left", maintain_order="left")
    inner = _inner(transactions, works, entries["selector"].is_in([each.hex() for each in RELAYS]).arg_true())
    relayed = pl.col("inner_to").is_not_null()
    return (
        entries.with_row_index("row")
        .join(inner, on="row", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("inner_to", "transaction_to").alias("transaction_to"),
            pl.coalesce("inner_selector", "selector").alias("selector"),
            pl.when(relayed).then("transaction_to").alias("relay"),
        )
        .select(*ENTRY_SCHEMA, "gas_used")
    )


def entry_of(transaction: Transaction, job: str) -> tuple[str, str, str]:
    """The entry point of a work for `job`: target, selector, and the relay it was reached through; empty for none."""
    to, data = transaction.to, transaction.input
    if to is None or data[:SELECTOR] not in RELAYS:
        return to or "", data[:SELECTOR].hex(), ""
    called = entry_call(to, data, job)
    return called.to, called.data[:SELECTOR].hex(), "" if (called.to, called.data) == (to, data) else to


def _selector() -> pl.Expr:
    return pl.col("input").bin.slice(0, SELECTOR).bin.encode("hex")


def _inner(transactions: pl.LazyFrame, works: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    """What relays call in the works of `rows`; none for an input that holds no call."""
    if rows.is_empty():
        return pl.DataFrame(schema=_INNER)
    relayed = works.with_row_index("row")[rows].select("row", *PLACE, "job")
    inputs = (
        transactions.filter(_selector().is_in([each.hex() for each in RELAYS]))
        .select(*PLACE, "to", "input")
        .join(relayed.lazy(), on=PLACE, how="inner")
        .sort("row")
        .collect()
    )
    found = []
    for row, to, data, job in inputs.select("row", "to", "input", "job").iter_rows():
        called = None if to is None else entry_call(to, data, job)
        if called is not None and (called.to, called.data) != (to, data):
            found.append((row, called.to, called.data[:SELECTOR].hex()))
    return pl.DataFrame(found, schema=_INNER, orient="row")
