"""Runs: plain rows that follow each other in a block, and that a protocol takes from columns instead of one by one.

A row is an event or, where a protocol is handed transactions, one of those, which stands before its own events.

A protocol that has none goes without. Whatever is in a run can be handled one by one as well, with the same outcome:
`Options.columns` switches runs off, and tests hold both ways equal byte for byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl


TRANSACTIONS = "transactions"
"""The name that transactions have among the tables of a slice."""


class Found(NamedTuple):
    """Rows of a slice that stand in runs.

    Attributes:
        plain: a Boolean for each row of the slice.
        columns: what the protocol keeps of these rows, in their order.
    """

    plain: pl.Series
    columns: Any


class Run(NamedTuple):
    """The next `rows` of the plain rows of a slice, all of one block; `columns` is what the protocol keeps of them."""

    columns: Any
    rows: int


class Runs(Protocol):
    """What a protocol offers for its plain events."""

    def find(self, order: pl.DataFrame, tables: Sequence[str], events: Mapping[str, pl.DataFrame]) -> Found | None:
        """Which rows of a slice may stand in runs, by their shape; None: none does.

        It is asked slice by slice, each after all runs of the former have been taken.

        Args:
            order: the slice in chain order: `number` of the event in the history (of a transaction: of the next one),
                `block_number`, `transaction_index`, `log_index` (of a transaction: -1), `table`.
            tables: names of tables by number; the last is `TRANSACTIONS`.
            events: the slice's rows by table, each in the order of `order`.
        """

    def take(self, context: Any, run: Run) -> None:
        """Handle the next run: the replay stands in its block, and has entered the transaction of its first row.

        Of a transaction that stands in the run itself the replay has been told only its place.
        """


class Remaining(NamedTuple):
    """A slice whose runs stand as one row each, with the table's number after the last one.

    Attributes:
        order: as `Runs.find` gets it.
        events: the rows that stand in no run, by table.
        runs: in their order.
    """

    order: pl.DataFrame
    events: dict[str, pl.DataFrame]
    runs: list[Run]


def without_runs(
    order: pl.DataFrame, tables: Sequence[str], events: Mapping[str, pl.DataFrame], runs: Runs | None
) -> Remaining:
    """Take the runs out of a slice; arguments as of `Runs.find`. Without `runs` all rows remain."""
    found = None if runs is None else runs.find(order, tables, events)
    if found is None:
        return Remaining(order, dict(events), [])
    plain = found.plain
    begins = plain & ~(plain.shift(fill_value=False) & (order["block_number"] == order["block_number"].shift()))
    firsts = plain.cum_sum().filter(begins).to_list()
    lengths = [stop - first for first, stop in zip(firsts, [*firsts[1:], plain.sum() + 1], strict=True)]
    in_runs = order["table"].filter(plain)
    remaining = dict(events)
    for number in in_runs.unique():
        name = tables[number]
        remaining[name] = events[name].filter(~plain.filter(order["table"] == number))
    left = order.with_columns(table=order["table"].scatter(begins.arg_true(), len(tables))).filter(~plain | begins)
    return Remaining(left, remaining, [Run(found.columns, length) for length in lengths])
