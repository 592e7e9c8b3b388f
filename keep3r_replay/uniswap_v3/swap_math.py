"""Amounts and prices of a Uniswap V3 pool: what a move of the price takes and frees, and where an amount leads it.

Follows SqrtPriceMath.sol and SwapMath.sol. Prices are square roots as Q64.96, amounts wei, fees millionths. A price
falls as token 0 comes in and token 1 goes out.
"""

from __future__ import annotations

FEE_BASE = 1_000_000
_WORD_END = 1 << 256


def divide_up(dividend: int, divisor: int) -> int:
    """Quotient of two numbers not below zero, rounded up."""
    return -(-dividend // divisor)


def amount0(low: int, high: int, liquidity: int, *, up: bool) -> int:
    """Wei of token 0 between two prices (`getAmount0Delta`): rounded up where the pool takes it, down where it pays."""
    product = (liquidity << 96) * (high - low)
    return divide_up(divide_up(product, high), low) if up else product // high // low


def amount1(low: int, high: int, liquidity: int, *, up: bool) -> int:
    """Wei of token 1 between two prices (`getAmount1Delta`), rounded as `amount0`."""
    product = liquidity * (high - low)
    return divide_up(product, 1 << 96) if up else product >> 96


def taken(start: int, end: int, liquidity: int, *, falls: bool) -> int:
    """Wei that a move of the price from `start` to `end` takes, without the fee."""
    return amount0(end, start, liquidity, up=True) if falls else amount1(start, end, liquidity, up=True)


def freed(start: int, end: int, liquidity: int, *, falls: bool) -> int:
    """Wei that a move of the price from `start` to `end` pays out."""
    return amount1(end, start, liquidity, up=False) if falls else amount0(start, end, liquidity, up=False)


def with_fee(amount: int, fee: int) -> int:
    """What is charged for `amount` taken, where the move is not ended by the amount paid in (`computeSwapStep`)."""
    return amount + divide_up(amount * fee, FEE_BASE - fee)


def price_after_input(price: int, liquidity: int, amount: int, *, falls: bool) -> int:
    """Where `amount` paid in, fee apart, leads the price (`getNextSqrtPriceFromInput`); liquidity is above zero."""
    if not falls:
        return price + (amount << 96) // liquidity
    scaled, product = liquidity << 96, amount * price
    if product < _WORD_END and scaled + product < _WORD_END:
        return divide_up(scaled * price, scaled + product)
    return divide_up(scaled, scaled // price + amount)


def price_after_output(price: int, liquidity: int, amount: int, *, falls: bool) -> int | None:
    """Where `amount` paid out leads the price (`getNextSqrtPriceFromOutput`); None where the pool cannot pay it."""
    if falls:
        quotient = divide_up(amount << 96, liquidity)
        return price - quotient if quotient < price else None
    scaled, product = liquidity << 96, amount * price
    return divide_up(scaled * price, scaled - product) if product < scaled else None


def position_amounts(price: int, low: int, high: int, liquidity: int, *, up: bool) -> tuple[int, int]:
    """What `liquidity` between two prices is in both tokens at the pool's `price`; all in one token outside of them.

    Rounded up as a position is minted, down as it is burned (`UniswapV3Pool._modifyPosition`).
    """
    inside = min(max(price, low), high)
    return amount0(inside, high, liquidity, up=up), amount1(low, inside, liquidity, up=up)
