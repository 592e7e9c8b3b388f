"""Events of governance: the parameters of Keep3r and of its helpers, and who may dispute and slash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.journal import WARNING
from keep3r_replay.protocols.keep3r_v2.contract.job_liquidity import is_kp3r_token0, set_kp3r_weth_pool
from keep3r_replay.protocols.keep3r_v2.contract.keepers import change_keep3r_v1
from keep3r_replay.protocols.keep3r_v2.contract.state import ZERO_ADDRESS, Parameters
from keep3r_replay.protocols.keep3r_v2.replay.calls.context import CallContext, Handler, guarded
from keep3r_replay.replay.protocol import EventHandler, Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from keep3r_replay.protocols.keep3r_v2.contract.helper import HelperParameters


def _sets_parameter(name: str) -> Handler:
    def handle(context: CallContext, row: Row) -> None:
        setattr(context.keep3r.parameters, name, row[1])

    return guarded(handle)


def _sets_helper_parameter(name: str) -> Handler:
    def handle(context: CallContext, row: Row) -> None:
        setattr(_helper_parameters(context, row[1]), name, row[2])

    return guarded(handle)


def _helper_parameters(context: CallContext, address: str) -> HelperParameters:
    return context.keep3r.helpers[address].parameters


def _accept_governance(
    context: CallContext, row: Row, parameters: Parameters | HelperParameters, governance: str
) -> None:
    context.expect(
        row[0],
        row[1],
        "governance",
        parameters.pending_governance,
        governance,
        "another address was proposed for governance",
    )
    parameters.governance = governance
    parameters.pending_governance = ZERO_ADDRESS


def on_governance_set(context: CallContext, row: Row) -> None:
    """GovernanceSet of Keep3r: the proposed one accepts."""
    _accept_governance(context, row, context.keep3r.parameters, row[1])


def on_helper_governance_set(context: CallContext, row: Row) -> None:
    """GovernanceSet of a helper."""
    _accept_governance(context, row, _helper_parameters(context, row[1]), row[2])


def on_helper_change(context: CallContext, row: Row) -> None:
    """Keep3rHelperChange: another helper prices the works from here on."""
    log_index, address = row
    context.keep3r.parameters.keep3r_helper = address
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
    change_keep3r_v1(context.keep3r, row[1])


def on_kp3r_weth_pool_change(context: CallContext, row: Row) -> None:
    """Kp3rWethPoolChange of Keep3r (until 2.2)."""
    set_kp3r_weth_pool(context.keep3r, row[1])


def on_helper_pool_change(context: CallContext, row: Row) -> None:
    """Kp3rWethPoolChange of a helper (from 2.2 on)."""
    log_index, address, pool, token0 = row
    parameters = _helper_parameters(context, address)
    parameters.kp3r_weth_pool = pool
    parameters.is_kp3r_token0 = is_kp3r_token0(context.keep3r, pool)
    context.expect(
        log_index,
        address,
        "is_kp3r_token0",
        parameters.is_kp3r_token0,
        token0,
        "the pool's tokens stand in the other order",
    )


def on_oracle_set(context: CallContext, row: Row) -> None:
    """OracleSet of the sidechain's helper: the pool that a liquidity is quoted by, once it is approved."""
    _, address, liquidity, oracle = row
    context.keep3r.helpers[address].oracles[liquidity] = oracle


def on_usd_pool_change(context: CallContext, row: Row) -> None:
    """WethUSDPoolChange of the sidechain's helper."""
    _, address, pool, token0 = row
    parameters = _helper_parameters(context, address)
    parameters.weth_usd_pool = pool
    parameters.is_weth_token0 = token0


def _adds_role(role: str, error: str) -> Handler:
    def handle(context: CallContext, row: Row) -> None:
        holders: dict[str, None] = getattr(context.keep3r, role)
        context.keep3r.require(row[1] not in holders, error)
        holders[row[1]] = None

    return guarded(handle)


def _removes_role(role: str, error: str) -> Handler:
    def handle(context: CallContext, row: Row) -> None:
        holders: dict[str, None] = getattr(context.keep3r, role)
        context.keep3r.require_role(holders, row[1], error)
        holders.pop(row[1], None)

    return guarded(handle)


def _changes(make: Callable[[str], Handler], role: str, *changes: tuple[str, str]) -> dict[str, EventHandler]:
    leading = ("address",) if role == "keep3r_helper" else ()
    return {f"{role}.{event}": EventHandler((*leading, name), make(name)) for event, name in changes}


HANDLERS = {
    **_changes(
        _sets_parameter,
        "keep3r",
        ("BondTimeChange", "bond_time"),
        ("UnbondTimeChange", "unbond_time"),
        ("LiquidityMinimumChange", "liquidity_minimum"),
        ("RewardPeriodTimeChange", "reward_period_time"),
        ("InflationPeriodChange", "inflation_period"),
        ("FeeChange", "fee"),
        ("GovernanceProposal", "pending_governance"),
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
        ("GovernanceProposal", "pending_governance"),
    ),
    "keep3r.GovernanceSet": EventHandler(("governance",), guarded(on_governance_set)),
    "keep3r_helper.GovernanceSet": EventHandler(("address", "governance"), guarded(on_helper_governance_set)),
    "keep3r.Keep3rHelperChange": EventHandler(("keep3r_helper",), guarded(on_helper_change)),
    "keep3r.Keep3rV1Change": EventHandler(("keep3r_v1",), guarded(on_keep3r_v1_change)),
    "keep3r.Kp3rWethPoolChange": EventHandler(("kp3r_weth_pool",), guarded(on_kp3r_weth_pool_change)),
    "keep3r_helper.Kp3rWethPoolChange": EventHandler(
        ("address", "kp3r_weth_pool", "is_kp3r_token0"), guarded(on_helper_pool_change)
    ),
    "keep3r_helper.OracleSet": EventHandler(("address", "liquidity", "oracle_pool"), guarded(on_oracle_set)),
    "keep3r_helper.WethUSDPoolChange": EventHandler(
        ("address", "weth_usd_pool", "is_weth_token0"), guarded(on_usd_pool_change)
    ),
    "keep3r.DisputerAdded": EventHandler(("disputer",), _adds_role("disputers", "DisputerExistent")),
    "keep3r.DisputerRemoved": EventHandler(("disputer",), _removes_role("disputers", "DisputerUnexistent")),
    "keep3r.SlasherAdded": EventHandler(("slasher",), _adds_role("slashers", "SlasherExistent")),
    "keep3r.SlasherRemoved": EventHandler(("slasher",), _removes_role("slashers", "SlasherUnexistent")),
}
