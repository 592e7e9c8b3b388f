"""The stablecoin of deprecated swaps: a plain ERC-20, as far as the swaps move it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import UINT256_MAX, checked_sub
from keep3r_replay.protocols.kuma.contract.ray import checked_add
from keep3r_replay.protocols.kuma.contract.state import ZERO_ADDRESS, StableCoin

if TYPE_CHECKING:
    from keep3r_replay.protocols.kuma.contract.state import Kuma


def coin_at(kuma: Kuma, address: str) -> StableCoin:
    """The coin of an address, known from now on."""
    return kuma.stable_coins.setdefault(address, StableCoin(address, is_followed=False))


def balance_of(kuma: Kuma, address: str, account: str) -> int:
    """ERC20.balanceOf, in the coin's own unit."""
    return coin_at(kuma, address).balances.get(account, 0)


def mint(kuma: Kuma, address: str, account: str, amount: int) -> None:
    """New coins for an account."""
    balances = coin_at(kuma, address).balances
    balances[account] = checked_add(balances.get(account, 0), amount)
    kuma.emit(address, "Transfer", ZERO_ADDRESS, account, amount)


def approve(kuma: Kuma, address: str, owner: str, spender: str, value: int) -> None:
    """ERC20.approve."""
    coin_at(kuma, address).allowances[owner, spender] = value
    kuma.emit(address, "Approval", owner, spender, value)


def transfer(kuma: Kuma, address: str, sender: str, recipient: str, amount: int) -> None:
    """ERC20.transfer. Raises `Revert` where the balance does not suffice."""
    balances = coin_at(kuma, address).balances
    kuma.require(balances.get(sender, 0) >= amount, "Error(ERC20: transfer amount exceeds balance)")
    balances[sender] = checked_sub(balances.get(sender, 0), amount)
    balances[recipient] = checked_add(balances.get(recipient, 0), amount)
    kuma.emit(address, "Transfer", sender, recipient, amount)


def transfer_from(kuma: Kuma, address: str, spender: str, owner: str, recipient: str, amount: int) -> None:
    """ERC20.transferFrom: the allowance first. Raises `Revert` where allowance or balance do not suffice."""
    coin = coin_at(kuma, address)
    if not coin.is_followed:
        coin.balances[recipient] = checked_add(coin.balances.get(recipient, 0), amount)
        return
    allowance = coin.allowances.get((owner, spender), 0)
    if allowance != UINT256_MAX:
        kuma.require(allowance >= amount, "Error(ERC20: insufficient allowance)")
        approve(kuma, address, owner, spender, checked_sub(allowance, amount))
    transfer(kuma, address, owner, recipient, amount)
