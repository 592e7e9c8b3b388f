"""What the handlers of events share: the model, the journal, and where in the chain the replay stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract.checks import Noting
from keep3r_replay.protocols.keep3r_v2.contract.versions import Payment
from keep3r_replay.protocols.keep3r_v2.replay.callers import only_callers
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import ASSUMED, GUESSED
from keep3r_replay.protocols.keep3r_v2.replay.calls.records import WorkRecords
from keep3r_replay.protocols.keep3r_v2.replay.calls.slots import SlotWatch
from keep3r_replay.replay.protocol import EventHandler, Place, Row
from keep3r_replay.sidechain_oracle.feed import Feed

if TYPE_CHECKING:
    from keep3r_replay.journal import Journal
    from keep3r_replay.protocols.keep3r_v2.contract.credits import Reward
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.protocols.keep3r_v2.replay.callers import OnlyCaller
    from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import Explained

Explain = Callable[["CallContext", str, str, int, int], "Explained"]
"""A version's explanation of a payment: (context, job, keeper, amount, gas left)."""


class Growth(NamedTuple):
    """A direct call of `increaseObservationCardinalityNext`: the pool, and the number that it asks for."""

    pool: str
    asked: int


class RewardRow(NamedTuple):
    """A row of `rewards`; None where one side has no such event."""

    block_number: int
    log_index: int
    job: str
    expected_rewarded_at: int | None
    expected_current_credits: int | None
    expected_period_credits: int | None
    rewarded_at: int | None
    current_credits: int | None
    period_credits: int | None
    matched: bool


class Caused(NamedTuple):
    """An event, and the account that alone may have caused it."""

    block: int
    log_index: int
    rightful: str


class Arrival(NamedTuple):
    """Wei of a token that a direct call sent, as text, and what its event says arrived of them."""

    block_number: int
    log_index: int
    sender: str
    token: str
    sent: str
    arrived: int


