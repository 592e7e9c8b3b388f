"""Calls on jobs: joining, liquidity, token credits, ownership, migration. Each is the function's effect and its events.

Arguments are names of actors, and amounts in wei; all calls raise `Revert` where the contract would.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from keep3r_replay.protocols.keep3r_v2.contract import job_liquidity, jobs

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.scenario.world import World


def add_job(world: World, job: str, owner: str = "owner") -> None:
    """`addJob` by the owner."""
    address, sender = world.actors[job], world.actors[owner]
    world.direct(owner, "addJob(address)", address)
    jobs.add_job(world.keep3r, address, sender)
    world.emit("JobAddition", {"job": address, "job_owner": sender})


def add_liquidity(world: World, job: str, amount: Any, provider: str = "provider", pair: str = "pair") -> None:
    """`addLiquidityToJob`: settles the job, takes the tokens, adds."""
    address, liquidity, value = world.actors[job], world.pair(pair), world.amount(amount, "amount")
    world.direct(provider, "addLiquidityToJob(address,address,uint256)", address, liquidity, value)
    emit = partial(world.emit_rewards, address)
    job_liquidity.add_liquidity_to_job(world.keep3r, address, liquidity, value, world.now, emit)
    world.transfer(liquidity, world.actors[provider], world.keep3r.address, value)
    world.emit(
        "LiquidityAddition",
        {"job": address, "liquidity": liquidity, "provider": world.actors[provider], "amount": value},
    )


def unbond_liquidity(world: World, job: str, amount: Any, pair: str = "pair") -> None:
    """`unbondLiquidityFromJob` by the job's owner."""
    address, liquidity, value = world.actors[job], world.pair(pair), world.amount(amount, "amount")
    owner = world.keep3r.jobs[address].owner
    world.direct(owner, "unbondLiquidityFromJob(address,address,uint256)", address, liquidity, value)
    job_liquidity.unbond_liquidity_from_job(world.keep3r, address, liquidity, value, world.now)
    world.emit("Unbonding", {"keeper_or_job": address, "unbonding": liquidity, "amount": value})


def withdraw_liquidity(world: World, job: str, receiver: str = "provider", pair: str = "pair") -> None:
    """`withdrawLiquidityFromJob` by the job's owner: all that was unbonded."""
    address, liquidity, to = world.actors[job], world.pair(pair), world.actors[receiver]
    owner = world.keep3r.jobs[address].owner
    world.direct(owner, "withdrawLiquidityFromJob(address,address,address)", address, liquidity, to)
    value = job_liquidity.withdraw_liquidity_from_job(world.keep3r, address, liquidity, world.now)
    world.transfer(liquidity, world.keep3r.address, to, value)
    world.emit("LiquidityWithdrawal", {"job": address, "liquidity": liquidity, "receiver": to, "amount": value})


def force_credits(world: World, job: str, amount: Any) -> None:
    """`forceLiquidityCreditsToJob` by governance."""
    address, value = world.actors[job], world.amount(amount, "amount")
    world.direct(world.governance, "forceLiquidityCreditsToJob(address,uint256)", address, value)
    job_liquidity.force_liquidity_credits_to_job(world.keep3r, address, lambda _: value, world.now)
    record = world.keep3r.jobs[address]
    world.emit(
        "LiquidityCreditsForced",
        {"job": address, "rewarded_at": record.rewarded_at, "current_credits": record.credits},
    )


def add_token_credits(world: World, job: str, token: str, amount: Any, provider: str = "provider") -> None:
    """`addTokenCreditsToJob`: what arrives counts, less Keep3r's fee."""
    address, kind, value = world.actors[job], world.actors[token], world.amount(amount, "amount")
    world.direct(provider, "addTokenCreditsToJob(address,address,uint256)", address, kind, value)
    received = world.received(kind, value)
    jobs.add_token_credits_to_job(world.keep3r, address, kind, received, world.now)
    world.emit(
        "TokenCreditAddition", {"job": address, "token": kind, "provider": world.actors[provider], "amount": received}
    )


def withdraw_token_credits(world: World, job: str, token: str, amount: Any, receiver: str = "provider") -> None:
    """`withdrawTokenCreditsFromJob` by the job's owner."""
    address, kind, value = world.actors[job], world.actors[token], world.amount(amount, "amount")
    to, owner = world.actors[receiver], world.keep3r.jobs[address].owner
    world.direct(owner, "withdrawTokenCreditsFromJob(address,address,uint256,address)", address, kind, value, to)
    jobs.withdraw_token_credits_from_job(world.keep3r, address, kind, value, world.now)
    world.emit("TokenCreditWithdrawal", {"job": address, "token": kind, "receiver": to, "amount": value})


def change_ownership(world: World, job: str, to: str) -> None:
    """`changeJobOwnership` by the owner."""
    address, pending = world.actors[job], world.actors[to]
    owner = world.keep3r.jobs[address].owner
    world.direct(owner, "changeJobOwnership(address,address)", address, pending)
    jobs.change_job_ownership(world.keep3r, address, owner, pending)
    world.emit("JobOwnershipChange", {"job": address, "owner": owner, "pending_owner": pending})


def accept_ownership(world: World, job: str, owner: str) -> None:
    """`acceptJobOwnership` by the pending owner."""
    address, sender = world.actors[job], world.actors[owner]
    world.direct(owner, "acceptJobOwnership(address)", address)
    previous = jobs.accept_job_ownership(world.keep3r, address, sender)
    world.emit("JobOwnershipAssent", {"new_owner": sender, "job": address, "previous_owner": previous})


def migrate_job(world: World, job: str, to: str) -> None:
    """`migrateJob` by the owner of the job that goes."""
    source, target = world.actors[job], world.actors[to]
    world.direct(world.keep3r.jobs[source].owner, "migrateJob(address,address)", source, target)
    jobs.migrate_job(world.keep3r, source, target, world.now)
    world.emit("JobMigrationRequested", {"from_job": source, "to_job": target})


def accept_migration(world: World, job: str, to: str) -> None:
    """`acceptJobMigration` by the owner of the job that stays, a minute later."""
    source, target = world.actors[job], world.actors[to]
    world.direct(world.keep3r.jobs[target].owner, "acceptJobMigration(address,address)", source, target)
    jobs.accept_job_migration(world.keep3r, source, target, world.now)
    world.emit("JobMigrationSuccessful", {"from_job": source, "to_job": target})


CALLS = {
    call.__name__: call
    for call in (
        add_job,
        add_liquidity,
        unbond_liquidity,
        withdraw_liquidity,
        force_credits,
        add_token_credits,
        withdraw_token_credits,
        change_ownership,
        accept_ownership,
        migrate_job,
        accept_migration,
    )
}
