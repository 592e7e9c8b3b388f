"""Whether a Mint or Burn follows from the pool's state before it: ticks, liquidity, amounts of both tokens.

What a position is worth follows from its liquidity, its ticks and the pool's price; a mint rounds it up, a burn down.
Follows `UniswapV3Pool._modifyPosition`, `checkTicks`, Tick.sol and Position.sol. Derived in docs/pools.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.uniswap_v3.swap_check import Contradiction
from keep3r_replay.uniswap_v3.swap_math import position_amounts
from keep3r_replay.uniswap_v3.tick_math import MAX_TICK, sqrt_ratio, tick_at

if TYPE_CHECKING:
    from keep3r_replay.uniswap_v3.oracle import Pool

_MOST_LIQUIDITY = 2**128 - 1


class Position(NamedTuple):
    """Whose liquidity it is, and between which ticks: the key of a position."""

    owner: str
    tick_lower: int
    tick_upper: int


def mint_contradiction(pool: Pool, position: Position, amount: int, amount0: int, amount1: int) -> Contradiction | None:
    """Hold a Mint against `pool` as it stands before the event; None if it follows. Amounts in wei."""
    wrong = _wrong_ticks(pool, position)
    if wrong is not None:
        return wrong
    room = _MOST_LIQUIDITY // _usable_ticks(pool) - max(
        pool.gross_liquidity.get(position.tick_lower, 0), pool.gross_liquidity.get(position.tick_upper, 0)
    )
    if not 0 < amount <= room:
        return Contradiction("amount", min(max(amount, 1), room), amount)
    return _wrong_amounts(pool, position, amount, amount0, amount1, up=True)


def burn_contradiction(pool: Pool, position: Position, amount: int, amount0: int, amount1: int) -> Contradiction | None:
    """Hold a Burn against `pool` as it stands before the event; None if it follows. Amounts in wei."""
    wrong = _wrong_ticks(pool, position)
    if wrong is not None:
        return wrong
    held = pool.positions.get(position, 0)
    if amount > held:
        return Contradiction("amount", held, amount)
    return _wrong_amounts(pool, position, amount, amount0, amount1, up=False)


def tick_of_mint(position: Position, amount: int, amount1: int) -> int:
    """The tick at which a pool takes `amount1` of token 1 for a position, to a wei; 0 where the amounts do not tell.

    For a pool whose price nothing else tells.
    """
    low, high = sqrt_ratio(position.tick_lower), sqrt_ratio(position.tick_upper)
    price = low + (amount1 << 96) // amount if amount else low
    return tick_at(price) if low < price < high else 0


def _usable_ticks(pool: Pool) -> int:
    return 2 * (MAX_TICK // pool.tick_spacing) + 1


def _wrong_ticks(pool: Pool, position: Position) -> Contradiction | None:
    """The first end of a position that no position of the pool can have."""
    _, lower, upper = position
    spacing = pool.tick_spacing
    most = MAX_TICK // spacing * spacing
    for name, tick in (("tick_lower", lower), ("tick_upper", upper)):
        possible = min(max(tick // spacing * spacing, -most), most)
        if tick != possible:
            return Contradiction(name, possible, tick)
    return None if lower < upper else Contradiction("tick_upper", lower + spacing, upper)


def _wrong_amounts(
    pool: Pool, position: Position, liquidity: int, amount0: int, amount1: int, *, up: bool
) -> Contradiction | None:
    price = pool.sqrt_price_x96
    if not price:
        return None
    low, high = sqrt_ratio(position.tick_lower), sqrt_ratio(position.tick_upper)
    expected0, expected1 = position_amounts(price, low, high, liquidity, up=up)
    if amount0 != expected0:
        return Contradiction("amount0", expected0, amount0)
    return None if amount1 == expected1 else Contradiction("amount1", expected1, amount1)