@dataclass(slots=True)
class CallContext:
    """State of the inference, apart from the model's own."""

    keep3r: Keep3r
    journal: Journal
    direct_inputs: Mapping[Place, bytes]
    """Input of the transactions that call Keep3r itself."""
    explain: Explain
    """The version's explanation of a payment."""
    initial_state_block: int = 0
    """Block at which the initial parameters and balances were read."""
    unknown_codes: Mapping[str, str] = field(default_factory=dict)
    """Keep3r and helpers whose code no known version has, by address: how their version is known (`explained`)."""
    feed: Feed = field(default_factory=lambda: Feed({}, {}))
    """What was written into oracles that mainnet feeds."""
    works: WorkRecords = field(default_factory=WorkRecords)
    rewards: list[RewardRow] = field(default_factory=list)
    block_number: int = 0
    now: int = 0
    base_fee: int = 0
    gas_limit: int = 0
    transaction: Place = (-1, -1)
    metered_in: Place = (-1, -1)
    """Transaction of the validation that the gas meter was last set by, as far as events tell."""
    metered_at: Place = (-1, -1)
    """Block and log of the event that last logged the gas meter."""
    meter_is_read: bool = False
    """The gas meter holds what a start in mid-history read from storage."""
    pending_rewards: dict[str, list[tuple[int, Reward]]] = field(default_factory=dict)
    """Reward events of this transaction, by job, that still wait for the event they belong to."""
    pool_mints: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    """Liquidity that pools minted (above 0) or burned (below) for an owner in this transaction, and the logs of it that
    no transfer of the owner's token accounts for yet."""
    growth: Growth | None = None
    """What this transaction asks of a pool's ring, until its event has been seen."""
    pair_transfers: dict[tuple[str, str, str, int], list[int]] = field(default_factory=dict)
    """Transfers of pair manager tokens in this transaction, that no call accounts for yet: (token, from, to, amount),
    and the logs of it."""
    arrivals: list[Arrival] = field(default_factory=list)
    """Tokens that direct calls sent, and what of them arrived."""
    usd_prices: dict[str, dict[int, None]] = field(default_factory=dict)
    """Prices of a unit of gas, in wei of USD, that each job of a sidechain was seen to ask."""
    uncertain_jobs: dict[str, None] = field(default_factory=dict)
    """Jobs whose stored credits are unknown since a start from views, until the chain rewards them."""
    uncertain_price_period: int | None = None
    """Period of the KP3R/WETH pool's cached price, where a start from views took the live one for it."""
    uncertain_price_window: int | None = None
    """The reward period's seconds then: once they change, caches are taken over from others that nobody has read."""
    uncertain_tokens: dict[str, None] = field(default_factory=dict)
    """Jobs of which a start in mid-history does not tell which tokens without credits they list."""
    unordered_jobs: dict[str, None] = field(default_factory=dict)
    """Jobs that listed several liquidities or tokens at a start from readings, which tell no order."""
    undetermined_keepers: dict[str, None] = field(default_factory=dict)
    """Keepers whose bonds are unknown since a slash that logs do not tell."""
    caused: list[Caused] = field(default_factory=list)
    """Events that one account alone may have caused."""
    forced: dict[Place, int] = field(default_factory=dict)
    """Wei that each LiquidityCreditsForced added, by block and log."""
    checks: Noting = field(default_factory=Noting)
    """The policy of an audit, which the contract has while the audit handles events."""
    touched: Place = (-1, -1)
    """The last transaction with a call that changed keepers, jobs or parameters otherwise than by a work."""
    slots: SlotWatch = field(default_factory=SlotWatch)
    """What the present transaction has accessed of storage: it decides what the gas figures of 2.0 are late by."""
    tells_gas_late: bool = field(init=False)
    """The version logs its gas figures a little after it has measured them."""

    def __post_init__(self) -> None:
        self.tells_gas_late = self.keep3r.rules.payment is Payment.ROOT_PRICE

    @property
    def price_is_uncertain(self) -> bool:
        """Whether the cached price of KP3R is still one that a start from views took for it, or could not tell."""
        if self.uncertain_price_period is None:
            return False
        if self.keep3r.parameters.reward_period_time != self.uncertain_price_window:
            return True
        cache = self.keep3r.approvals[self.keep3r.parameters.kp3r_weth_pool].tick
        # Governance may go back to a pool whose cache is older than the start: no reading told it.
        return cache.period in {0, self.uncertain_price_period}

    @property
    def oracle_is_unknown(self) -> bool:
        """Whether an oracle was fed what nothing tells."""
        return any(getattr(pool, "is_unknown", False) for pool in self.keep3r.pools.values())

    @property
    def code(self) -> str:
        """How the code that prices works now is known: see `explained.Explained`."""
        helper = self.keep3r.parameters.keep3r_helper
        if helper not in self.keep3r.helpers:
            return GUESSED
        if not self.unknown_codes:
            return ""
        told = {self.unknown_codes.get(self.keep3r.address, ""), self.unknown_codes.get(helper, "")}
        return next((how for how in (GUESSED, ASSUMED) if how in told), "")

    def expect(self, log_index: int, subject: str, name: str, expected: object, observed: object, reason: str) -> None:
        """Compare one field of the event at `log_index` with the model's."""
        if expected != observed:
            self.journal.disagree("event_mismatch", log_index, subject, name, expected, observed, reason)

    def impossible(self, log_index: int, subject: str, error: str) -> None:
        """The event at `log_index` tells of a call that reverts with `error` in the model."""
        self.journal.disagree(
            "impossible_call",
            log_index,
            subject,
            "revert",
            error,
            "succeeded",
            f"the contract would have reverted with {error} in the state that the history so far leads to",
        )

    def report_failed_checks(self, log_index: int, subject: str) -> None:
        """Turn the checks that failed in the last call into findings."""
        for error in self.checks.take():
            self.impossible(log_index, subject, error)

    def expect_transfer(
        self, log_index: int, subject: str, token: str, sender: str, receiver: str, amount: int, after: int = -1
    ) -> None:
        """A call moved `amount` of a pair manager's token between the logs `after` and `log_index`."""
        if token not in self.keep3r.pair_pools:
            return
        places = self.pair_transfers.get((token, sender, receiver, amount))
        if places:
            place = places.pop()
            if place < after:
                reason = "the call moves the token after this log, not before it"
                self.expect(after, subject, "log_index", f"before log {place}", f"after log {place}", reason)
            return
        self.journal.disagree(
            "event_mismatch",
            log_index,
            subject,
            "amount",
            f"Transfer of {amount} from {sender} to {receiver} before it",
            "none",
            f"the liquidity token {token} logs no such transfer earlier in the transaction",
        )


Handler = Callable[[CallContext, Row], None]


def audited(plain: Mapping[str, EventHandler]) -> dict[str, EventHandler]:
    """Handlers of an audit: a call that reverts, or fails a check, becomes a finding about the event's first column.

    The plain ones raise `Revert` under a policy that does.
    """
    only = only_callers()
    return {
        name: EventHandler(handler.columns, _guarded(handler.handle, only.get(name))) for name, handler in plain.items()
    }


def _guarded(handle: Handler, only: OnlyCaller | None) -> Handler:
    def run(context: CallContext, row: Row) -> None:
        context.touched = context.transaction
        if only is not None:
            rightful = only(context.keep3r, row)
            if rightful:
                log_index, *_ = row
                context.caused.append(Caused(context.block_number, log_index, rightful))
        try:
            handle(context, row)
        except Revert as revert:
            log_index, subject, *_ = row
            context.impossible(log_index, subject, revert.name)
        if context.checks.failed:
            log_index, subject, *_ = row
            context.report_failed_checks(log_index, subject)

    return run
