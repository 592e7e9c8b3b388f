"""Every event of a Uniswap V2 pair and of its factory (interfaces of v2-core)."""

from __future__ import annotations

from keep3r_replay.evm.abi import Event, parse_event

PAIR_EVENTS: tuple[Event, ...] = (
    # An allowance is often the largest uint256 there is: it keeps its word.
    parse_event("Approval(address indexed owner, address indexed spender, uint256 value)", wide=frozenset({"value"})),
    parse_event("Transfer(address indexed from, address indexed to, uint256 value)"),
    parse_event("Mint(address indexed sender, uint256 amount0, uint256 amount1)"),
    parse_event("Burn(address indexed sender, uint256 amount0, uint256 amount1, address indexed to)"),
    parse_event(
        "Swap(address indexed sender, uint256 amount0In, uint256 amount1In, "
        "uint256 amount0Out, uint256 amount1Out, address indexed to)"
    ),
    parse_event("Sync(uint112 reserve0, uint112 reserve1)"),
)
"""Role `uniswap_v2_pair`."""

FACTORY_EVENTS: tuple[Event, ...] = (
    parse_event("PairCreated(address indexed token0, address indexed token1, address pair, uint256 pairCount)"),
)
"""Role `uniswap_v2_factory`."""
