"""Events of governance: the parameters of Keep3r and of its helpers, and who may dispute and slash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.journal import WARNING
from keep3r_replay.protocols.keep3r_v2.contract import governance
from keep3r_replay.protocols.keep3r_v2.contract.helper import USD_BASE_DECIMALS
from keep3r_replay.protocols.keep3r_v2.contract.job_liquidity import set_kp3r_weth_pool
from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext, Handler, audited
from keep3r_replay.replay.protocol import EventHandler, Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r


def _sets_parameter(name: str) -> Handler:
    def handle(context: CallContext, row: Row) -> None:
        _, value = row
        governance.set_parameter(context.keep3r, name, value)

    return handle


def _sets_helper_parameter(name: str) -> Handler:
    def handle(context: CallContext, row: Row) -> None:
        _, address, value = row
        governance.set_helper_parameter(context.keep3r.helpers[address], name, value)

    return handle


def on_governance_proposal(context: CallContext, row: Row) -> None:
    """GovernanceProposal of Keep3r."""
    _, proposed = row
    governance.set_governance(context.keep3r.parameters, proposed)


def on_helper_governance_proposal(context: CallContext, row: Row) -> None:
    """GovernanceProposal of a helper."""
    _, address, proposed = row
    governance.set_governance(context.keep3r.helpers[address].parameters, proposed)


def on_governance_set(context: CallContext, row: Row) -> None:
    """GovernanceSet of Keep3r: the proposed one accepts."""
    _, accepted = row
    governance.accept_governance(context.keep3r, context.keep3r.parameters, accepted)


def on_helper_governance_set(context: CallContext, row: Row) -> None:
    """GovernanceSet of a helper."""
    _, address, accepted = row
    governance.accept_governance(context.keep3r, context.keep3r.helpers[address].parameters, accepted)


def on_helper_change(context: CallContext, row: Row) -> None:
    """Keep3rHelperChange: another helper prices the works from here on."""
    log_index, address = row
    governance.set_parameter(context.keep3r, "keep3r_helper", address)
    if address not in context.keep3r.helpers:
        context.journal.note(
            "unknown_contract",
            log_index,
            address,
            "keep3r_helper",
            "",
            address,
            "the lake does not describe this helper: payments can not be recomputed while it is in force",
            WARNING,
        )


def on_keep3r_v1_change(context: CallContext, row: Row) -> None:
    """Keep3rV1Change."""
    _, token = row
    governance.set_keep3r_v1(context.keep3r, token)


def on_kp3r_weth_pool_change(context: CallContext, row: Row) -> None:
    """Kp3rWethPoolChange of Keep3r (until 2.2)."""
    _, pool = row
    set_kp3r_weth_pool(context.keep3r, pool)


def on_helper_pool_change(context: CallContext, row: Row) -> None:
    """Kp3rWethPoolChange of a helper (from 2.2 on)."""
    log_index, address, pool, token0 = row
    context.expect(
        log_index,
        address,
        "is_kp3r_token0",
        governance.set_helper_pool(context.keep3r, context.keep3r.helpers[address], pool),
        token0,
        "the pool's tokens stand in the other order",
    )


def on_oracle_set(context: CallContext, row: Row) -> None:
    """OracleSet of the sidechain's helper: the pool that a liquidity is quoted by, once it is approved."""
    _, address, liquidity, oracle = row
    governance.set_oracle(context.keep3r.helpers[address], liquidity, oracle)


def on_usd_pool_change(context: CallContext, row: Row) -> None:
    """WethUSDPoolChange of the sidechain's helper, whose other pool tells which token WETH is."""
    log_index, address, pool, token0, decimals = row
    helper = context.keep3r.helpers[address]
    pools, parameters = context.keep3r.pools, helper.parameters
    quoting, by_usd = pools.get(parameters.kp3r_weth_pool), pools.get(pool)
    if quoting is not None and by_usd is not None:
        weth = quoting.token1 if parameters.is_kp3r_token0 else quoting.token0
        if weth in {by_usd.token0, by_usd.token1}:
            reason = "the pool's tokens stand in the other order"
            context.expect(log_index, address, "is_weth_token0", by_usd.token0 == weth, token0, reason)
    usd_decimals = decimals if helper.rules.has_usd_decimals else USD_BASE_DECIMALS
    governance.set_usd_pool(helper, pool, is_weth_token0=token0, usd_decimals=usd_decimals)


