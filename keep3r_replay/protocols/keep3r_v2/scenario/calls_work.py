"""Works: a job validates its keeper, works, and pays, as the contract of the version does.

From 2.2 on the payment follows from the gas, on the sidechain with the price in USD that the job asks. In 2.1 and 2.0
the contract pays by a measure of gas that no event tells: unless the script gives the payment, the most that the events
allow is paid (docs/payments.md).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.arithmetic import ARITHMETIC_PANIC, Revert
from keep3r_replay.protocols.keep3r_v2.contract import work as contract
from keep3r_replay.protocols.keep3r_v2.contract.helper import price_fraction
from keep3r_replay.protocols.keep3r_v2.contract.versions import Payment
from keep3r_replay.protocols.keep3r_v2.replay.bounds import cached_price_bounds, root_price_bounds
from keep3r_replay.protocols.keep3r_v2.scenario.quantities import whole
from keep3r_replay.scenario.chain import GAS_LIMIT

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r
    from keep3r_replay.protocols.keep3r_v2.scenario.world import World

INITIAL_GAS = 14_973_164
"""Gas left at the validation, where the script does not say: that of a call with 15 million."""
_BASE_GAS = 21_000
_LIVE = frozenset({Payment.LIVE_PRICE, Payment.USD_PRICE})


def work(
    world: World,
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
    in 2.0 and 2.1 only; `usd_per_gas_unit` is wei of USD, on the sidechain only, where it must be given.
    """
    left = _begin(world, job, keeper, (gas, initial_gas, gas_left), validates, "work()")
    address, worker = world.actors[job], world.actors[keeper]
    given = None if payment is None else world.amount(payment, "payment")
    usd_price = None if usd_per_gas_unit is None else world.amount(usd_per_gas_unit, "usd_per_gas_unit")
    _check_terms(world.keep3r, given, usd_price)

    def price() -> int:
        return _payment(world, address, worker, left, given, usd_price)

    emit = partial(world.emit_rewards, address)
    world.protocol.context.slots.work(world.protocol.context, world.keep3r.jobs[address])
    paid = contract.worked(world.keep3r, address, worker, price, world.now, emit)
    _emit_work(world, world.kp3r, address, worker, paid.amount, left)


def bonded_payment(
    world: World,
    amount: Any,
    job: str = "job",
    keeper: str = "keeper",
    gas: Any = None,
    initial_gas: Any = INITIAL_GAS,
    gas_left: Any = None,
    validates: Any = True,
) -> None:
    """A work paid by `bondedPayment`: `amount` wei of KP3R, the job's own choice. The gas pays nobody."""
    left = _begin(world, job, keeper, (gas, initial_gas, gas_left), validates, "workForBonds()")
    address, worker, value = world.actors[job], world.actors[keeper], world.amount(amount, "amount")
    emit = partial(world.emit_rewards, address)
    contract.bonded_payment(world.keep3r, address, worker, value, world.now, emit)
    _emit_work(world, world.kp3r, address, worker, value, left)


