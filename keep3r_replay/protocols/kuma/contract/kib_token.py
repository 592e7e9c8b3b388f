"""KIBToken, the rebasing token of one risk category: balances are bases times the cumulative yield of the epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import DIVISION_PANIC, UINT256_MAX, Revert, checked_sub
from keep3r_replay.protocols.kuma.contract import access
from keep3r_replay.protocols.kuma.contract.rate_feed import get_rate
from keep3r_replay.protocols.kuma.contract.ray import (
    RAY,
    checked_add,
    ray_div,
    ray_mul,
    ray_pow,
    ray_to_wad,
    wad_to_ray,
)
from keep3r_replay.protocols.kuma.contract.state import ZERO_ADDRESS, BaseChange, KIBToken

if TYPE_CHECKING:
    from keep3r_replay.protocols.kuma.contract.state import Category, Kuma

MAX_EPOCH_LENGTH = 365 * 86_400
MIN_EPOCH_LENGTH = 3_600
"""v1.1's minimum from the start."""

BURN_EXCEEDS = "ERC20_BURN_AMOUNT_EXCEEDS_BALANCE"
TRANSFER_EXCEEDS = "ERC20_TRANSFER_AMOUNT_EXCEEDS_BALANCE"


class EpochLengths(NamedTuple):
    """What a change of the epoch's length comes to: lengths, boundaries (seconds) and supplies (wei), before, after."""

    before: int
    after: int
    is_refreshed: bool
    boundary_before: int
    boundary_after: int
    supply_before: int
    supply_after: int


# TIME


def previous_epoch(token: KIBToken, now: int) -> int:
    """Start of the epoch that `now` lies in; a boundary belongs to the epoch that it begins (seconds).

    Raises `Revert` Panic(0x12) for an epoch of no length.
    """
    if token.epoch_length == 0:
        raise Revert(DIVISION_PANIC)
    return now - now % token.epoch_length


def updated_previous(token: KIBToken, now: int) -> int:
    """Cumulative yield at the start of the present epoch: what every balance is reckoned with (ray)."""
    boundary = previous_epoch(token, now)
    if boundary < token.last_refresh:
        return token.previous
    return ray_mul(ray_pow(token.yield_, boundary - token.last_refresh), token.cumulative)


def updated_cumulative(token: KIBToken, now: int) -> int:
    """Cumulative yield now (ray). Raises `Revert` Panic(0x11) before the start."""
    if now == token.last_refresh:
        return token.cumulative
    return ray_mul(ray_pow(token.yield_, checked_sub(now, token.last_refresh)), token.cumulative)


# REFRESH


