"""Works: a job validates its keeper, works, and pays, as the contract of the version does.

In 2.2 and 2.3 the payment follows from the gas. In 2.1 and 2.0 the contract pays by a measure of gas that no event
tells: unless the script gives the payment, the most that the events allow is paid (docs/payments.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.arithmetic import ARITHMETIC_PANIC, Revert
from keep3r_replay.keep3r_v2.bounds import PaymentSlots, cached_price_bounds, lateness, root_price_bounds
from keep3r_replay.keep3r_v2.credits import reward_event, reward_now, update_if_needed
from keep3r_replay.keep3r_v2.helper import payment as live_payment
from keep3r_replay.keep3r_v2.helper import price_fraction
from keep3r_replay.keep3r_v2.versions import Payment
from keep3r_replay.keep3r_v2.work import (
    cached_tick_difference,
    check_payer,
    pay_credits,
    pay_token,
    payment_parameters,
    reward_boost,
)
from keep3r_replay.scenario.chain import GAS_LIMIT
from keep3r_replay.scenario.quantities import whole

if TYPE_CHECKING:
    from keep3r_replay.scenario.stage import Stage

INITIAL_GAS = 14_973_164
"""Gas left at the validation, where the script does not say: that of a call with 15 million."""
_BASE_GAS = 21_000


def work(
    stage: Stage,
    job: str = "job",
    keeper: str = "keeper",
    gas: Any = None,
    initial_gas: Any = INITIAL_GAS,
    gas_left: Any = None,
    payment: Any = None,
) -> None:
    """A work paid by `worked`.

    `initial_gas` and `gas_left` are what KeeperValidation and KeeperWork tell; `gas`, in place of the latter, is their
    difference. `payment` is wei of KP3R, in 2.0 and 2.1 only.
    """
    keep3r = stage.keep3r
    start, left = _gas(gas, initial_gas, gas_left)
    address, worker = _validated(stage, job, keeper, start, left, "work()")
    check_payer(keep3r, address)
    record = keep3r.jobs[address]
    if update_if_needed(keep3r, record, stage.now):
        stage.emit_reward(address, reward_event(record))
    given = None if payment is None else stage.amount(payment, "payment")
    amount = _payment(stage, address, worker, left, given)
    if amount > record.credits:
        reward_now(keep3r, record, stage.now)
        stage.emit_reward(address, reward_event(record))
    pay_credits(keep3r, record, worker, amount, stage.now)
    if keep3r.rules.worked_clears_gas_meter:
        keep3r.gas_meter = 0
    _emit_work(stage, keep3r.parameters.keep3r_v1, address, worker, amount, left)


def bonded_payment(
    stage: Stage,
    amount: Any,
    job: str = "job",
    keeper: str = "keeper",
    gas: Any = None,
    initial_gas: Any = INITIAL_GAS,
    gas_left: Any = None,
) -> None:
    """A work paid by `bondedPayment`: `amount` wei of KP3R, the job's own choice. The gas pays nobody."""
    keep3r = stage.keep3r
    start, left = _gas(gas, initial_gas, gas_left)
    address, worker = _validated(stage, job, keeper, start, left, "workForBonds()")
    check_payer(keep3r, address)
    record, value = keep3r.jobs[address], stage.amount(amount, "amount")
    if update_if_needed(keep3r, record, stage.now):
        stage.emit_reward(address, reward_event(record))
    if value > record.credits:
        reward_now(keep3r, record, stage.now)
        stage.emit_reward(address, reward_event(record))
    pay_credits(keep3r, record, worker, value, stage.now)
    _emit_work(stage, keep3r.parameters.keep3r_v1, address, worker, value, left)


