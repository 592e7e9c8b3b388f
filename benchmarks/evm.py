"""How fast a bare EVM works: `python -m benchmarks.evm`.

The real Keep3r 2.0 with its job, pool and keepers is set up on a local chain; revm (by pyrevm, without a node, a
database or a block around it) takes the state from there and then executes `work()` of the job again and again: the
test of the keeper, the quote of the oracle, the payment. What it runs at is told in works and in gas a second. Needs
the extra `benchmark` and npm.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import NamedTuple

from tests.node.anvil import Anvil, calldata
from tests.node.keep3r_chain import Keep3rChain

_BURST = 250
"""Calls in a row. All calls of one machine are one transaction to revm, whose journal slows it down as it grows."""
_GAS_LIMIT = 2_000_000
_BASE_FEE = 10**9


class Bare(NamedTuple):
    """What an EVM alone does in a second of CPU, and the gas of one work of the 2.0 contracts."""

    works: float
    gas: float
    gas_of_a_work: int


def measure(bursts: int) -> Bare:
    """The median of some bursts of works, each in a fresh machine that has read all it needs before."""
    with Anvil() as node:
        chain = Keep3rChain(node)
        seconds = []
        for _ in range(bursts):
            spent, gas = _burst(node, chain)
            seconds.append(spent)
    works = _BURST / statistics.median(seconds)
    return Bare(works, works * gas, gas)


def _burst(node: Anvil, chain: Keep3rChain) -> tuple[float, int]:
    """CPU seconds of a burst, and the gas of its last work."""
    from pyrevm import EVM, BlockEnv

    head = node.rpc("eth_getBlockByNumber", "latest", False)
    evm = EVM(fork_url=node.url)
    number, timestamp = (int(head[name], 16) + 1 for name in ("number", "timestamp"))
    evm.set_block_env(BlockEnv(number=number, timestamp=timestamp, basefee=_BASE_FEE))
    data = bytes.fromhex(calldata("work()")[2:])

    def work(times: int) -> None:
        for turn in range(times):
            keeper = chain.keepers[turn % len(chain.keepers)]
            evm.message_call(keeper, chain.job, data, gas=_GAS_LIMIT, gas_price=2 * _BASE_FEE)

    work(2 * len(chain.keepers))
    start = time.process_time()
    work(_BURST)
    spent = time.process_time() - start
    if len(evm.result.logs) != 2:
        raise SystemExit(f"a work left {len(evm.result.logs)} logs, not its validation and its payment")
    return spent, evm.result.gas_used


def main() -> int:
    """Measure and print; `--plain BURSTS` for programs: works and gas a second."""
    if sys.argv[1:2] == ["--plain"]:
        bare = measure(int(sys.argv[2]))
        print(bare.works, bare.gas)
        return 0
    bare = measure(9)
    print(f"{bare.works:,.0f} works/s, {bare.gas / 1e6:,.0f} million gas/s, {bare.gas_of_a_work:,} gas a work")
    return 0


if __name__ == "__main__":
    sys.exit(main())
