"""ApplyCredit and UnbondJob beside what they would have come to by other reserves than those of the instant."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v1.replay.records import LiquidityUse
from keep3r_replay.uniswap_v2.pair import RESOLUTION

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.protocols.keep3r_v1.replay.inputs import Call
    from keep3r_replay.uniswap_v2.pair import Pair

AVERAGED_SECONDS = 1_800
"""Seconds over which the reference price is averaged."""


def note_use(context: Context, call: Call, log_index: int) -> None:
    """Write down what a call of `applyCreditToJob` or `unbondLiquidityFromJob` is about to use. It is not run yet."""
    kp3r = context.kp3r
    if call.function.name == "applyCreditToJob":
        provider, pair_address, job = map(str, call.arguments)
        liquidity = kp3r.provisions[provider, pair_address, job].amount
    else:
        pair_address, job = map(str, call.arguments[:2])
        provider, liquidity = call.sender, int(call.arguments[2])
    pair = kp3r.market.pairs.get(pair_address)
    if pair is None or not pair.total_supply:
        return
    worth = pair.reserve_of(kp3r.address) * liquidity // pair.total_supply
    owned = kp3r.jobs[job].credits[kp3r.address]
    weighted = weighted_reserve(pair, kp3r.address, kp3r.now)
    context.liquidity_uses.append(
        LiquidityUse(
            call.function.event,
            kp3r.block_number,
            log_index,
            kp3r.now,
            job,
            pair_address,
            provider,
            context.origin,
            liquidity,
            worth,
            _worth_before(pair, kp3r.address, liquidity),
            None if weighted is None else weighted * liquidity // pair.total_supply,
            min(worth, owned) if call.function.event == "UnbondJob" else None,
        )
    )


def _worth_before(pair: Pair, kp3r: str, liquidity: int) -> int:
    """KP3R (wei) behind `liquidity` at the end of the previous block; 0 while there was none."""
    if not pair.supply_before_block:
        return 0
    before = pair.before_block
    reserve = before.reserve0 if pair.token0 == kp3r else before.reserve1
    return reserve * liquidity // pair.supply_before_block


def weighted_reserve(pair: Pair, kp3r: str, now: int) -> int | None:
    """KP3R (wei) that the pair would hold now at the average price of the last 1,800 s, its product of reserves kept.

    None where the pair is younger, or its average price is zero.
    """
    start = pair.cumulatives_at(now - AVERAGED_SECONDS)
    if start is None:
        return None
    end = pair.cumulatives(now)
    # The price of KP3R in the other token.
    gain = end.price0 - start.price0 if pair.token0 == kp3r else end.price1 - start.price1
    price = gain % 2**256 // AVERAGED_SECONDS
    return isqrt((pair.latest.reserve0 * pair.latest.reserve1 << RESOLUTION) // price) if price else None
