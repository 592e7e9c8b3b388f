"""ApplyCredit and UnbondJob beside what they would have come to by other reserves than those of the instant."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.protocols.keep3r_v1.replay.records import LiquidityUse
from keep3r_replay.uniswap_v2.pair import RESOLUTION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keep3r_replay.protocols.keep3r_v1.replay.context import Context
    from keep3r_replay.protocols.keep3r_v1.replay.inputs import Call
    from keep3r_replay.protocols.keep3r_v1.replay.logs import Log
    from keep3r_replay.uniswap_v2.pair import Pair

AVERAGED_SECONDS = 1_800
"""Seconds over which the reference price is averaged."""


class Worths(NamedTuple):
    """`worth`, `worth_before`, `worth_weighted` and `burned` of a `LiquidityUse`."""

    now: int | None
    before: int | None
    weighted: int | None
    burned: int | None


def note_use(context: Context, call: Call, log_index: int, told: tuple[int, ...]) -> None:
    """Write down what a call of `applyCreditToJob` or `unbondLiquidityFromJob` is about to use. It is not run yet.

    `told` is its `told_worth`.
    """
    kp3r = context.kp3r
    liquidity = _liquidity(context, call)
    if call.function.name == "applyCreditToJob":
        provider, pair_address, job = map(str, call.arguments)
    else:
        provider, pair_address, job = call.sender, *map(str, call.arguments[:2])
    pair = kp3r.market.pairs.get(pair_address)
    if pair is not None and not pair.total_supply:
        return
    unbonds = call.function.event == "UnbondJob"
    if pair is None:
        worths = _unknown_worths(liquidity, told[0] if told else None, unbonds=unbonds)
    else:
        worths = _worths(context, pair, liquidity, job if unbonds else None)
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
            *worths,
        )
    )


def told_worth(context: Context, call: Call, logs: Sequence[Log]) -> tuple[int, ...]:
    """KP3R (wei) that the logs of a call say its liquidity was worth, where the pair's reserves are not known.

    Of an unbonding that is what it burned. Empty where the model knows better, or where nobody tells.
    """
    kp3r = context.kp3r
    event = call.function.event
    pair = str(call.arguments[1 if event == "ApplyCredit" else 0])
    place = next((place for place, log in enumerate(logs) if log.event == event), None)
    if pair in kp3r.market.pairs or place is None or not _liquidity(context, call):
        return ()
    if event == "ApplyCredit":
        return (logs[place].value("credit"),)
    burn = logs[place - 1] if place else None
    return (burn.value("amount"),) if burn is not None and burn.event == "Transfer" else ()


def _liquidity(context: Context, call: Call) -> int:
    """LP tokens (wei) that a call is about."""
    if call.function.event == "UnbondJob":
        return int(call.arguments[2])
    provider, pair, job = map(str, call.arguments)
    return context.kp3r.provisions[provider, pair, job].amount


def _unknown_worths(liquidity: int, told: int | None, *, unbonds: bool) -> Worths:
    """What is known of a pair without known reserves: nothing is worth nothing, and the logs tell of the rest."""
    if not liquidity:
        return Worths(0, 0, 0, 0 if unbonds else None)
    return Worths(None, None, None, told) if unbonds else Worths(told, None, None, None)


def _worths(context: Context, pair: Pair, liquidity: int, unbonding: str | None) -> Worths:
    """What a pair's liquidity is worth; `unbonding` is the job that loses credits for it, if one does."""
    kp3r = context.kp3r
    worth = pair.reserve_of(kp3r.address) * liquidity // pair.total_supply
    weighted = weighted_reserve(pair, kp3r.address, kp3r.now)
    return Worths(
        worth,
        _worth_before(pair, kp3r.address, liquidity),
        None if weighted is None else weighted * liquidity // pair.total_supply,
        None if unbonding is None else min(worth, kp3r.jobs[unbonding].credits[kp3r.address]),
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
