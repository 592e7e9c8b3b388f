"""The start of a replay in a lake that begins in mid-history: pools stand where their rings, as read, say.

Such a lake holds none of the events that a pool came to its state by. Slot, liquidity and ring are read at its first
block (`extract.views`); positions stand in no view, so swaps, mints and burns are not held against them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.sidechain_oracle.oracle import SidechainOracle

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
    from keep3r_replay.protocols.keep3r_v2.replay.from_readings import Readings

_SLOT = 6
"""Values of `slot0` up to the fee of the protocol."""


def start_pools(context: CallContext, readings: Readings, replay: Callable[[], None]) -> None:
    """Replay what the lake holds of pools before the start; those whose rings were read stand as the readings say."""
    keep3r, journal = context.keep3r, context.journal
    if _load(keep3r, readings):
        findings, logs = len(journal.findings), len(journal.disagreeing_logs)
        replay()
        # The readings are of the block's end: what the block's own events say is in them, and no finding.
        del journal.findings[findings:]
        for place in list(journal.disagreeing_logs)[logs:]:
            del journal.disagreeing_logs[place]
        _load(keep3r, readings)
    else:
        replay()


def _load(keep3r: Keep3r, readings: Readings) -> bool:
    found = False
    for pool in keep3r.pools.values():
        slot0 = readings.items(pool.address, "slot0")
        ring = {}
        for (place,) in readings.arguments(pool.address, "observations"):
            time, cumulative, per_liquidity, initialized = readings.items(pool.address, "observations", place)
            if initialized == "true":
                ring[int(place)] = (int(time), int(cumulative), int(per_liquidity))
        if slot0 and ring:
            pool.start([int(each) for each in slot0[:_SLOT]], readings.number(pool.address, "liquidity") or 0, ring)
            if isinstance(pool, SidechainOracle):
                pool.pool_nonce = readings.number(pool.address, "poolNonce") or 0
                pool.unlocked = slot0[_SLOT] == "true"
            found = True
    return found
