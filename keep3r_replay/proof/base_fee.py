"""How a block's base fee follows from its parent (EIP-1559), where the chain's rule is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from keep3r_replay.proof.header import Header

INITIAL = 1_000_000_000
"""Wei a gas: the base fee of the first block that has one."""


class Market(NamedTuple):
    """A fee market: the gas target is the limit divided by `elasticity`; a full block raises by 1/`denominator`.

    It holds from block `from_block` on, and where `until_block` is said, before that block.
    """

    from_block: int
    elasticity: int = 2
    denominator: int = 8
    until_block: int | None = None


MARKETS = {
    1: (Market(12_965_000),),
    5: (Market(5_062_605),),
    137: (Market(23_850_000, until_block=38_189_056), Market(38_189_056, 2, 16, until_block=73_440_256)),
    560_048: (Market(0),),
    11_155_111: (Market(0),),
}
"""By chain id, as client configurations gave them in November 2026. Optimism's parameters have changed by system
transactions since Holocene, Polygon's by votes since Bhilai: there a base fee is the header's, and no more is said."""


def market_of(chain_id: int, block: int) -> Market | None:
    """The fee market that a block's base fee follows from its parent's by; None where no rule is known."""
    for market in MARKETS.get(chain_id, ()):
        if block >= market.from_block and (market.until_block is None or block < market.until_block):
            return market
    return None


def expected_base_fee(market: Market, parent: Header) -> int:
    """Base fee in wei of the block after `parent`, by EIP-1559."""
    if parent.base_fee is None:
        return INITIAL
    target = parent.gas_limit // market.elasticity
    if parent.gas_used == target:
        return parent.base_fee
    if parent.gas_used > target:
        rise = parent.base_fee * (parent.gas_used - target) // target // market.denominator
        return parent.base_fee + max(rise, 1)
    return parent.base_fee - parent.base_fee * (target - parent.gas_used) // target // market.denominator
