"""Calls of keepers and against them: bonds, disputes, slashing. Each is the function's effect and its events.

Arguments are names of actors, and amounts in wei; all calls raise `Revert` where the contract would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.protocols.keep3r_v2.contract import disputes, job_liquidity, keepers
from keep3r_replay.protocols.keep3r_v2.scenario.calls_escrow import put_into_escrow, take_from_escrow

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.scenario.world import World


def bond(world: World, keeper: str = "keeper", amount: Any = 0, token: str = "kp3r") -> None:
    """`bond`: what arrives waits for the activation."""
    address, kind, value = world.actors[keeper], world.actors[token], world.amount(amount, "amount")
    world.direct(keeper, "bond(address,uint256)", kind, value)
    received = world.received(kind, value)
    keepers.bond(world.keep3r, address, kind, received, world.now)
    world.emit("Bonding", {"keeper": address, "bonding": kind, "amount": received})


def activate(world: World, keeper: str = "keeper", token: str = "kp3r") -> None:
    """`activate`: all that waits."""
    address, kind = world.actors[keeper], world.actors[token]
    world.direct(keeper, "activate(address)", kind)
    value = keepers.activate(world.keep3r, address, kind, world.now)
    if kind == world.kp3r:
        put_into_escrow(world, value)
    world.emit("Activation", {"keeper": address, "bond": kind, "amount": value})


def unbond(world: World, keeper: str = "keeper", amount: Any = 0, token: str = "kp3r") -> None:
    """`unbond`."""
    address, kind, value = world.actors[keeper], world.actors[token], world.amount(amount, "amount")
    world.direct(keeper, "unbond(address,uint256)", kind, value)
    keepers.unbond(world.keep3r, address, kind, value, world.now)
    world.emit("Unbonding", {"keeper_or_job": address, "unbonding": kind, "amount": value})


def withdraw(world: World, keeper: str = "keeper", token: str = "kp3r") -> None:
    """`withdraw`: all that was unbonded."""
    address, kind = world.actors[keeper], world.actors[token]
    world.direct(keeper, "withdraw(address)", kind)
    value = keepers.withdraw(world.keep3r, address, kind, world.now)
    if kind == world.kp3r:
        take_from_escrow(world, value)
    world.emit("Withdrawal", {"keeper": address, "bond": kind, "amount": value})


def dispute(world: World, subject: str, disputer: str = "disputer") -> None:
    """`dispute` of a job or a keeper."""
    address, sender = world.actors[subject], world.actors[disputer]
    world.direct(disputer, "dispute(address)", address)
    disputes.dispute(world.keep3r, address, sender)
    world.emit("Dispute", {"job_or_keeper": address, "disputer": sender})


def resolve(world: World, subject: str, disputer: str = "disputer") -> None:
    """`resolve` of a dispute."""
    address, sender = world.actors[subject], world.actors[disputer]
    world.direct(disputer, "resolve(address)", address)
    disputes.resolve(world.keep3r, address, sender)
    world.emit("Resolve", {"job_or_keeper": address, "resolver": sender})


def slash(
    world: World,
    keeper: str,
    amount: Any,
    unbonding: Any = 0,
    token: str = "kp3r",
    slasher: str = "slasher",
) -> None:
    """`slash`: `amount` of the bonds and, from 2.2 on, `unbonding` of what is on its way out."""
    address, kind = world.actors[keeper], world.actors[token]
    bonded, pending = world.amount(amount, "amount"), world.amount(unbonding, "unbonding")
    if world.keep3r.rules.slashes_unbonding:
        world.direct(slasher, "slash(address,address,uint256,uint256)", address, kind, bonded, pending)
    else:
        pending = 0
        world.direct(slasher, "slash(address,address,uint256)", address, kind, bonded)
    disputes.slash(world.keep3r, address, kind, world.actors[slasher], bonded, pending)
    world.emit("KeeperSlash", {"keeper": address, "slasher": world.actors[slasher], "amount": bonded + pending})


def revoke(world: World, keeper: str, slasher: str = "slasher") -> None:
    """`revoke`: the keeper and its KP3R are out."""
    address, sender = world.actors[keeper], world.actors[slasher]
    world.direct(slasher, "revoke(address)", address)
    disputes.revoke(world.keep3r, address, sender)
    world.emit("KeeperRevoke", {"keeper": address, "slasher": sender})


def slash_liquidity(world: World, job: str, amount: Any, slasher: str = "slasher", pair: str = "pair") -> None:
    """`slashLiquidityFromJob`: the tokens go to governance."""
    address, liquidity, value = world.actors[job], world.pair(pair), world.amount(amount, "amount")
    world.direct(slasher, "slashLiquidityFromJob(address,address,uint256)", address, liquidity, value)
    sender = world.actors[slasher]
    job_liquidity.slash_liquidity_from_job(world.keep3r, address, liquidity, sender, value, world.now)
    world.transfer(liquidity, world.keep3r.address, world.governance, value)
    world.emit("JobSlashLiquidity", {"job": address, "liquidity": liquidity, "slasher": sender, "amount": value})


def slash_tokens(world: World, job: str, token: str, amount: Any, slasher: str = "slasher") -> None:
    """`slashTokenFromJob`."""
    address, kind, value = world.actors[job], world.actors[token], world.amount(amount, "amount")
    sender = world.actors[slasher]
    world.direct(slasher, "slashTokenFromJob(address,address,uint256)", address, kind, value)
    disputes.slash_token_from_job(world.keep3r, address, kind, sender, value)
    world.emit("JobSlashToken", {"job": address, "token": kind, "slasher": sender, "amount": value})


CALLS = {
    call.__name__: call
    for call in (
        bond,
        activate,
        unbond,
        withdraw,
        dispute,
        resolve,
        slash,
        revoke,
        slash_liquidity,
        slash_tokens,
    )
}
