"""A node that answers from a recording of Keep3r V1 what an extraction asks, with or without traces."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from histories import History

from keep3r_replay.evm.abi import keccak256
from keep3r_replay.evm.codec import encode_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_SUCH_METHOD = {"code": -32601, "message": "the method does not exist"}
EXEC = keccak256(b"exec(address,uint256,bytes)")[:4].hex()


class NoSuchMethodError(Exception):
    """The node does not have a method."""


class Served:
    """The answers; `asked` counts methods. Without `traces` the node does not offer them.

    With `opaque` the input of a transaction to a contract that governs tells nothing of the call that it makes.
    """

    def __init__(self, recording: Path, *, traces: bool, opaque: bool) -> None:
        history = History(recording)
        self.meta = json.loads((recording / "meta.json").read_bytes())
        self.blocks, self.logs, self.transactions = history.blocks, history.logs, history.transactions
        self._inputs = {each["hash"]: each["input"] for each in self.transactions}
        if opaque:
            for each in self.transactions:
                each["input"] = "0xfe0d94c1" + 64 * "1" if each["input"][2:10] == EXEC else each["input"]
        self._by_hash = {each["hash"]: self._in_block(each) for each in self.transactions}
        self._accepted = [
            pair.lower()
            for pair in self.meta["pairs"].values()
            if history.reading(self.number("latest"), "pairs", pair, "liquidityAccepted")
        ]
        self._governance = history.reading(self.number("latest"), "kp3r", "governance")
        people = {
            value.lower()
            for name in ("governance", "trader", "stranger", "feeder", "governanceContractOwner", "keepers", "lps")
            for value in ([self.meta[name]] if isinstance(self.meta.get(name), str) else self.meta.get(name, ()))
        }
        self._people = people | {each["from"].lower() for each in self.transactions}
        self._views = self._answers()
        self.asked: dict[str, int] = {}
        self.traces = traces

    def _in_block(self, transaction: dict[str, Any]) -> dict[str, Any]:
        block = self.blocks[int(transaction["blockNumber"], 16)]
        return transaction | {"blockHash": block["hash"], "transactionHash": transaction["hash"]}

    def number(self, tag: str) -> int:
        """The block that a tag or a number means: all blocks are final."""
        return len(self.blocks) - 1 if tag in {"latest", "finalized"} else int(tag, 16)

    def _answers(self) -> dict[tuple[str, str], str]:
        """What views answer at every block, by contract and call data; governance is asked for by block."""
        meta = self.meta
        kp3r, state = meta["keep3rV1"].lower(), meta["initialParameters"]
        main = meta["pairs"]["kp3rWeth"].lower()
        found = {
            (kp3r, call("KPRH()")): word(state["KPRH"]),
            (kp3r, call("pendingGovernance()")): word(0),
            (kp3r, call("pairs()")): "0x" + encode_arguments(["address[]"], [self._accepted]).hex(),
            (meta["keep3rV1Oracle"].lower(), call("minKeep()")): word(int(state["k1oMinKeep"])),
            (meta["keep3rV2Oracle"].lower(), call("pair()")): word(main),
            (meta["keep3rV2OracleFactory"].lower(), call("feeds(address)", main)): word(meta["keep3rV2Oracle"]),
        }
        for constant in ("BOND", "UNBOND", "LIQUIDITYBOND", "FEE", "BASE"):
            found[kp3r, call(f"{constant}()")] = word(int(state[constant]))
        for pair, token0 in zip(meta["pairs"].values(), meta["pairToken0"], strict=True):
            other = meta["weth"] if pair.lower() == main else meta["keep3rV1"]
            found[pair.lower(), call("token0()")] = word(token0)
            found[pair.lower(), call("token1()")] = word(other)
        return found

    def answer(self, method: str, parameters: list[Any]) -> Any:  # noqa: C901 - one case a method
        """What the node says. Raises `NoSuchMethodError` for a method that it does not have."""
        self.asked[method] = self.asked.get(method, 0) + 1
        match method, *parameters:
            case "eth_chainId", *_:
                return hex(self.meta["chainId"])
            case "eth_blockNumber", *_:
                return hex(self.number("latest"))
            case "eth_getCode", address, block:
                kp3r = address.lower() == self.meta["keep3rV1"].lower()
                there = self.number(block) >= (self.meta["deploymentBlock"] if kp3r else 0)
                return "0x60" if there and address.lower() not in self._people else "0x"
            case "eth_call", question, block:
                return self._view(question["to"].lower(), question["data"], self.number(block))
            case "eth_getBlockByNumber", tag, full:
                number = self.number(tag)
                if number >= len(self.blocks):
                    return None
                own = [each for each in self._by_hash.values() if int(each["blockNumber"], 16) == number]
                return self.blocks[number] | {"transactions": own if full else []}
            case "eth_getLogs", wanted:
                low, high = self.number(wanted["fromBlock"]), self.number(wanted["toBlock"])
                inside = (log for log in self.logs if low <= int(log["blockNumber"], 16) <= high)
                return [log for log in inside if log["address"] in wanted["address"]]
            case "eth_getTransactionByHash" | "eth_getTransactionReceipt", digest:
                return self._by_hash[digest]
            case "eth_feeHistory", count, newest, _:
                last = self.number(newest)
                first = max(0, last - int(count, 16) + 1)
                fees = [header.get("baseFeePerGas", "0x0") for header in self.blocks[first : last + 1]]
                return {"oldestBlock": hex(first), "baseFeePerGas": [*fees, fees[-1]]}
            case "trace_filter", wanted if self.traces:
                low, high = self.number(wanted["fromBlock"]), self.number(wanted["toBlock"])
                inside = (each for each in self.transactions if low <= int(each["blockNumber"], 16) <= high)
                found = (trace for each in inside for trace in self._traces(each["hash"]))
                return [trace for trace in found if trace["action"].get("to") in wanted["toAddress"]]
            case "trace_transaction", digest if self.traces:
                return self._traces(digest)
        raise NoSuchMethodError(method)

    def _view(self, contract: str, data: str, block: int) -> str:
        if (contract, data) == (self.meta["keep3rV1"].lower(), call("governance()")):
            return word(self._governance if block == self.number("latest") else self.meta["governance"])
        return self._views.get((contract, data), "0x")

    def _traces(self, digest: str) -> list[dict[str, Any]]:
        """The call of a transaction, and the call that a contract that governs was told to make."""
        each = self._by_hash[digest]
        failed = {"error": "Reverted"} if each["status"] == "0x0" else {}
        place = {
            "blockHash": each["blockHash"],
            "blockNumber": int(each["blockNumber"], 16),
            "transactionHash": digest,
            "transactionPosition": int(each["transactionIndex"], 16),
        }
        if each["to"] is None:
            return [{"action": {"from": each["from"], "init": "0x"}, "traceAddress": [], "type": "create", **place}]
        outer = {"from": each["from"], "to": each["to"], "input": each["input"], "callType": "call"}
        traces = [{"action": outer, "traceAddress": [], "type": "call", **place, **failed}]
        if self._inputs[digest][2:10] == EXEC:
            data = bytes.fromhex(self._inputs[digest][10:])
            length = int.from_bytes(data[96:128], "big")
            inner = {
                "from": each["to"],
                "to": "0x" + data[12:32].hex(),
                "input": "0x" + data[128 : 128 + length].hex(),
                "callType": "call",
            }
            traces.append({"action": inner, "traceAddress": [0], "type": "call", **place})
        return traces


def word(value: str | int) -> str:
    """A number or an address as a word."""
    return f"0x{int(value, 16) if isinstance(value, str) else value:064x}"


def call(signature: str, *addresses: str) -> str:
    """The data of a call whose arguments are addresses."""
    return "0x" + keccak256(signature.encode())[:4].hex() + "".join(word(each)[2:] for each in addresses)


@contextmanager
def served(recording: Path, *, traces: bool = False, opaque: bool = False) -> Iterator[tuple[str, Served]]:
    """Serve a recording; the value is the node's address, and what answers there."""
    answers = Served(recording, traces=traces, opaque=opaque)

    def reply(one: dict[str, Any]) -> dict[str, Any]:
        own = {"jsonrpc": "2.0", "id": one["id"]}
        try:
            said = answers.answer(one["method"], one["params"])
            return own | (said if isinstance(said, dict) and said.keys() == {"error"} else {"result": said})
        except NoSuchMethodError:
            return own | {"error": NO_SUCH_METHOD}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            replies = [reply(one) for one in asked] if isinstance(asked, list) else reply(asked)
            content = json.dumps(replies).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", answers
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
