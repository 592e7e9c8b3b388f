"""Work: what a job pays its keepers, and what that does to credits, bonds and the gas meter.

`worked` and `bonded_payment` differ in who says the amount, and in the gas meter. A KeeperWork does not tell which of
the two it was: `pay_keeper` is what they have in common, and what an audit calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from keep3r_replay.evm.arithmetic import ARITHMETIC_PANIC, UINT256_MAX, Revert
from keep3r_replay.protocols.keep3r_v2.contract.credit_changes import SPENT
from keep3r_replay.protocols.keep3r_v2.contract.credits import (
    Emit,
    Reward,
    reward_event,
    reward_now,
    unseen,
    update_if_needed,
)
from keep3r_replay.protocols.keep3r_v2.contract.helper import BOOST_BASE, payment

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.helper import Helper
    from keep3r_replay.protocols.keep3r_v2.contract.state import Job, Keep3r

Price = Callable[[], int]
"""Says what a work is paid, in wei of KP3R; asked once, with the job in the present period. It may raise `Revert`."""


class Paid(NamedTuple):
    """A payment: wei, the job's credits around it, and how many reward events the call emitted."""

    amount: int
    credits_before: int
    credits_after: int
    rewards: int


class LivePayment(NamedTuple):
    """What `worked` pays from 2.2 on: wei, and the helper's terms, as `Helper.payment_parameters` gives them."""

    amount: int
    boost: int
    one_eth_quote: int
    extra_gas: int


def is_keeper(keep3r: Keep3r, address: str, gas_left: int) -> bool:
    """`isKeeper`: sets the gas meter to the `gas_left`, whatever the answer. Emits KeeperValidation if it is one."""
    keep3r.gas_meter = gas_left
    return address in keep3r.keeper_list


def worked(keep3r: Keep3r, address: str, keeper: str, price: Price, now: int, emit: Emit = unseen) -> Paid:
    """`worked` by the job: `price` is the version's formula, of gas since the validation that set the meter.

    Emits LiquidityCreditsReward up to twice, and KeeperWork. Raises `Revert` as `pay_keeper` does, and
    GasNotInitialized from 2.3 on.
    """
    # CHECKS
    if keep3r.rules.worked_clears_gas_meter:
        keep3r.require(keep3r.gas_meter > 0, "GasNotInitialized")
    # EFFECTS
    paid = pay_keeper(keep3r, address, keeper, price, now, emit)
    if keep3r.rules.worked_clears_gas_meter:
        keep3r.gas_meter = 0
    return paid


def bonded_payment(keep3r: Keep3r, address: str, keeper: str, amount: int, now: int, emit: Emit = unseen) -> Paid:
    """`bondedPayment` by the job: `amount` wei of its own choice, to anybody. Emits and raises as `pay_keeper` does."""
    return pay_keeper(keep3r, address, keeper, lambda: amount, now, emit)


def direct_token_payment(keep3r: Keep3r, address: str, keeper: str, token: str, amount: int) -> None:
    """`directTokenPayment`: `amount` of the job's token credits straight to the keeper. Emits KeeperWork."""
    # CHECKS
    keep3r.require(keeper not in keep3r.disputes, "Disputed")
    check_payer(keep3r, address)
    job = keep3r.jobs[address]
    keep3r.require(job.token_credits[token] >= amount, "InsufficientFunds")
    # EFFECTS
    job.token_credits[token] = max(0, job.token_credits[token] - amount)


def pay_keeper(keep3r: Keep3r, address: str, keeper: str, price: Price, now: int, emit: Emit) -> Paid:
    """What `worked` and `bondedPayment` have in common: the job pays the price out of credits brought up to date.

    The first reward event is the reset of a new period, the next the top-up that a price above the credits sets off.
    Raises `Revert` where the job is disputed or none, the accountance panics, or the credits do not suffice.
    """
    # CHECKS
    check_payer(keep3r, address)
    # EFFECTS
    job = keep3r.jobs[address]
    rewards = [reward_event(job)] if update_if_needed(keep3r, job, now) else []
    amount = price()
    if amount > job.credits:
        rewards.append(top_up(keep3r, job, now))
    emit(rewards)
    before = job.credits
    pay_credits(keep3r, job, keeper, amount, now)
    return Paid(amount, before, job.credits, len(rewards))


