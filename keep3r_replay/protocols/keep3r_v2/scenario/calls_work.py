"""Works: a job validates its keeper, works, and pays, as the contract of the version does.

From 2.2 on the payment follows from the gas, on the sidechain with the price in USD that the job asks. In 2.1 and 2.0
the contract pays by a measure of gas that no event tells: unless the script gives the payment, the most that the events
allow is paid (docs/payments.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.arithmetic import ARITHMETIC_PANIC, Revert
from keep3r_replay.protocols.keep3r_v2.contract.credits import reward_event, reward_now, update_if_needed
from keep3r_replay.protocols.keep3r_v2.contract.helper import payment as live_payment
from keep3r_replay.protocols.keep3r_v2.contract.helper import price_fraction
from keep3r_replay.protocols.keep3r_v2.contract.versions import Payment
from keep3r_replay.protocols.keep3r_v2.contract.work import (
    cached_tick_difference,
    check_payer,
    pay_credits,
    pay_token,
    payment_parameters,
    reward_boost,
)
from keep3r_replay.protocols.keep3r_v2.replay.bounds import cached_price_bounds, root_price_bounds
from keep3r_replay.protocols.keep3r_v2.scenario.chain import GAS_LIMIT
from keep3r_replay.protocols.keep3r_v2.scenario.quantities import whole

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.scenario.stage import Stage

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
    validates: Any = True,
    payment: Any = None,
    usd_per_gas_unit: Any = None,
) -> None:
    """A work paid by `worked`.

    `initial_gas` and `gas_left` are what KeeperValidation and KeeperWork tell; `gas`, in place of the latter, is their
    difference. Where the job `validates` nobody, the meter of an earlier validation counts. `payment` is wei of KP3R,
    in 2.0 and 2.1 only; `usd_per_gas_unit` is wei of USD, on the sidechain only, where it must be told.
    """
    keep3r, left = stage.keep3r, _begin(stage, job, keeper, (gas, initial_gas, gas_left), validates, "work()")
    address, worker = stage.actors[job], stage.actors[keeper]
    if keep3r.rules.worked_clears_gas_meter:
        keep3r.require(keep3r.gas_meter > 0, "GasNotInitialized")
    check_payer(keep3r, address)
    given = None if payment is None else stage.amount(payment, "payment")
    price = None if usd_per_gas_unit is None else stage.amount(usd_per_gas_unit, "usd_per_gas_unit")
    stage.protocol.context.slots.work(stage.protocol.context, keep3r.jobs[address])
    _update(stage, address)
    amount = _payment(stage, address, worker, left, given, price)
    if keep3r.rules.worked_clears_gas_meter:
        keep3r.gas_meter = 0
    _pay(stage, address, worker, amount, left)


def bonded_payment(
    stage: Stage,
    amount: Any,
    job: str = "job",
    keeper: str = "keeper",
    gas: Any = None,
    initial_gas: Any = INITIAL_GAS,
    gas_left: Any = None,
    validates: Any = True,
) -> None:
    """A work paid by `bondedPayment`: `amount` wei of KP3R, the job's own choice. The gas pays nobody."""
    left = _begin(stage, job, keeper, (gas, initial_gas, gas_left), validates, "workForBonds()")
    address, worker, value = stage.actors[job], stage.actors[keeper], stage.amount(amount, "amount")
    check_payer(stage.keep3r, address)
    _update(stage, address)
    _pay(stage, address, worker, value, left)


def token_payment(
    stage: Stage,
    token: str,
    amount: Any,
    job: str = "job",
    keeper: str = "keeper",
    gas: Any = None,
    initial_gas: Any = INITIAL_GAS,
    gas_left: Any = None,
    validates: Any = True,
) -> None:
    """A work paid by `directTokenPayment`: `amount` wei of the job's token credits."""
    left = _begin(stage, job, keeper, (gas, initial_gas, gas_left), validates, "workForTokens()")
    address, worker = stage.actors[job], stage.actors[keeper]
    kind, value = stage.actors[token], stage.amount(amount, "amount")
    pay_token(stage.keep3r, address, worker, kind, value)
    _emit_work(stage, kind, address, worker, value, left)


def validate(stage: Stage, job: str = "job", keeper: str = "keeper", initial_gas: Any = INITIAL_GAS) -> None:
    """A job asks `isKeeper`, and does no more: the gas meter is set, in silence where it is no keeper."""
    start, _ = _gas(None, initial_gas, initial_gas)
    stage.call(keeper, job, "validate()")
    _validated(stage, stage.actors[keeper], start)


