"""A Uniswap V2 pair rebuilt from its logs, against the original bytecode on a local chain."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.uniswap_v2.pair import Pair
from tests.node.anvil import calldata
from tests.node.packages import artifact

if TYPE_CHECKING:
    from tests.node.anvil import Anvil

ETHER = 10**18
SYNC = "0x" + keccak256(b"Sync(uint112,uint112)").hex()
TRANSFER = "0x" + keccak256(b"Transfer(address,address,uint256)").hex()
_TOKEN = "@openzeppelin/contracts/build/contracts/ERC20PresetFixedSupply.json"
_BUILD = "@uniswap/v2-core/build"


class PairChain:
    """A pair of the original bytecode, two tokens, and the model that only sees the pair's logs."""

    def __init__(self, node: Anvil) -> None:
        self.node = node
        self.owner = node.accounts[0]
        names = (("string", "T"), ("string", "T"), ("uint256", 10**30), ("address", self.owner))
        tokens = [node.deploy(self.owner, artifact(_TOKEN)["bytecode"], *names).lower() for _ in range(2)]
        self.tokens = sorted(tokens, key=lambda token: int(token, 16))
        code = "0x" + artifact(f"{_BUILD}/UniswapV2Factory.json")["evm"]["bytecode"]["object"]
        factory = node.deploy(self.owner, code, ("address", self.owner))
        made = node.transact(self.owner, factory, calldata("createPair(address,address)", *self.tokens))
        self.pair = "0x" + made["logs"][0]["data"][26:66]
        self.model = Pair(self.pair, *self.tokens)

    def call(self, signature: str, *values: Any, to: str = "") -> None:
        """A transaction in a block of its own; the model follows the pair's logs."""
        receipt = self.node.transact(self.owner, to or self.pair, calldata(signature, *values))
        now = int(self.node.rpc("eth_getBlockByNumber", receipt["blockNumber"], False)["timestamp"], 16)
        for log in receipt["logs"]:
            if log["address"].lower() != self.pair:
                continue
            data = bytes.fromhex(log["data"][2:])
            if log["topics"][0] == SYNC:
                self.model.sync(int.from_bytes(data[:32], "big"), int.from_bytes(data[32:], "big"), now)
            elif log["topics"][0] == TRANSFER:
                sender, recipient = ("0x" + topic[-40:] for topic in log["topics"][1:3])
                self.model.transfer(sender, recipient, int.from_bytes(data, "big"))

    def send(self, place: int, amount: int) -> None:
        """Give the pair some of a token."""
        self.call("transfer(address,uint256)", self.pair, amount, to=self.tokens[place])

    def view(self, name: str, *returns: str, values: tuple[Any, ...] = ()) -> Any:
        """What the pair answers."""
        found = self.node.view(self.pair, name, list(returns), *values)
        return found[0] if len(returns) == 1 else found

    def swap(self, place: int, amount: int) -> None:
        """Sell an amount of a token to the pair for all that the constant product leaves."""
        reserves = (self.model.latest.reserve0, self.model.latest.reserve1)
        out = amount * 997 * reserves[1 - place] // (reserves[place] * 1_000 + amount * 997)
        self.send(place, amount)
        outs = (0, out) if place == 0 else (out, 0)
        self.call("swap(uint256,uint256,address,bytes)", *outs, self.owner, b"")


@pytest.fixture
def chain(node: Anvil) -> PairChain:
    """A pair on a fresh chain."""
    return PairChain(node)


def assert_equal(chain: PairChain) -> None:
    """Reserves, cumulatives, supply and balances are the contract's."""
    latest, model = chain.model.latest, chain.model
    assert chain.view("getReserves()", "uint112", "uint112", "uint32") == (
        latest.reserve0,
        latest.reserve1,
        latest.time,
    )
    assert chain.view("price0CumulativeLast()", "uint256") == latest.price0
    assert chain.view("price1CumulativeLast()", "uint256") == latest.price1
    assert chain.view("totalSupply()", "uint256") == model.total_supply
    for holder in (chain.owner.lower(), chain.pair):
        assert chain.view("balanceOf(address)", "uint256", values=(holder,)) == model.balances[holder]


def test_a_pair_from_its_logs_is_the_pair(chain: PairChain) -> None:
    """After each of 80 random mints, burns, swaps and syncs, seconds to months apart, both hold the same."""
    choose = random.Random(2020)
    chain.send(0, 30_000 * ETHER)
    chain.send(1, 10_000 * ETHER)
    chain.call("mint(address)", chain.owner)
    assert_equal(chain)
    for _ in range(80):
        chain.node.rpc("evm_increaseTime", choose.choice([1, 12, 1_800, 14_400, 86_400, 9_000_000]))
        kind = choose.choice(["swap", "swap", "swap", "mint", "burn", "sync", "donate"])
        if kind == "swap":
            chain.swap(choose.randrange(2), choose.randrange(1, 3_000 * ETHER))
        elif kind == "mint":
            chain.send(0, choose.randrange(1, 500 * ETHER))
            chain.send(1, choose.randrange(ETHER, 500 * ETHER))
            chain.call("mint(address)", chain.owner)
        elif kind == "burn":
            held = chain.model.balances[chain.owner.lower()]
            chain.call("transfer(address,uint256)", chain.pair, choose.randrange(held // 1_000, held // 4))
            chain.call("burn(address)", chain.owner)
        else:
            if kind == "donate":
                chain.send(choose.randrange(2), choose.randrange(1, ETHER))
            chain.call("sync()")
        assert_equal(chain)


def test_the_running_interval_counts_as_the_next_sync_does(chain: PairChain) -> None:
    """What the model says of a second without an event is what the contract stores when it is synced in that second."""
    chain.send(0, 7 * ETHER)
    chain.send(1, 11 * ETHER + 3)
    chain.call("mint(address)", chain.owner)
    for seconds in (1, 5_000, 2_700_000):
        then = chain.model.latest.time + seconds
        expected = chain.model.cumulatives(then)
        chain.node.rpc("evm_setNextBlockTimestamp", then)
        chain.call("sync()")
        assert (
            chain.view("price0CumulativeLast()", "uint256"),
            chain.view("price1CumulativeLast()", "uint256"),
        ) == expected
