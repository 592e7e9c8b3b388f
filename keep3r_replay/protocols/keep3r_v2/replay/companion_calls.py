"""Functions that transactions call directly on pools, pair managers, their factory and the escrow.

Only what one function emits is known here, not all functions that there are: pools of some chains are other contracts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keep3r_replay.replay.direct_call import ALONE, OTHER_FUNCTIONS, DirectCall, by_selector

if TYPE_CHECKING:
    from collections.abc import Mapping

_OTHERS = {OTHER_FUNCTIONS: DirectCall("", "", {})}
_GROWTH = "IncreaseObservationCardinalityNext"
_GOVERNANCE = (
    DirectCall("setGovernance(address)", "GovernanceProposal", {"pending_governance": 0}, elsewhere=ALONE),
    DirectCall("acceptGovernance()", "GovernanceSet", {}, "governance", elsewhere=ALONE),
)

POOL_CALLS: Mapping[str, DirectCall] = _OTHERS | by_selector(
    DirectCall("initialize(uint160)", "Initialize", {"sqrt_price_x96": 0}, elsewhere=ALONE),
    # Silent where the pool has that much room already: `calls.pools` knows when.
    DirectCall("increaseObservationCardinalityNext(uint16)", "", {}, "", frozenset({_GROWTH}), ALONE),
    DirectCall(
        "burn(int24,int24,uint128)", "Burn", {"tick_lower": 0, "tick_upper": 1, "amount": 2}, "owner", elsewhere=ALONE
    ),
    DirectCall(
        "collect(address,int24,int24,uint128,uint128)",
        "Collect",
        {"recipient": 0, "tick_lower": 1, "tick_upper": 2},
        "owner",
    ),
    DirectCall(
        "setFeeProtocol(uint8,uint8)",
        "SetFeeProtocol",
        {"fee_protocol0_new": 0, "fee_protocol1_new": 1},
        elsewhere=ALONE,
    ),
    DirectCall("collectProtocol(address,uint128,uint128)", "CollectProtocol", {"recipient": 0}, "sender"),
)
"""Role `uniswap_v3_pool`. What a pool asks its caller back in (mint, swap, flash) no plain account can call."""

PAIR_MANAGER_CALLS: Mapping[str, DirectCall] = _OTHERS | by_selector(
    *_GOVERNANCE,
    DirectCall("approve(address,uint256)", "Approval", {"spender": 0, "value": 1}, "owner", elsewhere=ALONE),
    DirectCall("transfer(address,uint256)", "Transfer", {"to": 0, "value": 1}, "from", elsewhere=ALONE),
    DirectCall(
        "transferFrom(address,address,uint256)",
        "Transfer",
        {"from": 0, "to": 1, "value": 2},
        "",
        frozenset({"Approval"}),
        ALONE,
    ),
    DirectCall(
        "mint(uint256,uint256,uint256,uint256,address)",
        "Transfer",
        {"to": 4},
        elsewhere=frozenset({"uniswap_v3_pool.Mint"}),
    ),
    DirectCall(
        "burn(uint128,uint256,uint256,address)",
        "Transfer",
        {"value": 0},
        "from",
        elsewhere=frozenset({"uniswap_v3_pool.Burn", "uniswap_v3_pool.Collect"}),
    ),
    # `audit.pair_managers` knows what the pool's event says, and that governance alone may ask for it.
    DirectCall("collect()", "", {}, elsewhere=frozenset({"uniswap_v3_pool.Collect"})),
)
"""Role `pair_manager`."""

FACTORY_CALLS: Mapping[str, DirectCall] = _OTHERS | by_selector(
    *_GOVERNANCE, DirectCall("createPairManager(address)", "PairCreated", {"pool": 0}, elsewhere=ALONE)
)
"""Role `pair_manager_factory`."""

ESCROW_CALLS: Mapping[str, DirectCall] = _OTHERS | by_selector(
    *_GOVERNANCE,
    DirectCall("deposit(uint256)", "wKP3RDeposited", {"amount": 0}, "sender"),
    DirectCall("mint(uint256)", "wKP3RMinted", {"amount": 0}, "recipient"),
    DirectCall("setMinter(address)", "MinterSet", {"minter": 0}, elsewhere=ALONE),
    DirectCall("setWKP3R(address)", "wKP3RSet", {"new_wkp3r": 0}, elsewhere=ALONE),
    DirectCall("sendDust(address,uint256,address)", "DustSent", {"token": 0, "amount": 1, "to": 2}),
)
"""Role `escrow`."""
