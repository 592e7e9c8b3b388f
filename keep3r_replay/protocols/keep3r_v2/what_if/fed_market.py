"""A changed market where mainnet feeds the price: the same batches arrive at the same moments, with other ticks.

An item says which mean tick held from its time on. Those that begin with the changed market or later are changed, and
what arrived before stays: a change reaches this chain as late as its feed does.
"""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.keep3r_v2.replay.calls import oracles
from keep3r_replay.sidechain_oracle.feed import Feed, Written
from keep3r_replay.sidechain_oracle.oracle import Item, SidechainOracle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
    from keep3r_replay.protocols.keep3r_v2.what_if.other_market import Moves
    from keep3r_replay.protocols.keep3r_v2.what_if.overlay import Overlay
    from keep3r_replay.replay.protocol import Row
    from keep3r_replay.sidechain_oracle.of_lake import Delivered

USUAL_SPAN = 14_400
"""Seconds that an item holds for where no later one tells."""


class Span(NamedTuple):
    """An item that arrived: the `Swap` that wrote it, its place in the batch; from when to when it held, seconds."""

    swap: tuple[int, int]
    place: int
    start: int
    end: int


def spans(batches: Sequence[Delivered]) -> list[Span]:
    """Every item of an oracle, in the order of writing, with the time until which its mean was taken.

    That is the next item's time; where none follows, the usual length, and not beyond the moment of delivery.
    """
    items = [
        (Span((batch.block, batch.log_index), place, item.timestamp, 0), batch.at)
        for batch in batches
        for place, item in enumerate(batch.items)
    ]
    found = [here._replace(end=there.start) for (here, _), (there, _) in pairwise(items)]
    return found + [last._replace(end=max(last.start, min(last.start + USUAL_SPAN, at))) for last, at in items[-1:]]


def changed_feed(
    feed: Feed, batches: Mapping[str, Sequence[Delivered]], overlay: Overlay, since: int, moves: Mapping[str, Moves]
) -> Feed:
    """What mainnet feeds of the changed market.

    Args:
        feed: the history's own.
        batches: what was written into each oracle.
        overlay: changes ticks.
        since: mainnet's time from which on the market is changed, seconds.
        moves: of oracles that follow another market: its ticks over time, in the oracle's own order of tokens.
    """
    scale, written = Fraction(overlay.tick_scale), dict(feed.written)
    for address, own in batches.items():
        known = {(each.block, each.log_index): list(each.items) for each in own}
        for span in spans(own):
            if span.start < since:
                continue
            items = known[span.swap]
            tick = mean_tick(moves[address], span.start, span.end) if address in moves else items[span.place].tick
            changed = tick * scale.numerator // scale.denominator + overlay.tick_shift
            items[span.place] = Item(span.start, changed)
        written.update((place, Written(written[place].nonce, tuple(items))) for place, items in known.items())
    return Feed(feed.oracles, written)


def mean_tick(moves: Moves, start: int, end: int) -> int:
    """The mean tick of a span, rounded down, as mainnet's feed takes it; that at its start where it takes no time."""
    times, ticks = moves
    place = bisect_right(times, start) - 1
    if end <= start:
        return ticks[max(place, 0)]
    total, here = 0, start
    while here < end:
        until = min(end, times[place + 1]) if place + 1 < len(times) else end
        total += ticks[max(place, 0)] * (until - here)
        here, place = until, place + 1
    return total // (end - start)


def on_swap(context: CallContext, row: Row) -> None:
    """Swap of an oracle whose feed is changed: what the batch says is what holds, whatever the event told."""
    log_index, address, sqrt_price, _ = row
    oracle = context.keep3r.pools[address]
    written = context.feed.written.get((context.block_number, log_index), oracles.UNTOLD)
    assert isinstance(oracle, SidechainOracle)
    if written.nonce is not None:
        oracle.pool_nonce = written.nonce
    oracle.take(written.batch if oracle.cardinality else None)
    # The price beside the tick stays the true one, as of a changed pool.
    oracle.sqrt_price_x96 = int.from_bytes(sqrt_price, "big")
