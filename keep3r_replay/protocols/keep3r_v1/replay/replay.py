"""Keep3r V1 as the replay engine sees it: fed with transactions and events, asked for views and state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from keep3r_replay.errors import UsageError
from keep3r_replay.protocols.keep3r_v1.contract.snapshot import dump, load
from keep3r_replay.protocols.keep3r_v1.contract.views import answer
from keep3r_replay.protocols.keep3r_v1.replay.context import Context, lists_of
from keep3r_replay.protocols.keep3r_v1.replay.describe import describe
from keep3r_replay.protocols.keep3r_v1.replay.kept import Recalled, recalled
from keep3r_replay.protocols.keep3r_v1.replay.logs import HANDLERS
from keep3r_replay.protocols.keep3r_v1.replay.records import OpenUnbonding
from keep3r_replay.protocols.keep3r_v1.replay.silent import excuse
from keep3r_replay.protocols.keep3r_v1.replay.transactions import follow_transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keep3r_replay.journal import Journal
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1
    from keep3r_replay.replay.protocol import Answer, Block, EventHandler, KeptTables, Place, Transaction


class Keep3rV1Replay:
    """One Keep3r V1 under replay; see `replay.protocol.Replay`.

    Args:
        kp3r: the model, as it was constructed.
        oracle_jobs: which oracle a job that updates oracles belongs to, by the job's address.
        journal: where findings go.
        inputs: whether transactions' inputs may be read.

    Attributes:
        recalled: what a former run wrote down that this one goes on from; the context holds what came since, and
            payments whose helper was not settled.
    """

    def __init__(self, kp3r: Keep3rV1, oracle_jobs: dict[str, str], journal: Journal, *, inputs: bool = True) -> None:
        self.kp3r = kp3r
        self.context = Context(kp3r, journal, inputs, inputs, oracle_jobs)
        self.first_helper = kp3r.parameters.helper
        self.recalled: Recalled | None = None
        self._journal = journal

    @property
    def handlers(self) -> Mapping[str, EventHandler]:
        """Handlers by the name of the event's table."""
        return HANDLERS

    @property
    def transactions(self) -> pl.Expr | None:
        """All transactions: bounds of gas, origins and calls without logs come from them."""
        return pl.lit(value=True)

    def begin_block(self, block: Block) -> None:
        """Enter a block."""
        self.context.block = block
        self.kp3r.block_number = self._journal.block_number = block.number
        self.kp3r.now = block.timestamp
        self.kp3r.market.begin_block()

    def begin_transaction(self, place: Place, transaction: Transaction | None) -> None:
        """Enter a transaction."""
        self.context.place = place
        self.context.transaction = transaction

    def end_transaction(self) -> None:
        """Follow the transaction that has just been read, if there is one."""
        if self.context.place is not None:
            follow_transaction(self.context)
            self.context.place = None

    def view(self, contract: str, name: str, arguments: Sequence[str], source: str) -> Answer | None:
        """The model's counterpart of a view; None for the gas of the last validation, which no log tells."""
        return answer(self.kp3r, contract, name, arguments, source)

    def undetermined(self, name: str, arguments: Sequence[str], observed: str) -> str:
        """Where the lake lacks calls without logs, what they decide about may differ; nothing else may."""
        del observed
        return excuse(self.context, name, arguments)

    def state(self) -> dict[str, Any]:
        """The model's state as plain values."""
        return dump(self.kp3r)

    def describe(self, named: Mapping[str, str]) -> dict[str, Any]:
        """One job, one keeper, or an overview. Raises `UsageError` for a subject that it does not know."""
        return describe(self.kp3r, named)

    def snapshot(self) -> dict[str, Any]:
        """The whole state, with what the inference remembers."""
        context = self.context
        return {
            "contract": dump(self.kp3r),
            "inference": {
                "donated": context.donated,
                "token_balances": dict(sorted(context.token_balances.items())),
                "open_unbondings": {
                    keeper: [list(each) for each in waiting]
                    for keeper, waiting in sorted(context.open_unbondings.items())
                    if waiting
                },
                "swap_seconds": {
                    pair: [list(each) for each in sorted(seconds.items())]
                    for pair, seconds in sorted(context.swap_seconds.items())
                },
            },
        }

    def kept(self) -> Mapping[str, pl.DataFrame]:
        """None: a snapshot holds all it needs."""
        return {}

    def restore(self, snapshot: Mapping[str, Any], kept: Callable[[str], pl.LazyFrame]) -> None:  # noqa: ARG002 - no table
        """Take over a snapshot."""
        load(self.kp3r, snapshot["contract"])
        memory = snapshot["inference"]
        self.context.donated = memory["donated"]
        self.context.token_balances = dict(memory["token_balances"])
        self.context.open_unbondings = {
            keeper: [OpenUnbonding(*each) for each in waiting] for keeper, waiting in memory["open_unbondings"].items()
        }
        self.context.swap_seconds = {pair: dict(seconds) for pair, seconds in memory["swap_seconds"].items()}

    def recall(self, block: int, kept: KeptTables) -> None:
        """Take back payments whose helper is not settled, and what else was written down up to a block."""
        self.recalled, payments, lists = recalled(block, kept, self.kp3r.market.without_oracle)
        self.context.payments.extend(payments)
        for name, records in lists_of(self.context).items():
            records.extend(lists.get(name, []))

    def start_from(self, lake: Lake, block: int, readings: Mapping[tuple[str, str, str], str]) -> None:
        """Not possible: a bond's token, votes and the oracles' past stand in no reading. Raises `UsageError`."""
        del lake, readings
        raise UsageError(
            f"start_block={block}: a replay of Keep3r V1 begins with the contract; leave it out, or resume"
        )
