"""Why an answer may differ from the model's without anything being wrong: what logs cannot tell decides it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.contract.versions import Payment
from keep3r_replay.protocols.keep3r_v2.replay.slot_gas import METER_LATENESS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext
    from keep3r_replay.replay.protocol import Place

_KEEPER_BOND_VIEWS = frozenset({"bonds", "pendingUnbonds", "getRewardAmountFor"})

_CREDIT_VIEWS = frozenset(
    {
        "jobLiquidityCredits",
        "totalJobCredits",
        "_jobLiquidityCredits",
        "_jobPeriodCredits",
        "rewardedAt",
    }
)


_PRICED_VIEWS = frozenset(
    {"observe", "slot0", "quote", "getPaymentParams", "getRewardAmountFor", "observeLiquidity", "quoteLiquidity"}
)
"""Views that an oracle's price decides."""


def excuse(
    context: CallContext,
    name: str,
    arguments: Sequence[str],
    observed: str,
    may_be_silent: Callable[[Place, int], bool],
) -> str:
    """Why a differing answer of the view may be due to what logs can not tell; empty if nothing excuses it.

    `may_be_silent` says whether a validation may have failed without an event between a place and a block.
    """
    late_log = context.keep3r.rules.payment is Payment.ROOT_PRICE
    if name == "_initialGas" and late_log and int(observed) - context.keep3r.gas_meter in METER_LATENESS:
        return "2.0 logs the gas that is left a little after it has set the meter, by one of the known gas costs"
    escrow = context.keep3r.parameters.keep3r_v1_proxy, context.keep3r.parameters.keep3r_v1
    if name == "virtualReserves" and escrow not in context.keep3r.escrow_balances:
        return "no event tells the token balance of this escrow"
    if name == "_initialGas" and may_be_silent(context.metered_in, context.block_number):
        return "a validation that fails sets the gas meter and leaves no event"
    if name == "_jobTokens.length" and arguments[0] in context.uncertain_tokens:
        return "which token without credits the job lists is unknown since the start in mid-history"
    if context.oracle_is_unknown and name in _PRICED_VIEWS | _CREDIT_VIEWS:
        return "an oracle was fed what no log, no input and no reading tells"
    if name in _CREDIT_VIEWS and arguments and arguments[0] in context.uncertain_jobs:
        return "the stored credits are unknown since the start from views, until the chain rewards the job"
    if name in _KEEPER_BOND_VIEWS and arguments and arguments[0] in context.undetermined_keepers:
        return "the keeper was slashed through another contract"
    return ""
