"""Changes of credits as the model makes them: what a replay with a ledger writes down, and nothing is computed from.

The model's functions call `Keep3r.credits_changed` wherever the credits of a job change, and that `CreditChanges.note`
if there is such a recorder. Kinds, and where the other side of the entry stands:

    minted_reset       mined in a whole period, at a reset                            the mine
    minted_topup       mined since the last reward, for a payment above the credits   the mine
    minted_liquidity   the same, as liquidity is added                                the mine
    minted_settled     the same, as credits are forced or a job migrates              the mine
    repriced           a new quote rescales what is there                             the quote
    spent              a keeper is paid                                               the keeper's bonds
    expired            thrown away by a reset                                         nobody
    capped             above one period's credits when a job is settled               nobody
    removed            mined by liquidity that is unbonded or slashed                 the liquidity
    migrated_out/in    carried from one job to another                                the other job
    forced             given by governance                                            governance
    adopted            taken over from the chain where it disagrees with the model    the chain
"""

from __future__ import annotations

from itertools import repeat
from operator import neg
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

MINTED_RESET = "minted_reset"
MINTED_TOPUP = "minted_topup"
MINTED_LIQUIDITY = "minted_liquidity"
MINTED_SETTLED = "minted_settled"
REPRICED = "repriced"
SPENT = "spent"
EXPIRED = "expired"
CAPPED = "capped"
REMOVED = "removed"
MIGRATED_OUT = "migrated_out"
MIGRATED_IN = "migrated_in"
FORCED = "forced"
ADOPTED = "adopted"
KINDS = (
    MINTED_RESET,
    MINTED_TOPUP,
    MINTED_LIQUIDITY,
    MINTED_SETTLED,
    REPRICED,
    SPENT,
    EXPIRED,
    CAPPED,
    REMOVED,
    MIGRATED_OUT,
    MIGRATED_IN,
    FORCED,
    ADOPTED,
)
MINTED = (MINTED_RESET, MINTED_TOPUP, MINTED_LIQUIDITY, MINTED_SETTLED)


class CreditChange(NamedTuple):
    """One change of a job's credits.

    Attributes:
        block_number, log_index: the event whose call made it.
        timestamp: of the block, seconds.
        regime: how often the length of reward periods had changed before.
        operation: the event's name.
        kind: one of `KINDS`.
        job: identity of the job's record in the model.
        amount: wei, signed.
        rewarded_before, rewarded_at: the job's clock before and after the change, seconds.
        period_credits: the job's credits per period at the change, wei.
        counterpart: keeper or other job, empty otherwise.
        numerator, denominator: the ratio that `repriced` and `removed` are made by, 0 otherwise.
    """

    block_number: int
    log_index: int
    timestamp: int
    regime: int
    operation: str
    kind: str
    job: int
    amount: int
    rewarded_before: int
    rewarded_at: int
    period_credits: int
    counterpart: str
    numerator: int
    denominator: int


class Clock(Protocol):
    """Where in the chain a replay stands."""

    block_number: int
    now: int


class Credits(Protocol):
    """What a recorder reads of a job's record: wei, seconds."""

    credits: int
    period_credits: int
    rewarded_at: int


class CreditChanges:
    """Recorder of changes. `log_index` and `operation` name the event at hand; whoever handles events sets them."""

    def __init__(self, clock: Clock) -> None:
        self.changes: list[CreditChange] = []
        self.log_index = 0
        self.operation = ""
        self.regime = 0
        self._clock = clock

    def note(
        self,
        kind: str,
        job: Credits,
        amount: int,
        rewarded_before: int,
        counterpart: str = "",
        numerator: int = 0,
        denominator: int = 0,
    ) -> None:
        """Write a change of `amount` wei, after which the job stands as it is now; see `CreditChange`."""
        clock = self._clock
        self.changes.append(
            CreditChange(
                clock.block_number,
                self.log_index,
                clock.now,
                self.regime,
                self.operation,
                kind,
                id(job),
                amount,
                rewarded_before,
                job.rewarded_at,
                job.period_credits,
                counterpart,
                numerator,
                denominator,
            )
        )

    def spent(
        self, jobs: Sequence[Credits], log_indices: Sequence[int], amounts: Sequence[int], keepers: Sequence[str]
    ) -> None:
        """Write payments by works of the present block, one a log: each job's clock stands as it did before."""
        clock = self._clock
        rewarded = [job.rewarded_at for job in jobs]
        same = (clock.now, self.regime, "KeeperWork", SPENT)
        now, regime, operation, kind = map(repeat, same)
        columns = (repeat(clock.block_number), log_indices, now, regime, operation, kind, map(id, jobs))
        clocks = (map(neg, amounts), rewarded, rewarded, [job.period_credits for job in jobs], keepers)
        self.changes.extend(map(CreditChange._make, zip(*columns, *clocks, repeat(0), repeat(0), strict=False)))

    def mark(self) -> int:
        """Where the record stands now; see `cut`."""
        return len(self.changes)

    def cut(self, mark: int) -> None:
        """Forget what was written since the mark: the call that wrote it is taken back."""
        del self.changes[mark:]

    def minted_since(self, job: Credits, amount: int, rewarded_before: int) -> None:
        """Write what was mined since the last reward; the event at hand says for what."""
        self.note(_MINTED_FOR.get(self.operation, MINTED_SETTLED), job, amount, rewarded_before)


_MINTED_FOR = {"KeeperWork": MINTED_TOPUP, "LiquidityAddition": MINTED_LIQUIDITY}
