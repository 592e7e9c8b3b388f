"""Events of jobs: joining, liquidity, credits by governance, tokens, ownership, migration, disputes."""

from __future__ import annotations

from functools import partial

from keep3r_replay.protocols.keep3r_v2.contract import disputes, job_liquidity, jobs
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import ADOPTED
from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext, audited
from keep3r_replay.protocols.keep3r_v2.replay.calls.tokens import expect_arrival
from keep3r_replay.protocols.keep3r_v2.replay.calls.work import compare_rewards
from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import direct_arguments
from keep3r_replay.replay.protocol import EventHandler, Row


def on_job_addition(context: CallContext, row: Row) -> None:
    """JobAddition."""
    _, address, owner = row
    jobs.add_job(context.keep3r, address, owner)


def on_ownership_change(context: CallContext, row: Row) -> None:
    """JobOwnershipChange."""
    _, address, owner, pending_owner = row
    jobs.change_job_ownership(context.keep3r, address, owner, pending_owner)


def on_ownership_assent(context: CallContext, row: Row) -> None:
    """JobOwnershipAssent, read as (job, new owner, previous owner)."""
    log_index, address, new_owner, previous_owner = row
    previous = jobs.accept_job_ownership(context.keep3r, address, new_owner)
    context.expect(log_index, address, "previous_owner", previous, previous_owner, "the job had another owner")


def on_migration_request(context: CallContext, row: Row) -> None:
    """JobMigrationRequested."""
    _, from_job, to_job = row
    jobs.migrate_job(context.keep3r, from_job, to_job, context.now)


def on_migration(context: CallContext, row: Row) -> None:
    """JobMigrationSuccessful."""
    _, from_job, to_job = row
    jobs.accept_job_migration(context.keep3r, from_job, to_job, context.now)


def on_liquidity_approval(context: CallContext, row: Row) -> None:
    """LiquidityApproval."""
    _, liquidity = row
    job_liquidity.approve_liquidity(context.keep3r, liquidity, context.now)


def on_liquidity_revocation(context: CallContext, row: Row) -> None:
    """LiquidityRevocation."""
    _, liquidity = row
    job_liquidity.revoke_liquidity(context.keep3r, liquidity)


def on_liquidity_addition(context: CallContext, row: Row) -> None:
    """LiquidityAddition, with the reward event and the transfer that come before it."""
    log_index, address, liquidity, provider, amount = row
    keep3r = context.keep3r
    rewards = context.pending_rewards.pop(address, ())
    emit = partial(compare_rewards, context, log_index, address, rewards)
    job_liquidity.add_liquidity_to_job(keep3r, address, liquidity, amount, context.now, emit)
    last_reward = rewards[-1][0] if rewards else -1
    context.expect_transfer(log_index, address, liquidity, provider, keep3r.address, amount, last_reward)


def on_liquidity_withdrawal(context: CallContext, row: Row) -> None:
    """LiquidityWithdrawal: always of all that is pending."""
    log_index, address, liquidity, receiver, amount = row
    pending = job_liquidity.withdraw_liquidity_from_job(context.keep3r, address, liquidity, context.now)
    context.expect(log_index, address, "amount", pending, amount, "a withdrawal takes the whole pending amount")
    context.expect_transfer(log_index, address, liquidity, context.keep3r.address, receiver, amount)


def on_liquidity_slash(context: CallContext, row: Row) -> None:
    """JobSlashLiquidity, with the transfer to governance before it, which a pair manager never refuses."""
    log_index, address, liquidity, slasher, amount = row
    keep3r = context.keep3r
    job_liquidity.slash_liquidity_from_job(keep3r, address, liquidity, slasher, amount, context.now)
    context.expect_transfer(log_index, address, liquidity, keep3r.address, keep3r.parameters.governance, amount)