def _gas(gas: Any, initial_gas: Any, gas_left: Any) -> tuple[int, int]:
    if (gas is None) == (gas_left is None):
        raise UsageError("the gas of a work is told by one of gas and gas_left")
    start = whole(initial_gas, "initial_gas")
    if gas is not None and whole(gas, "gas") < 0:
        raise UsageError(f"gas: {gas} is below 0")
    left = start - whole(gas, "gas") if gas is not None else whole(gas_left, "gas_left")
    if not 0 <= left <= start <= GAS_LIMIT:
        raise UsageError(f"a work with {start} gas at first and {left} left, in blocks of {GAS_LIMIT}")
    return start, left


def _begin(stage: Stage, job: str, keeper: str, gas: tuple[Any, Any, Any], validates: Any, function: str) -> int:
    """The job is called, asks `isKeeper` and refuses who is none; each way to pay is a function. Gives the gas left."""
    if not isinstance(validates, bool):
        raise UsageError(f"validates: true or false is wanted, not {validates!r}")
    start, left = _gas(*gas)
    stage.call(keeper, job, function, gas_used=_BASE_GAS + start - left)
    if validates:
        stage.keep3r.require(_validated(stage, stage.actors[keeper], start), "KeeperInvalid")
    return left


def _validated(stage: Stage, worker: str, start: int) -> bool:
    """`isKeeper`, which sets the gas meter; its answer."""
    context = stage.protocol.context
    if worker in stage.keep3r.keeper_list:
        context.slots.validation(context, start)
        context.metered_in = context.transaction
    stage.keep3r.gas_meter = start
    valid = worker in stage.keep3r.keeper_list
    if valid:
        stage.emit("KeeperValidation", {"gas_left": start})
    return valid


def _update(stage: Stage, job: str) -> None:
    """The job's accountance comes into the present period."""
    record = stage.keep3r.jobs[job]
    if update_if_needed(stage.keep3r, record, stage.now):
        stage.emit_reward(job, reward_event(record))


def _pay(stage: Stage, job: str, keeper: str, amount: int, left: int) -> None:
    """The job pays out of its credits, which are topped up where they do not suffice."""
    keep3r, record = stage.keep3r, stage.keep3r.jobs[job]
    if amount > record.credits:
        reward_now(keep3r, record, stage.now)
        stage.emit_reward(job, reward_event(record))
    pay_credits(keep3r, record, keeper, amount, stage.now)
    _emit_work(stage, stage.kp3r, job, keeper, amount, left)


def _emit_work(stage: Stage, credit: str, job: str, keeper: str, amount: int, left: int) -> None:
    values = {"credit": credit, "job": job, "keeper": keeper, "payment": amount, "gas_left": left}
    stage.emit("KeeperWork", values)


def _payment(stage: Stage, job: str, keeper: str, left: int, given: int | None, usd_price: int | None) -> int:
    """What `worked` pays, in wei; the accountance of the job is up to date."""
    keep3r = stage.keep3r
    rule, told = keep3r.rules.payment, keep3r.gas_meter - left
    if (rule is Payment.USD_PRICE) != (usd_price is not None):
        wanted = "wants the price that the job asks" if usd_price is None else "knows no price of the job's own"
        raise UsageError(f"work: Keep3r {keep3r.version} {wanted} (usd_per_gas_unit)")
    if rule in {Payment.LIVE_PRICE, Payment.USD_PRICE}:
        if given is not None:
            raise UsageError(f"work: in {keep3r.version} the payment follows from the gas, and can not be given")
        boost, quote, extra = payment_parameters(keep3r, keeper, stage.now, stage.base_fee)
        keep3r.require(told >= 0, ARITHMETIC_PANIC)
        return live_payment(told + extra, boost, quote if usd_price is None else quote * usd_price)
    if given is not None:
        return given
    difference, window = cached_tick_difference(keep3r), keep3r.parameters.reward_period_time
    boost = reward_boost(keep3r, keeper, stage.base_fee)
    if rule is Payment.CACHED_PRICE:
        return cached_price_bounds(told, boost, price_fraction(difference, window), told_here=True)[1]
    if keep3r.approvals[keep3r.parameters.kp3r_weth_pool].tick.period == 0:
        return 0
    # The events tell the gas a little late at both ends: of all that is possible, the smallest difference.
    context = stage.protocol.context
    told_late = context.slots.lateness(context, job, keeper, payment=1).told
    late = min(told_late, key=lambda gas: (abs(gas), gas))
    if told + late < 0:
        raise Revert(ARITHMETIC_PANIC)
    return root_price_bounds(told + late, boost, difference, window, told_here=True)[1]


CALLS = {call.__name__: call for call in (work, bonded_payment, token_payment, validate)}

WORKS = frozenset({"work", "bonded_payment", "token_payment"})
"""Ways to work: they may always revert."""
