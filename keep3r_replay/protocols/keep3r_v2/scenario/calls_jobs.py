"""Calls on jobs: joining, liquidity, token credits, ownership, migration. Each is the function's effect and its events.

Arguments are names of actors, and amounts in wei; all calls raise `Revert` where the contract would.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from keep3r_replay.protocols.keep3r_v2.contract import job_liquidity, jobs

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.scenario.stage import Stage


def add_job(stage: Stage, job: str, owner: str = "owner") -> None:
    """`addJob` by the owner."""
    address, sender = stage.actors[job], stage.actors[owner]
    stage.direct(owner, "addJob(address)", address)
    jobs.add_job(stage.keep3r, address, sender)
    stage.emit("JobAddition", {"job": address, "job_owner": sender})


def add_liquidity(stage: Stage, job: str, amount: Any, provider: str = "provider", pair: str = "pair") -> None:
    """`addLiquidityToJob`: settles the job, takes the tokens, adds."""
    address, liquidity, value = stage.actors[job], stage.pair(pair), stage.amount(amount, "amount")
    stage.direct(provider, "addLiquidityToJob(address,address,uint256)", address, liquidity, value)
    emit = partial(stage.emit_rewards, address)
    job_liquidity.add_liquidity_to_job(stage.keep3r, address, liquidity, value, stage.now, emit)
    stage.transfer(liquidity, stage.actors[provider], stage.keep3r.address, value)
    stage.emit(
        "LiquidityAddition",
        {"job": address, "liquidity": liquidity, "provider": stage.actors[provider], "amount": value},
    )


def unbond_liquidity(stage: Stage, job: str, amount: Any, pair: str = "pair") -> None:
    """`unbondLiquidityFromJob` by the job's owner."""
    address, liquidity, value = stage.actors[job], stage.pair(pair), stage.amount(amount, "amount")
    owner = stage.keep3r.jobs[address].owner
    stage.direct(owner, "unbondLiquidityFromJob(address,address,uint256)", address, liquidity, value)
    job_liquidity.unbond_liquidity_from_job(stage.keep3r, address, liquidity, value, stage.now)
    stage.emit("Unbonding", {"keeper_or_job": address, "unbonding": liquidity, "amount": value})


def withdraw_liquidity(stage: Stage, job: str, receiver: str = "provider", pair: str = "pair") -> None:
    """`withdrawLiquidityFromJob` by the job's owner: all that was unbonded."""
    address, liquidity, to = stage.actors[job], stage.pair(pair), stage.actors[receiver]
    owner = stage.keep3r.jobs[address].owner
    stage.direct(owner, "withdrawLiquidityFromJob(address,address,address)", address, liquidity, to)
    value = job_liquidity.withdraw_liquidity_from_job(stage.keep3r, address, liquidity, stage.now)
    stage.transfer(liquidity, stage.keep3r.address, to, value)
    stage.emit("LiquidityWithdrawal", {"job": address, "liquidity": liquidity, "receiver": to, "amount": value})


def force_credits(stage: Stage, job: str, amount: Any) -> None:
    """`forceLiquidityCreditsToJob` by governance."""
    address, value = stage.actors[job], stage.amount(amount, "amount")
    stage.direct(stage.governance, "forceLiquidityCreditsToJob(address,uint256)", address, value)
    job_liquidity.force_liquidity_credits_to_job(stage.keep3r, address, lambda _: value, stage.now)
    record = stage.keep3r.jobs[address]
    stage.emit(
        "LiquidityCreditsForced",
        {"job": address, "rewarded_at": record.rewarded_at, "current_credits": record.credits},
    )


def add_token_credits(stage: Stage, job: str, token: str, amount: Any, provider: str = "provider") -> None:
    """`addTokenCreditsToJob`: what arrives counts, less Keep3r's fee."""
    address, kind, value = stage.actors[job], stage.actors[token], stage.amount(amount, "amount")
    stage.direct(provider, "addTokenCreditsToJob(address,address,uint256)", address, kind, value)
    received = stage.received(kind, value)
    jobs.add_token_credits_to_job(stage.keep3r, address, kind, received, stage.now)
    stage.emit(
        "TokenCreditAddition", {"job": address, "token": kind, "provider": stage.actors[provider], "amount": received}
    )


def withdraw_token_credits(stage: Stage, job: str, token: str, amount: Any, receiver: str = "provider") -> None:
    """`withdrawTokenCreditsFromJob` by the job's owner."""
    address, kind, value = stage.actors[job], stage.actors[token], stage.amount(amount, "amount")
    to, owner = stage.actors[receiver], stage.keep3r.jobs[address].owner
    stage.direct(owner, "withdrawTokenCreditsFromJob(address,address,uint256,address)", address, kind, value, to)
    jobs.withdraw_token_credits_from_job(stage.keep3r, address, kind, value, stage.now)
    stage.emit("TokenCreditWithdrawal", {"job": address, "token": kind, "receiver": to, "amount": value})


def change_ownership(stage: Stage, job: str, to: str) -> None:
    """`changeJobOwnership` by the owner."""
    address, pending = stage.actors[job], stage.actors[to]
    owner = stage.keep3r.jobs[address].owner
    stage.direct(owner, "changeJobOwnership(address,address)", address, pending)
    jobs.change_job_ownership(stage.keep3r, address, owner, pending)
    stage.emit("JobOwnershipChange", {"job": address, "owner": owner, "pending_owner": pending})


def accept_ownership(stage: Stage, job: str, owner: str) -> None:
    """`acceptJobOwnership` by the pending owner."""
    address, sender = stage.actors[job], stage.actors[owner]
    stage.direct(owner, "acceptJobOwnership(address)", address)
    previous = jobs.accept_job_ownership(stage.keep3r, address, sender)
    stage.emit("JobOwnershipAssent", {"new_owner": sender, "job": address, "previous_owner": previous})


def migrate_job(stage: Stage, job: str, to: str) -> None:
    """`migrateJob` by the owner of the job that goes."""
    source, target = stage.actors[job], stage.actors[to]
    stage.direct(stage.keep3r.jobs[source].owner, "migrateJob(address,address)", source, target)
    jobs.migrate_job(stage.keep3r, source, target, stage.now)
    stage.emit("JobMigrationRequested", {"from_job": source, "to_job": target})


def accept_migration(stage: Stage, job: str, to: str) -> None:
    """`acceptJobMigration` by the owner of the job that stays, a minute later."""
    source, target = stage.actors[job], stage.actors[to]
    stage.direct(stage.keep3r.jobs[target].owner, "acceptJobMigration(address,address)", source, target)
    jobs.accept_job_migration(stage.keep3r, source, target, stage.now)
    stage.emit("JobMigrationSuccessful", {"from_job": source, "to_job": target})


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