def token_payment(
    world: World,
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
    left = _begin(world, job, keeper, (gas, initial_gas, gas_left), validates, "workForTokens()")
    address, worker = world.actors[job], world.actors[keeper]
    kind, value = world.actors[token], world.amount(amount, "amount")
    contract.direct_token_payment(world.keep3r, address, worker, kind, value)
    _emit_work(world, kind, address, worker, value, left)


def validate(world: World, job: str = "job", keeper: str = "keeper", initial_gas: Any = INITIAL_GAS) -> None:
    """A job asks `isKeeper`, and does no more: the gas meter is set, in silence where it is no keeper."""
    start, _ = _gas(None, initial_gas, initial_gas)
    world.call(keeper, job, "validate()")
    _validated(world, world.actors[keeper], start)


def _gas(gas: Any, initial_gas: Any, gas_left: Any) -> tuple[int, int]:
    if (gas is None) == (gas_left is None):
        raise UsageError("the gas of a work is given by one of gas and gas_left")
    start = whole(initial_gas, "initial_gas")
    if gas is not None and whole(gas, "gas") < 0:
        raise UsageError(f"gas: {gas} is below 0")
    left = start - whole(gas, "gas") if gas is not None else whole(gas_left, "gas_left")
    if not 0 <= left <= start <= GAS_LIMIT:
        raise UsageError(f"a work with {start} gas at first and {left} left, in blocks of {GAS_LIMIT}")
    return start, left


def _begin(world: World, job: str, keeper: str, gas: tuple[Any, Any, Any], validates: Any, function: str) -> int:
    """The job is called, asks `isKeeper` and refuses who is none; each way to pay is a function. Gives the gas left."""
    if not isinstance(validates, bool):
        raise UsageError(f"validates: true or false is wanted, not {validates!r}")
    start, left = _gas(*gas)
    world.call(keeper, job, function, gas_used=_BASE_GAS + start - left)
    if validates:
        world.keep3r.require(_validated(world, world.actors[keeper], start), "KeeperInvalid")
    return left


def _validated(world: World, worker: str, start: int) -> bool:
    """`isKeeper`, which sets the gas meter; its answer."""
    context = world.protocol.context
    if worker in world.keep3r.keeper_list:
        context.slots.validation(context, start)
        context.metered_in = context.transaction
    valid = contract.is_keeper(world.keep3r, worker, start)
    if valid:
        world.emit("KeeperValidation", {"gas_left": start})
    return valid


def _emit_work(world: World, credit: str, job: str, keeper: str, amount: int, left: int) -> None:
    values = {"credit": credit, "job": job, "keeper": keeper, "payment": amount, "gas_left": left}
    world.emit("KeeperWork", values)


def _check_terms(keep3r: Keep3r, given: int | None, usd_price: int | None) -> None:
    """A version pays by what it knows: gas alone, a payment that the script tells, or a price that the job asks."""
    rule = keep3r.rules.payment
    if (rule is Payment.USD_PRICE) != (usd_price is not None):
        wanted = "wants the price that the job asks" if usd_price is None else "knows no price of the job's own"
        raise UsageError(f"work: Keep3r {keep3r.version} {wanted} (usd_per_gas_unit)")
    if rule in _LIVE and given is not None:
        raise UsageError(f"work: in {keep3r.version} the payment follows from the gas, and can not be given")


def _payment(world: World, job: str, keeper: str, left: int, given: int | None, usd_price: int | None) -> int:
    """The price of `worked`, in wei; the accountance of the job is up to date."""
    keep3r = world.keep3r
    rule, told = keep3r.rules.payment, keep3r.gas_meter - left
    if rule in _LIVE:
        return contract.live_payment(keep3r, keeper, told, world.now, world.base_fee, usd_price or 1).amount
    if given is not None:
        return given
    if rule is Payment.CACHED_PRICE:
        difference, window = contract.cached_tick_difference(keep3r), keep3r.parameters.reward_period_time
        boost = contract.reward_boost(keep3r, keeper, world.base_fee)
        return cached_price_bounds(told, boost, price_fraction(difference, window), told_here=True)[1]
    if keep3r.approvals[keep3r.parameters.kp3r_weth_pool].tick.period == 0:
        return 0
    held = world.keep3r.jobs[job].credits
    amount = _root_price(world, job, keeper, told, held)
    # A payment above the credits is topped up before the end of the measure, and the measure is of what that leaves.
    return amount if amount <= held else _root_price(world, job, keeper, told, amount)


def _root_price(world: World, job: str, keeper: str, told: int, held: int) -> int:
    """2.0: the most that is paid for the logged gas `told`, by a job with `held` wei at the end of the measure.

    The events tell the gas a little late at both ends: of all that is possible, by the smallest difference.
    """
    keep3r, context = world.keep3r, world.protocol.context
    late = context.slots.lateness(context, job, keeper, payment=1, held=held).told
    gas = told + min(late, key=lambda gas: (abs(gas), gas))
    if gas < 0:
        raise Revert(ARITHMETIC_PANIC)
    difference, window = contract.cached_tick_difference(keep3r), keep3r.parameters.reward_period_time
    boost = contract.reward_boost(keep3r, keeper, world.base_fee)
    return root_price_bounds(gas, boost, difference, window, told_here=True)[1]


CALLS = {call.__name__: call for call in (work, bonded_payment, token_payment, validate)}

WORKS = frozenset({"work", "bonded_payment", "token_payment"})
"""Ways to work: they may always revert."""
