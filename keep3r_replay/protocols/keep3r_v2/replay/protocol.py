"""Keep3r V2 as the replay engine sees it: built from a deployment, fed with events, asked for views and state."""

from __future__ import annotations

from bisect import bisect_left
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import polars as pl

from keep3r_replay.errors import InputError
from keep3r_replay.evm.abi import keccak256
from keep3r_replay.protocols.keep3r_v2.audit.kept import Recalled, recalled
from keep3r_replay.protocols.keep3r_v2.contract.snapshot import (
    dump,
    dump_contract,
    dump_zeros,
    load_contract,
    load_zeros,
)
from keep3r_replay.protocols.keep3r_v2.contract.views import HELPER_VIEWS, KEEP3R_VIEWS, POOL_VIEWS, STORAGE, Value
from keep3r_replay.protocols.keep3r_v2.replay.build import build
from keep3r_replay.protocols.keep3r_v2.replay.callers import rightful_caller
from keep3r_replay.protocols.keep3r_v2.replay.calls import escrow, governance, jobs, keepers, oracles, pools, work
from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext, Growth
from keep3r_replay.protocols.keep3r_v2.replay.calls.payments import EXPLAIN
from keep3r_replay.protocols.keep3r_v2.replay.describe import describe
from keep3r_replay.protocols.keep3r_v2.replay.excuses import excuse
from keep3r_replay.protocols.keep3r_v2.replay.from_readings import Readings, load_readings
from keep3r_replay.protocols.keep3r_v2.replay.memory import dump_inference, load_inference
from keep3r_replay.protocols.keep3r_v2.replay.pool_rings import FormerObservations, OfPools, observations, rings
from keep3r_replay.protocols.keep3r_v2.replay.unknown_code import unknown_codes
from keep3r_replay.protocols.keep3r_v2.replay.window_start import start_pools
from keep3r_replay.replay.direct_call import SELECTOR, WORD
from keep3r_replay.replay.engine import run
from keep3r_replay.replay.timeline import Span
from keep3r_replay.sidechain_oracle.oracle import SidechainOracle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keep3r_replay.journal import Journal
    from keep3r_replay.lake.deployment import Contract, Deployment
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.replay.plain_columns import Spendings
    from keep3r_replay.replay.parts import Table
    from keep3r_replay.replay.protocol import Block, EventHandler, KeptTables, Place, Transaction

HANDLERS: dict[str, EventHandler] = {
    **work.HANDLERS,
    **jobs.HANDLERS,
    **keepers.HANDLERS,
    **governance.HANDLERS,
    **escrow.HANDLERS,
    **pools.HANDLERS,
    **oracles.HANDLERS,
}
"""What each event's table needs read, and what it sets off."""

_GROWTH = keccak256(b"increaseObservationCardinalityNext(uint16)")[:SELECTOR]
"""Selector of the one function of a pool whose event may be missing for good reason."""


class Unauthorised(NamedTuple):
    """A direct call that succeeded: the transaction, whom it called, its sender, and who alone may call so."""

    place: Place
    digest: str
    target: str
    sender: str
    rightful: str


class Observer(Protocol):
    """Who watches a replay; see `audit.credit_observer`."""

    def before_block(self, timestamp: int) -> None:
        """The next block is of that time, in seconds."""

    def handlers(self, plain: Mapping[str, EventHandler]) -> dict[str, EventHandler]:
        """The handlers with what is watched put around them."""

    def paid(self, context: CallContext, works: Spendings) -> None:
        """Works of the context's block paid from credits, and did nothing else to their jobs."""

    def snapshot(self) -> dict[str, Any]:
        """Where it stands, as plain values for JSON."""

    def recall(self, block: int, snapshot: Mapping[str, Any], kept: KeptTables) -> None:
        """Take back what it saw up to a snapshot after `block`."""


