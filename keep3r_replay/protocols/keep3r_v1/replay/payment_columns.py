"""Payments as columns, and back: what a table of them is made from, and what a later run goes on from.

Most payments are the limit of the helper in force, and one evaluation tells all of them: it stands in columns of its
own. The others were looked at through every helper, which is kept as records beside.
"""

from __future__ import annotations

from itertools import starmap
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.protocols.keep3r_v1.replay.evaluations import NONE, Evaluation, Evaluations
from keep3r_replay.protocols.keep3r_v1.replay.records import Interval, Payment
from keep3r_replay.replay.tables import AMOUNT, Amount, amounts, frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

PAYMENTS = pl.Schema(
    {
        "block_number": pl.UInt32(),
        "log_index": pl.UInt32(),
        "transaction_index": pl.UInt32(),
        "transaction_hash": pl.String(),
        "timestamp": pl.Int64(),
        "kind": pl.String(),
        "job": pl.String(),
        "keeper": pl.String(),
        "credit": pl.String(),
        "amount": AMOUNT,
        "origin": pl.String(),
        "origin_bond": AMOUNT,
        "feed": AMOUNT,
        "helper": pl.String(),
        "gas_used": pl.Int64(),
        "bound": pl.Int64(),
        "entry_point": pl.String(),
        "relay": pl.String(),
        "listed": pl.Boolean(),
        "credits": AMOUNT,
        "keeper_state": pl.String(),
        "spot": AMOUNT,
    }
)
"""The plain attributes of `Payment`, in its order."""
INTERVALS = pl.Schema({"interval_length": pl.Int64(), "interval_age": pl.Int64(), "interval_swaps": pl.Int64()})
_NO_INTERVAL = (None, None, None)


class Single(NamedTuple):
    """What the helper in force makes of a payment that is its limit; no gas where the evaluations stand as records."""

    gas: Amount | None
    limit_at_bound: Amount | None
    price: Amount | None
    worth: Amount | None


_NO_SINGLE = Single(None, None, None, None)


class Seen(NamedTuple):
    """What all helpers make of one payment, in a block."""

    block: int
    evaluations: Evaluations


def _columns(schema: pl.Schema, rows: Iterable[Sequence[Any]]) -> list[pl.Series]:
    """The columns of `schema`, which rows begin with; amounts come as int."""
    values = list(zip(*rows, strict=True)) or [()] * len(schema)
    return [
        amounts(name, each) if kind == AMOUNT else pl.Series(name, each, dtype=kind)
        for (name, kind), each in zip(schema.items(), values, strict=False)
    ]


def payments_frame(payments: Sequence[Payment]) -> pl.DataFrame:
    """Plain attributes of payments and their intervals: `PAYMENTS` and `INTERVALS`, a row a payment."""
    return pl.DataFrame([*_columns(PAYMENTS, payments), *_columns(INTERVALS, map(_interval, payments))])


def kept_frame(payments: pl.DataFrame, of: Iterable[Payment]) -> pl.DataFrame:
    """`payments_frame` of some payments, and `Single` beside.

    It is made before they are judged: that looks at them through more helpers, which a later run does by itself.
    """
    return payments.hstack(
        frame(Single, [_single(each.evaluations.told[each.helper]) if _lone(each) else _NO_SINGLE for each in of])
    )


def seen_by_all(payments: Iterable[Payment]) -> list[Seen]:
    """What `kept_frame` leaves out: evaluations of payments that no single one tells."""
    return [Seen(each.block, each.evaluations) for each in payments if not _lone(each)]


def payments_of(kept: pl.DataFrame, seen: Iterable[Seen], without_oracle: Mapping[str, str]) -> Iterator[Payment]:
    """Payments read back from `kept_frame` and `seen_by_all`; `without_oracle` are such helpers by address."""
    waiting = iter(seen)
    whole = kept.with_columns(pl.col(pl.Decimal).cast(pl.Int128))
    intervals = starmap(Interval, whole.select(*INTERVALS).iter_rows())
    singles = whole.select(Single._fields).iter_rows()
    for row, interval, (gas, *rest) in zip(whole.select(*PAYMENTS).iter_rows(), intervals, singles, strict=True):
        plain = (*row, None if interval.length is None else interval)
        if gas is None:
            yield Payment._make((*plain, next(waiting).evaluations))
            continue
        payment = Payment._make((*plain, NONE))
        told = {payment.helper: Evaluation(payment.helper, gas, True, *rest)}
        facts = (payment.amount, payment.feed, payment.origin_bond, payment.bound)
        yield payment._replace(evaluations=Evaluations(told, without_oracle, *facts))


def _interval(payment: Payment) -> Sequence[int | None]:
    return payment.interval or _NO_INTERVAL


def _lone(payment: Payment) -> bool:
    """Whether the payment is a limit of the helper in force, and no more of it was looked at than that."""
    return bool(payment.evaluations.waiting) and payment.bound is not None


def _single(seen: Evaluation) -> Single:
    return Single(seen.gas, seen.limit_at_bound, seen.price, seen.worth)