def on_credits_forced(context: CallContext, row: Row) -> None:
    """LiquidityCreditsForced. The amount is in the input of a direct call; otherwise the event tells it."""
    log_index, address, rewarded_at, current_credits = row
    keep3r = context.keep3r
    job = keep3r.jobs[address]
    arguments = direct_arguments(
        context.direct_inputs, context.transaction, "forceLiquidityCreditsToJob(address,uint256)"
    )

    def amount(settled: int) -> int:
        return max(0, current_credits - settled) if arguments is None else int(arguments[1])

    forced = job_liquidity.force_liquidity_credits_to_job(keep3r, address, amount, context.now)
    context.forced[context.block_number, log_index] = forced
    context.expect(
        log_index, address, "rewarded_at", job.rewarded_at, rewarded_at, "forcing credits settles the job up to now"
    )
    context.expect(
        log_index,
        address,
        "current_credits",
        job.credits,
        current_credits,
        "the settled credits and the forced amount give another sum; the chain's is adopted",
    )
    surplus = current_credits - job.credits
    job.rewarded_at = rewarded_at
    job.credits = current_credits
    if keep3r.ledger is not None and surplus:
        keep3r.ledger.note(ADOPTED, job, surplus, rewarded_at)


def on_token_credit_addition(context: CallContext, row: Row) -> None:
    """TokenCreditAddition: tells what was received, before the fee."""
    log_index, address, token, provider, amount = row
    expect_arrival(context, log_index, provider, token, amount, "addTokenCreditsToJob(address,address,uint256)", 2)
    jobs.add_token_credits_to_job(context.keep3r, address, token, amount, context.now)


def on_token_credit_withdrawal(context: CallContext, row: Row) -> None:
    """TokenCreditWithdrawal."""
    _, address, token, amount = row
    jobs.withdraw_token_credits_from_job(context.keep3r, address, token, amount, context.now)


def on_token_slash(context: CallContext, row: Row) -> None:
    """JobSlashToken."""
    _, address, token, slasher, amount = row
    disputes.slash_token_from_job(context.keep3r, address, token, slasher, amount)


def on_dispute(context: CallContext, row: Row) -> None:
    """Dispute of a job or a keeper."""
    _, subject, disputer = row
    disputes.dispute(context.keep3r, subject, disputer)


def on_resolve(context: CallContext, row: Row) -> None:
    """Resolve of a dispute."""
    _, subject, resolver = row
    disputes.resolve(context.keep3r, subject, resolver)


PLAIN = {
    "keep3r.JobAddition": EventHandler(("job", "job_owner"), on_job_addition),
    "keep3r.JobOwnershipChange": EventHandler(("job", "owner", "pending_owner"), on_ownership_change),
    "keep3r.JobOwnershipAssent": EventHandler(("job", "new_owner", "previous_owner"), on_ownership_assent),
    "keep3r.JobMigrationRequested": EventHandler(("from_job", "to_job"), on_migration_request),
    "keep3r.JobMigrationSuccessful": EventHandler(("from_job", "to_job"), on_migration),
    "keep3r.LiquidityApproval": EventHandler(("liquidity",), on_liquidity_approval),
    "keep3r.LiquidityRevocation": EventHandler(("liquidity",), on_liquidity_revocation),
    "keep3r.LiquidityAddition": EventHandler(("job", "liquidity", "provider", "amount"), on_liquidity_addition),
    "keep3r.LiquidityWithdrawal": EventHandler(("job", "liquidity", "receiver", "amount"), on_liquidity_withdrawal),
    "keep3r.JobSlashLiquidity": EventHandler(("job", "liquidity", "slasher", "amount"), on_liquidity_slash),
    "keep3r.LiquidityCreditsForced": EventHandler(("job", "rewarded_at", "current_credits"), on_credits_forced),
    "keep3r.TokenCreditAddition": EventHandler(("job", "token", "provider", "amount"), on_token_credit_addition),
    "keep3r.TokenCreditWithdrawal": EventHandler(("job", "token", "amount"), on_token_credit_withdrawal),
    "keep3r.JobSlashToken": EventHandler(("job", "token", "slasher", "amount"), on_token_slash),
    "keep3r.Dispute": EventHandler(("job_or_keeper", "disputer"), on_dispute),
    "keep3r.Resolve": EventHandler(("job_or_keeper", "resolver"), on_resolve),
}
"""Handlers that revert where the contract does."""

HANDLERS = audited(PLAIN)
