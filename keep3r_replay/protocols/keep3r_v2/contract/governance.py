"""Governance: parameters of Keep3r and of its helpers, who may dispute and slash, who governs.

Nearly all setters write one value: `set_parameter` and `set_helper_parameter` are those, by the value's name. Who calls
stands in no event; whoever plays calls sees to it that governance does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.protocols.keep3r_v2.contract.helper import USD_BASE_DECIMALS
from keep3r_replay.protocols.keep3r_v2.contract.job_liquidity import is_kp3r_token0, set_kp3r_weth_pool
from keep3r_replay.protocols.keep3r_v2.contract.state import ZERO_ADDRESS

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.contract.helper import Helper, HelperParameters
    from keep3r_replay.protocols.keep3r_v2.contract.state import Keep3r, Parameters

MIN_REWARD_PERIOD = 86_400
"""Seconds: Keep3r's constant MIN_REWARD_PERIOD_TIME, the only bound that it sets on a number."""


def set_parameter(keep3r: Keep3r, name: str, value: int | str) -> None:
    """`setBondTime`, `setFee`, `setKeep3rHelper` and the others of Keep3r: `name` is that of `Parameters`.

    Emits the event of that name (`BondTimeChange`, ...).
    """
    # CHECKS
    keep3r.require(value != ZERO_ADDRESS, "ZeroAddress")
    if name == "reward_period_time":
        keep3r.require(int(value) >= MIN_REWARD_PERIOD, "MinRewardPeriod")
    # EFFECTS
    if name == "keep3r_v1":
        set_keep3r_v1(keep3r, str(value))
    elif name == "kp3r_weth_pool":
        set_kp3r_weth_pool(keep3r, str(value))
    else:
        setattr(keep3r.parameters, name, value)


def set_keep3r_v1(keep3r: Keep3r, token: str) -> None:
    """`setKeep3rV1`: the bonds counted so far are minted, so that the count starts again. Emits Keep3rV1Change."""
    keep3r.parameters.keep3r_v1 = token
    keep3r.total_bonds = 0


def set_helper_parameter(helper: Helper, name: str, value: int | str) -> None:
    """`setMinBoost`, `setQuoteTwapTime` and the others of a helper: `name` is that of `HelperParameters`.

    Emits the event of that name (`MinBoostChange`, ...).
    """
    setattr(helper.parameters, name, value)


def set_helper_pool(keep3r: Keep3r, helper: Helper, pool: str) -> bool:
    """`setKp3rWethPool` of a helper; whether KP3R is the pool's first token, which is returned, is looked up there.

    Emits Kp3rWethPoolChange. Raises `Revert` LiquidityPairInvalid for a pool without KP3R.
    """
    order = is_kp3r_token0(keep3r, pool)
    helper.parameters.kp3r_weth_pool = pool
    helper.parameters.is_kp3r_token0 = order
    return order


def set_usd_pool(helper: Helper, pool: str, *, is_weth_token0: bool, usd_decimals: int = USD_BASE_DECIMALS) -> None:
    """`setWethUsdPool` of the sidechain's helper. Emits WethUSDPoolChange."""
    helper.parameters.usd_decimals = usd_decimals
    helper.parameters.weth_usd_pool = pool
    helper.parameters.is_weth_token0 = is_weth_token0


def set_oracle(helper: Helper, liquidity: str, oracle: str) -> None:
    """`setOracle` of the sidechain's helper: the pool that a liquidity is quoted by, once it is approved.

    Emits OracleSet.
    """
    helper.oracles[liquidity] = oracle


def set_governance(parameters: Parameters | HelperParameters, proposed: str) -> None:
    """`setGovernance` of Keep3r or a helper: the proposed one has to accept. Emits GovernanceProposal."""
    parameters.pending_governance = proposed


def accept_governance(keep3r: Keep3r, parameters: Parameters | HelperParameters, sender: str) -> None:
    """`acceptGovernance` of Keep3r or a helper by the proposed one. Emits GovernanceSet."""
    # CHECKS
    keep3r.require(sender == parameters.pending_governance != ZERO_ADDRESS, "OnlyPendingGovernance")
    # EFFECTS
    parameters.governance = sender
    parameters.pending_governance = ZERO_ADDRESS


def add_slasher(keep3r: Keep3r, address: str) -> None:
    """`addSlasher`. Emits SlasherAdded."""
    keep3r.require(address not in keep3r.slashers, "SlasherExistent")
    keep3r.slashers[address] = None


def remove_slasher(keep3r: Keep3r, address: str) -> None:
    """`removeSlasher`. Emits SlasherRemoved."""
    keep3r.require_role(keep3r.slashers, address, "SlasherUnexistent")
    keep3r.slashers.pop(address, None)


def add_disputer(keep3r: Keep3r, address: str) -> None:
    """`addDisputer`. Emits DisputerAdded."""
    keep3r.require(address not in keep3r.disputers, "DisputerExistent")
    keep3r.disputers[address] = None


def remove_disputer(keep3r: Keep3r, address: str) -> None:
    """`removeDisputer`. Emits DisputerRemoved."""
    keep3r.require_role(keep3r.disputers, address, "DisputerUnexistent")
    keep3r.disputers.pop(address, None)
