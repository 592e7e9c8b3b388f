"""What the replay of one Keep3r V1 contract knows beside the model's state, and what it has written down."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from keep3r_replay.protocols.keep3r_v1.contract.state import ZERO_ADDRESS
from keep3r_replay.protocols.keep3r_v1.replay.inner import own_call

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.journal import Journal
    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1
    from keep3r_replay.protocols.keep3r_v1.replay.inner import Inner, Made
    from keep3r_replay.protocols.keep3r_v1.replay.logs import KeptRow, Log
    from keep3r_replay.protocols.keep3r_v1.replay.records import (
        CreditChange,
        EarlyActivation,
        FailedCall,
        FeedSwitch,
        HelperSwitch,
        LiquidityUse,
        OpenUnbonding,
        OracleUpdate,
        Payment,
        Swapped,
    )
    from keep3r_replay.protocols.keep3r_v1.replay.steps import Steps
    from keep3r_replay.replay.protocol import Block, Place, Transaction
    from keep3r_replay.replay.timeline import Span


@dataclass(slots=True)
class Context:
    """The replay's memory.

    Attributes:
        inputs: whether transactions' inputs may be read; without, everything is inferred from logs.
        silent_calls: whether the lake holds calls that left no log: what they set is inferred from payments if not.
        oracle_jobs: addresses that are paid as jobs for updating an oracle (the oracles, the factory).
        rows: the present transaction's logs as they were read; `logs`: the same by their names, where needed.
        open_unbondings: by keeper, unbondings whose token is a guess.
        credit_changes: the book of credits; None where it is not kept.
        watched: contracts that a call changes something at, log or not: the contract, the feed's proxy, the oracles.
        needles: addresses, as bytes, that the input of a call through another contract names.
        inner: calls inside of transactions; None where a lake does not tell them.
        steps: what was done to the model; None where nobody asks.
        donated: KP3R (wei) that was simply sent to the contract.
        token_balances: what the contract owns of each other token (wei), by that token's own transfers.
        swap_seconds: by pair, how many swaps there were in a second.
    """

    kp3r: Keep3rV1
    journal: Journal
    inputs: bool = True
    silent_calls: bool = True
    oracle_jobs: dict[str, str] = field(default_factory=dict)
    rows: list[KeptRow] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    block: Block | None = None
    place: Place | None = None
    transaction: Transaction | None = None
    payments: list[Payment] = field(default_factory=list)
    liquidity_uses: list[LiquidityUse] = field(default_factory=list)
    swaps: list[Swapped] = field(default_factory=list)
    failed_calls: list[FailedCall] = field(default_factory=list)
    oracle_updates: list[OracleUpdate] = field(default_factory=list)
    helper_switches: list[HelperSwitch] = field(default_factory=list)
    feed_switches: list[FeedSwitch] = field(default_factory=list)
    early_activations: list[EarlyActivation] = field(default_factory=list)
    inner: Inner | None = None
    steps: Steps | None = None
    credit_changes: list[CreditChange] | None = None
    donated: int = 0
    open_unbondings: dict[str, list[OpenUnbonding]] = field(default_factory=dict)
    token_balances: dict[str, int] = field(default_factory=dict)
    swap_seconds: dict[str, dict[int, int]] = field(default_factory=dict)
    watched: frozenset[str] = frozenset()
    needles: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Know whom inputs may concern."""
        chosen = (self.kp3r.address, self.kp3r.market.feed.address)
        self.watched = frozenset({*chosen, *self.oracle_jobs})
        self.needles = tuple(bytes.fromhex(each[2:]) for each in chosen)

    def around(self, name: str, run: Callable[..., Any], *arguments: Any) -> Any:
        """Do something around the contract to the model, and keep it as a step. Returns what `run` does."""
        if self.steps is not None:
            self.steps.around(self.kp3r, name, run, *arguments)
        return run(self.kp3r, *arguments)

    @property
    def keeps_more(self) -> bool:
        """Whether steps or a book of credits are kept beside payments."""
        return self.steps is not None or self.credit_changes is not None

    def calls_of(self, transaction: Transaction) -> list[Made]:
        """Calls that a transaction makes: its own, and those inside of it, as far as the lake tells."""
        if self.inner is None:
            return [own_call(transaction)]
        return self.inner.get(transaction.place, [])

    @property
    def origin(self) -> str:
        """The present transaction's sender; the zero address where the lake lacks the transaction."""
        return ZERO_ADDRESS if self.transaction is None else self.transaction.origin


def lists_of(context: Context) -> dict[str, list[Any]]:
    """What was written down for results and stands whole in none of their tables, by name."""
    return {name: getattr(context, name) for name in _FEW}


_FEW = ("helper_switches", "feed_switches", "early_activations")
_RECORDS = ("liquidity_uses", "failed_calls", "oracle_updates", *_FEW)


def within(context: Context, span: Span) -> Context:
    """The memory of a part of the history: what was written down in its blocks. Swaps are all kept."""
    kept: dict[str, Any] = {
        name: [each for each in getattr(context, name) if span.holds(each.block)] for name in (*_RECORDS, "payments")
    }
    changes = context.credit_changes
    return replace(
        context,
        **kept,
        credit_changes=None if changes is None else [each for each in changes if span.holds(each.block)],
    )
