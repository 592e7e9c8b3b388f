"""A node that answers from a recording: the JSON-RPC methods that an extraction asks."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from keep3r_replay.evm.abi import keccak256
from tests.kuma.answered import Reverted, answers
from tests.kuma.recorded import lines, meta

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


def selector(signature: str) -> str:
    """The first four bytes of a signature's hash, in hexadecimal."""
    return "0x" + keccak256(signature.encode())[:4].hex()


class ServedRecording:
    """A recording behind a port of this machine. Use as a context; `url` is its address."""

    def __init__(self, recording: Path, read: Collection[int] = ()) -> None:
        """Take the recording, and the blocks at which its readings are answered as views."""
        self._blocks = lines(recording, "blocks")
        self._all_logs = lines(recording, "logs")
        self._transactions = {each["hash"]: each for each in lines(recording, "txs")}
        self._in_block: dict[int, list[dict[str, Any]]] = {}
        for each in self._transactions.values():
            self._in_block.setdefault(int(each["blockNumber"], 16), []).append(each)
        told = meta(recording)
        self._chain_id = told["chainId"]
        self._code = {each["address"] for each in self._all_logs} | {told["stableCoin"].lower()}
        self._views = _views(told)
        self._read = {each["block"]: answers(told, each) for each in lines(recording, "views") if each["block"] in read}
        self.asked: set[str] = set()
        self._methods = {
            "eth_chainId": lambda: hex(self._chain_id),
            "eth_getBlockByNumber": lambda number, full: self._block(self._number(number), full=full),
            "eth_getCode": lambda address, _block: "0x60" if address.lower() in self._code else "0x",
            "eth_call": self._call,
            "eth_getLogs": self._logs,
            "eth_feeHistory": self._fees,
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionReceipt": self._receipt,
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
        self.asked.add(request["method"])
        method = self._methods.get(request["method"])
        if method is None:
            return reply | {"error": {"code": -32601, "message": "the method does not exist"}}
        result = method(*request["params"])
        if isinstance(result, Reverted):
            return reply | {"error": {"code": 3, "message": "execution reverted", "data": result.data}}
        return reply | {"result": result}

    def _call(self, call: dict[str, str], block: str) -> str | Reverted:
        contract, data = call["to"].lower(), call["data"]
        read = self._read.get(self._number(block), {})
        if (contract, data) in read:
            return read[contract, data]
        return self._views.get((contract, data[:10]), "0x")

    def _number(self, tag: str) -> int:
        return len(self._blocks) - 1 if tag in {"latest", "finalized"} else int(tag, 16)

    def _block(self, number: int, *, full: bool) -> dict[str, Any] | None:
        if number >= len(self._blocks):
            return None
        block = self._blocks[number]
        whole = [each | {"blockHash": block["hash"]} for each in self._in_block.get(number, ())]
        return block | {"transactions": whole if full else [each["hash"] for each in whole]}

    def _fees(self, count: str, newest: str, _percentiles: object) -> dict[str, Any]:
        last = self._number(newest)
        first = max(0, last - int(count, 16) + 1)
        fees = [each["baseFeePerGas"] for each in self._blocks[first : last + 1]]
        return {"oldestBlock": hex(first), "baseFeePerGas": [*fees, fees[-1]]}

    def _logs(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        first, last = self._number(wanted["fromBlock"]), self._number(wanted["toBlock"])
        addresses = {address.lower() for address in wanted["address"]}
        return [
            log
            for log in self._all_logs
            if first <= int(log["blockNumber"], 16) <= last and log["address"] in addresses
        ]

    def _transaction(self, wanted: str) -> dict[str, Any]:
        each = self._transactions[wanted]
        return each | {"blockHash": self._blocks[int(each["blockNumber"], 16)]["hash"]}

    def _receipt(self, wanted: str) -> dict[str, Any]:
        return self._transaction(wanted) | {"transactionHash": wanted}


def _views(told: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Answers of views by contract and selector: addresses that lead on, fees at the beginning, decimals."""

    def word(value: str | int) -> str:
        number = int(value, 16) if isinstance(value, str) else value
        return f"0x{number:064x}"

    provider, bonds = told["addressProvider"].lower(), told["KUMABondToken"].lower()
    found = {
        (provider, selector("getKUMABondToken()")): word(bonds),
        (provider, selector("getKBCToken()")): word(told["KBCToken"]),
        (provider, selector("getRateFeed()")): word(told["rateFeed"]),
        (provider, selector("accessController()")): word(told["accessController"]),
        (bonds, selector("accessController()")): word(told["mcagAccessController"]),
        (bonds, selector("blacklist()")): word(told["blacklist"]),
    }
    for category in told["categories"]:
        swap = category["KUMASwap"].lower()
        found[swap, selector("getKUMAAddressProvider()")] = word(provider)
        found[swap, selector("getVariableFee()")] = found[swap, selector("getFixedFee()")] = word(0)
        found[category["aggregator"].lower(), selector("decimals()")] = word(27)
    return found
