"""Keep3rHelper: what gas is worth in KP3R, and the boost that bonds earn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import (
    ARITHMETIC_PANIC,
    DIVISION_PANIC,
    UINT128_MASK,
    Revert,
    mul_div,
    truncating_div,
)
from keep3r_replay.uniswap_v3.tick_math import sqrt_ratio

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.versions import HelperRules
    from keep3r_replay.uniswap_v3.oracle import Pool

BOOST_BASE = 10_000
ONE_ETHER = 10**18
USD_BASE_DECIMALS = 18
"""Decimals in which jobs say USD."""


@dataclass(slots=True)
class HelperParameters:
    """What the helper's governance sets: boosts in parts of 10,000, `target_bond` and fees in wei, times in seconds."""

    min_boost: int
    max_boost: int
    target_bond: int
    work_extra_gas: int
    quote_twap_time: int
    kp3r_weth_pool: str
    is_kp3r_token0: bool
    keep3r_v2: str
    governance: str = ""
    pending_governance: str = ""
    min_base_fee: int = 0
    min_priority_fee: int = 0
    weth_usd_pool: str = ""
    is_weth_token0: bool = False
    usd_decimals: int = USD_BASE_DECIMALS


class Helper:
    """One Keep3rHelper contract."""

    __slots__ = ("_quote_key", "_quote_one_ether", "address", "oracles", "parameters", "pools", "rules")

    def __init__(self, address: str, rules: HelperRules, parameters: HelperParameters, pools: dict[str, Pool]) -> None:
        self.address = address
        self.rules = rules
        self.parameters = parameters
        self.pools = pools
        self.oracles: dict[str, str] = {}
        self._quote_key: tuple[object, ...] = (-1, -1, "", -1, False)
        self._quote_one_ether = 0

    def base_fee(self, block_base_fee: int) -> int:
        """Wei a unit of gas is paid at (`_getBasefee`)."""
        if not self.rules.pays_base_fee:
            return 1
        if not self.rules.has_minimum_base_fee:
            return block_base_fee
        least, fee = self.parameters.min_base_fee, block_base_fee + self.parameters.min_priority_fee
        return max(least, fee)

    def reward_boost(self, bonds: int, block_base_fee: int) -> int:
        """Wei of ETH per unit of gas, in parts of 10,000 (`getRewardBoostFor`), for `bonds` wei of KP3R.

        Raises `Revert` Panic(0x11) when maxBoost is below minBoost, Panic(0x12) when targetBond is 0.
        """
        parameters = self.parameters
        target = parameters.target_bond
        if self.rules.boost_from_zero:
            return max(parameters.min_boost, parameters.max_boost * min(bonds, target) // target) * block_base_fee
        span = parameters.max_boost - parameters.min_boost
        if span < 0:
            raise Revert(ARITHMETIC_PANIC)
        if not target:
            raise Revert(DIVISION_PANIC)
        cap = parameters.min_boost + span * (min(target, bonds)) // target
        return cap * self.base_fee(block_base_fee)

    def quote(self, eth_amount: int, now: int) -> int:
        """Wei of KP3R that `eth_amount` wei of ETH are worth at the live twap (`quote`).

        Raises `Revert` Error(OLD) when the pool forgot the start of the window, Panic(0x12) when the window is 0 s.
        """
        return self._live_quote(eth_amount, self.parameters.kp3r_weth_pool, self.parameters.is_kp3r_token0, now)

    def quote_usd_to_eth(self, usd_amount: int, now: int) -> int:
        """Wei of ETH that `usd_amount` wei of USD are worth (`quoteUsdToEth` of the sidechain).

        Raises as `quote`, and Panic(0x11) when the pool's dollar has more than 18 decimals.
        """
        parameters = self.parameters
        if parameters.usd_decimals > USD_BASE_DECIMALS:
            raise Revert(ARITHMETIC_PANIC)
        usd_amount //= 10 ** (USD_BASE_DECIMALS - parameters.usd_decimals)
        return self._live_quote(usd_amount, parameters.weth_usd_pool, parameters.is_weth_token0, now)

    def _live_quote(self, amount: int, pool_address: str, wanted_is_token0: bool, now: int) -> int:
        window = self.parameters.quote_twap_time
        pool = self.pools.get(pool_address)
        if pool is None:
            raise Revert("empty")
        difference = pool.tick_cumulative(now) - pool.tick_cumulative(now - window)
        return eth_quote(amount, difference if wanted_is_token0 else -difference, window)

    def quote_one_ether(self, now: int) -> int:
        """`quote(1e18)`, remembered while neither the time nor the pool's observations nor the parameters change.

        Raises `Revert` as `quote` does.
        """
        parameters = self.parameters
        pool = self.pools.get(parameters.kp3r_weth_pool)
        if pool is None:
            raise Revert("empty")
        key = self._quote_key
        if (
            key[0] != now
            or key[1] != (len(pool.times), pool.tick)
            or key[2] != parameters.kp3r_weth_pool
            or key[3] != parameters.quote_twap_time
            or key[4] != parameters.is_kp3r_token0
        ):
            order = parameters.is_kp3r_token0
            self._quote_one_ether = self.quote(ONE_ETHER, now)
            self._quote_key = (
                now,
                (len(pool.times), pool.tick),
                parameters.kp3r_weth_pool,
                parameters.quote_twap_time,
                order,
            )
        return self._quote_one_ether

    def payment_parameters(self, bonds: int, now: int, block_base_fee: int) -> tuple[int, int, int]:
        """`getPaymentParams`: (boost, KP3R for one ETH, extra gas). Raises `Revert` as its parts do.

        On the sidechain the quote is for one USD.
        """
        if self.rules.pays_base_fee:
            one_quote = self.quote_one_ether(now)
        else:
            one_quote = self.quote(self.quote_usd_to_eth(ONE_ETHER, now), now)
        return self.reward_boost(bonds, block_base_fee), one_quote, self.parameters.work_extra_gas


def eth_quote(eth_amount: int, tick_difference: int, window: int) -> int:
    """KP3R for `eth_amount` at the average tick (`getQuoteAtTick`, which cuts the amount to uint128)."""
    numerator, denominator = price_fraction(tick_difference, window)
    return mul_div(numerator, eth_amount & UINT128_MASK, denominator)


def payment(gas: int, boost: int, one_eth_quote: int) -> int:
    """Wei of KP3R for `gas` accounted units of gas, cut after each step (`worked` of 2.2 and 2.3)."""
    return gas * boost // BOOST_BASE * one_eth_quote // ONE_ETHER


def gas_for_payment(amount: int, boost: int, one_eth_quote: int) -> int | None:
    """The only amount of gas that `payment` turns into `amount`; None where there is none or more than one."""
    if amount <= 0 or boost <= 0 or one_eth_quote <= 0:
        return None
    eth = -(-amount * ONE_ETHER // one_eth_quote)
    gas = -(-eth * BOOST_BASE // boost)
    if payment(gas, boost, one_eth_quote) != amount or payment(gas + 1, boost, one_eth_quote) == amount:
        return None
    return gas


def usd_for_payment(amount: int, gas: int, boost: int, one_usd_quote: int) -> int | None:
    """The only price of a unit of gas, in wei of USD, that gives `amount` for `gas`; None where none or many do."""
    eth = gas * boost // BOOST_BASE * one_usd_quote
    if amount <= 0 or eth <= 0:
        return None
    usd = -(-amount * ONE_ETHER // eth)
    if payment(gas, boost, one_usd_quote * usd) != amount or payment(gas, boost, one_usd_quote * (usd + 1)) == amount:
        return None
    return usd


def price_fraction(tick_difference: int, window: int) -> tuple[int, int]:
    """The price that `eth_quote` multiplies with before it cuts: numerator and denominator."""
    return _price_at(truncating_div(tick_difference, window))


@lru_cache(maxsize=65536)
def _price_at(tick: int) -> tuple[int, int]:
    ratio = sqrt_ratio(tick)
    if ratio <= UINT128_MASK:
        return 1 << 192, ratio * ratio
    return 1 << 128, mul_div(ratio, ratio, 1 << 64)