def token_payment(
    stage: Stage,
    token: str,
    amount: Any,
    job: str = "job",
    keeper: str = "keeper",
    gas: Any = None,
    initial_gas: Any = INITIAL_GAS,
    gas_left: Any = None,
) -> None:
    """A work paid by `directTokenPayment`: `amount` wei of the job's token credits."""
    start, left = _gas(gas, initial_gas, gas_left)
    address, worker = _validated(stage, job, keeper, start, left, "workForTokens()")
    kind, value = stage.actors[token], stage.amount(amount, "amount")
    pay_token(stage.keep3r, address, worker, kind, value)
    _emit_work(stage, kind, address, worker, value, left)


def _gas(gas: Any, initial_gas: Any, gas_left: Any) -> tuple[int, int]:
    if (gas is None) == (gas_left is None):
        raise UsageError("the gas of a work is told by one of gas and gas_left")
    start = whole(initial_gas, "initial_gas")
    left = start - whole(gas, "gas") if gas is not None else whole(gas_left, "gas_left")
    if not 0 <= left <= start <= GAS_LIMIT:
        raise UsageError(f"a work with {start} gas at first and {left} left, in blocks of {GAS_LIMIT}")
    return start, left


def _validated(stage: Stage, job: str, keeper: str, start: int, left: int, function: str) -> tuple[str, str]:
    """The job asks `isKeeper`, which sets the gas meter, and refuses who is none; each way to pay is a function."""
    stage.call(keeper, job, function, gas_used=_BASE_GAS + start - left)
    keep3r = stage.keep3r
    address, worker = stage.actors[job], stage.actors[keeper]
    keep3r.gas_meter = start
    keep3r.require(worker in keep3r.keeper_list, "KeeperInvalid")
    stage.emit("KeeperValidation", {"gas_left": start})
    return address, worker


def _emit_work(stage: Stage, credit: str, job: str, keeper: str, amount: int, left: int) -> None:
    values = {"credit": credit, "job": job, "keeper": keeper, "payment": amount, "gas_left": left}
    stage.emit("KeeperWork", values)


def _payment(stage: Stage, job: str, keeper: str, left: int, given: int | None) -> int:
    """What `worked` pays, in wei; the accountance of the job is up to date."""
    keep3r = stage.keep3r
    rule, told = keep3r.rules.payment, keep3r.gas_meter - left
    if rule is Payment.LIVE_PRICE:
        if given is not None:
            raise UsageError(f"work: in {keep3r.version} the payment follows from the gas, and can not be given")
        boost, quote, extra = payment_parameters(keep3r, keeper, stage.now, stage.base_fee)
        return live_payment(told + extra, boost, quote)
    if given is not None:
        return given
    difference, window = cached_tick_difference(keep3r), keep3r.parameters.reward_period_time
    boost = reward_boost(keep3r, keeper, stage.base_fee)
    if rule is Payment.CACHED_PRICE:
        return cached_price_bounds(told, boost, price_fraction(difference, window), told_here=True)[1]
    if rule is Payment.ROOT_PRICE:
        if keep3r.approvals[keep3r.parameters.kp3r_weth_pool].tick.period == 0:
            return 0
        # The events tell the gas a little late at both ends: of all that is possible, the smallest difference.
        late = min(lateness(_slots(stage, job, keeper)), key=lambda gas: (abs(gas), gas))
        if told + late < 0:
            raise Revert(ARITHMETIC_PANIC)
        return root_price_bounds(told + late, boost, difference, window, told_here=True)[1]
    raise UsageError(f"work: Keep3r {keep3r.version} can not be simulated")


def _slots(stage: Stage, job: str, keeper: str) -> PaymentSlots:
    record, worker = stage.keep3r.jobs[job], stage.keep3r.keepers[keeper]
    return PaymentSlots(
        works_again=record.worked_at == stage.now,
        first_work=record.worked_at == 0,
        first_bond=not worker.bonds.get(stage.keep3r.parameters.keep3r_v1, 0),
        first_payment=not worker.work_completed,
    )


CALLS = {call.__name__: call for call in (work, bonded_payment, token_payment)}
