"""Plain works, a run at a time: `replay.runs.Runs` for Keep3r V2.

A plain work is a KeeperValidation and the KeeperWork right after it, in one transaction that does not call Keep3r
itself, paid in KP3R. A run of them in a block is taken from columns: what a run has in common is looked at once (the
quote, the base fee, the helper, the period), and of each work only what it changes: the job's credits, the keeper's
bonds. A work that is not what the formula gives, or whose job needs more than paying, goes through its handlers.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.protocols.keep3r_v2.contract.quoting import period_start
from keep3r_replay.protocols.keep3r_v2.replay.calls.records import SCHEMA, SINGLES_BEFORE
from keep3r_replay.protocols.keep3r_v2.replay.calls.work import on_validation, on_work
from keep3r_replay.protocols.keep3r_v2.replay.plain_formulas import FORMULAS, Formula, OfRun
from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2
from keep3r_replay.replay.runs import Found

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keep3r_replay.protocols.keep3r_v2.contract.state import Job, Keep3r
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
    from keep3r_replay.replay.protocol import Replay
    from keep3r_replay.replay.runs import Run

_VALIDATION, _WORK = "keep3r.KeeperValidation", "keep3r.KeeperWork"
_AMOUNT, _INT = pl.Decimal(38, 0), pl.Int128
_TRANSACTION = ("block_number", "transaction_index")


class _Pair(NamedTuple):
    """A validation and its work: `gas` is what the one logged, `gas_left` the other, `payment` in wei."""

    transaction_index: int
    validated_at: int
    gas: int
    log_index: int
    job: str
    keeper: str
    payment: int
    gas_left: int


_Row = tuple[str, str, int, int]
"""Of a pair what is looked at in each: job, keeper, gas between the two, wei."""


class _Taken(NamedTuple):
    """Consecutive works of a slice that were taken as plain, with what they have in common."""

    first: int
    count: int
    singles_before: int
    one_eth_quote: int | None
    extra_gas: int | None
    code: str


class PlainColumns:
    """The works of a slice that have the shape of plain ones, and what was noted of those that are."""

    def __init__(self, pairs: pl.DataFrame, token: str, formula: Formula) -> None:
        self.token = token
        self.next = 0
        self.terms: dict[str, list[int]] = {name: [] for name in formula.terms}
        self.credits_before: list[int] = []
        self.taken: list[_Taken] = []
        self._pairs = pairs
        self._formula = formula
        self._columns = {name: _values(pairs[name]) for name in _Pair._fields}
        spent = _values(pairs["gas"].cast(_INT) - pairs["gas_left"].cast(_INT))
        self.amounts: list[int] = self._columns["payment"]
        self.rows: Iterator[_Row] = zip(
            self._columns["job"], self._columns["keeper"], spent, self.amounts, strict=True
        )

    def pair(self, number: int) -> _Pair:
        """One pair of the slice."""
        return _Pair(*(self._columns[name][number] for name in _Pair._fields))

    def frame(self) -> pl.DataFrame:
        """See `calls.records.Plain`."""
        kinds: dict[str, Any] = {name: pl.Int64 for name in ("first", "count")}
        kinds |= {SINGLES_BEFORE: pl.UInt32, "one_eth_quote": _INT, "extra_gas": _INT, "code": pl.String}
        common = (
            pl.DataFrame(self.taken, schema=kinds, orient="row")
            .with_columns(row=pl.int_ranges("first", pl.col("first") + pl.col("count")))
            .explode("row", empty_as_null=False)
        )
        noted = {**self.terms, "credits_before": self.credits_before}
        works = common.hstack(self._pairs.select("payment", "gas")[common["row"]]).with_columns(
            pl.Series(name, values, _INT) for name, values in noted.items()
        )
        told: dict[str, pl.Expr] = {
            "explanation": pl.lit(self._formula.explanation),
            "initial_gas": pl.col("gas"),
            "suspicious": pl.lit(value=False),
            "obstacle": pl.lit(""),
            "told_here": pl.lit(value=True),
            "choices": pl.lit(1),
            "price_is_told": pl.lit(value=False),
            "credits_after": pl.col("credits_before") - pl.col("payment").cast(_INT),
            "rewards": pl.lit(0),
            **({"computed_payment": pl.col("payment")} if self._formula.is_exact else {}),
        }
        return works.select(
            *(
                told.get(name, pl.col(name) if name in works.columns else pl.lit(None)).cast(kind).alias(name)
                for name, kind in SCHEMA.items()
            ),
            SINGLES_BEFORE,
        )


def _values(series: pl.Series) -> list[Any]:
    """The values of a column as objects, by the shortest way."""
    if series.dtype in {_AMOUNT, _INT}:
        narrow = series.cast(pl.Int64, strict=False)
        return (series.cast(_INT) if narrow.has_nulls() else narrow).to_list()
    if series.dtype != pl.String:
        return series.to_list()
    # One object an address, whose hash is known from its first use on.
    names = series.unique()
    texts = names.to_list()
    return [texts[place] for place in series.cast(pl.Enum(names)).to_physical().to_list()]


def plain_works(replay: Replay) -> PlainWorks | None:
    """The runs of a replay; None where an observer watches each event, or the version has no formula for runs."""
    assert isinstance(replay, Keep3rV2)
    formula = FORMULAS.get(replay.keep3r.rules.payment)
    return None if replay.observer is not None or formula is None else PlainWorks(replay, formula)


class PlainWorks:
    """See `replay.runs.Runs`."""

    def __init__(self, replay: Keep3rV2, formula: Formula) -> None:
        self._replay = replay
        self._formula = formula
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

    def _pay(
        self, context: CallContext, columns: PlainColumns, of_run: OfRun, first: int, rows: Iterator[_Row]
    ) -> None:
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
                _end(context, columns, of_run, begun, number)
                self._one_by_one(context, token, columns.pair(number))
                begun = number + 1
        _end(context, columns, of_run, begun, number + 1)

    def _one_by_one(self, context: CallContext, token: str, pair: _Pair) -> None:
        """Handle a validation and its work as any other event, entering their transaction."""
        place = context.block_number, pair.transaction_index
        if place != context.transaction:
            self._replay.end_transaction()
            self._replay.begin_transaction(place, None)
        on_validation(context, (pair.validated_at, pair.gas))
        on_work(context, (pair.log_index, token, pair.job, pair.keeper, pair.payment, pair.gas_left))


def _only_pays(keep3r: Keep3r, job: Job, start: int, now: int) -> bool:
    """Whether a work changes nothing of a job rewarded before this period but its payment.

    It brings the job into the period otherwise (`credits.update_if_needed`).
    """
    window = keep3r.parameters.reward_period_time
    return job.worked_at >= start and now - job.rewarded_at < window and job.rewarded_at > start - window


def _end(context: CallContext, columns: PlainColumns, of_run: OfRun, first: int, stop: int) -> None:
    """The works from `first` to before `stop` were plain: note them, and stand after the last of them."""
    if first == stop:
        return
    keep3r, block, last = context.keep3r, context.block_number, columns.pair(stop - 1)
    if keep3r.rules.has_total_bonds:
        keep3r.total_bonds += sum(columns.amounts[first:stop])
    keep3r.gas_meter = 0 if keep3r.rules.worked_clears_gas_meter else last.gas
    context.transaction = context.metered_in = block, last.transaction_index
    context.metered_at = block, last.validated_at
    context.meter_is_read = False
    columns.taken.append(
        _Taken(
            first, stop - first, len(context.works.singles), of_run.one_eth_quote, of_run.extra_gas, context.code
        )
    )
