"""Keepers: bonding, activating, unbonding, withdrawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r, Unbond


def bond(keep3r: Keep3r, address: str, token: str, received: int, now: int) -> None:
    """`bond`: `received` wei wait for `activate`; each bond restarts the clock for all of it.

    Emits Bonding of `received`.
    """
    # CHECKS
    keep3r.require(address not in keep3r.disputes, "Disputed")
    keep3r.require(address not in keep3r.job_list, "AlreadyAJob")
    # EFFECTS
    keeper = keep3r.keepers[address]
    keeper.can_activate_after[token] = now + keep3r.parameters.bond_time
    keeper.pending_bonds[token] += received
    keeper.has_bonded = True


def activate(keep3r: Keep3r, address: str, token: str, now: int) -> int:
    """`activate`: the pending bond counts from here on; its amount is returned. Emits Activation of it."""
    keeper = keep3r.keepers[address]
    activates_after = keeper.can_activate_after.get(token, 0)
    # CHECKS
    keep3r.require(address not in keep3r.disputes, "Disputed")
    keep3r.require(activates_after != 0, "BondsUnexistent")
    keep3r.require(activates_after < now, "BondsLocked")
    # EFFECTS
    if keeper.first_seen == 0:
        keeper.first_seen = now
    keep3r.keeper_list.add(address)
    amount = keeper.pending_bonds.pop(token, 0)
    keeper.bonds[token] += amount
    if keep3r.rules.activation_clears_time:
        keeper.can_activate_after[token] = 0
    if token == keep3r.parameters.keep3r_v1 and keep3r.rules.has_total_bonds:
        keep3r.total_bonds += amount
    return amount


def unbond(keep3r: Keep3r, address: str, token: str, amount: int, now: int) -> None:
    """`unbond`: each one restarts the clock for the whole pending sum. Emits Unbonding."""
    # EFFECTS
    keeper = keep3r.keepers[address]
    keeper.bonds[token] = keep3r.subtract(keeper.bonds[token], amount)
    pending = keep3r.unbonds[address, token]
    pending.can_withdraw_after = now + keep3r.parameters.unbond_time
    pending.pending += amount


def check_unbonded(keep3r: Keep3r, unbond: Unbond, now: int) -> None:
    """What a withdrawal demands of the record it takes from; keepers' bonds and jobs' liquidity alike."""
    pays = unbond.pending if keep3r.rules.withdrawal_clears_time else unbond.can_withdraw_after
    keep3r.require(pays != 0, "UnbondsUnexistent")
    keep3r.require(unbond.can_withdraw_after < now, "UnbondsLocked")


def take_unbonded(keep3r: Keep3r, unbond: Unbond) -> int:
    """Empty the record and return what was pending. The time stays until 2.1, so that a withdrawal of 0 can follow."""
    amount = unbond.pending
    unbond.pending = 0
    if keep3r.rules.withdrawal_clears_time:
        unbond.can_withdraw_after = 0
    return amount


def withdraw(keep3r: Keep3r, address: str, token: str, now: int) -> int:
    """`withdraw`: the whole pending amount, which is returned; KP3R is minted for it. Emits Withdrawal of it."""
    pending = keep3r.unbonds[address, token]
    # CHECKS
    check_unbonded(keep3r, pending, now)
    keep3r.require(address not in keep3r.disputes, "Disputed")
    # EFFECTS
    amount = take_unbonded(keep3r, pending)
    if token == keep3r.parameters.keep3r_v1 and keep3r.rules.has_total_bonds:
        keep3r.total_bonds = keep3r.subtract(keep3r.total_bonds, amount)
    return amount