class Keep3rV2:
    """One Keep3r contract under replay: `replay.protocol.Replay`.

    Args:
        deployment: what the lake is of.
        contract: the Keep3r of it that is replayed.
        source: the file that it stands in, for errors.
        journal: where findings go.
        direct_inputs: input of the transactions that call Keep3r itself.
        silent_transactions: gives those in which a validation may have failed without an event, in order, and is
            asked once, where an answer depends on it; None if the lake does not hold all transactions, so that there
            may be some anywhere.

    Raises:
        InputError: the deployment lacks a contract or a parameter, or is of a version without a model.
    """

    def __init__(
        self,
        deployment: Deployment,
        contract: Contract,
        source: str,
        journal: Journal,
        direct_inputs: Mapping[Place, bytes],
        silent_transactions: Callable[[], Sequence[Place]] | None,
    ) -> None:
        try:
            self.keep3r = build(deployment, contract, source)
        except KeyError as error:
            raise InputError(
                source, f"the deployment does not tell {error}", remedy="import or extract it again"
            ) from None
        explain = EXPLAIN[self.keep3r.rules.payment]
        self.context = CallContext(self.keep3r, journal, direct_inputs, explain, deployment.initial_state_block)
        self.context.unknown_codes = unknown_codes(deployment)
        self.keep3r.checks = self.context.checks
        self._oracles = [each for each in self.keep3r.pools.values() if isinstance(each, SidechainOracle)]
        self.observer: Observer | None = None
        """Who watches, if somebody does."""
        self.unauthorised: list[Unauthorised] = []
        """Direct calls that somebody else made than may."""
        self.recalled: Recalled | None = None
        """What a former replay wrote down, where this one went on from it."""
        self._observed: Mapping[str, Any] = {}
        self._former_observations: FormerObservations | None = None
        self._journal = journal
        self._silent = None if silent_transactions is None else cache(silent_transactions)
        self._source = source

    # EVENTS

    @property
    def handlers(self) -> Mapping[str, EventHandler]:
        """Handlers by table, with the observer's around them if there is one."""
        return HANDLERS if self.observer is None else self.observer.handlers(HANDLERS)

    @property
    def transactions(self) -> pl.Expr | None:
        """Those that call Keep3r or a helper themselves, or ask a pool for room, and succeed."""
        targets = sorted({self.keep3r.address, *self.keep3r.helpers})
        grows = pl.col("to").is_in(sorted(self.keep3r.pools)) & pl.col("input").bin.starts_with(_GROWTH)
        return (pl.col("to").is_in(targets) | grows) & (pl.col("status") == 1)

    def begin_block(self, block: Block) -> None:
        """Enter a block. Raises `InputError` for one without base fee or gas limit, which payments depend on."""
        number, timestamp, base_fee, gas_limit = block
        if base_fee is None or gas_limit is None:
            raise InputError(self._source, "a block without base fee or gas limit", place=f"block {number}")
        if self.observer is not None:
            self.observer.before_block(timestamp)
        context = self.context
        context.block_number = self._journal.block_number = number
        context.now = timestamp
        for oracle in self._oracles:
            oracle.now = timestamp
        context.base_fee = base_fee
        context.gas_limit = gas_limit

    def begin_transaction(self, place: Place, transaction: Transaction | None) -> None:
        """Enter a transaction of the present block; who calls Keep3r or a helper himself must be allowed to."""
        self.context.transaction = place
        if transaction is not None and transaction.to is not None:
            if transaction.to in self.keep3r.pools:
                self.context.growth = Growth(
                    transaction.to, int.from_bytes(transaction.input[SELECTOR : SELECTOR + WORD], "big")
                )
            rightful = rightful_caller(self.keep3r, transaction.to, transaction.input)
            if rightful is not None and rightful != transaction.origin:
                self.unauthorised.append(
                    Unauthorised(place, transaction.hash, transaction.to, transaction.origin, rightful)
                )

    def end_transaction(self) -> None:
        """Leave the transaction: whatever waits for a later event of it waits in vain."""
        context = self.context
        if context.pending_rewards:
            work.end_transaction(context)
        if context.growth is not None:
            pools.end_of_growth(context)
        if context.pool_mints or context.pair_transfers:
            pools.end_transaction(context)

    # ANSWERS

    def view(self, contract: str, name: str, arguments: Sequence[str], source: str) -> Callable[[], Value] | None:
        """The model's counterpart of a view or storage value, which may raise `Revert`; None where there is none."""
        keep3r, context = self.keep3r, self.context
        if contract == keep3r.address:
            view = (STORAGE if source == "storage" else KEEP3R_VIEWS).get(name)
            return None if view is None else lambda: view(keep3r, context.now, *arguments)
        if contract in keep3r.helpers:
            helper, helper_view = keep3r.helpers[contract], HELPER_VIEWS.get(name)
            return (
                None
                if helper_view is None
                else (lambda: helper_view(keep3r, helper, context.now, context.base_fee, *arguments))
            )
        if contract in keep3r.pools:
            pool, pool_view = keep3r.pools[contract], POOL_VIEWS.get(name)
            return None if pool_view is None else lambda: pool_view(pool, context.now, *arguments)
        if not contract:
            block: dict[str, Callable[[], Value]] = {
                "block.timestamp": lambda: context.now,
                "block.baseFee": lambda: context.base_fee,
            }
            return block.get(name)
        return None

    def undetermined(self, name: str, arguments: Sequence[str], observed: str) -> str:
        """Why a differing answer of the view may be due to what logs can not tell; empty if nothing excuses it."""
        return excuse(self.context, name, arguments, observed, self._may_be_silent)

    def _may_be_silent(self, since: Place, block: int) -> bool:
        if self._silent is None:
            return True
        silent = self._silent()
        position = bisect_left(silent, since)
        return position < len(silent) and silent[position] < (block + 1, 0)

    def state(self) -> dict[str, Any]:
        """The model's state as plain values."""
        return dump(self.keep3r)

    def describe(self, named: Mapping[str, str]) -> dict[str, Any]:
        """One job, one keeper, or an overview; see `describe.describe`."""
        return describe(self.keep3r, named, self.context.unordered_jobs)

    def snapshot(self) -> dict[str, Any]:
        """State at the end of a block, with what the inference remembers; `restore` takes it back.

        Of the pools' observations only their count stands in it: they never change, and are kept apart.
        """
        return {
            "contract": dump_contract(self.keep3r),
            "zeros": dump_zeros(self.keep3r),
            "pools": {address: pool.dump_whole() for address, pool in self.keep3r.pools.items()},
            "inference": dump_inference(self.context),
            **({"observer": self.observer.snapshot()} if self.observer is not None else {}),
        }

    def kept(self) -> Mapping[str, Table]:
        """The pools' observations, which snapshots count on."""
        return {"observations": observations(self.keep3r.pools, self._former_observations)}

    def recall(self, block: int, kept: KeptTables) -> None:
        """Take back works, rewards, and what the observer saw up to a block."""
        self.recalled = recalled(block, kept)
        counts = {address: pool.forgotten + len(pool.times) for address, pool in self.keep3r.pools.items()}
        self._former_observations = FormerObservations(kept.first("observations"), counts)
        if self.observer is not None:
            self.observer.recall(block, self._observed, kept)

    def start_from(self, lake: Lake, block: int, readings: Mapping[tuple[str, str, str], str]) -> None:
        """Stand where readings after `block` say: pools by replaying their events, all else from the readings."""
        # Nobody watches the way to the start.
        watching, self.observer = self.observer, None
        told = Readings(readings)
        start_pools(self.context, told, lambda: run(lake, OfPools(self, HANDLERS), span=Span(None, block)))
        self.observer = watching
        load_readings(self.keep3r, self.context, told)

    def restore(self, snapshot: Mapping[str, Any], kept: Callable[[str], pl.LazyFrame]) -> None:
        """Take over a `snapshot`; the table `observations` holds what was in each pool's ring then."""
        load_contract(self.keep3r, snapshot["contract"])
        load_zeros(self.keep3r, snapshot["zeros"])
        found = rings(snapshot["pools"], kept("observations"))
        for address, state in snapshot["pools"].items():
            ring = found[address]
            self.keep3r.pools[address].load(state, ring, state["observed"] - len(ring))
        load_inference(self.context, snapshot["inference"])
        self._observed = snapshot.get("observer", {})
