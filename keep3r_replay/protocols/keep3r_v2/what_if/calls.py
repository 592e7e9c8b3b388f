"""Calls of a what-if: the audit's transitions with nothing adopted, and undone where the contract would revert."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.journal import Journal
from keep3r_replay.protocols.keep3r_v2.contract import job_liquidity, keepers
from keep3r_replay.protocols.keep3r_v2.contract.credits import reward_event, settle
from keep3r_replay.protocols.keep3r_v2.contract.moves import FORCED
from keep3r_replay.protocols.keep3r_v2.replay.calls import jobs as job_calls
from keep3r_replay.protocols.keep3r_v2.replay.calls import keepers as keeper_calls
from keep3r_replay.protocols.keep3r_v2.what_if.undo import Savepoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.protocols.keep3r_v2.contract.credits import Reward
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
    from keep3r_replay.protocols.keep3r_v2.what_if.liquidity import ScaledLiquidity
    from keep3r_replay.protocols.keep3r_v2.what_if.recorder import Recorder
    from keep3r_replay.replay.protocol import Row

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


class FollowingJournal(Journal):
    """Takes the audit's notes: a call that fails is reverted; what merely differs from the chain is a consequence."""

    def __init__(self) -> None:
        super().__init__()
        self.reverted: list[Reverted] = []
        self.call = ""

    def disagree(
        self,
        kind: str,
        log_index: int,
        subject: str,
        field: str,
        expected: object,
        observed: object,
        reason: str,
    ) -> None:
        """Take note of a failing call; see `Journal.disagree`."""
        if kind == "impossible_call":
            self.reverted.append(Reverted(self.block_number, log_index, self.call, subject, str(expected)))


class Calls:
    """Handlers of the events that tell of calls, works apart."""

    def __init__(
        self,
        keep3r: Keep3r,
        recorder: Recorder,
        journal: FollowingJournal,
        liquidity: ScaledLiquidity,
        forced: dict[tuple[int, int], int],
        rewarded: Callable[[CallContext, int, str, list[Reward]], None],
    ) -> None:
        self._keep3r = keep3r
        self._recorder = recorder
        self._journal = journal
        self._liquidity = liquidity
        self._forced = forced
        self._rewarded = rewarded

    def handlers(self, plain: dict[str, Handle]) -> dict[str, Handle]:
        """Handlers of a what-if in the place of the audit's."""
        own: dict[str, Handle] = {name: self._named(name, handle) for name, handle in plain.items()}
        for name, handle, subjects, token in (
            ("LiquidityAddition", self._add_liquidity, (1,), 2),
            ("Unbonding", self._unbond, (1,), 2),
            ("JobSlashLiquidity", self._slash_liquidity, (1,), 2),
            ("LiquidityCreditsForced", self._force, (1,), 0),
            ("JobMigrationSuccessful", self._migrate, (1, 2), 0),
            ("KeeperSlash", keeper_calls.on_slash, (1,), 0),
            ("LiquidityApproval", job_calls.on_liquidity_approval, (), 0),
        ):
            own[f"keep3r.{name}"] = self._undone_where_it_reverts(name, handle, subjects, token)
        return own

    def _named(self, name: str, handle: Handle) -> Handle:
        if not name.startswith("keep3r"):
            return handle

        def run(context: CallContext, row: Row) -> None:
            self._journal.call = name
            handle(context, row)

        return run

    def _undone_where_it_reverts(self, name: str, handle: Handle, subjects: tuple[int, ...], token: int) -> Handle:
        keep3r, recorder, journal = self._keep3r, self._recorder, self._journal

        def run(context: CallContext, row: Row) -> None:
            addresses = [row[position] for position in subjects]
            for address in addresses:
                if address in keep3r.jobs:
                    recorder.before_call(keep3r, keep3r.jobs[address], context.now)
            before = Savepoint(keep3r, recorder, addresses, row[token] if token else "")
            try:
                handle(context, row)
            except Revert as revert:
                before.restore()
                context.pending_rewards.pop(row[1], None)
                journal.reverted.append(Reverted(context.block_number, row[0], name, str(row[1]), revert.name))

        return run

    def _add_liquidity(self, context: CallContext, row: Row) -> None:
        log_index, job, liquidity, provider, amount = row
        if provider == NOBODY:
            self._scale_up(context, log_index, job, liquidity, amount)
            return
        if log_index < SYNTHETIC:
            amount = self._liquidity.added(job, liquidity, amount)
        reward = job_liquidity.settle_for_addition(self._keep3r, job, liquidity, amount, context.now)
        job_liquidity.add_liquidity(self._keep3r, job, liquidity, amount)
        self._rewarded(context, log_index, job, [reward])

    def _unbond(self, context: CallContext, row: Row) -> None:
        log_index, address, token, amount = row
        if address not in self._keep3r.job_list:
            keepers.unbond(self._keep3r, address, token, amount, context.now)
            return
        if log_index < SYNTHETIC:
            amount = self._liquidity.removed(address, token, amount)
        job_liquidity.unbond_liquidity(self._keep3r, address, token, amount, context.now)

    def _slash_liquidity(self, context: CallContext, row: Row) -> None:
        _, job, liquidity, slasher, amount = row
        if slasher == NOBODY:
            self._scale_down(context, job, liquidity, amount)
            return
        amount = self._liquidity.removed(job, liquidity, amount)
        job_liquidity.slash_liquidity(self._keep3r, job, liquidity, slasher, amount, context.now)

    def _scale_up(self, context: CallContext, log_index: int, address: str, liquidity: str, amount: int) -> None:
        """More of a liquidity in place, as by an addition; one that is not approved any more mines nothing."""
        job = self._keep3r.jobs[address]
        if liquidity not in self._keep3r.approved_liquidities:
            job.liquidity_amounts[liquidity] += amount
            return
        settle(self._keep3r, job, context.now)
        reward = reward_event(job)
        job_liquidity.add_liquidity(self._keep3r, address, liquidity, amount)
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
        log_index, address, *_ = row
        job = self._keep3r.jobs[address]
        job_liquidity.settle_for_forcing(self._keep3r, address, context.now)
        amount = self._forced[context.block_number, log_index]
        rewarded_before = job.rewarded_at
        job.rewarded_at = context.now
        job.credits += amount
        self._recorder.note(FORCED, job, amount, rewarded_before)

    def _migrate(self, context: CallContext, row: Row) -> None:
        job_calls.on_migration(context, row)
        self._liquidity.migrated(row[1], row[2])


def pinned(handle: Handle, from_block: int | None) -> Handle:
    """The handler of a change by governance that does nothing any more from a block on (None: from the first)."""

    def run(context: CallContext, row: Row) -> None:
        if from_block is not None and context.block_number < from_block:
            handle(context, row)

    return run
