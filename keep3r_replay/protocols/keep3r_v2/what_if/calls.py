"""Calls of a what-if: the audit's handlers with nothing adopted, and taken back where the contract would revert."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.journal import Journal
from keep3r_replay.protocols.keep3r_v2.contract import job_liquidity, keepers
from keep3r_replay.protocols.keep3r_v2.contract.credits import reward_event, settle
from keep3r_replay.protocols.keep3r_v2.contract.savepoint import Savepoint
from keep3r_replay.protocols.keep3r_v2.replay.calls import jobs as job_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keep3r_replay.protocols.keep3r_v2.contract.credits import Reward
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
    from keep3r_replay.protocols.keep3r_v2.what_if.liquidity import Liquidity
    from keep3r_replay.replay.protocol import EventHandler, Row

    Handle = Callable[[CallContext, Row], None]

SYNTHETIC = 1 << 31
"""Log indices from here on are of calls that the history does not hold."""

NOBODY = "nobody"
"""Who adds or slashes liquidity as it is scaled at a block: no call, so that no check stands in the way."""


class Reverted(NamedTuple):
    """A call that the changed history does not have: the contract would have reverted with `error`."""

    block_number: int
    log_index: int
    call: str
    subject: str
    error: str


class Consequences(Journal):
    """The journal of a what-if: what differs from the chain is a consequence, and no finding."""

    def note(
        self,
        kind: str,
        log_index: int | None,
        subject: str,
        field: str,
        expected: object,
        observed: object,
        reason: str,
        severity: str = "",
        transaction_hash: str | None = None,
    ) -> None:
        """Write nothing: a consequence is no finding."""

    def disagree(
        self, kind: str, log_index: int, subject: str, field: str, expected: object, observed: object, reason: str
    ) -> None:
        """Write nothing: a consequence is no finding."""


_MOVES_LIQUIDITY = ("LiquidityAddition", "Unbonding", "JobSlashLiquidity", "LiquidityWithdrawal")
"""Events whose second column is a liquidity, or a token, that its first one may have unbonded."""
_MOVES_BONDS = ("Withdrawal", "Bonding", "Activation")
_OF_TWO = ("JobMigrationSuccessful", "JobMigrationRequested")
"""Events of two jobs, which are their columns."""


_TOLD_BY_WORKS = frozenset({"KeeperWork", "KeeperValidation", "LiquidityCreditsReward"})
"""Events of works, which have a table of their own."""


class Calls:
    """Handlers of the events that tell of calls, works apart. `reverted` are the calls that fail, in chain order."""

    def __init__(
        self,
        keep3r: Keep3r,
        liquidity: Liquidity,
        forced: Mapping[tuple[int, int], int],
        rewarded: Callable[[CallContext, int, str, Sequence[Reward]], None],
    ) -> None:
        self.reverted: list[Reverted] = []
        self.made: list[Reverted] = []
        """Calls that did not revert, without an error; whoever takes transactions back clears it."""
        self._keep3r = keep3r
        self._liquidity = liquidity
        self._forced = forced
        self._rewarded = rewarded

    def handlers(self, plain: Mapping[str, EventHandler]) -> dict[str, Handle]:
        """Handlers of a what-if in the place of the audit's; `plain` revert where the contract does."""
        own: dict[str, Handle] = {name: handler.handle for name, handler in plain.items()}
        own |= {
            "keep3r.LiquidityAddition": self._add_liquidity,
            "keep3r.Unbonding": self._unbond,
            "keep3r.JobSlashLiquidity": self._slash_liquidity,
            "keep3r.LiquidityCreditsForced": self._force,
            "keep3r.JobMigrationSuccessful": self._migrate,
        }
        for table in plain:
            role, _, event = table.partition(".")
            if role in {"keep3r", "keep3r_helper"} and event not in _TOLD_BY_WORKS:
                own[table] = self._taken_back_where_it_reverts(event, own[table])
        return own

    def _taken_back_where_it_reverts(self, event: str, handle: Handle) -> Handle:
        keep3r, reverted, made = self._keep3r, self.reverted, self.made

        def run(context: CallContext, row: Row) -> None:
            log_index, subject, *rest = row
            addresses = [subject, *rest[:1]] if event in _OF_TWO else [subject]
            tokens = rest[:1] if event in _MOVES_LIQUIDITY or event in _MOVES_BONDS else ()
            before = Savepoint(keep3r, addresses, tokens, lists=False)
            shares = self._liquidity.savepoint()
            try:
                handle(context, row)
            except Revert as revert:
                before.restore()
                self._liquidity.restore(shares)
                context.pending_rewards.pop(subject, None)
                reverted.append(Reverted(context.block_number, log_index, event, str(subject), revert.name))
            else:
                made.append(Reverted(context.block_number, log_index, event, str(subject), ""))

        return run

    def take_back(self, error: str) -> None:
        """Let the calls made since they were last cleared revert as well, with an error."""
        self.reverted += [call._replace(error=error) for call in self.made if call.call not in _TOLD_BY_WORKS]
        self.reverted.sort(key=lambda call: (call.block_number, call.log_index))
        self.made.clear()

    def _add_liquidity(self, context: CallContext, row: Row) -> None:
        log_index, job, liquidity, provider, amount = row
        if provider == NOBODY:
            self._scale_up(context, log_index, job, liquidity, amount)
            return
        if log_index < SYNTHETIC:
            amount = self._liquidity.added(job, liquidity, amount)
        emit = partial(self._rewarded, context, log_index, job)
        job_liquidity.add_liquidity_to_job(self._keep3r, job, liquidity, amount, context.now, emit)

    def _unbond(self, context: CallContext, row: Row) -> None:
        log_index, address, token, amount = row
        if address not in self._keep3r.job_list:
            keepers.unbond(self._keep3r, address, token, amount, context.now)
            return
        if log_index < SYNTHETIC:
            amount = self._liquidity.removed(address, token, amount)
        job_liquidity.unbond_liquidity_from_job(self._keep3r, address, token, amount, context.now)

    def _slash_liquidity(self, context: CallContext, row: Row) -> None:
        _, job, liquidity, slasher, amount = row
        if slasher == NOBODY:
            self._scale_down(context, job, liquidity, amount)
            return
        amount = self._liquidity.removed(job, liquidity, amount)
        job_liquidity.slash_liquidity_from_job(self._keep3r, job, liquidity, slasher, amount, context.now)

    def _scale_up(self, context: CallContext, log_index: int, address: str, liquidity: str, amount: int) -> None:
        """More of a liquidity in place, as by an addition; one that is not approved any more mines nothing."""
        job = self._keep3r.jobs[address]
        if liquidity not in self._keep3r.approved_liquidities:
            job.liquidity_amounts[liquidity] += amount
            return
        settle(self._keep3r, job, context.now)
        reward = reward_event(job)
        job_liquidity.count_liquidity(self._keep3r, address, liquidity, amount)
        self._rewarded(context, log_index, address, [reward])

    def _scale_down(self, context: CallContext, address: str, liquidity: str, amount: int) -> None:
        """Less of a liquidity in place, as by a slash."""
        job = self._keep3r.jobs[address]
        if liquidity in self._keep3r.approved_liquidities:
            job_liquidity.remove_liquidity(self._keep3r, address, liquidity, amount, context.now)
            return
        job.liquidity_amounts[liquidity] -= amount
        if not job.liquidity_amounts[liquidity]:
            job.liquidities.remove(liquidity)

    def _force(self, context: CallContext, row: Row) -> None:
        log_index, address, amount, *_ = row
        # What an overlay gives is told by itself; what the history gave, by its transaction or the sum of the event.
        forced = amount if log_index >= SYNTHETIC else self._forced[context.block_number, log_index]
        job_liquidity.force_liquidity_credits_to_job(self._keep3r, address, lambda _: forced, context.now)

    def _migrate(self, context: CallContext, row: Row) -> None:
        _, source, target = row
        job_calls.on_migration(context, row)
        self._liquidity.migrated(source, target)


def pinned(handle: Handle, from_block: int | None) -> Handle:
    """The handler of a change by governance that does nothing any more from a block on (None: from the first)."""

    def run(context: CallContext, row: Row) -> None:
        if from_block is not None and context.block_number < from_block:
            handle(context, row)

    return run
