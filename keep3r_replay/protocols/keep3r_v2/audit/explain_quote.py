"""Terms of the price that a work is paid at: the pool's average tick, and what it makes one ETH (or USD) worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import Revert, truncating_div
from keep3r_replay.protocols.keep3r_v2.contract.helper import ONE_ETHER
from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keep3r_replay.protocols.keep3r_v2.contract.helper import Helper


class Term(NamedTuple):
    """One number: wei, seconds, gas, ticks or parts of 10,000, as its name and source say."""

    section: str
    name: str
    value: int | str
    source: str


def eth_quote_terms(helper: Helper, now: int) -> Iterator[Term]:
    """2.2 and 2.3: what one ETH is worth in KP3R."""
    parameters = helper.parameters
    yield from _twap_terms(helper, "quote", parameters.kp3r_weth_pool, now, turned=not parameters.is_kp3r_token0)
    try:
        quote = helper.quote(ONE_ETHER, now)
    except Revert:
        return
    yield Term("quote", "one_eth_quote", quote, "2**192 * 10**18 // sqrt_ratio**2, wei of KP3R")


def usd_quote_terms(helper: Helper, now: int) -> Iterator[Term]:
    """Sidechain: what one USD is worth in ETH, and that in KP3R."""
    parameters = helper.parameters
    yield from _twap_terms(helper, "usd", parameters.weth_usd_pool, now, turned=not parameters.is_weth_token0)
    try:
        eth = helper.quote_usd_to_eth(ONE_ETHER, now)
        quote = helper.quote(eth, now)
    except Revert:
        return
    yield Term("usd", "one_usd_in_eth", eth, "2**192 * 10**18 // sqrt_ratio**2, wei of ETH")
    yield from _twap_terms(helper, "quote", parameters.kp3r_weth_pool, now, turned=not parameters.is_kp3r_token0)
    yield Term("quote", "one_usd_quote", quote, "2**192 * one_usd_in_eth // sqrt_ratio**2, wei of KP3R")


def _twap_terms(helper: Helper, section: str, address: str, now: int, *, turned: bool) -> Iterator[Term]:
    window = helper.parameters.quote_twap_time
    pool = helper.pools.get(address)
    yield Term(section, "pool", address, "parameter of the helper")
    yield Term(section, "quote_twap_time", window, "parameter of the helper, s")
    if pool is None or not window:
        return
    try:
        cumulative, earlier = pool.tick_cumulative(now), pool.tick_cumulative(now - window)
    except Revert as revert:
        yield Term(section, "observe", f"reverts: {revert.name}", "")
        return
    difference = earlier - cumulative if turned else cumulative - earlier
    tick = truncating_div(difference, window)
    yield Term(section, "tick_cumulative_now", cumulative, "the pool's, from its swaps")
    yield Term(section, "tick_cumulative_then", earlier, "the same, quote_twap_time ago")
    order = (
        "then - now: the token that is priced comes second" if turned else "now - then: the priced token comes first"
    )
    yield Term(section, "tick_difference", difference, order)
    yield Term(section, "average_tick", tick, "tick_difference / quote_twap_time, cut toward zero")
    yield Term(section, "sqrt_ratio", sqrt_ratio(tick), "1.0001 ** (average_tick / 2) * 2 ** 96")
