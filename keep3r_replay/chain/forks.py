"""What a chain's forks change for a reader of its blocks: one table, and the questions that are asked of it.

Heights are of blocks, times in seconds. A fork that has no date yet is None, and so is one that a chain never had.
"""

from __future__ import annotations

from typing import NamedTuple

SYSTEM_ADDRESS = "0xfffffffffffffffffffffffffffffffffffffffe"
"""Emits a log of every transfer of ETH from Amsterdam on (EIP-7708): log indices count these, contracts do not."""


class Forks(NamedTuple):
    """From where on each rule holds on one chain.

    Attributes:
        chain: its name.
        base_fee_from: first block with a base fee (London, and Bedrock on Optimism); None where headers must tell.
        amsterdam_from: first time at which a header counts gas before refunds, and the larger of execution and state
            gas (EIP-7778, EIP-8037), while receipts tell what was paid for, and ETH transfers are logged (EIP-7708).
        bloom_complete_from: first block whose bloom holds all of the block's logs; before it Polygon's transactions of
            state synchronisation stood outside of header and bloom (PIP-74).
        delegation_from: first time at which an account that signs transactions may have code (EIP-7702), or one before
            it; None: not on this chain.
    """

    chain: str
    base_fee_from: int | None = None
    amsterdam_from: int | None = None
    bloom_complete_from: int = 0
    delegation_from: int | None = None


FORKS = {
    1: Forks("Ethereum", base_fee_from=12_965_000, delegation_from=1_746_612_311),
    5: Forks("Goerli", base_fee_from=5_062_605),
    10: Forks("Optimism", base_fee_from=105_235_063, delegation_from=1_746_806_401),
    137: Forks("Polygon", base_fee_from=23_850_000, bloom_complete_from=80_084_800, delegation_from=1_735_689_600),
    420: Forks("Optimism Goerli", base_fee_from=4_061_224),
    59_144: Forks("Linea", base_fee_from=0, delegation_from=1_735_689_600),
    560_048: Forks("Hoodi", base_fee_from=0, delegation_from=0),
    11_155_111: Forks("Sepolia", base_fee_from=0, amsterdam_from=1_791_294_816, delegation_from=1_741_159_776),
    11_155_420: Forks("Optimism Sepolia", base_fee_from=0, delegation_from=1_735_689_600),
}
"""Forks by chain id, as client configurations gave them in November 2026. Mainnet's Amsterdam has no date yet."""

_UNKNOWN = Forks("")


class GasBounds(NamedTuple):
    """What the gas of a block's receipts may add up to, both ends included."""

    least: int
    most: int


def forks_of(chain_id: int) -> Forks:
    """The forks of a chain; none of them for a chain that the table does not know."""
    return FORKS.get(chain_id, _UNKNOWN)


def amsterdam_from(chain_id: int, told: int | None = None) -> int | None:
    """First time at which Amsterdam's rules hold on a chain, in seconds; None: not yet.

    `told` is the time of the first block whose header has a block access list (EIP-7928): a chain may be ahead of the
    table, and test chains begin when they like.
    """
    known = [time for time in (forks_of(chain_id).amsterdam_from, told) if time is not None]
    return min(known, default=None)


def receipts_gas(amsterdam: int | None, timestamp: int, header_gas: int) -> GasBounds:
    """What the receipts of a block may add up to, by what its header says was used.

    Until Amsterdam they add up to it exactly. From then on a header counts the larger of execution gas and state gas,
    both before refunds: receipts count both together (at most twice as much), less refunds (at most a fifth, EIP-3529).

    Args:
        amsterdam: as `amsterdam_from` tells it.
        timestamp: of the block, in seconds.
        header_gas: that the header counts.
    """
    if amsterdam is None or timestamp < amsterdam:
        return GasBounds(header_gas, header_gas)
    return GasBounds(header_gas - header_gas // 5, 2 * header_gas)


def accounts_may_delegate(chain_id: int, timestamp: int) -> bool:
    """Whether at a time (seconds) an account that signs transactions may have code, and so be called or call back."""
    start = forks_of(chain_id).delegation_from
    return start is not None and timestamp >= start


def bloom_is_complete(chain_id: int, block: int) -> bool:
    """Whether a block whose bloom lacks a contract has none of its logs."""
    return block >= forks_of(chain_id).bloom_complete_from
