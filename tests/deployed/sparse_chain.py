"""A node of a chain of millions of blocks of which all but a few hundred are empty."""

from __future__ import annotations

import json
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from chain.small_node import SmallNode, error, results

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.evm.codec import encode_arguments
from keep3r_replay.protocols.keep3r_v2.extract.parameters import parameters_of
from keep3r_replay.protocols.keep3r_v2.extract.views import OBSERVATIONS
from keep3r_replay.replay.protocol import Block
from keep3r_replay.scenario.chain import GAS_LIMIT
from tests.deployed.answers import REVERTED, viewed
from tests.deployed.handover import BASE_FEE, FACTORIES, PAIRS, VERSIONS
from tests.scenario.served import _FACTS, _encoded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keep3r_replay.chain.views import Question, View
    from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2
    from tests.deployed.handover import HandOver

NO_SUCH_METHOD = error(-32601, "the method does not exist")
_PAIR_MANAGERS = keccak256(b"pairManagers(address)")[:4].hex()


class SparseChain(SmallNode):
    """Serves a hand-over as mainnet. Use as a context; `url` is its address, `head` its newest block, which is final.

    Args:
        history: what happened.
        codes: by address; no deployed code is at hand, so that some bytes stand for that of each version.
    """

    def __init__(self, history: HandOver, codes: Mapping[str, str]) -> None:
        super().__init__(lambda asked, _handler: results(asked, self._answer))
        self._history, self._chain, self._codes = history, history.chain, codes
        self._heights = history.heights
        self.head = history.heights[-1]
        self._contracts = self._chain.deployment.by_address()
        self._views: dict[tuple[str, str], View] = {}
        self._moments: dict[int, dict[str, Keep3rV2]] = {}
        self._stands(self.head, [world.protocol for world in history.worlds])
        self._sent = {"0x" + each.hash.hex(): each for each in self._chain.transactions}
        self._methods = {
            "eth_chainId": lambda: "0x1",
            "eth_getBlockByNumber": lambda tag, _full: self._header(self._number(tag)),
            "eth_getCode": self._code,
            "eth_getStorageAt": lambda _address, _place, _block: "0x" + 64 * "0",
            "eth_getLogs": self._logs,
            "eth_feeHistory": self._fees,
            "eth_getTransactionByHash": lambda wanted: self._transaction(wanted)[0],
            "eth_getTransactionReceipt": lambda wanted: self._transaction(wanted)[1],
        }

    def _stands(self, number: int, protocols: Sequence[Keep3rV2]) -> None:
        """Let the versions be like this at a block."""
        header = self._header(number)
        assert header is not None
        self._moments[number] = moment = {}
        for version, protocol in zip(VERSIONS, protocols, strict=True):
            protocol.begin_block(Block(number, int(header["timestamp"], 16), BASE_FEE, GAS_LIMIT))
            moment |= dict.fromkeys((version.keep3r, *protocol.keep3r.helpers, *protocol.keep3r.pools), protocol)

    def answer_views(self, number: int, questions: Sequence[Question]) -> None:
        """Answer these views at the head, and at a block before the last helper is set and at the one before that."""
        for each in (number - 1, number):
            self._stands(each, self._history.before_change)
        views = {(each.contract, each.view.selector.hex()): each.view for each in questions}
        pools = {each.address for each in self._contracts.values() if each.role == "uniswap_v3_pool"}
        self._views = views | {(pool, OBSERVATIONS.selector.hex()): OBSERVATIONS for pool in pools}

    def _answer(self, call: dict[str, Any]) -> dict[str, Any]:
        self.requests.clear()
        if call["method"] == "eth_call":
            return self._call(*call["params"])
        method = self._methods.get(call["method"])
        return NO_SUCH_METHOD if method is None else {"result": method(*call["params"])}

    # BLOCKS

    def _number(self, tag: str) -> int:
        return self.head if tag in {"latest", "finalized", "safe"} else int(tag, 16)

    def _hash(self, number: int) -> str:
        place = bisect_right(self._heights, number) - 1
        if place >= 0 and self._heights[place] == number:
            return "0x" + self._chain.blocks[place].hash.hex()
        return "0x" + keccak256(b"an empty block" + number.to_bytes(32)).hex()

    def _header(self, number: int) -> dict[str, str] | None:
        if number > self.head:
            return None
        place = bisect_right(self._heights, number) - 1
        block = self._chain.blocks[max(place, 0)]
        time, used = block.timestamp, 0
        if place < 0:
            time -= self._heights[0] - number
        elif self._heights[place] == number:
            used = block.gas_used
        else:
            following, after = self._chain.blocks[place + 1].timestamp, self._heights[place + 1]
            time += (number - self._heights[place]) * (following - time) // (after - self._heights[place])
        return {
            "number": hex(number),
            "hash": self._hash(number),
            "parentHash": self._hash(number - 1) if number else "0x" + 64 * "0",
            "timestamp": hex(time),
            "gasUsed": hex(used),
            "gasLimit": hex(GAS_LIMIT),
            "baseFeePerGas": hex(BASE_FEE),
        }

    def _fees(self, count: str, newest: str, _percentiles: object) -> dict[str, Any]:
        last = self._number(newest)
        first = max(0, last - int(count, 16) + 1)
        return {"oldestBlock": hex(first), "baseFeePerGas": [hex(BASE_FEE)] * (last - first + 2)}

    def _logs(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        first, last = self._number(wanted["fromBlock"]), self._number(wanted["toBlock"])
        addresses = {address.lower() for address in wanted["address"]}
        hashes = {(each.block, each.index): name for name, each in self._sent.items()}
        return [
            {
                "address": "0x" + log.address.hex(),
                "topics": ["0x" + topic.hex() for topic in log.topics],
                "data": "0x" + log.data.hex(),
                "blockNumber": hex(self._heights[log.block]),
                "blockHash": "0x" + self._chain.blocks[log.block].hash.hex(),
                "transactionHash": hashes[log.block, log.transaction],
                "transactionIndex": hex(log.transaction),
                "logIndex": hex(log.place),
                "removed": False,
            }
            for log in self._chain.logs
            if first <= self._heights[log.block] <= last and "0x" + log.address.hex() in addresses
        ]

    def _transaction(self, wanted: str) -> tuple[dict[str, Any], dict[str, Any]]:
        each = self._sent[wanted]
        number = self._heights[each.block]
        place = {"blockHash": self._hash(number), "blockNumber": hex(number), "transactionIndex": hex(each.index)}
        sent = {"hash": wanted, "from": each.sender, "to": each.to, "gas": hex(each.gas)}
        receipt = {"transactionHash": wanted, "gasUsed": hex(each.gas_used), "effectiveGasPrice": hex(each.price)}
        return place | sent | {"input": "0x" + each.data.hex()}, place | receipt | {"status": hex(each.status)}

    # CONTRACTS

    def _there(self, address: str, block: str) -> bool:
        created = self._history.created.get(address.lower())
        return created is not None and created <= self._number(block)

    def _code(self, address: str, block: str) -> str:
        return self._codes.get(address.lower(), "0x60") if self._there(address, block) else "0x"

    def _call(self, call: dict[str, str], block: str) -> dict[str, Any]:
        address, data = call["to"].lower(), call["data"][2:]
        if not self._there(address, block):
            return {"result": "0x"}
        if address in FACTORIES and data[:8] == _PAIR_MANAGERS:
            return {"result": f"0x{PAIRS[FACTORIES.index(address)][2:]:0>64}"}
        contract = self._contracts.get(address)
        if contract is None:
            return REVERTED
        for signature, (fact, kind) in _FACTS.get(contract.role, {}).items():
            if keccak256(signature.encode())[:4].hex() == data[:8]:
                return {"result": "0x" + encode_arguments([kind], [contract.facts[fact]]).hex()}
        view = self._views.get((address, data[:8]))
        if view is not None and self._number(block) in self._moments:
            return viewed(self._moments[self._number(block)][address], address, view, data[8:])
        for name, kinds in parameters_of(contract).items():
            if keccak256(f"{name}()".encode())[:4].hex() == data[:8]:
                return {"result": "0x" + _encoded(kinds, self._value(address, name, self._number(block))).hex()}
        return REVERTED

    def _value(self, address: str, name: str, number: int) -> Any:
        """What a contract answers at a block that is known; at others, what its constructor set."""
        if number not in self._moments:
            text = self._chain.deployment.initial_state[address].get(name, "0")
            return json.loads(text) if text.startswith("[") else text
        view = self._moments[number][address].view(address, name, [], "view")
        assert view is not None
        return view()
