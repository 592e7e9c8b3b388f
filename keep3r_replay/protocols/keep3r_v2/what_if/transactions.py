"""Transactions of a what-if that fail as one: where one of their calls reverts, all of them are taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keep3r_replay.protocols.keep3r_v2.contract.savepoint import Savepoint
from keep3r_replay.protocols.keep3r_v2.what_if.overlay_checks import ALWAYS, NEVER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.protocols.keep3r_v2.audit.credit_observer import CreditObserver
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.protocols.keep3r_v2.what_if.batches import Batch
    from keep3r_replay.protocols.keep3r_v2.what_if.calls import Calls
    from keep3r_replay.protocols.keep3r_v2.what_if.liquidity import Liquidity
    from keep3r_replay.protocols.keep3r_v2.what_if.trace import Trace
    from keep3r_replay.protocols.keep3r_v2.what_if.works import Works
    from keep3r_replay.replay.protocol import Place

TRANSACTION_REVERTED = "TransactionReverted"
"""Error of a call that reverts with its transaction, for another call's sake."""


def atomic_ones(batches: Mapping[Place, Batch], atomic: str) -> dict[Place, Batch]:
    """The transactions of several calls that fail as one, by what `overlay.atomic` says."""
    if atomic == NEVER:
        return {}
    return {place: batch for place, batch in batches.items() if atomic == ALWAYS or not batch.tolerates}


class _Begun(NamedTuple):
    """Where all that is written stood as a transaction began."""

    place: Place
    state: Savepoint
    shares: Any
    works: int
    rewards: int
    reverted: int
    states: int
    views: int


class Transactions:
    """Takes transactions back. `atomic` are those that may have to be, by their place."""

    def __init__(
        self,
        keep3r: Keep3r,
        atomic: Mapping[Place, Batch],
        works: Works,
        calls: Calls,
        liquidity: Liquidity,
        trace: Trace,
        observer: CreditObserver | None,
    ) -> None:
        self._keep3r = keep3r
        self._atomic = atomic
        self._works = works
        self._calls = calls
        self._liquidity = liquidity
        self._trace = trace
        self._observer = observer
        self._begun: _Begun | None = None

    def begin(self, place: Place) -> None:
        """A transaction begins."""
        batch = self._atomic.get(place)
        if batch is None:
            return
        self._calls.made.clear()
        self._begun = _Begun(
            place,
            Savepoint(self._keep3r, batch.addresses, batch.addresses),
            self._liquidity.savepoint(),
            len(self._works.done),
            len(self._works.rewards),
            len(self._calls.reverted),
            len(self._observer.states) if self._observer else 0,
            len(self._observer.views) if self._observer else 0,
        )

    def end(self) -> None:
        """It ends; if one of its calls reverted, none of them has happened."""
        begun, self._begun = self._begun, None
        if begun is None:
            return
        if len(self._calls.reverted) == begun.reverted and not self._works.failed_since(begun.works):
            return
        begun.state.restore()
        self._liquidity.restore(begun.shares)
        self._works.take_back(begun.works, begun.rewards, TRANSACTION_REVERTED)
        self._calls.take_back(TRANSACTION_REVERTED)
        if self._observer is not None:
            self._observer.cut(begun.states, begun.views)
        block, _ = begun.place
        for address in sorted(self._atomic[begun.place].addresses):
            if address in self._keep3r.jobs or address in self._keep3r.keepers:
                self._trace.changed(address, block)
