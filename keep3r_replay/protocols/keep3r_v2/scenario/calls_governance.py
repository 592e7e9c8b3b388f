"""Calls of governance: liquidities, parameters of Keep3r and of its helper, who may dispute and slash, who governs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keep3r_replay.errors import UsageError
from keep3r_replay.evm.abi import snake_case
from keep3r_replay.protocols.keep3r_v2.contract import governance, job_liquidity
from keep3r_replay.protocols.keep3r_v2.replay.direct_calls import HELPER_CALLS, KEEP3R_CALLS
from keep3r_replay.protocols.keep3r_v2.scenario.calls_escrow import take_from_escrow
from keep3r_replay.protocols.keep3r_v2.scenario.quantities import known, parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keep3r_replay.protocols.keep3r_v2.contract.helper import Helper, HelperParameters
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r, Parameters
    from keep3r_replay.protocols.keep3r_v2.scenario.world import World
    from keep3r_replay.replay.direct_call import DirectCall

_PENDING = "pending_governance"
_ACCEPTED = ("acceptGovernance()", "GovernanceSet")


def _setters(calls: Mapping[str, DirectCall]) -> dict[str, DirectCall]:
    """Functions that set one number or address, by the column that their event tells it in."""
    found = {
        next(iter(call.echoes)): call for call in calls.values() if call.signature.startswith("set") and call.echoes
    }
    return {column: call for column, call in found.items() if len(call.types) == 1 and column != _PENDING}


_KEEP3R_SETTERS, _HELPER_SETTERS = _setters(KEEP3R_CALLS), _setters(HELPER_CALLS)


def approve_liquidity(world: World, pair: str = "pair") -> None:
    """`approveLiquidity` of a pair manager."""
    liquidity = world.pair(pair)
    world.direct(world.governance, "approveLiquidity(address)", liquidity)
    job_liquidity.approve_liquidity(world.keep3r, liquidity, world.now)
    world.emit("LiquidityApproval", {"liquidity": liquidity})


def revoke_liquidity(world: World, pair: str = "pair") -> None:
    """`revokeLiquidity` of a pair manager."""
    liquidity = world.pair(pair)
    world.direct(world.governance, "revokeLiquidity(address)", liquidity)
    job_liquidity.revoke_liquidity(world.keep3r, liquidity)
    world.emit("LiquidityRevocation", {"liquidity": liquidity})


def set_parameter(world: World, name: str, value: Any) -> None:
    """A setter of Keep3r, by the name of its view: bondTime, rewardPeriodTime, fee, keep3rHelper, ..."""
    column, call, content = _setting(world, _KEEP3R_SETTERS, "set_parameter", name, value)
    world.direct(world.governance, call.signature, content)
    if column == "keep3r_v1":
        take_from_escrow(world, world.keep3r.total_bonds)
    governance.set_parameter(world.keep3r, column, content)
    world.emit(call.event, {column: content})


def set_helper_parameter(world: World, name: str, value: Any, helper: str = "helper") -> None:
    """A setter of the helper, by the name of its view: minBoost, targetBond, quoteTwapTime, kp3rWethPool, ..."""
    column, call, content = _setting(world, _HELPER_SETTERS, "set_helper_parameter", name, value)
    of_pool = column == "weth_usd_pool" and world.keep3r.rules.has_governor
    decimals = _helper(world, helper).parameters.usd_decimals
    given = ("setWethUsdPool(address,uint8)", content, decimals) if of_pool else (call.signature, content)
    contract = _begin_helper_call(world, helper, *given)
    values: dict[str, object] = {column: content}
    if column == "kp3r_weth_pool":
        values["is_kp3r_token0"] = governance.set_helper_pool(world.keep3r, contract, str(content))
    elif column == "weth_usd_pool":
        values["is_weth_token0"] = order = world.pool(str(content)).token0 == world.actors["weth"]
        governance.set_usd_pool(contract, str(content), is_weth_token0=order, usd_decimals=decimals)
        if contract.rules.has_usd_decimals:
            values["usd_decimals"] = decimals
    else:
        governance.set_helper_parameter(contract, column, content)
    world.emit(call.event, values, contract.address)


def set_oracle(world: World, pool: str = "pool", pair: str = "pair", helper: str = "helper") -> None:
    """`setOracle` of the sidechain's helper: the pool that a liquidity is quoted by, once it is approved."""
    liquidity, oracle = world.pair(pair), world.pool(pool).address
    contract = _begin_helper_call(world, helper, "setOracle(address,address)", liquidity, oracle)
    governance.set_oracle(contract, liquidity, oracle)
    world.emit("OracleSet", {"liquidity": liquidity, "oracle_pool": oracle}, contract.address)


