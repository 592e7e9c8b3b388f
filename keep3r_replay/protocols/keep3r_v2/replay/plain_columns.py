"""Columns of works that have the shape of plain ones: what `plain_works` reads, and the records that it makes."""

from __future__ import annotations

from operator import sub
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.protocols.keep3r_v2.replay.calls.records import SCHEMA, SINGLES_BEFORE
from keep3r_replay.replay.tables import values_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keep3r_replay.protocols.keep3r_v2.replay.plain_formulas import Formula

_INT = pl.Int128


class Pair(NamedTuple):
    """A validation and its work: `gas` is what the one logged, `gas_left` the other, `payment` in wei."""

    transaction_index: int
    validated_at: int
    gas: int
    log_index: int
    job: str
    keeper: str
    payment: int
    gas_left: int


Row = tuple[str, str, int, int]
"""Of a pair what is looked at in each: job, keeper, gas between the two, wei."""


_TAKEN = pl.Schema(
    {
        "first": pl.Int64(),
        "stop": pl.Int64(),
        SINGLES_BEFORE: pl.UInt32(),
        "one_eth_quote": _INT(),
        "extra_gas": _INT(),
        "code": pl.String(),
    }
)
"""Consecutive works of a slice that were plain, from `first` to before `stop`, with what they have in common."""
_SAME: dict[str, Any] = {
    "suspicious": False,
    "obstacle": "",
    "told_here": True,
    "choices": 1,
    "price_is_told": False,
    "rewards": 0,
}
"""What is the same of all plain works."""


class Spendings(NamedTuple):
    """What plain works did to credits: their logs, jobs and whom they paid, wei, and credits after them (wei)."""

    log_indices: list[int]
    jobs: list[str]
    keepers: list[str]
    amounts: list[int]
    credits_after: list[int]


class PlainColumns:
    """The works of a slice that have the shape of plain ones, and what was noted of those that are.

    Args:
        pairs: the fields of `Pair`, in chain order.
        token: the contract's KP3R as they were chosen.
        formula: how the version pays.
    """

    def __init__(self, pairs: pl.DataFrame, token: str, formula: Formula) -> None:
        self.token = token
        self.next = 0
        """Number of the first work of the next run."""
        self.terms: dict[str, list[int]] = {name: [] for name in formula.terms}
        """What the formula noted of each plain work."""
        self.credits_before: list[int] = []
        """The job's credits before each plain work."""
        self._taken: list[tuple[object, ...]] = []
        self._pairs = pairs.select("payment", "gas")
        self._formula = formula
        self._columns = {name: values_of(pairs[name]) for name in Pair._fields}
        spent = values_of(pairs["gas"].cast(_INT) - pairs["gas_left"].cast(_INT))
        self.transactions: list[int] = self._columns["transaction_index"]
        self.validated_at: list[int] = self._columns["validated_at"]
        self.gas: list[int] = self._columns["gas"]
        self.amounts: list[int] = self._columns["payment"]
        self.rows: Iterator[Row] = zip(self._columns["job"], self._columns["keeper"], spent, self.amounts, strict=True)
        """Works that no run has taken yet."""

    def pair(self, number: int) -> Pair:
        """One work of the slice."""
        return Pair(*(self._columns[name][number] for name in Pair._fields))

    def spendings(self, first: int, stop: int) -> Spendings:
        """The last works that were noted, those from `first` to before `stop`."""
        logs, jobs, keepers = (self._columns[name][first:stop] for name in ("log_index", "job", "keeper"))
        amounts, before = self.amounts[first:stop], self.credits_before[first - stop :]
        return Spendings(logs, jobs, keepers, amounts, list(map(sub, before, amounts)))

    def take(self, *common: object) -> None:
        """Works were plain: a row of `_TAKEN`."""
        self._taken.append(common)

    def frame(self) -> pl.DataFrame:
        """Records of the plain works; see `calls.records.Plain`."""
        common = (
            pl.DataFrame(dict(zip(_TAKEN, zip(*self._taken, strict=True), strict=False)), schema=_TAKEN)
            .with_columns(number=pl.int_ranges("first", "stop"))
            .explode("number", empty_as_null=False)
        )
        told = {**self.terms, "credits_before": self.credits_before}
        works = common.hstack(self._pairs[common["number"]]).with_columns(
            *(pl.Series(name, values, _INT) for name, values in told.items()),
            *(pl.lit(value).alias(name) for name, value in _SAME.items()),
            explanation=pl.lit(self._formula.explanation),
            initial_gas=pl.col("gas"),
            **({"computed_payment": pl.col("payment")} if self._formula.is_exact else {}),
        )
        works = works.with_columns(credits_after=pl.col("credits_before") - pl.col("payment").cast(_INT))
        return works.select(
            *(
                (pl.col(name) if name in works.columns else pl.lit(None)).cast(kind).alias(name)
                for name, kind in SCHEMA.items()
            ),
            SINGLES_BEFORE,
        )
