"""What a replay of Keep3r V1 writes down for its results: payments, uses of liquidity, swaps, failed calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.replay.tables import Amount, Int64, UInt32  # noqa: TC001 - rows of tables: columns by annotations

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v1.replay.evaluations import Evaluations


class Interval(NamedTuple):
    """What a quote of Keep3rV2Oracle rests on.

    Attributes:
        length: seconds between its two observations.
        age: seconds from the younger one to the payment.
        swaps: swaps of the pair in the seconds of both observations.
    """

    length: int
    age: int
    swaps: int


class Payment(NamedTuple):
    """A `KeeperWorked` with all that its class depends on, as it stood at that log. Amounts in wei, gas in gas.

    Attributes:
        kind: `work` (a bond, with a false Transfer), `receipt` (KP3R, really paid), `token` or `eth`.
        helper: in force by the transactions' inputs; empty if they tell none.
        bound: largest plausible gas with a validation in the same transaction; None if the lake lacks the transaction.
        entry_point: contract called and selector, as `0x...:25b6488b`; of a relay, what it calls.
        relay: what the transaction called to come there; empty if the entry point itself.
        credits: of the job in that token before the payment.
        spot: KP3R (wei) for one WETH by the reserves of their pair at that log; None where there are none.
        keeper_state: `keeper`, or why the keeper should not be paid: `disputed`, `revoked`, `unknown`, or several.
    """

    block: int
    log_index: int
    transaction_index: int
    transaction_hash: str | None
    timestamp: int
    kind: str
    job: str
    keeper: str
    credit: str
    amount: int
    origin: str
    origin_bond: int
    feed: int
    helper: str
    gas_used: int | None
    bound: int | None
    entry_point: str
    relay: str
    listed: bool
    credits: int
    keeper_state: str
    spot: int | None
    interval: Interval | None
    evaluations: Evaluations


class LiquidityUse(NamedTuple):
    """An ApplyCredit or an UnbondJob: its worth by three reserves. Amounts in wei.

    Attributes:
        liquidity: LP tokens that it is about.
        worth: KP3R by the reserves of that instant; None for an unbonding of a pair whose reserves are not known.
        worth_before: by reserves and supply at the end of the previous block; None where those are not known.
        worth_weighted: by the reserves that the average price of the last 1,800 s gives; None without such a price.
        burned: KP3R that an unbonding burned; less than its worth where the credits were spent.
    """

    event: str
    block: int
    log_index: int
    timestamp: int
    job: str
    pair: str
    provider: str
    origin: str
    liquidity: int
    worth: int | None
    worth_before: int | None
    worth_weighted: int | None
    burned: int | None


class Swapped(NamedTuple):
    """A swap in a pair: place and origin."""

    block: int
    log_index: int
    pair: str
    origin: str


class FailedCall(NamedTuple):
    """A transaction to the contract itself that failed: `failed_calls`.

    `reason` is what the model gives; empty if it gives none.
    """

    block_number: UInt32
    transaction_index: UInt32
    function: str
    sender: str
    reason: str

    @property
    def block(self) -> int:
        """Where it stands, as of every record."""
        return self.block_number


class OracleUpdate(NamedTuple):
    """An observation that an oracle made, and by whom it was made: `oracle_updates`.

    `paid` where the payment for it shows it.
    """

    block_number: UInt32
    timestamp: Int64
    oracle: str
    pair: str
    origin: str
    paid: bool

    @property
    def block(self) -> int:
        """Where it stands, as of every record."""
        return self.block_number


class HelperSwitch(NamedTuple):
    """A helper that came into force by a call: when, and by whom."""

    block: int
    transaction_index: int
    timestamp: int
    helper: str
    origin: str


class FeedSwitch(NamedTuple):
    """An aggregator that came into force behind the feed: when, and the answers (wei) before and after."""

    block: int
    transaction_index: int
    timestamp: int
    aggregator: str
    before: int
    after: int


class EarlyActivation(NamedTuple):
    """Pending KP3R (wei) that a gift of votes bonded before its wait was over."""

    block: int
    keeper: str
    amount: int
    due: int


class CreditChange(NamedTuple):
    """A change of a job's credits in a token (negative where they shrink): `ledger`.

    `log_index` is that of the log which tells it, or of the call's last one where that is missing; None where there is
    none at all. `kind` is paid_in, fee, minted, applied, work, receipt or burned.
    """

    block_number: UInt32
    log_index: UInt32 | None
    job: str
    token: str
    kind: str
    amount: Amount
    credits_after: Amount

    @property
    def block(self) -> int:
        """Where it stands, as of every record."""
        return self.block_number


class OpenUnbonding(NamedTuple):
    """An unbonding of `amount` (wei), taken to be of `token`; `due` is when it can be withdrawn, in seconds."""

    token: str
    amount: int
    due: int
