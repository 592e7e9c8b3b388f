"""One what-if: a baseline's history replayed under an overlay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.audit.credit_observer import CreditObserver
from keep3r_replay.protocols.keep3r_v2.audit.states import state_tables
from keep3r_replay.protocols.keep3r_v2.contract.checks import Strict
from keep3r_replay.protocols.keep3r_v2.contract.credits import expire_by_age
from keep3r_replay.protocols.keep3r_v2.contract.expiry import CONTRACT
from keep3r_replay.protocols.keep3r_v2.replay.calls import escrow, governance, jobs, keepers, work
from keep3r_replay.protocols.keep3r_v2.replay.calls import pools as pool_calls
from keep3r_replay.protocols.keep3r_v2.replay.calls.oracles import HANDLERS as ORACLES
from keep3r_replay.protocols.keep3r_v2.replay.protocol import HANDLERS, Keep3rV2
from keep3r_replay.protocols.keep3r_v2.what_if import fed_market
from keep3r_replay.protocols.keep3r_v2.what_if.calls import Calls, Consequences, Reverted, pinned
from keep3r_replay.protocols.keep3r_v2.what_if.changes import Changes, dropped_works
from keep3r_replay.protocols.keep3r_v2.what_if.expiry import expiry_rule
from keep3r_replay.protocols.keep3r_v2.what_if.history import replay
from keep3r_replay.protocols.keep3r_v2.what_if.liquidity import ScaledLiquidity
from keep3r_replay.protocols.keep3r_v2.what_if.market import change_market
from keep3r_replay.protocols.keep3r_v2.what_if.names import resolved
from keep3r_replay.protocols.keep3r_v2.what_if.overlay import HELPER_PARAMETERS, KEEP3R_PARAMETERS
from keep3r_replay.protocols.keep3r_v2.what_if.policies import policies_of
from keep3r_replay.protocols.keep3r_v2.what_if.recorder import Recorder, SumRecorder, check_balance
from keep3r_replay.protocols.keep3r_v2.what_if.trace import Trace, traced
from keep3r_replay.protocols.keep3r_v2.what_if.transactions import Transactions, atomic_ones
from keep3r_replay.protocols.keep3r_v2.what_if.works import Works
from keep3r_replay.protocols.keep3r_v2.what_if.yields import ReactingLiquidity
from keep3r_replay.replay.protocol import EventHandler

if TYPE_CHECKING:
    import polars as pl

    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
    from keep3r_replay.protocols.keep3r_v2.what_if.baseline import Baseline
    from keep3r_replay.protocols.keep3r_v2.what_if.calls import Handle
    from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay
    from keep3r_replay.protocols.keep3r_v2.what_if.policies import Policies
    from keep3r_replay.replay.protocol import Block, Place, Row, Transaction


PLAIN: dict[str, EventHandler] = {
    **work.HANDLERS,
    **jobs.PLAIN,
    **keepers.PLAIN,
    **governance.PLAIN,
    **escrow.PLAIN,
    **pool_calls.HANDLERS,
}
"""The audit's handlers, which here revert where the contract does."""


@dataclass
class WhatIf:
    """What would have happened.

    `sums` are wei by job and kind of change; `reverted` are the calls that fail, works apart.
    """

    baseline: Baseline
    overlay: Overlay
    protocol: Keep3rV2
    works: Works
    reverted: list[Reverted]
    sums: dict[tuple[str, str], int]
    observer: CreditObserver | None
    trace: Trace

    def states(self) -> dict[str, pl.DataFrame]:
        """The audit's tables of jobs and keepers at the end."""
        return state_tables(self.protocol.keep3r, self.protocol.context.now)


class _Model:
    """The protocol as the loop sees it: base fees changed, nothing adopted at the end of a transaction."""

    def __init__(self, protocol: Keep3rV2, overlay: Overlay, policies: Policies, transactions: Transactions) -> None:
        self._policies = policies
        self.context = protocol.context
        self._protocol = protocol
        self._transactions = transactions
        self._begin_block = protocol.begin_block
        self._overlay = overlay
        self._first = overlay.base_fee_from_block or 0
        self._fees: dict[int, int] = {}

    def begin_block(self, block: Block) -> None:
        """Enter a block."""
        base_fee = block.base_fee
        if base_fee is None or block.number < self._first:
            self._policies.added_fee = 0
            self._begin_block(block)
            return
        fee = self._fees.get(base_fee)
        if fee is None:
            fee = self._fees[base_fee] = self._overlay.base_fee(base_fee)
        self._policies.added_fee = fee - base_fee
        self._begin_block(block._replace(base_fee=fee))

    def begin_transaction(self, place: Place, transaction: Transaction | None) -> None:
        """Enter a transaction."""
        self._protocol.begin_transaction(place, transaction)
        self._transactions.begin(place)

    def end_transaction(self) -> None:
        """Leave a transaction: reward events of calls that the changed history does not have are forgotten."""
        context = self.context
        if context.pending_rewards:
            context.pending_rewards.clear()
        if context.pool_mints or context.pair_transfers:
            pool_calls.end_transaction(context)
        self._transactions.end()


