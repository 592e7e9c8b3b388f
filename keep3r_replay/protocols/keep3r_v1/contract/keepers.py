"""Keepers: bonding, activating, unbonding, withdrawing, and what governance does to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v1.contract.state import ZERO_ADDRESS
from keep3r_replay.protocols.keep3r_v1.contract.token import move_delegates, transfer_tokens

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v1.contract.state import Keep3rV1


def bond_in(kp3r: Keep3rV1, token: str, account: str, amount: int) -> None:
    """`_bond`: `amount` (wei) counts among the account's bonds; KP3R also among all bonds and as votes."""
    keeper = kp3r.accounts[account]
    keeper.bonds[token] = kp3r.add(keeper.bonds[token], amount)
    if token == kp3r.address:
        kp3r.total_bonded = kp3r.add(kp3r.total_bonded, amount)
        move_delegates(kp3r, ZERO_ADDRESS, keeper.delegate, amount)


def bond_out(kp3r: Keep3rV1, token: str, account: str, amount: int) -> None:
    """`_unbond`: the reverse of `bond_in`."""
    keeper = kp3r.accounts[account]
    keeper.bonds[token] = kp3r.subtract(keeper.bonds[token], amount)
    if token == kp3r.address:
        kp3r.total_bonded = kp3r.subtract(kp3r.total_bonded, amount)
        move_delegates(kp3r, keeper.delegate, ZERO_ADDRESS, amount)


def pay_out(kp3r: Keep3rV1, token: str, recipient: str, amount: int) -> None:
    """Send `amount` (wei) of a token that the contract owns; the nominal amount leaves it, whatever arrives."""
    if token == kp3r.address:
        transfer_tokens(kp3r, kp3r.address, recipient, amount)
    else:
        kp3r.holdings[token] -= amount


def bond(kp3r: Keep3rV1, sender: str, token: str, amount: int) -> None:
    """`bond`: `amount` is what arrived (wei). It waits for `activate`; each bond restarts the clock for all of it."""
    keeper = kp3r.accounts[sender]
    # CHECKS
    kp3r.require(not keeper.blacklisted, "bond: blacklisted")
    # EFFECTS
    keeper.bondings[token] = kp3r.now + kp3r.parameters.bond_time
    if token == kp3r.address:
        transfer_tokens(kp3r, sender, kp3r.address, amount)
    else:
        kp3r.holdings[token] += amount
    keeper.pending_bonds[token] = kp3r.add(keeper.pending_bonds[token], amount)
    kp3r.emit("KeeperBonding", sender, kp3r.block_number, keeper.bondings[token], amount)


def activate(kp3r: Keep3rV1, sender: str, token: str) -> None:
    """`activate`: what is pending counts from here on. The time stays, so that it can be repeated."""
    keeper = kp3r.accounts[sender]
    # CHECKS
    kp3r.require(not keeper.blacklisted, "activate: blacklisted")
    kp3r.require(0 != keeper.bondings[token] < kp3r.now, "activate: bonding")
    # EFFECTS
    activation(kp3r, sender, token)


def activation(kp3r: Keep3rV1, account: str, token: str) -> None:
    """`_activate`: the account is a keeper from here on, and what it has pending of `token` is bonded."""
    keeper = kp3r.accounts[account]
    if keeper.first_seen == 0:
        keeper.first_seen = keeper.last_job = kp3r.now
        kp3r.keeper_list.append(account)
    keeper.is_keeper = True
    bond_in(kp3r, token, account, keeper.pending_bonds[token])
    keeper.pending_bonds[token] = 0
    kp3r.emit("KeeperBonded", account, kp3r.block_number, kp3r.now, keeper.bonds[token])


