"""Jobs: joining, ownership, token credits, migration."""

from __future__ import annotations

from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import MIGRATED_IN, MIGRATED_OUT
from keep3r_replay.protocols.keep3r_v2.contract.credits import settle
from keep3r_replay.protocols.keep3r_v2.contract.state import ZERO_ADDRESS, Keep3r

MIGRATION_COOLDOWN = 60
"""Seconds between `migrateJob` and `acceptJobMigration`."""
TOKEN_CREDITS_COOLDOWN = 60
"""Seconds that token credits stay after the last addition."""
FEE_BASE = 10_000


def add_job(keep3r: Keep3r, address: str, owner: str) -> None:
    """`addJob`: the caller becomes the owner; an address that ever bonded can not be a job. Emits JobAddition."""
    # CHECKS
    keep3r.require(address not in keep3r.job_list, "JobAlreadyAdded")
    keeper = keep3r.keepers.get(address)
    keep3r.require(keeper is None or not keeper.has_bonded, "AlreadyAKeeper")
    # EFFECTS
    keep3r.job_list.add(address)
    keep3r.jobs[address].owner = owner


def change_job_ownership(keep3r: Keep3r, address: str, owner: str, pending_owner: str) -> None:
    """`changeJobOwnership` by the present owner. Emits JobOwnershipChange."""
    job = keep3r.jobs[address]
    # CHECKS
    keep3r.require(job.owner == owner, "OnlyJobOwner")
    # EFFECTS
    job.pending_owner = pending_owner


def accept_job_ownership(keep3r: Keep3r, address: str, owner: str) -> str:
    """`acceptJobOwnership` by the pending owner; the previous one is returned. Emits JobOwnershipAssent."""
    job = keep3r.jobs[address]
    # CHECKS
    keep3r.require(job.pending_owner == owner, "OnlyPendingJobOwner")
    # EFFECTS
    previous = job.owner
    job.owner = owner
    job.pending_owner = ZERO_ADDRESS
    return previous


def migrate_job(keep3r: Keep3r, address: str, to_address: str, now: int) -> None:
    """`migrateJob` by the source's owner. Emits JobMigrationRequested."""
    # CHECKS
    keep3r.require(address != to_address, "JobMigrationImpossible")
    # EFFECTS
    job = keep3r.jobs[address]
    job.pending_migration = to_address
    job.migration_requested_at = now


def accept_job_migration(keep3r: Keep3r, from_address: str, to_address: str, now: int) -> None:
    """`acceptJobMigration`: settle source, then target; the source's credits, liquidity and tokens join the target's.

    The source's `worked_at`, pending unbonds and disputes stay behind. Emits JobMigrationSuccessful. Raises `Revert` as
    `settle` does.
    """
    source = keep3r.jobs[from_address]
    target = keep3r.jobs[to_address]
    # CHECKS
    keep3r.require(from_address not in keep3r.disputes and to_address not in keep3r.disputes, "JobDisputed")
    keep3r.require(source.pending_migration == to_address, "JobMigrationUnavailable")
    keep3r.require(now >= source.migration_requested_at + MIGRATION_COOLDOWN, "JobMigrationLocked")
    # EFFECTS
    settle(keep3r, source, now)
    settle(keep3r, target, now)
    for token in source.tokens.values():
        target.token_credits[token] += source.token_credits.pop(token, 0)
        source.tokens.remove(token)
        target.tokens.add(token)
    for liquidity in source.liquidities.values():
        target.liquidity_amounts[liquidity] += source.liquidity_amounts.pop(liquidity, 0)
        source.liquidities.remove(liquidity)
        target.liquidities.add(liquidity)
    target.period_credits += source.period_credits
    target.credits += source.credits
    keep3r.credits_changed(MIGRATED_OUT, source, -source.credits, source.rewarded_at, to_address)
    keep3r.credits_changed(MIGRATED_IN, target, source.credits, target.rewarded_at, from_address)
    source.period_credits = source.credits = source.rewarded_at = 0
    source.owner = source.pending_owner = source.pending_migration = ZERO_ADDRESS
    source.migration_requested_at = 0
    keep3r.job_list.remove(from_address)


def add_token_credits_to_job(keep3r: Keep3r, address: str, token: str, received: int, now: int) -> None:
    """`addTokenCreditsToJob`: `received` wei less the fee. Emits TokenCreditAddition of `received`."""
    # CHECKS
    keep3r.require(address in keep3r.job_list, "JobUnavailable")
    keep3r.require(token != keep3r.parameters.keep3r_v1, "TokenUnallowed")
    # EFFECTS
    job = keep3r.jobs[address]
    job.token_credits[token] += keep3r.subtract(received, received * keep3r.parameters.fee // FEE_BASE)
    job.token_credits_added_at[token] = now
    job.tokens.add(token)


def remove_token_credits(keep3r: Keep3r, address: str, token: str, amount: int) -> None:
    """`amount` wei of a token leave the job; a token of which nothing is left is not listed any more."""
    job = keep3r.jobs[address]
    job.token_credits[token] = max(0, job.token_credits[token] - amount)
    if job.token_credits[token] == 0:
        job.tokens.remove(token)


def withdraw_token_credits_from_job(keep3r: Keep3r, address: str, token: str, amount: int, now: int) -> None:
    """`withdrawTokenCreditsFromJob` by the owner. Emits TokenCreditWithdrawal."""
    job = keep3r.jobs[address]
    # CHECKS
    keep3r.require(now > job.token_credits_added_at.get(token, 0) + TOKEN_CREDITS_COOLDOWN, "JobTokenCreditsLocked")
    keep3r.require(job.token_credits[token] >= amount, "InsufficientJobTokenCredits")
    keep3r.require(address not in keep3r.disputes, "JobDisputed")
    # EFFECTS
    remove_token_credits(keep3r, address, token, amount)
