"""A local chain full of Uniswap V3 Swap logs, emitted by a small contract in loops: quick to build, plain to decode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eth_abi import encode
from eth_utils import keccak

if TYPE_CHECKING:
    from tests.node.anvil import Anvil

SWAP = "Swap(address,address,int256,int256,uint160,uint128,int24)"
POOL = "0x" + "5a" * 20
LOGS_A_BLOCK = 60


def pool_code() -> str:
    """Assemble the emitter: as many Swap logs as the first word of the input says, amounts counting down.

    Its answers to token0(), token1(), fee() and tickSpacing() are one and the same word, so that it is taken for a
    pool; to slot0() it answers 0: a pool with a price would have had to log Initialize.
    """
    topic0 = keccak(text=SWAP).hex()
    sender = "3fc91a3afd70395cd496c647d5a6cc9d4b2b7fad"
    fixed = encode(
        ["int256", "int256", "uint160", "uint128", "int24"],
        [-22_684_062, 10**16, 0x51FDF2FD9B2526872A9B723450F2, 0xACD43E0E7CF808C5, 198_021],
    ).hex()
    stores = "".join(f"7f{fixed[64 * i : 64 * i + 64]}60{32 * i:02x}52" for i in range(5))
    # jump to the loop if the input is exactly one word, else answer 60 (0x3c), or 0 to slot0()
    is_another = "60003560e01c63" + keccak(text="slot0()")[:4].hex() + "1415"
    head = "3660201460" + "{loop:02x}" + "57" + is_another + "603c0260005260206000f3"
    loop_at = len(head.format(loop=0)) // 2
    # stack: counter. Each turn stores it as amount0's low part and emits the log.
    turn = (
        "5b"  # loop
         "80600052"  # mstore(0, counter)
         f"73{sender}" + f"73{sender}" + f"7f{topic0}" + "60a06000" + "a3"
        + "6001900380"  # counter - 1
        + "61{turn:04x}57" + "00"
    )  # fmt: skip
    start = "5b" + stores + "600035"
    turn_at = loop_at + len(start) // 2
    return "0x" + head.format(loop=loop_at) + start + turn.format(turn=turn_at)


def build(node: Anvil, logs: int) -> int:
    """Fill the chain with at least `logs` Swap logs and return how many there are."""
    node.rpc("anvil_setCode", POOL, pool_code())
    blocks = -(-logs // LOGS_A_BLOCK)
    data = "0x" + encode(["uint256"], [LOGS_A_BLOCK]).hex()
    for _ in range(blocks):
        node.send(node.accounts[0], POOL, data, gas=1_000_000)
        node.mine()
    node.mine(70)
    return blocks * LOGS_A_BLOCK