def top_up(keep3r: Keep3r, job: Job, now: int) -> Reward:
    """Reward the job up to now, for a payment above its credits; gives the event that this emits."""
    reward_now(keep3r, job, now)
    return reward_event(job)


def check_payer(keep3r: Keep3r, address: str) -> None:
    """What `worked`, `bondedPayment` and `directTokenPayment` demand of the calling job."""
    if address in keep3r.disputes:
        keep3r.require(False, "JobDisputed")
    if address not in keep3r.job_list:
        keep3r.require(False, "JobUnapproved")


def pay_credits(keep3r: Keep3r, job: Job, keeper_address: str, amount: int, now: int) -> None:
    """Move `amount` from the job's credits to the keeper's bonds (`_bondedPayment`)."""
    # CHECKS
    if amount > job.credits:
        keep3r.require(False, "InsufficientFunds")
    # EFFECTS
    job.worked_at = now
    spent = min(job.credits, amount)
    keep3r.credits_changed(SPENT, job, -spent, job.rewarded_at, keeper_address)
    job.credits -= spent
    keeper = keep3r.keepers[keeper_address]
    keeper.bonds[keep3r.parameters.keep3r_v1] += amount
    keeper.work_completed += amount
    if keep3r.rules.has_total_bonds:
        keep3r.total_bonds += amount


def live_payment(
    keep3r: Keep3r, keeper: str, gas: int, now: int, base_fee: int, usd_per_gas_unit: int = 1
) -> LivePayment:
    """The price of `worked` from 2.2 on, for `gas` from the meter to the end of the measure.

    On the sidechain `usd_per_gas_unit` is what the job asks, in wei of USD. Raises `Revert` as `payment_parameters`
    does, and Panic(0x11) where more gas is left than the meter held, or a product has more than 256 bits.
    """
    boost, quote, extra = payment_parameters(keep3r, keeper, now, base_fee)
    price = quote * usd_per_gas_unit
    products = ((gas + extra) * boost, (gas + extra) * boost // BOOST_BASE * price)
    keep3r.require(gas >= 0 and max(products) <= UINT256_MAX, ARITHMETIC_PANIC)
    return LivePayment(payment(gas + extra, boost, price), boost, quote, extra)


def payment_parameters(keep3r: Keep3r, keeper_address: str, now: int, base_fee: int) -> tuple[int, int, int]:
    """What `worked` asks the helper for the keeper, before the payment: (boost, KP3R for one ETH, extra gas).

    On the sidechain the quote is for one USD. Raises `Revert` as the helper does, or "unknown helper" for one that the
    history does not describe.
    """
    helper, bonds = _helper_and_bonds(keep3r, keeper_address)
    return helper.payment_parameters(bonds, now, base_fee)


def reward_boost(keep3r: Keep3r, keeper_address: str, base_fee: int) -> int:
    """The boost that `worked` of 2.0 and 2.1 asks the helper for. Raises `Revert` as `payment_parameters` does."""
    helper, bonds = _helper_and_bonds(keep3r, keeper_address)
    return helper.reward_boost(bonds, base_fee)


def cached_tick_difference(keep3r: Keep3r) -> int:
    """Cached tick difference of the KP3R/WETH pool, signed for quotes in KP3R; 2.0 and 2.1 do not test its age."""
    approval = keep3r.approvals[keep3r.parameters.kp3r_weth_pool]
    return approval.tick.difference if approval.is_kp3r_token0 else -approval.tick.difference


def _helper_and_bonds(keep3r: Keep3r, keeper_address: str) -> tuple[Helper, int]:
    """Whom `worked` asks for the price, and the keeper's bonds in wei of KP3R that it asks about."""
    parameters = keep3r.parameters
    helper = keep3r.helpers.get(parameters.keep3r_helper)
    if helper is None:
        raise Revert("unknown helper")
    keeper = keep3r.keepers.get(keeper_address)
    return helper, 0 if keeper is None else keeper.bonds.get(parameters.keep3r_v1, 0)
