"""A node on the loopback that answers from a counter's history what an extraction asks."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from keep3r_replay.evm.codec import encode_arguments
from tests.toy.history import BLOCKS, CHAIN_ID, COUNTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.toy.history import History


@contextmanager
def served(history: History) -> Iterator[str]:
    """Serve the history; the value is the node's address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            replies = [
                {"jsonrpc": "2.0", "id": one["id"], "result": answer(history, one["method"], one["params"])}
                for one in (asked if isinstance(asked, list) else [asked])
            ]
            content = json.dumps(replies if isinstance(asked, list) else replies[0]).encode()
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
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def number_of(tag: str) -> int:
    """The block that a tag or a number means: all blocks are final."""
    return BLOCKS - 1 if tag in {"latest", "finalized"} else int(tag, 16)


def answer(history: History, method: str, parameters: list[Any]) -> Any:
    """What a node says."""
    match method, *parameters:
        case "eth_chainId", *_:
            return hex(CHAIN_ID)
        case "eth_blockNumber", *_:
            return hex(BLOCKS - 1)
        case "eth_getCode", address, block:
            return "0x60" if address == COUNTER and number_of(block) >= 1 else "0x"
        case "eth_call", call, block:
            known = call["to"] == COUNTER and number_of(block) >= 1
            return "0x" + encode_arguments(["uint256"], [history.totals[number_of(block)]]).hex() if known else "0x"
        case "eth_getBlockByNumber", tag, full:
            number = number_of(tag)
            header = history.headers[number] if number < BLOCKS else None
            return header and header | {"transactions": _of_block(history, number) if full else []}
        case "eth_getLogs", wanted:
            low, high = number_of(wanted["fromBlock"]), number_of(wanted["toBlock"])
            inside = [log for log in history.logs if low <= number_of(log["blockNumber"]) <= high]
            return [log for log in inside if log["address"] in wanted["address"]]
        case "eth_getTransactionByHash" | "eth_getTransactionReceipt", digest:
            return next(each for each in history.transactions if each["hash"] == digest)
        case "eth_feeHistory", count, newest, _:
            last = number_of(newest)
            first = last - int(count, 16) + 1
            # As nodes do: 0 for a block that has no base fee.
            fees = [header.get("baseFeePerGas", "0x0") for header in history.headers[first : last + 1]]
            return {"oldestBlock": hex(first), "baseFeePerGas": [*fees, "0x0"]}
    raise AssertionError(method)


def _of_block(history: History, number: int) -> list[dict[str, Any]]:
    return [each for each in history.transactions if number_of(each["blockNumber"]) == number]
