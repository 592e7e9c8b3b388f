"""Plain works, a run at a time: `replay.runs.Runs` for Keep3r V2.

A plain work is a KeeperValidation and the KeeperWork right after it, in one transaction that does not call Keep3r
itself, paid in KP3R. A run of them in a block is taken from columns: what a run has in common is looked at once (the
quote, the base fee, the helper, the period), and of each work only what it changes: the job's credits, the keeper's
bonds. A work that is not what the formula gives, or whose job needs more than paying, goes through its handlers.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import polars as pl

from keep3r_replay.protocols.keep3r_v2.contract.quoting import period_start
from keep3r_replay.protocols.keep3r_v2.replay.calls.work import on_validation
from keep3r_replay.protocols.keep3r_v2.replay.plain_columns import PlainColumns
from keep3r_replay.protocols.keep3r_v2.replay.plain_formulas import FORMULAS, Formula, OfRun
from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2
from keep3r_replay.replay.runs import Found

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keep3r_replay.protocols.keep3r_v2.contract.state import Job, Keep3r
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext, Handler
    from keep3r_replay.protocols.keep3r_v2.replay.plain_columns import Pair, Row
    from keep3r_replay.replay.protocol import Replay
    from keep3r_replay.replay.runs import Run

_VALIDATION, _WORK = "keep3r.KeeperValidation", "keep3r.KeeperWork"
_TRANSACTION = ("block_number", "transaction_index")


def plain_works(replay: Replay) -> PlainWorks | None:
    """The runs of a replay; None where the version has no formula for runs."""
    assert isinstance(replay, Keep3rV2)
    formula = FORMULAS.get(replay.keep3r.rules.payment)
    return None if formula is None else PlainWorks(replay, formula)


class PlainWorks:
    """See `replay.runs.Runs`."""

    def __init__(self, replay: Keep3rV2, formula: Formula) -> None:
        self._replay = replay
        self._formula = formula
        self._on_work: Handler = replay.handlers[_WORK].handle
        places = [*replay.context.direct_inputs]
        self._direct = pl.DataFrame(places, schema=dict.fromkeys(_TRANSACTION, pl.UInt32), orient="row")

    def find(self, order: pl.DataFrame, tables: Sequence[str], events: Mapping[str, pl.DataFrame]) -> Found | None:
        """Works right behind a validation of their transaction, which is not a call of Keep3r, paid in KP3R."""
        if _WORK not in events or _VALIDATION not in events:
            return None
        token = self._replay.keep3r.parameters.keep3r_v1
        is_work, is_validation = (order["table"] == tables.index(name) for name in (_WORK, _VALIDATION))
        same = (order[name] == order[name].shift() for name in _TRANSACTION)
        pair = is_work & is_validation.shift(fill_value=False) & next(same) & next(same)
        validations = events[_VALIDATION].filter(pair.shift(-1, fill_value=False).filter(is_validation))
        pairs = events[_WORK].filter(pair.filter(is_work))
        pairs = pairs.hstack(
            [
                validations["log_index"].alias("validated_at"),
                validations["gas_left"].alias("gas"),
                pair.arg_true().alias("place"),
            ]
        ).filter((pl.col("credit") == token) & (pl.col("gas") > 0) & (pl.col("gas") >= pl.col("gas_left")))
        if self._direct.height:
            pairs = pairs.join(self._direct, on=_TRANSACTION, how="anti", maintain_order="left")
        if pairs.is_empty():
            return None
        places = pl.concat([pairs["place"], pairs["place"] - 1])
        plain = pl.repeat(value=False, n=order.height, dtype=pl.Boolean, eager=True).scatter(places, values=True)
        columns = PlainColumns(pairs, token, self._formula)
        self._replay.context.works.begin(columns)
        return Found(plain, columns)

    def take(self, context: CallContext, run: Run) -> None:
        """Pay the works of a run; those that are not plain go through their handlers."""
        columns: PlainColumns = run.columns
        count = run.rows // 2
        first, columns.next = columns.next, columns.next + count
        of_run = self._formula.begin(context, columns.terms) if self._nothing_waits(context, columns.token) else None
        rows = islice(columns.rows, count)
        if of_run is not None:
            self._pay(context, columns, of_run, first, rows)
            return
        for number, _ in enumerate(rows, first):
            self._one_by_one(context, columns.token, columns.pair(number))

    @staticmethod
    def _nothing_waits(context: CallContext, token: str) -> bool:
        """Whether works of the present block have only themselves to look at."""
        return (
            context.keep3r.parameters.keep3r_v1 == token
            and not context.pending_rewards
            and context.growth is None
            and not context.pool_mints
            and not context.pair_transfers
        )

    def _pay(self, context: CallContext, columns: PlainColumns, of_run: OfRun, first: int, rows: Iterator[Row]) -> None:
        keep3r, now, token = context.keep3r, context.now, columns.token
        jobs, keepers, disputes, listed = keep3r.jobs, keep3r.keepers, keep3r.disputes, keep3r.job_list.members
        explains, note = of_run.explains, columns.credits_before.append
        start = period_start(keep3r, now)
        begun = number = first
        for number, (address, keeper_address, gas, amount) in enumerate(rows, first):
            job, keeper = jobs.get(address), keepers.get(keeper_address)
            if (
                job is not None
                and keeper is not None
                and amount <= (credit := job.credits)
                and address in listed
                and address not in disputes
                and (job.rewarded_at >= start or _only_pays(keep3r, job, start, now))
                and explains(address, (held := keeper.bonds.get(token, 0)), gas, amount)
            ):
                note(credit)
                job.worked_at = now
                job.credits = credit - amount
                keeper.bonds[token] = held + amount
                keeper.work_completed += amount
            else:
                self._end(context, columns, of_run, begun, number)
                self._one_by_one(context, token, columns.pair(number))
                begun = number + 1
        self._end(context, columns, of_run, begun, number + 1)

    def _one_by_one(self, context: CallContext, token: str, pair: Pair) -> None:
        """Handle a validation and its work as any other event, entering their transaction."""
        place = context.block_number, pair.transaction_index
        if place != context.transaction:
            self._replay.end_transaction()
            self._replay.begin_transaction(place, None)
        on_validation(context, (pair.validated_at, pair.gas))
        self._on_work(context, (pair.log_index, token, pair.job, pair.keeper, pair.payment, pair.gas_left))

    def _end(self, context: CallContext, columns: PlainColumns, of_run: OfRun, first: int, stop: int) -> None:
        """The works from `first` to before `stop` were plain: note them, and stand after the last of them."""
        if first == stop:
            return
        keep3r, block, last = context.keep3r, context.block_number, stop - 1
        if keep3r.rules.has_total_bonds:
            keep3r.total_bonds += sum(columns.amounts[first:stop])
        keep3r.gas_meter = 0 if keep3r.rules.worked_clears_gas_meter else columns.gas[last]
        context.transaction = context.metered_in = block, columns.transactions[last]
        context.metered_at = block, columns.validated_at[last]
        context.meter_is_read = False
        columns.take(first, stop, len(context.works.singles), of_run.one_eth_quote, of_run.extra_gas, context.code)
        if self._replay.observer is not None:
            self._replay.observer.paid(context, columns.spendings(first, stop))


def _only_pays(keep3r: Keep3r, job: Job, start: int, now: int) -> bool:
    """Whether a work changes nothing of a job rewarded before this period but its payment.

    It brings the job into the period otherwise (`credits.update_if_needed`).
    """
    window = keep3r.parameters.reward_period_time
    return job.worked_at >= start and now - job.rewarded_at < window and job.rewarded_at > start - window