def initialize(kuma: Kuma, category: Category, epoch_length: int) -> None:
    """KIBToken.initialize: yields of zero percent, and accrual from the next boundary on."""
    token, now = category.kibt, kuma.now
    kuma.require(epoch_length != 0, "EPOCH_LENGTH_CANNOT_BE_ZERO")
    token.epoch_length = epoch_length
    token.last_refresh = now if now % epoch_length == 0 else (now // epoch_length + 1) * epoch_length
    token.yield_ = token.previous = token.cumulative = RAY
    kuma.emit(token.address, "CumulativeYieldUpdated", 0, RAY)
    kuma.emit(token.address, "EpochLengthSet", 0, epoch_length)
    kuma.emit(token.address, "KUMAAddressProviderSet", kuma.address_provider)
    if kuma.rules.epoch_length_has_minimum:
        token.min_epoch_length = MIN_EPOCH_LENGTH
        kuma.emit(token.address, "MinEpochLengthSet", 0, MIN_EPOCH_LENGTH)
    kuma.emit(token.address, "PreviousEpochCumulativeYieldUpdated", 0, RAY)
    kuma.emit(token.address, "RiskCategorySet", category.risk_category)
    kuma.emit(token.address, "YieldUpdated", 0, RAY)


def refresh_yield(kuma: Kuma, category: Category) -> None:
    """KIBToken.refreshYield: accrue, then take the lower of rate and smallest coupon; nothing while a bond is expired.

    Raises `Revert`: the rate is stale (v1.1) and needed, or the accrual has not begun.
    """
    token, swap, now = category.kibt, category.swap, kuma.now

    # EFFECTS: both cumulative yields from the old state
    previous, cumulative = updated_previous(token, now), updated_cumulative(token, now)
    if previous != token.previous:
        kuma.emit(token.address, "PreviousEpochCumulativeYieldUpdated", token.previous, previous)
        token.previous = previous
    if cumulative != token.cumulative:
        kuma.emit(token.address, "CumulativeYieldUpdated", token.cumulative, cumulative)
        token.cumulative = cumulative
    token.last_refresh = now

    # EFFECTS: the yield from now on
    if swap.expired_bonds or swap.is_deprecated:
        kuma.emit(token.address, "YieldUpdated", token.yield_, RAY)
        token.yield_ = RAY
        return
    due = min(get_rate(kuma, category), swap.min_coupon)
    if due != token.yield_:
        kuma.emit(token.address, "YieldUpdated", token.yield_, due)
        token.yield_ = due


def set_epoch_length(kuma: Kuma, category: Category, sender: str, epoch_length: int) -> EpochLengths:
    """KIBToken.setEpochLength: without a refresh first, balances and prices jump with the boundary.

    Raises `Revert`: no role, or a length out of bounds.
    """
    token, now = category.kibt, kuma.now
    access.only_role(kuma, sender, access.KUMA_SET_EPOCH_LENGTH)
    if kuma.rules.epoch_length_has_minimum:
        kuma.require(epoch_length >= token.min_epoch_length, "EPOCH_LENGTH_TOO_LOW")
        kuma.require(epoch_length <= MAX_EPOCH_LENGTH, "EPOCH_LENGTH_TOO_HIGH")
        refreshes = epoch_length != 0 and previous_epoch(token, now) >= now // epoch_length * epoch_length
    else:
        kuma.require(epoch_length != 0, "EPOCH_LENGTH_CANNOT_BE_ZERO")
        kuma.require(epoch_length <= MAX_EPOCH_LENGTH, "NEW_EPOCH_LENGTH_TOO_HIGH")
        refreshes = epoch_length > token.epoch_length
    if refreshes:
        refresh_yield(kuma, category)
    kuma.emit(token.address, "EpochLengthSet", token.epoch_length, epoch_length)
    before, boundary, supply = token.epoch_length, previous_epoch(token, now), total_supply(token, now)
    token.epoch_length = epoch_length
    return EpochLengths(
        before, epoch_length, refreshes, boundary, previous_epoch(token, now), supply, total_supply(token, now)
    )


def set_min_epoch_length(kuma: Kuma, category: Category, sender: str, min_epoch_length: int) -> None:
    """KIBToken.setMinEpochLength, v1.1. Raises `Revert` without the role."""
    token = category.kibt
    access.only_role(kuma, sender, access.KUMA_SET_EPOCH_LENGTH)
    kuma.emit(token.address, "MinEpochLengthSet", token.min_epoch_length, min_epoch_length)
    token.min_epoch_length = min_epoch_length


# BALANCES


def balance_of(token: KIBToken, account: str, now: int) -> int:
    """KIBToken.balanceOf: wei at `now`."""
    return ray_to_wad(ray_mul(token.base_balances.get(account, 0), updated_previous(token, now)))


def total_supply(token: KIBToken, now: int) -> int:
    """KIBToken.totalSupply: wei at `now`."""
    return ray_to_wad(ray_mul(token.total_base_supply, updated_previous(token, now)))


def base_of(token: KIBToken, balance: int) -> int:
    """Base of a balance of so many wei, by the stored cumulative yield of the epoch's start."""
    return ray_div(wad_to_ray(balance), token.previous)


def _write_base(kuma: Kuma, token: KIBToken, account: str, base: int, *, is_self: bool = False) -> None:
    before = token.base_balances.get(account, 0)
    token.base_balances[account] = base
    kuma.moves.append(
        BaseChange(token.address, account, len(kuma.emitted), before, base, token.total_base_supply, is_self)
    )


def mint(kuma: Kuma, category: Category, account: str, amount: int) -> None:
    """KIBToken.mint, called by the swap: refresh, then add to a balance. Raises `Revert` before the start."""
    token = category.kibt
    kuma.require(kuma.now >= token.last_refresh, "START_TIME_NOT_REACHED")
    kuma.require(account != ZERO_ADDRESS, "ERC20_MINT_TO_THE_ZERO_ADDRESS")
    refresh_yield(kuma, category)
    base = base_of(token, checked_add(balance_of(token, account, kuma.now), amount))
    if amount > 0:
        grown = checked_sub(base, token.base_balances.get(account, 0))
        token.total_base_supply = checked_add(token.total_base_supply, grown)
        _write_base(kuma, token, account, base)
    kuma.emit(token.address, "Transfer", ZERO_ADDRESS, account, amount)


def burn(kuma: Kuma, category: Category, account: str, amount: int) -> None:
    """KIBToken.burn, called by the swap. Raises `Revert` where the balance does not suffice."""
    token = category.kibt
    kuma.require(account != ZERO_ADDRESS, "ERC20_BURN_FROM_THE_ZERO_ADDRESS")
    refresh_yield(kuma, category)
    balance = balance_of(token, account, kuma.now)
    kuma.require(balance >= amount, BURN_EXCEEDS)
    base = base_of(token, checked_sub(balance, amount))
    if amount > 0:
        fallen = checked_sub(token.base_balances.get(account, 0), base)
        token.total_base_supply = checked_sub(token.total_base_supply, fallen)
        _write_base(kuma, token, account, base)
    kuma.emit(token.address, "Transfer", account, ZERO_ADDRESS, amount)


def transfer(kuma: Kuma, category: Category, sender: str, recipient: str, amount: int) -> None:
    """KIBToken.transfer. Both bases are reckoned before either is written: in v1 a transfer to oneself inflates.

    Raises `Revert`: a zero address, a self-transfer (v1.1), a stale rate, too small a balance.
    """
    token = category.kibt
    kuma.require(sender != ZERO_ADDRESS, "ERC20_TRANSFER_FROM_THE_ZERO_ADDRESS")
    kuma.require(recipient != ZERO_ADDRESS, "ERC20_TRANSER_TO_THE_ZERO_ADDRESS")
    if kuma.rules.refuses_self_transfer:
        kuma.require(sender != recipient, "CANNOT_TRANSFER_TO_SELF")
    refresh_yield(kuma, category)
    balance = balance_of(token, sender, kuma.now)
    kuma.require(balance >= amount, TRANSFER_EXCEEDS)
    new_from = base_of(token, checked_sub(balance, amount))
    new_to = base_of(token, checked_add(balance_of(token, recipient, kuma.now), amount))
    if amount > 0:
        bases = token.base_balances
        total = checked_sub(token.total_base_supply, checked_sub(bases.get(sender, 0), new_from))
        token.total_base_supply = checked_add(total, checked_sub(new_to, bases.get(recipient, 0)))
        _write_base(kuma, token, sender, new_from, is_self=sender == recipient)
        _write_base(kuma, token, recipient, new_to, is_self=sender == recipient)
    kuma.emit(token.address, "Transfer", sender, recipient, amount)


def approve(kuma: Kuma, category: Category, owner: str, spender: str, value: int) -> None:
    """ERC20.approve and permit: they set an allowance and do not refresh."""
    token = category.kibt
    kuma.require(owner != ZERO_ADDRESS, "Error(ERC20: approve from the zero address)")
    kuma.require(spender != ZERO_ADDRESS, "Error(ERC20: approve to the zero address)")
    token.allowances[owner, spender] = value
    kuma.emit(token.address, "Approval", owner, spender, value)


def transfer_from(kuma: Kuma, category: Category, spender: str, owner: str, recipient: str, amount: int) -> None:
    """KIBToken.transferFrom: the allowance is spent before everything else; the largest there is is never spent."""
    allowance = category.kibt.allowances.get((owner, spender), 0)
    if allowance != UINT256_MAX:
        kuma.require(allowance >= amount, "Error(ERC20: insufficient allowance)")
        approve(kuma, category, owner, spender, checked_sub(allowance, amount))
    transfer(kuma, category, owner, recipient, amount)


def increase_allowance(kuma: Kuma, category: Category, owner: str, spender: str, added: int) -> None:
    """ERC20.increaseAllowance."""
    approve(kuma, category, owner, spender, checked_add(category.kibt.allowances.get((owner, spender), 0), added))


def decrease_allowance(kuma: Kuma, category: Category, owner: str, spender: str, subtracted: int) -> None:
    """ERC20.decreaseAllowance. Raises `Revert` below zero."""
    allowance = category.kibt.allowances.get((owner, spender), 0)
    kuma.require(allowance >= subtracted, "Error(ERC20: decreased allowance below zero)")
    approve(kuma, category, owner, spender, checked_sub(allowance, subtracted))
