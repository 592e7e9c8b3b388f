"""Work: what a job pays its keepers, and what that does to credits, bonds and the gas meter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.contract.credits import Reward, reward_event, reward_now, update_if_needed
from keep3r_replay.protocols.keep3r_v2.contract.moves import SPENT

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.helper import Helper
    from keep3r_replay.protocols.keep3r_v2.contract.state import Job, Keep3r


def check_payer(keep3r: Keep3r, address: str) -> None:
    """What `worked`, `bondedPayment` and `directTokenPayment` demand of the calling job."""
    if address in keep3r.disputes:
        keep3r.require(False, "JobDisputed")
    if address not in keep3r.job_list:
        keep3r.require(False, "JobUnapproved")


def earn(keep3r: Keep3r, job: Job, payment: int, now: int) -> list[Reward]:
    """Bring the job's credits up to date for a `payment` in wei: the reward events that the contract emits on the way.

    The first is the reset of a new period, the next the top-up that a payment above the credits sets off.
    Raises `Revert` as `update_if_needed` does.
    """
    rewards = []
    if update_if_needed(keep3r, job, now):
        rewards.append(reward_event(job))
    if payment > job.credits:
        reward_now(keep3r, job, now)
        rewards.append(reward_event(job))
    return rewards


def pay_credits(keep3r: Keep3r, job: Job, keeper_address: str, payment: int, now: int) -> None:
    """Move `payment` from the job's credits to the keeper's bonds (end of `worked` and of `bondedPayment`)."""
    # CHECKS
    if payment > job.credits:
        keep3r.require(False, "InsufficientFunds")
    # EFFECTS
    job.worked_at = now
    if keep3r.ledger is not None:
        keep3r.ledger.note(SPENT, job, -min(payment, job.credits), job.rewarded_at, keeper_address)
    job.credits = max(0, job.credits - payment)
    keeper = keep3r.keepers[keeper_address]
    keeper.bonds[keep3r.parameters.keep3r_v1] += payment
    keeper.work_completed += payment
    if keep3r.rules.has_total_bonds:
        keep3r.total_bonds += payment


def pay_token(keep3r: Keep3r, address: str, keeper: str, token: str, amount: int) -> None:
    """`directTokenPayment`: `amount` of the job's token credits straight to the keeper."""
    # CHECKS
    keep3r.require(keeper not in keep3r.disputes, "Disputed")
    check_payer(keep3r, address)
    job = keep3r.jobs[address]
    keep3r.require(job.token_credits[token] >= amount, "InsufficientFunds")
    # EFFECTS
    job.token_credits[token] = max(0, job.token_credits[token] - amount)


def payment_parameters(keep3r: Keep3r, keeper_address: str, now: int, base_fee: int) -> tuple[int, int, int]:
    """What `worked` asks the helper for the keeper, before the payment: (boost, KP3R for one ETH, extra gas).

    On the sidechain the quote is for one USD. Raises `Revert` as the helper does, or "unknown helper" for one that the
    history does not describe.
    """
    return _helper(keep3r).payment_parameters(_bonds(keep3r, keeper_address), now, base_fee)


def reward_boost(keep3r: Keep3r, keeper_address: str, base_fee: int) -> int:
    """The boost that `worked` of 2.0 and 2.1 asks the helper for. Raises `Revert` as `payment_parameters` does."""
    return _helper(keep3r).reward_boost(_bonds(keep3r, keeper_address), base_fee)


def cached_tick_difference(keep3r: Keep3r) -> int:
    """Cached tick difference of the KP3R/WETH pool, signed for quotes in KP3R; 2.0 and 2.1 do not test its age."""
    approval = keep3r.approvals[keep3r.parameters.kp3r_weth_pool]
    return approval.tick.difference if approval.is_kp3r_token0 else -approval.tick.difference


def _helper(keep3r: Keep3r) -> Helper:
    helper = keep3r.helpers.get(keep3r.parameters.keep3r_helper)
    if helper is None:
        raise Revert("unknown helper")
    return helper


def _bonds(keep3r: Keep3r, keeper_address: str) -> int:
    keeper = keep3r.keepers.get(keeper_address)
    return keeper.bonds.get(keep3r.parameters.keep3r_v1, 0) if keeper is not None else 0
