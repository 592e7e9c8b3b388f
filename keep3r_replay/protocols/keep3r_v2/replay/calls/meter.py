"""What the gas meter allows for: why the formula has no answer, and what an unexplained payment is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.evm.arithmetic import ARITHMETIC_PANIC
from keep3r_replay.protocols.keep3r_v2.replay.calls.explained import UNEXPLAINED, UNMETERED, UNPRICED, Explained

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext


def unexplained_kind(context: CallContext, keeper: str) -> str:
    """Whether an unknown price or a silent validation may stand behind a payment.

    The latter may if no event logged the meter, and the keeper would have failed.
    """
    if context.price_is_uncertain:
        return UNPRICED
    told_here = context.metered_in == context.transaction
    return UNEXPLAINED if told_here or keeper in context.keep3r.keeper_list else UNMETERED


def unexplained(meter: int, obstacle: str) -> Explained:
    """A payment that the formula has no answer for: `worked` itself would have reverted."""
    return Explained(UNEXPLAINED, initial_gas=meter, obstacle=obstacle)


def meter_obstacle(context: CallContext, gas_left: int) -> str:
    """Why `worked` would have reverted at the meter, with `gas_left`; empty if it would not."""
    meter = context.keep3r.gas_meter
    if context.keep3r.rules.worked_clears_gas_meter and not meter:
        return "worked reverts with GasNotInitialized"
    if meter < gas_left:
        return f"worked reverts with {ARITHMETIC_PANIC}: more gas is left than the meter holds"
    return ""


def most_gas(context: CallContext) -> int:
    """More than any meter can hold: the block's gas limit, with the factor that the contract applies."""
    return context.gas_limit * 64 // 63