def on_dust_sent(_context: CallContext, _row: Row) -> None:
    """DustSent: tokens that are nobody's leave the contract; the model holds none of them."""


def _role(change: Callable[[Keep3r, str], None]) -> Handler:
    def handle(context: CallContext, row: Row) -> None:
        _, address = row
        change(context.keep3r, address)

    return handle


def _changes(make: Callable[[str], Handler], role: str, *changes: tuple[str, str]) -> dict[str, EventHandler]:
    leading = ("address",) if role == "keep3r_helper" else ()
    return {f"{role}.{event}": EventHandler((*leading, name), make(name)) for event, name in changes}


PLAIN = {
    **_changes(
        _sets_parameter,
        "keep3r",
        ("BondTimeChange", "bond_time"),
        ("UnbondTimeChange", "unbond_time"),
        ("LiquidityMinimumChange", "liquidity_minimum"),
        ("RewardPeriodTimeChange", "reward_period_time"),
        ("InflationPeriodChange", "inflation_period"),
        ("FeeChange", "fee"),
        ("Keep3rV1ProxyChange", "keep3r_v1_proxy"),
    ),
    **_changes(
        _sets_helper_parameter,
        "keep3r_helper",
        ("MinBoostChange", "min_boost"),
        ("MaxBoostChange", "max_boost"),
        ("TargetBondChange", "target_bond"),
        ("WorkExtraGasChange", "work_extra_gas"),
        ("QuoteTwapTimeChange", "quote_twap_time"),
        ("MinBaseFeeChange", "min_base_fee"),
        ("MinPriorityFeeChange", "min_priority_fee"),
        ("Keep3rV2Change", "keep3r_v2"),
    ),
    "keep3r.GovernanceProposal": EventHandler(("pending_governance",), on_governance_proposal),
    "keep3r_helper.GovernanceProposal": EventHandler(("address", "pending_governance"), on_helper_governance_proposal),
    "keep3r.GovernanceSet": EventHandler(("governance",), on_governance_set),
    "keep3r_helper.GovernanceSet": EventHandler(("address", "governance"), on_helper_governance_set),
    "keep3r.PendingGovernorSet": EventHandler(("pending_governance",), on_governance_proposal),
    "keep3r_helper.PendingGovernorSet": EventHandler(("address", "pending_governance"), on_helper_governance_proposal),
    "keep3r.PendingGovernorAccepted": EventHandler(("governance",), on_governance_set),
    "keep3r_helper.PendingGovernorAccepted": EventHandler(("address", "governance"), on_helper_governance_set),
    "keep3r.Keep3rHelperChange": EventHandler(("keep3r_helper",), on_helper_change),
    "keep3r.Keep3rV1Change": EventHandler(("keep3r_v1",), on_keep3r_v1_change),
    "keep3r.Kp3rWethPoolChange": EventHandler(("kp3r_weth_pool",), on_kp3r_weth_pool_change),
    "keep3r_helper.Kp3rWethPoolChange": EventHandler(
        ("address", "kp3r_weth_pool", "is_kp3r_token0"), on_helper_pool_change
    ),
    "keep3r_helper.OracleSet": EventHandler(("address", "liquidity", "oracle_pool"), on_oracle_set),
    "keep3r_helper.WethUSDPoolChange": EventHandler(
        ("address", "weth_usd_pool", "is_weth_token0", "usd_decimals"), on_usd_pool_change
    ),
    "keep3r.DustSent": EventHandler(("token",), on_dust_sent),
    "keep3r.DisputerAdded": EventHandler(("disputer",), _role(governance.add_disputer)),
    "keep3r.DisputerRemoved": EventHandler(("disputer",), _role(governance.remove_disputer)),
    "keep3r.SlasherAdded": EventHandler(("slasher",), _role(governance.add_slasher)),
    "keep3r.SlasherRemoved": EventHandler(("slasher",), _role(governance.remove_slasher)),
}
"""Handlers that revert where the contract does."""

HANDLERS = audited(PLAIN)