def propose_governance(world: World, to: str, of: str = "keep3r") -> None:
    """`setGovernance` of Keep3r, or of a helper: the proposed one has to accept."""
    parameters, pending = _governed(world, of), world.actors[to]
    told: dict[str, object]
    if world.keep3r.rules.has_governor:
        call, event = "setPendingGovernor(address)", "PendingGovernorSet"
        told = {"governor": parameters.governance, _PENDING: pending}
    else:
        call, event, told = "setGovernance(address)", "GovernanceProposal", {_PENDING: pending}
    world.direct(parameters.governance, call, pending, to=of)
    governance.set_governance(parameters, pending)
    world.emit(event, told, of)


def accept_governance(world: World, of: str = "keep3r") -> None:
    """`acceptGovernance` of Keep3r, or of a helper, by the proposed one."""
    parameters = _governed(world, of)
    governor = world.keep3r.rules.has_governor
    call, event = ("acceptPendingGovernor()", "PendingGovernorAccepted") if governor else _ACCEPTED
    world.direct(parameters.pending_governance, call, to=of)
    governance.accept_governance(world.keep3r, parameters, parameters.pending_governance)
    world.emit(event, {"governance": parameters.governance}, of)


def add_slasher(world: World, slasher: str = "slasher") -> None:
    """`addSlasher`."""
    _change_role(world, governance.add_slasher, world.actors[slasher], "add", "Slasher")


def remove_slasher(world: World, slasher: str = "slasher") -> None:
    """`removeSlasher`."""
    _change_role(world, governance.remove_slasher, world.actors[slasher], "remove", "Slasher")


def add_disputer(world: World, disputer: str = "disputer") -> None:
    """`addDisputer`."""
    _change_role(world, governance.add_disputer, world.actors[disputer], "add", "Disputer")


def remove_disputer(world: World, disputer: str = "disputer") -> None:
    """`removeDisputer`."""
    _change_role(world, governance.remove_disputer, world.actors[disputer], "remove", "Disputer")


def _setting(
    world: World, setters: Mapping[str, DirectCall], place: str, name: str, value: Any
) -> tuple[str, DirectCall, int | str]:
    """The column of a parameter, its setter, and the value that it takes: an amount, or an actor's address."""
    if not isinstance(name, str):
        raise UsageError(f"{place}: a parameter goes by the name of its view, not {name!r}")
    names = {_view_name(column): column for column in setters}
    view = name if name in names else _view_name(snake_case(name))
    known((view,), names, place)
    column, call = names[view], setters[names[view]]
    is_address = call.types == ("address",)
    return column, call, world.actors[value] if is_address else parameter(view, value, f"{place}.{view}")


def _view_name(column: str) -> str:
    first, *rest = column.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def _governed(world: World, of: str) -> Parameters | HelperParameters:
    if world.actors[of] == world.keep3r.address:
        return world.keep3r.parameters
    return _helper(world, of).parameters


def _helper(world: World, name: str) -> Helper:
    helper = world.keep3r.helpers.get(world.actors[name])
    if helper is None:
        raise UsageError(f"there is no helper '{name}'")
    return helper


def _begin_helper_call(world: World, helper: str, signature: str, *arguments: str | int) -> Helper:
    contract = _helper(world, helper)
    # The helpers of 2.0 and 2.1 have constants only, and nobody who governs them.
    world.direct(contract.parameters.governance or world.governance, signature, *arguments, to=contract.address)
    world.keep3r.require(not contract.rules.is_constant, "empty")
    return contract


def _change_role(world: World, change: Callable[[Keep3r, str], None], address: str, verb: str, role: str) -> None:
    world.direct(world.governance, f"{verb}{role}(address)", address)
    change(world.keep3r, address)
    world.emit(f"{role}{'Added' if verb == 'add' else 'Removed'}", {role.lower(): address})


CALLS = {
    call.__name__: call
    for call in (
        approve_liquidity,
        revoke_liquidity,
        set_parameter,
        set_helper_parameter,
        set_oracle,
        propose_governance,
        accept_governance,
        add_slasher,
        remove_slasher,
        add_disputer,
        remove_disputer,
    )
}
