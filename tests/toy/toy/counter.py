"""The contract: `count(amount)` adds to the total and tells it. And its replay: the engine's `Replay`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.replay.protocol import EventHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keep3r_replay.journal import Journal
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.replay.protocol import Answer, Block, Place, Row, Transaction

AMOUNT: Any = pl.Decimal(38, 0)
COUNTS = pl.Schema(
    {
        "block_number": pl.UInt32,
        "transaction_index": pl.UInt32,
        "log_index": pl.UInt32,
        "class": pl.String,
        "reason": pl.String,
        "who": pl.String,
        "amount": AMOUNT,
        "total": AMOUNT,
        "base_fee": AMOUNT,
    }
)
"""One row an event, or a call without any: its class, what it added, the total that it told, the block's base fee."""


class Count(NamedTuple):
    """A row of `counts`."""

    block_number: int
    transaction_index: int
    log_index: int | None
    kind: str
    reason: str
    who: str
    amount: int | None
    total: int | None
    base_fee: int | None


class Counter:
    """A counter under replay."""

    def __init__(self, address: str, journal: Journal) -> None:
        self.total = 0
        self.counts: list[Count] = []
        self.handlers = {"counter.Counted": EventHandler(("who", "amount", "total"), _on_counted)}
        self.context = self
        self.transactions = pl.col("to") == address
        self._address = address
        self._journal = journal
        self._base_fee: int | None = None
        self._place: Place = (0, 0)
        self._silent: Transaction | None = None

    def count(self, amount: int) -> int:
        """The contract's function: add, and tell the total."""
        self.total += amount
        return self.total

    def on_counted(self, log_index: int, who: str, amount: int, total: int) -> None:
        """Run the call that the event tells of, compare, and take over what the chain says."""
        expected = self.count(amount)
        reason = "" if total == expected else "the total is not the one before and the amount"
        if reason:
            self._journal.disagree("event_mismatch", log_index, who, "total", expected, total, reason)
            self.total = total
        self._note(log_index, "mismatch" if reason else "exact", reason, who, amount, total)
        self._silent = None

    def begin_block(self, block: Block) -> None:
        """Enter a block."""
        self._journal.block_number = block.number
        self._base_fee = block.base_fee

    def begin_transaction(self, place: Place, transaction: Transaction | None) -> None:
        """Enter a transaction; it is silent until an event comes."""
        self._place, self._silent = place, transaction

    def end_transaction(self) -> None:
        """Leave the transaction: a call without an event is told as well."""
        if self._silent is not None:
            self._note(None, "silent" if self._silent.status else "failed", "", self._silent.origin, None, None)
            self._silent = None

    def _note(
        self, log_index: int | None, kind: str, reason: str, who: str, amount: int | None, total: int | None
    ) -> None:
        self.counts.append(Count(*self._place, log_index, kind, reason, who, amount, total, self._base_fee))

    def view(self, contract: str, name: str, arguments: Sequence[str], source: str) -> Answer | None:
        """The one view, `total()`."""
        return (lambda: self.total) if (contract, name) == (self._address, "total") else None

    def undetermined(self, name: str, arguments: Sequence[str], observed: str) -> str:
        """Logs tell everything."""
        return ""

    def state(self) -> dict[str, Any]:
        """The total."""
        return {"total": self.total}

    def describe(self, named: Mapping[str, str]) -> dict[str, Any]:
        """The total; there are no subjects."""
        if named:
            raise UsageError(f"a counter has no {', '.join(named)}")
        return self.state()

    def snapshot(self) -> dict[str, Any]:
        """All there is to remember."""
        return self.state()

    def kept(self) -> Mapping[str, pl.DataFrame]:
        """Nothing grows."""
        return {}

    def restore(self, snapshot: Mapping[str, Any], kept: Callable[[str], pl.LazyFrame]) -> None:
        """Take over a snapshot."""
        self.total = snapshot["total"]

    def recall(self, block: int, kept: Callable[[str], pl.LazyFrame]) -> None:
        """Take back the counts up to a block."""
        counts = kept("counts").filter(pl.col("block_number") <= block).with_columns(pl.col(pl.Decimal).cast(pl.Int128))
        self.counts.extend(map(Count._make, counts.collect().iter_rows()))

    def start_from(self, lake: Lake, block: int, readings: Mapping[tuple[str, str, str], str]) -> None:
        """Stand where the reading says."""
        self.total = int(readings[self._address, "total", ""])


def _on_counted(counter: Counter, row: Row) -> None:
    counter.on_counted(*row)
