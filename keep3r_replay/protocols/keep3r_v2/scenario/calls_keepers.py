"""Calls of keepers and against them: bonds, disputes, slashing. Each is the function's effect and its events.

Arguments are names of actors, and amounts in wei; all calls raise `Revert` where the contract would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.protocols.keep3r_v2.contract import disputes, job_liquidity, keepers
from keep3r_replay.protocols.keep3r_v2.scenario.calls_escrow import put_into_escrow, take_from_escrow

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.scenario.stage import Stage


def bond(stage: Stage, keeper: str = "keeper", amount: Any = 0, token: str = "kp3r") -> None:
    """`bond`: what arrives waits for the activation."""
    address, kind, value = stage.actors[keeper], stage.actors[token], stage.amount(amount, "amount")
    stage.direct(keeper, "bond(address,uint256)", kind, value)
    received = stage.received(kind, value)
    keepers.bond(stage.keep3r, address, kind, received, stage.now)
    stage.emit("Bonding", {"keeper": address, "bonding": kind, "amount": received})


def activate(stage: Stage, keeper: str = "keeper", token: str = "kp3r") -> None:
    """`activate`: all that waits."""
    address, kind = stage.actors[keeper], stage.actors[token]
    stage.direct(keeper, "activate(address)", kind)
    value = keepers.activate(stage.keep3r, address, kind, stage.now)
    if kind == stage.kp3r:
        put_into_escrow(stage, value)
    stage.emit("Activation", {"keeper": address, "bond": kind, "amount": value})


def unbond(stage: Stage, keeper: str = "keeper", amount: Any = 0, token: str = "kp3r") -> None:
    """`unbond`."""
    address, kind, value = stage.actors[keeper], stage.actors[token], stage.amount(amount, "amount")
    stage.direct(keeper, "unbond(address,uint256)", kind, value)
    keepers.unbond(stage.keep3r, address, kind, value, stage.now)
    stage.emit("Unbonding", {"keeper_or_job": address, "unbonding": kind, "amount": value})


def withdraw(stage: Stage, keeper: str = "keeper", token: str = "kp3r") -> None:
    """`withdraw`: all that was unbonded."""
    address, kind = stage.actors[keeper], stage.actors[token]
    stage.direct(keeper, "withdraw(address)", kind)
    value = keepers.withdraw(stage.keep3r, address, kind, stage.now)
    if kind == stage.kp3r:
        take_from_escrow(stage, value)
    stage.emit("Withdrawal", {"keeper": address, "bond": kind, "amount": value})


def dispute(stage: Stage, subject: str, disputer: str = "disputer") -> None:
    """`dispute` of a job or a keeper."""
    address, sender = stage.actors[subject], stage.actors[disputer]
    stage.direct(disputer, "dispute(address)", address)
    disputes.dispute(stage.keep3r, address, sender)
    stage.emit("Dispute", {"job_or_keeper": address, "disputer": sender})


def resolve(stage: Stage, subject: str, disputer: str = "disputer") -> None:
    """`resolve` of a dispute."""
    address, sender = stage.actors[subject], stage.actors[disputer]
    stage.direct(disputer, "resolve(address)", address)
    disputes.resolve(stage.keep3r, address, sender)
    stage.emit("Resolve", {"job_or_keeper": address, "resolver": sender})


def slash(
    stage: Stage,
    keeper: str,
    amount: Any,
    unbonding: Any = 0,
    token: str = "kp3r",
    slasher: str = "slasher",
) -> None:
    """`slash`: `amount` of the bonds and, from 2.2 on, `unbonding` of what is on its way out."""
    address, kind = stage.actors[keeper], stage.actors[token]
    bonded, pending = stage.amount(amount, "amount"), stage.amount(unbonding, "unbonding")
    if stage.keep3r.rules.slashes_unbonding:
        stage.direct(slasher, "slash(address,address,uint256,uint256)", address, kind, bonded, pending)
    else:
        pending = 0
        stage.direct(slasher, "slash(address,address,uint256)", address, kind, bonded)
    disputes.slash(stage.keep3r, address, kind, stage.actors[slasher], bonded, pending)
    stage.emit("KeeperSlash", {"keeper": address, "slasher": stage.actors[slasher], "amount": bonded + pending})


def revoke(stage: Stage, keeper: str, slasher: str = "slasher") -> None:
    """`revoke`: the keeper and its KP3R are out."""
    address, sender = stage.actors[keeper], stage.actors[slasher]
    stage.direct(slasher, "revoke(address)", address)
    disputes.revoke(stage.keep3r, address, sender)
    stage.emit("KeeperRevoke", {"keeper": address, "slasher": sender})


def slash_liquidity(stage: Stage, job: str, amount: Any, slasher: str = "slasher", pair: str = "pair") -> None:
    """`slashLiquidityFromJob`: the tokens go to governance."""
    address, liquidity, value = stage.actors[job], stage.pair(pair), stage.amount(amount, "amount")
    stage.direct(slasher, "slashLiquidityFromJob(address,address,uint256)", address, liquidity, value)
    sender = stage.actors[slasher]
    job_liquidity.slash_liquidity_from_job(stage.keep3r, address, liquidity, sender, value, stage.now)
    stage.transfer(liquidity, stage.keep3r.address, stage.governance, value)
    stage.emit("JobSlashLiquidity", {"job": address, "liquidity": liquidity, "slasher": sender, "amount": value})


def slash_tokens(stage: Stage, job: str, token: str, amount: Any, slasher: str = "slasher") -> None:
    """`slashTokenFromJob`."""
    address, kind, value = stage.actors[job], stage.actors[token], stage.amount(amount, "amount")
    sender = stage.actors[slasher]
    stage.direct(slasher, "slashTokenFromJob(address,address,uint256)", address, kind, value)
    disputes.slash_token_from_job(stage.keep3r, address, kind, sender, value)
    stage.emit("JobSlashToken", {"job": address, "token": kind, "slasher": sender, "amount": value})


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