def what_if(baseline: Baseline, overlay: Overlay, *, ledger: bool = False) -> WhatIf:
    """Replay the baseline's history with the overlay's changes. With `ledger` the credit ledger is kept in full.

    Raises:
        LedgerError: credits do not balance.
        UsageError: the overlay names what the history does not hold.
    """
    coverage = baseline.lake.manifest.coverage
    assert coverage is not None
    overlay = resolved(overlay, baseline.known)
    overlay.check_blocks(coverage.from_block, coverage.to_block)
    start = baseline.start
    if start is not None:
        overlay = overlay.beginning(start.block + 1)
    deployment, source = baseline.lake.deployment, str(baseline.lake.path / "deployment.json")
    protocol = Keep3rV2(deployment, baseline.contract, source, Consequences(), baseline.direct_inputs, None)
    keep3r, context = protocol.keep3r, protocol.context
    keep3r.checks = Strict()
    pools = change_market(protocol, baseline, overlay)
    if start is not None:
        start.restore(protocol)
    keep3r.expiry = expiry_rule(overlay.expiry, keep3r)
    sums_suffice = overlay.expiry == CONTRACT and not ledger
    recorder = SumRecorder(context, keep3r) if sums_suffice else Recorder(context, keep3r)
    observer = CreditObserver(protocol) if ledger else None
    protocol.observer = observer
    if observer is not None:
        observer.recorder = recorder
    keep3r.ledger = recorder

    dropped = dropped_works(overlay, baseline.names) if overlay.drops_works else frozenset()
    resets = what_if(baseline, type(overlay)()).works.resets if overlay.reset_gas else ()
    policies = policies_of(overlay, baseline, keep3r.rules.payment, resets)
    works = Works(keep3r, baseline.measured, dropped, policies)
    scaled = ScaledLiquidity(overlay, keep3r)
    reacting = ReactingLiquidity(overlay, keep3r, works) if overlay.reacts_to_yield else None
    liquidity = reacting or scaled
    calls = Calls(keep3r, liquidity, baseline.forced, works.rewarded)
    own = calls.handlers(PLAIN)
    own["keep3r.KeeperWork"] = works.on_work
    own["uniswap_v3_pool.Swap"] = _on_swap
    own["pair_manager.Transfer"] = _nothing
    own |= {table: handler.handle for table, handler in ORACLES.items()}
    if overlay.changes_market:
        own["sidechain_oracle.Swap"] = fed_market.on_swap
    if overlay.pinned:
        _pin(own, overlay)

    trace = Trace(keep3r, baseline.trace)
    atomic = atomic_ones(baseline.batches, overlay.atomic)
    model = _Model(protocol, overlay, policies, Transactions(keep3r, atomic, works, calls, liquidity, trace, observer))
    handlers, change_period = _wrapped(own, observer)
    changes = Changes(protocol, model, baseline, handlers, overlay, trace)
    changes.set_parameters(change_period)
    changes.change_market(pools)
    changes.change_bonds()
    changes.change_liquidity()
    changes.give_credits()
    changes.scale_liquidity(scaled)
    if reacting is not None:
        changes.let_liquidity_react(reacting)
    changes.add_works(works)
    replay(baseline.history, model, traced(trace, handlers), changes.all)
    for pool in pools:
        pool.catch_up(context.now)
    for job in keep3r.jobs.values():
        if keep3r.expiry.by_age:
            expire_by_age(keep3r, job, context.now)
    check_balance(keep3r, recorder)
    addresses = {id(job): address for address, job in keep3r.jobs.items()}
    sums = {(addresses[job], kind): amount for (job, kind), amount in recorder.sums().items()}
    return WhatIf(baseline, overlay, protocol, works, calls.reverted, sums, observer, trace)


def _wrapped(own: dict[str, Handle], observer: CreditObserver | None) -> tuple[list[Handle], Handle]:
    """Handlers in the order of their tables, watched if there is an observer; and that of a new length of periods."""
    name = "keep3r.RewardPeriodTimeChange"
    if observer is None:
        return [own[table] for table in HANDLERS], _set_reward_period
    tables = {table: EventHandler(handler.columns, own[table]) for table, handler in HANDLERS.items()}
    watched = [handler.handle for handler in observer.handlers(tables).values()]
    return watched, observer.handlers({name: EventHandler(PLAIN[name].columns, _set_reward_period)})[name].handle


def _set_reward_period(context: CallContext, row: Row) -> None:
    """An overlay's length of reward periods, which the contract's own bound does not hold for."""
    _, length = row
    context.keep3r.parameters.reward_period_time = length


def _pin(own: dict[str, Handle], overlay: Overlay) -> None:
    for name in overlay.parameters():
        role = "keep3r" if name in KEEP3R_PARAMETERS else "keep3r_helper"
        table = f"{role}.{(KEEP3R_PARAMETERS | HELPER_PARAMETERS)[name]}"
        own[table] = pinned(own[table], overlay.from_block)


def _on_swap(context: CallContext, row: Row) -> None:
    """Swap: as observed; the audit of the same lake has checked it."""
    _, address, _, _, sqrt_price, liquidity, tick = row
    context.keep3r.pools[address].swap(context.now, int.from_bytes(sqrt_price, "big"), liquidity, tick)


def _nothing(_context: CallContext, _row: Row) -> None:
    """Transfers of liquidity tokens are evidence for the audit, and move nothing."""
