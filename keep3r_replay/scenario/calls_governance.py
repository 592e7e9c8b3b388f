"""Calls of governance: liquidities, parameters of Keep3r and of its helper, who may dispute and slash.

The bounds that the contracts set on parameters are not checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.abi import snake_case
from keep3r_replay.keep3r_v2 import job_liquidity
from keep3r_replay.keep3r_v2.direct_calls import HELPER_CALLS, KEEP3R_CALLS, DirectCall
from keep3r_replay.scenario.quantities import known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keep3r_replay.scenario.stage import Stage

_NUMBERS = ("uint256", "uint32")
_PERIODS = ("reward_period_time", "inflation_period")


def _setters(calls: Mapping[str, DirectCall]) -> dict[str, DirectCall]:
    """Functions that set one number, by the column that their event tells it in."""
    return {
        next(iter(call.echoes)): call
        for call in calls.values()
        if call.signature.startswith("set") and call.types in {(kind,) for kind in _NUMBERS}
    }


_KEEP3R_SETTERS, _HELPER_SETTERS = _setters(KEEP3R_CALLS), _setters(HELPER_CALLS)


def approve_liquidity(stage: Stage) -> None:
    """`approveLiquidity` of the pair manager."""
    liquidity = stage.actors["pair"]
    stage.direct("governance", "approveLiquidity(address)", liquidity)
    job_liquidity.approve_liquidity(stage.keep3r, liquidity, stage.now)
    stage.emit("LiquidityApproval", {"liquidity": liquidity})


def revoke_liquidity(stage: Stage) -> None:
    """`revokeLiquidity` of the pair manager."""
    liquidity = stage.actors["pair"]
    stage.direct("governance", "revokeLiquidity(address)", liquidity)
    job_liquidity.revoke_liquidity(stage.keep3r, liquidity)
    stage.emit("LiquidityRevocation", {"liquidity": liquidity})


def set_parameter(stage: Stage, name: str, value: Any) -> None:
    """A setter of Keep3r, by the name of its view: bondTime, rewardPeriodTime, fee, ..."""
    column = snake_case(name)
    known((column,), _KEEP3R_SETTERS, "set_parameter")
    call, number = _KEEP3R_SETTERS[column], stage.amount(value, name)
    stage.direct("governance", call.signature, number)
    if column in _PERIODS and number == 0:
        raise UsageError(f"set_parameter: a {name} of 0 divides by zero")
    setattr(stage.keep3r.parameters, column, number)
    stage.emit(call.event, {column: number})


def set_helper_parameter(stage: Stage, name: str, value: Any) -> None:
    """A setter of the helper, by the name of its view: minBoost, targetBond, quoteTwapTime, ..."""
    column = snake_case(name)
    known((column,), _HELPER_SETTERS, "set_helper_parameter")
    call, number = _HELPER_SETTERS[column], stage.amount(value, name)
    stage.direct("governance", call.signature, number, to="helper")
    helper = stage.keep3r.helpers[stage.actors["helper"]]
    # The helpers of 2.0 and 2.1 have constants only.
    stage.keep3r.require(not helper.rules.is_constant, "empty")
    setattr(helper.parameters, column, number)
    stage.emit(call.event, {column: number}, "helper")


def add_slasher(stage: Stage, slasher: str = "slasher") -> None:
    """`addSlasher`."""
    _add_role(stage, stage.keep3r.slashers, stage.actors[slasher], "Slasher")


def remove_slasher(stage: Stage, slasher: str = "slasher") -> None:
    """`removeSlasher`."""
    _remove_role(stage, stage.keep3r.slashers, stage.actors[slasher], "Slasher")


def add_disputer(stage: Stage, disputer: str = "disputer") -> None:
    """`addDisputer`."""
    _add_role(stage, stage.keep3r.disputers, stage.actors[disputer], "Disputer")


def remove_disputer(stage: Stage, disputer: str = "disputer") -> None:
    """`removeDisputer`."""
    _remove_role(stage, stage.keep3r.disputers, stage.actors[disputer], "Disputer")


def _add_role(stage: Stage, holders: dict[str, None], address: str, role: str) -> None:
    stage.direct("governance", f"add{role}(address)", address)
    stage.keep3r.require(address not in holders, f"{role}Existent")
    holders[address] = None
    stage.emit(f"{role}Added", {role.lower(): address})


def _remove_role(stage: Stage, holders: dict[str, None], address: str, role: str) -> None:
    stage.direct("governance", f"remove{role}(address)", address)
    stage.keep3r.require(address in holders, f"{role}Unexistent")
    holders.pop(address, None)
    stage.emit(f"{role}Removed", {role.lower(): address})


CALLS = {
    call.__name__: call
    for call in (
        approve_liquidity,
        revoke_liquidity,
        set_parameter,
        set_helper_parameter,
        add_slasher,
        remove_slasher,
        add_disputer,
        remove_disputer,
    )
}
