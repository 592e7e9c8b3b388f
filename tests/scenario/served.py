"""A node that answers from a simulation: the JSON-RPC methods that an extraction asks."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.evm.codec import encode_arguments
from keep3r_replay.protocols.keep3r_v2.extract.parameters import parameters_of

if TYPE_CHECKING:
    from keep3r_replay.protocols.keep3r_v2.scenario.simulator import Simulation

_FACTS = {
    "uniswap_v3_pool": {
        "token0()": ("token0", "address"),
        "token1()": ("token1", "address"),
        "fee()": ("fee", "uint24"),
        "tickSpacing()": ("tick_spacing", "int24"),
    },
    "pair_manager": {"pool()": ("pool", "address")},
}


_ORACLE = keccak256(b"oracle(address)")[:4].hex()


class ServedSimulation:
    """The simulation behind a port of this machine. Use as a context; `url` is its address."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._chain = simulation.chain
        self._contracts = self._chain.deployment.by_address()
        self._methods = {
            "eth_chainId": lambda: hex(self._chain.deployment.chain_id),
            "eth_getBlockByNumber": lambda number, _full: self._header(self._number(number)),
            "eth_getCode": lambda address, _block: "0x60" if address in self._contracts else "0x",
            "eth_call": self._call,
            "eth_getLogs": self._logs,
            "eth_feeHistory": self._fees,
            "eth_getTransactionByHash": lambda wanted: self._transaction(wanted)[0],
            "eth_getTransactionReceipt": lambda wanted: self._transaction(wanted)[1],
        }
        answer = self._answer

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                content = json.dumps([answer(one) for one in request] if isinstance(request, list) else answer(request))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content.encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        reply = {"jsonrpc": "2.0", "id": request["id"]}
        method = self._methods.get(request["method"])
        if method is None:
            return reply | {"error": {"code": -32601, "message": "the method does not exist"}}
        return reply | {"result": method(*request["params"])}

    def _number(self, tag: str) -> int:
        return len(self._chain.blocks) - 1 if tag in {"latest", "finalized"} else int(tag, 16)

    def _header(self, number: int) -> dict[str, str] | None:
        if number >= len(self._chain.blocks):
            return None
        block = self._chain.blocks[number]
        return {
            "number": hex(number),
            "hash": "0x" + block.hash.hex(),
            "parentHash": "0x" + block.parent.hex(),
            "timestamp": hex(block.timestamp),
            "gasUsed": hex(block.gas_used),
            "gasLimit": hex(200_000_000),
            "baseFeePerGas": hex(block.base_fee),
        }

    def _fees(self, count: str, newest: str, _percentiles: object) -> dict[str, Any]:
        last = self._number(newest)
        first = max(0, last - int(count, 16) + 1)
        fees = [hex(block.base_fee) for block in self._chain.blocks[first : last + 1]]
        return {"oldestBlock": hex(first), "baseFeePerGas": [*fees, fees[-1]]}

    def _logs(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        first, last = self._number(wanted["fromBlock"]), self._number(wanted["toBlock"])
        addresses = {address.lower() for address in wanted["address"]}
        hashes = {(each.block, each.index): each.hash.hex() for each in self._chain.transactions}
        return [
            {
                "address": "0x" + log.address.hex(),
                "topics": ["0x" + topic.hex() for topic in log.topics],
                "data": "0x" + log.data.hex(),
                "blockNumber": hex(log.block),
                "blockHash": "0x" + self._chain.blocks[log.block].hash.hex(),
                "transactionHash": "0x" + hashes[log.block, log.transaction],
                "transactionIndex": hex(log.transaction),
                "logIndex": hex(log.place),
                "removed": False,
            }
            for log in self._chain.logs
            if first <= log.block <= last and "0x" + log.address.hex() in addresses
        ]

    def _transaction(self, wanted: str) -> tuple[dict[str, Any], dict[str, Any]]:
        each = next(one for one in self._chain.transactions if one.hash.hex() == wanted[2:])
        block = "0x" + self._chain.blocks[each.block].hash.hex()
        place = {"blockHash": block, "blockNumber": hex(each.block), "transactionIndex": hex(each.index)}
        transaction = {"hash": wanted, "from": each.sender, "to": each.to, "gas": hex(each.gas)}
        receipt = {"transactionHash": wanted, "gasUsed": hex(each.gas_used), "effectiveGasPrice": hex(each.price)}
        return (
            place | transaction | {"input": "0x" + each.data.hex()},
            place | receipt | {"status": hex(each.status)},
        )

    def _call(self, call: dict[str, str], block: str) -> str:
        """Facts of pools and pair managers, the sidechain's oracles, parameters as constructed or as at the end."""
        contract = self._contracts.get(call["to"].lower())
        if contract is None:
            return "0x"
        for signature, (fact, kind) in _FACTS.get(contract.role, {}).items():
            if keccak256(signature.encode())[:4].hex() == call["data"][2:10]:
                return "0x" + encode_arguments([kind], [contract.facts[fact]]).hex()
        if call["data"][2:10] == _ORACLE:
            oracles = self._simulation.world.keep3r.helpers[contract.address].oracles
            return "0x" + encode_arguments(["address"], [oracles["0x" + call["data"][-40:].lower()]]).hex()
        for name, kinds in parameters_of(contract).items():
            if keccak256(f"{name}()".encode())[:4].hex() == call["data"][2:10]:
                return "0x" + _encoded(kinds, self._value(contract.address, name, self._number(block))).hex()
        return "0x"

    def _value(self, address: str, name: str, block: int) -> Any:
        if block == 0:
            text = self._chain.deployment.initial_state[address].get(name, "0")
            return json.loads(text) if text.startswith("[") else text
        view = self._simulation.world.protocol.view(address, name, [], "view")
        assert view is not None
        return view()


def _encoded(kinds: tuple[str, ...], value: Any) -> bytes:
    if kinds == ("address[]",):
        addresses = [] if value == "0" else value
        head = encode_arguments(["uint256", "uint256"], [32, len(addresses)])
        return head + encode_arguments(["address"] * len(addresses), addresses)
    values = value if isinstance(value, list) else [value]
    return encode_arguments(kinds, [_plain(kind, each) for kind, each in zip(kinds, values, strict=True)])


def _plain(kind: str, value: Any) -> Any:
    if kind == "bool":
        return value in {True, "true"}
    return value if kind == "address" else int(value)
