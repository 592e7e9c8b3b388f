"""Plain works from columns: `replay.runs.Runs` for Keep3r V1.

What `plain_works.is_plain_work` asks of each transaction is asked of all of a slice at once, so that neither its row
nor its logs become objects. Nearly every block of such a history holds one, so that a run is short; what it saves is
the way there. A payment that the contract would refuse, or log otherwise, goes the way of any other transaction.
"""

from __future__ import annotations

from functools import reduce
from itertools import islice
from operator import and_
from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.evm.relays import RELAYS
from keep3r_replay.protocols.keep3r_v1.contract import jobs
from keep3r_replay.protocols.keep3r_v1.contract.state import ZERO_ADDRESS
from keep3r_replay.protocols.keep3r_v1.replay.logs import HANDLERS
from keep3r_replay.protocols.keep3r_v1.replay.payments import WORK, Sent, measured_as, plausible_gas
from keep3r_replay.protocols.keep3r_v1.replay.plain_works import TRANSFER, WORKED, only_pays
from keep3r_replay.protocols.keep3r_v1.replay.transactions import follow_transaction
from keep3r_replay.replay.entries import SELECTOR
from keep3r_replay.replay.history import Transaction
from keep3r_replay.replay.runs import TRANSACTIONS, Found
from keep3r_replay.replay.tables import values_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.replay.runs import Run

_TRANSFER, _WORKED = ".".join(TRANSFER), ".".join(WORKED)
_PLACE = ("block_number", "transaction_index")
_LOGS = 2
_SENT = ("hash", "from", "to", "input", "gas", "gas_used", "effective_gas_price", "status")
_READ = (
    "transaction_index",
    "hash",
    "from",
    "gas_used",
    "gas",
    "entry_point",
    "log_index",
    "job",
    "keeper",
    "block",
    "amount",
)


class PlainColumns:
    """The plain works of a slice: `rows` are those that no run has taken yet, as `_READ`."""

    def __init__(self, works: pl.DataFrame) -> None:
        self.next = 0
        """Number of the first work of the next run."""
        self.rows: Iterator[tuple[Any, ...]] = zip(*(values_of(works[name]) for name in _READ), strict=True)
        self._works = works

    def enter(self, context: Context, number: int) -> None:
        """Have the replay stand in the transaction of one work, with its logs."""
        work = self._works.slice(number, 1).with_columns(pl.col(pl.Decimal).cast(pl.Int128))
        context.place = work.select(_PLACE).row(0)
        context.transaction = Transaction(context.place, *work.select(_SENT).row(0))
        moved = work.select(f"moved_{name}" for name in ("log_index", *HANDLERS[_TRANSFER].columns))
        context.rows = [(TRANSFER, moved.row(0)), (WORKED, work.select("log_index", *HANDLERS[_WORKED].columns).row(0))]


def _follows(order: pl.DataFrame, rows: int) -> pl.Series:
    """Whether a row is of the same transaction as the one so many rows before it."""
    same = (order[each] == order[each].shift(rows) for each in _PLACE)
    return reduce(and_, same).fill_null(value=False)


class PlainRuns:
    """See `replay.runs.Runs`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def find(self, order: pl.DataFrame, tables: Sequence[str], events: Mapping[str, pl.DataFrame]) -> Found | None:
        """Successful transactions with two logs, a payment's, whose input concerns no governance, feed or oracle."""
        context = self._context
        if context.inner is not None or not context.silent_calls or context.keeps_more:
            return None
        if any(each not in events for each in (TRANSACTIONS, _TRANSFER, _WORKED)):
            return None
        kinds = is_sent, is_moved, is_worked = [
            order["table"] == tables.index(each) for each in (TRANSACTIONS, _TRANSFER, _WORKED)
        ]
        follows = [_follows(order, rows) for rows in range(1, _LOGS + 1)]
        # A slice may end in the middle of a transaction: what comes after the two logs must be seen.
        ends = ~follows[0].shift(-1, fill_value=True)
        worked = is_worked & ends & is_moved.shift() & is_sent.shift(_LOGS) & follows[0] & follows[1]
        works = self._works(worked.fill_null(value=False), kinds, events)
        if works.is_empty():
            return None
        places = pl.concat([works["place"] - each for each in range(_LOGS + 1)])
        plain = pl.repeat(value=False, n=order.height, dtype=pl.Boolean, eager=True).scatter(places, values=True)
        return Found(plain, PlainColumns(works))

    def _works(self, worked: pl.Series, kinds: Sequence[pl.Series], events: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """What `PlainColumns` reads, of the rows of `worked` that are plain; `place` is the row's in the slice."""
        context, is_sent, is_moved, is_worked = self._context, *kinds
        address = context.kp3r.address
        sent = events[TRANSACTIONS].filter(worked.shift(-_LOGS, fill_value=False).filter(is_sent))
        moved = events[_TRANSFER].filter(worked.shift(-1, fill_value=False).filter(is_moved))
        logged = events[_WORKED].filter(worked.filter(is_worked))
        selector = pl.col("input").bin.slice(0, SELECTOR).bin.encode("hex")
        return (
            logged.hstack(moved.select(pl.all().name.prefix("moved_")))
            .hstack([*sent.select(_SENT), worked.arg_true().cast(pl.Int64).alias("place")])
            .filter(
                pl.all_horizontal(pl.col("address", "moved_address", "credit") == address),
                pl.col("job") == pl.col("moved_from"),
                pl.col("keeper") == pl.col("moved_to"),
                pl.col("amount") == pl.col("moved_amount"),
                ~pl.col("job").is_in([*context.oracle_jobs, address, ZERO_ADDRESS]),
                pl.col("status") == 1,
                ~pl.col("to").is_in(sorted(context.watched)),
                ~selector.is_in([each.hex() for each in RELAYS]),
                *(~pl.col("input").bin.contains(needle) for needle in context.needles),
            )
            .with_columns(pl.concat_str("to", selector, separator=":").alias("entry_point"))
        )

    def take(self, context: Context, run: Run) -> None:
        """Pay the works of a run."""
        columns: PlainColumns = run.columns
        kp3r, block, payments = context.kp3r, context.block, context.payments
        assert block is not None
        count = run.rows // (_LOGS + 1)
        first, columns.next = columns.next, columns.next + count
        for number, row in enumerate(islice(columns.rows, count), first):
            index, digest, origin, gas_used, gas, entry_point, log_index, job, keeper, told, amount = row
            if not only_pays(context, job, keeper, told, amount):
                columns.enter(context, number)
                follow_transaction(context)
                continue
            context.place = block.number, index
            sent = Sent(digest, origin, gas_used, plausible_gas(gas, gas_used, block), entry_point, "")
            payments.append(measured_as(context, sent, log_index, WORK, job, kp3r.address, keeper, amount))
            jobs.pay_work(kp3r, job, keeper, amount)
        context.place = None
