"""Every event that a Uniswap V3 pool emits (interfaces IUniswapV3PoolEvents of v3-core)."""

from __future__ import annotations

from keep3r_replay.evm.abi import Event, parse_event

POOL_EVENTS: tuple[Event, ...] = tuple(
    parse_event(declaration)
    for declaration in (
        "Initialize(uint160 sqrtPriceX96, int24 tick)",
        (
            "Mint(address sender, address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, "
            "uint128 amount, uint256 amount0, uint256 amount1)"
        ),
        (
            "Collect(address indexed owner, address recipient, int24 indexed tickLower, int24 indexed tickUpper, "
            "uint128 amount0, uint128 amount1)"
        ),
        (
            "Burn(address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, "
            "uint128 amount, uint256 amount0, uint256 amount1)"
        ),
        (
            "Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, "
            "uint160 sqrtPriceX96, uint128 liquidity, int24 tick)"
        ),
        (
            "Flash(address indexed sender, address indexed recipient, "
            "uint256 amount0, uint256 amount1, uint256 paid0, uint256 paid1)"
        ),
        (
            "IncreaseObservationCardinalityNext(uint16 observationCardinalityNextOld, "
            "uint16 observationCardinalityNextNew)"
        ),
        "SetFeeProtocol(uint8 feeProtocol0Old, uint8 feeProtocol1Old, uint8 feeProtocol0New, uint8 feeProtocol1New)",
        "CollectProtocol(address indexed sender, address indexed recipient, uint128 amount0, uint128 amount1)",
    )
)
"""The events of role `uniswap_v3_pool`, in the order of the interface."""
