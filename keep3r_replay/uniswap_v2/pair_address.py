"""Where Uniswap's factory creates the pair of two tokens: its oracles reckon the address and ask nobody for it."""

from __future__ import annotations

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.evm.creation import salted_address

FACTORY = "0x5c69bee701ef814a2b6a3edd4b1652cb9cc5aa6f"
"""Uniswap's factory on mainnet, whose address its library holds."""
_CREATION_CODE_HASH = bytes.fromhex("96e8ac4277198ff8b6f785478aa9a39f403cb768dd02cbee326c3e7da348845f")


def pair_address(token_a: str, token_b: str) -> str:
    """The pair of two tokens (lower-case addresses, in any order), there or not: `UniswapV2Library.pairFor`."""
    tokens = b"".join(bytes.fromhex(token[2:]) for token in sorted((token_a, token_b)))
    return salted_address(FACTORY, keccak256(tokens), _CREATION_CODE_HASH)
