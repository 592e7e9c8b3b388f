"""A node that serves a recording of Keep3r V2 as an archive does: every block, and every view at every block.

What contracts answered stands in a recording for some blocks only; the rest is answered by the model, which all of the
recording's readings were held against. It is a chain of one's own, or, with `chain_id`, another one.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from audits import replay_contract
from chain.small_node import SmallNode, error, results
from eth_abi import decode, encode
from histories import History

from keep3r_replay.chain.views import View
from keep3r_replay.evm.arithmetic import Revert
from keep3r_replay.protocols.keep3r_v2.extract.parameters import parameters_of
from keep3r_replay.protocols.keep3r_v2.extract.views import OBSERVATIONS, SLOT0, questions_at
from keep3r_replay.replay.protocol import Block, Options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from keep3r_replay.chain.views import Question
    from keep3r_replay.lake.deployment import Contract
    from keep3r_replay.lake.reader import Lake
    from keep3r_replay.protocols.keep3r_v2.replay.protocol import Keep3rV2
    from keep3r_replay.replay.protocol import Replay
    from keep3r_replay.uniswap_v3.oracle import Pool

NO_SUCH_METHOD = error(-32601, "the method does not exist")
_REPLAYS_KEPT = 6
_POOL_FACTS = {"token0": "address", "token1": "address", "fee": "uint24", "tickSpacing": "int24"}
_POOLS = ("uniswap_v3_pool",)
_FACT = {"tickSpacing": "tick_spacing"}


class _Asked(NamedTuple):
    contract: Contract
    view: View
    arguments: tuple[Any, ...]


class ServedRecording(SmallNode):
    """The recording behind a port of this machine. Use as a context; `url` is its address.

    Attributes:
        head: the newest block, which is final.
        calls: how many calls were asked for.
    """

    def __init__(self, recording: Path, lake: Lake, *, head: int | None = None, chain_id: int = 31337) -> None:
        super().__init__(self._reply)
        self._history = history = History(recording)
        self._lake = lake
        self._contracts = lake.deployment.by_address()
        self._blocks = {int(each["number"], 16): each for each in history.blocks}
        self._logs, self._sent = history.logs, {each["hash"]: each for each in history.transactions}
        self.head = max(self._blocks) if head is None else head
        self._chain_id = chain_id
        self._replays: OrderedDict[tuple[str, int], Keep3rV2] = OrderedDict()
        self.calls = 0
        self._lock = threading.Lock()
        self._methods = {
            "eth_chainId": lambda: hex(self._chain_id),
            "eth_blockNumber": lambda: hex(self.head),
            "eth_getBlockByNumber": lambda number, _full: self._block(self._number(number)),
            "eth_getCode": self._code,
            "eth_getStorageAt": lambda _address, _place, _block: "0x" + 64 * "0",
            "eth_getLogs": self._found,
            "eth_feeHistory": self._fees,
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionReceipt": lambda wanted: self._transaction(wanted) | {"transactionHash": wanted},
        }

    def _reply(self, asked: Any, _handler: Any) -> Any:
        self.requests.clear()
        return results(asked, self._answer)

    def _answer(self, call: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            return self._said(call)

    def _said(self, call: dict[str, Any]) -> dict[str, Any]:
        self.calls += 1
        if call["method"] == "eth_call":
            return self._called(*call["params"])
        method = self._methods.get(call["method"])
        return NO_SUCH_METHOD if method is None else {"result": method(*call["params"])}

    # BLOCKS

    def _number(self, tag: str) -> int:
        return self.head if tag in {"latest", "finalized", "safe"} else 0 if tag == "earliest" else int(tag, 16)

    def _block(self, number: int) -> dict[str, Any] | None:
        return None if number > self.head else self._blocks.get(number)

    def _fees(self, count: str, newest: str, _percentiles: object) -> dict[str, Any]:
        last = self._number(newest)
        first = max(0, last - int(count, 16) + 1)
        fees = [self._blocks[number]["baseFeePerGas"] for number in range(first, last + 1)]
        return {"oldestBlock": hex(first), "baseFeePerGas": [*fees, fees[-1]]}

    def _found(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        first, last = self._number(wanted["fromBlock"]), self._number(wanted["toBlock"])
        addresses = {address.lower() for address in wanted["address"]}
        return [
            log
            for log in self._logs
            if first <= int(log["blockNumber"], 16) <= last and log["address"].lower() in addresses
        ]

    def _transaction(self, wanted: str) -> dict[str, Any]:
        each = self._sent[wanted]
        return each | {"blockHash": self._blocks[int(each["blockNumber"], 16)]["hash"]}

    # CONTRACTS

    def _code(self, address: str, block: str) -> str:
        contract = self._contracts.get(address.lower())
        is_there = contract is not None and self._created(contract) <= self._number(block)
        return "0x60" + address[2:].lower() if is_there else "0x"

    def _created(self, contract: Contract) -> int:
        """A contract is there at the latest where it logs, or where the log of another names it."""
        first = int(contract.facts.get("from_block", 0))
        return first or self._first_logs.get(contract.address, 0)

    @cached_property
    def _first_logs(self) -> dict[str, int]:
        firsts: dict[str, int] = {}
        for log in self._logs:
            block = int(log["blockNumber"], 16)
            told = "".join((log["address"], *log["topics"], log["data"])).lower()
            for address in self._contracts:
                if address not in firsts and address[2:] in told:
                    firsts[address] = block
        return firsts

    @cached_property
    def _views(self) -> dict[tuple[str, str], View]:
        """Every view that may be asked, by contract and selector."""
        found: dict[tuple[str, str], View] = {}
        for contract in self._contracts.values():
            views = [View(name, (), returns) for name, returns in parameters_of(contract).items()]
            if contract.role == "uniswap_v3_pool":
                views += [View(name, (), (kind,)) for name, kind in _POOL_FACTS.items()]
                views += [SLOT0, OBSERVATIONS]
            elif contract.role == "pair_manager":
                views.append(View("pool", (), ("address",)))
            found |= {(contract.address, view.selector.hex()): view for view in views}
        asked = questions_at(self._lake, self.head)
        return found | {(each.contract, each.view.selector.hex()): each.view for each in asked}

    def _called(self, call: dict[str, str], block: str) -> dict[str, Any]:
        number, address, data = self._number(block), call["to"].lower(), call["data"]
        contract, view = self._contracts.get(address), self._views.get((address, data[2:10]))
        if contract is None or self._created(contract) > number:
            return {"result": "0x"}
        if view is None:
            return {"error": {"code": 3, "message": "execution reverted", "data": "0x"}}
        arguments = decode(view.takes, bytes.fromhex(data[10:]))
        try:
            value = self._value(_Asked(contract, view, arguments), number)
        except Revert as revert:
            return _reverted(revert)
        values = value if len(view.returns) > 1 else [value]
        plain = [_typed(kind, each) for kind, each in zip(view.returns, values, strict=True)]
        return {"result": "0x" + encode(view.returns, plain).hex()}

    def _value(self, asked: _Asked, number: int) -> Any:
        contract, view, arguments = asked
        name = view.name
        if (contract.role, name) == ("pair_manager", "pool") or (contract.role in _POOLS and name in _POOL_FACTS):
            return contract.facts[_FACT.get(name, name)]
        flat = [item for each in arguments for item in (each if isinstance(each, tuple) else [each])]
        replay = self._replay(self._root_of(contract, flat), number)
        if name == "observations":
            return _observation(replay.keep3r.pools[contract.address], *flat)
        if name == "virtualReserves":
            # What an escrow holds is not always to be told from its logs.
            return self._history.reading(number, "keep3r", name)
        answer = replay.view(contract.address, name, [str(each).lower() for each in flat], "view")
        if answer is None:
            raise Revert(f"no view {name}")
        return answer()

    def _root_of(self, contract: Contract, _arguments: list[Any]) -> Contract:
        roots = [each for each in self._contracts.values() if each.role == "keep3r"]
        if contract.role == "keep3r":
            return contract
        told = self._lake.deployment.initial_state.get(contract.address, {}).get("keep3rV2")
        return next((each for each in roots if each.address == told), roots[-1])

    def _replay(self, root: Contract, number: int) -> Keep3rV2:
        """The model of a Keep3r at the end of a block."""
        key = (root.address, number)
        if key not in self._replays:
            until = max(number, min(self._blocks))
            replay = replay_contract(self._lake, root, until, None, Options(readings=False)).protocol
            block = self._blocks[number]
            replay.begin_block(
                Block(number, *(int(block[each], 16) for each in ("timestamp", "baseFeePerGas", "gasLimit")))
            )
            self._replays[key] = replay
            if len(self._replays) > _REPLAYS_KEPT:
                self._replays.popitem(last=False)
        return self._replays[key]


def _observation(pool: Pool, place: int) -> list[Any]:
    if place >= pool.cardinality_next:
        return [0, 0, 0, False]
    back = (pool.index - place) % pool.cardinality if place < pool.cardinality else pool.stored
    if back >= pool.stored:
        return [1, 0, 0, False]
    return [pool.times[-1 - back], pool.tick_cumulatives[-1 - back], pool.per_liquidity[-1 - back], True]


def _reverted(revert: Revert) -> dict[str, Any]:
    return {"error": {"code": 3, "message": "execution reverted", "data": _data(revert.name)}}


def _data(name: str) -> str:
    """What a call reverts with."""
    kind, _, text = name.partition("(")
    if kind == "Error":
        return "0x08c379a0" + encode(["string"], [text[:-1]]).hex()
    if kind == "Panic":
        return "0x4e487b71" + encode(["uint256"], [int(text[:-1], 16)]).hex()
    return "0x"


def _typed(kind: str, value: Any) -> Any:
    if kind.endswith("[]"):
        return [_typed(kind[:-2], each) for each in value]
    if kind == "bool":
        return value in {True, "true"}
    return value if kind == "address" else int(value)


def answered(node: Any, questions: Sequence[Question], model: Callable[[int], Replay]) -> None:
    """Let a served recording answer questions at its newest block by the model of its history."""
    known, newest = node._view, node.number("latest")
    asked = {
        (each.contract, "0x" + each.view.selector.hex() + encode(each.view.takes, each.arguments).hex()): each
        for each in questions
    }
    replays: dict[int, Replay] = {}

    def view(contract: str, data: str, block: int) -> str | dict[str, Any]:
        question = asked.get((contract, data))
        if question is None or block != newest:
            return str(known(contract, data, block))
        if block not in replays:
            replays[block] = model(block)
        flat = [item for each in question.arguments for item in (each if isinstance(each, tuple) else [each])]
        answer = replays[block].view(contract, question.view.name, [str(each).lower() for each in flat], "view")
        if answer is None:
            return "0x"
        try:
            value = answer()
        except Revert as revert:
            return _reverted(revert)
        values = value if len(question.view.returns) > 1 else [value]
        plain = [_typed(kind, each) for kind, each in zip(question.view.returns, values, strict=True)]
        return "0x" + encode(question.view.returns, plain).hex()

    node._view = view