def unbond(kp3r: Keep3rV1, sender: str, token: str, amount: int) -> None:
    """`unbond`: `amount` (wei) leaves the bonds at once; each unbonding restarts the clock for all of it."""
    keeper = kp3r.accounts[sender]
    keeper.unbondings[token] = kp3r.now + kp3r.parameters.unbond_time
    bond_out(kp3r, token, sender, amount)
    keeper.partial_unbonding[token] = kp3r.add(keeper.partial_unbonding[token], amount)
    kp3r.emit("KeeperUnbonding", sender, kp3r.block_number, keeper.unbondings[token], amount)


def withdraw(kp3r: Keep3rV1, sender: str, token: str) -> None:
    """`withdraw`: all that is unbonding is paid. The time stays, so that a withdrawal of nothing can follow."""
    keeper = kp3r.accounts[sender]
    # CHECKS
    kp3r.require(0 != keeper.unbondings[token] < kp3r.now, "withdraw: unbonding")
    kp3r.require(not keeper.disputed, "withdraw: disputes")
    # EFFECTS
    amount = keeper.partial_unbonding[token]
    pay_out(kp3r, token, sender, amount)
    kp3r.emit("KeeperUnbound", sender, kp3r.block_number, kp3r.now, amount)
    keeper.partial_unbonding[token] = 0


def dispute(kp3r: Keep3rV1, sender: str, keeper: str) -> None:
    """`dispute` by governance: the keeper can not withdraw."""
    kp3r.require_governance(sender, "dispute")
    kp3r.accounts[keeper].disputed = True
    kp3r.emit("KeeperDispute", keeper, kp3r.block_number)


def resolve(kp3r: Keep3rV1, sender: str, keeper: str) -> None:
    """`resolve` by governance: the dispute is over."""
    kp3r.require_governance(sender, "resolve")
    kp3r.accounts[keeper].disputed = False
    kp3r.emit("KeeperResolved", keeper, kp3r.block_number)


def slash(kp3r: Keep3rV1, sender: str, token: str, keeper: str, amount: int) -> None:
    """`slash` by governance: `amount` (wei) of a keeper's bonds goes to governance, and its dispute ends."""
    # CHECKS
    kp3r.require_governance(sender, "slash")
    # EFFECTS
    pay_out(kp3r, token, kp3r.parameters.governance, amount)
    bond_out(kp3r, token, keeper, amount)
    kp3r.accounts[keeper].disputed = False
    kp3r.emit("KeeperSlashed", keeper, sender, kp3r.block_number, amount)


def revoke(kp3r: Keep3rV1, sender: str, keeper: str) -> None:
    """`revoke` by governance: a keeper no more, never again, and all its bonded KP3R is lost.

    What is pending or unbonding, other tokens and votes stay.
    """
    # CHECKS
    kp3r.require_governance(sender, "revoke")
    # EFFECTS
    account = kp3r.accounts[keeper]
    account.is_keeper = False
    account.blacklisted = True
    slash(kp3r, sender, kp3r.address, keeper, account.bonds[kp3r.address])


def add_votes(kp3r: Keep3rV1, sender: str, voter: str, amount: int) -> None:
    """`addVotes` by governance: an activation without a wait, and votes (wei) that nobody bonded."""
    # CHECKS
    kp3r.require_governance(sender, "addVotes")
    # EFFECTS
    activation(kp3r, voter, kp3r.address)
    account = kp3r.accounts[voter]
    account.votes = kp3r.add(account.votes, amount)
    kp3r.total_bonded = kp3r.add(kp3r.total_bonded, amount)
    move_delegates(kp3r, ZERO_ADDRESS, account.delegate, amount)


def remove_votes(kp3r: Keep3rV1, sender: str, voter: str, amount: int) -> None:
    """`removeVotes` by governance; the reason of a refusal names `addVotes`, as the contract does."""
    # CHECKS
    kp3r.require_governance(sender, "addVotes")
    # EFFECTS
    account = kp3r.accounts[voter]
    account.votes = kp3r.subtract(account.votes, amount)
    kp3r.total_bonded = kp3r.subtract(kp3r.total_bonded, amount)
    move_delegates(kp3r, account.delegate, ZERO_ADDRESS, amount)
